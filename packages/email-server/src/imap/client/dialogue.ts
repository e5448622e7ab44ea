// The commands of a session: one queue, sent as far as RFC 3501 §5.5 allows to pipeline, each answered by its tag.
import { latin1 } from '../../base/bytes.ts'
import { MailError, usageError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { OutputQueue } from '../../base/output-queue.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import { Writer } from '../wire/writer.ts'
import type { Command, Content } from './core.ts'
import { aborted, protocolError, refusal } from './faults.ts'
import type { FetchFlow } from './fetch-flow.ts'
import type { OpenMailbox } from './mailbox.ts'
import type { DataResponse, StatusResponse } from './responses.ts'

/** Commands under way at a time. */
const MOST_RUNNING = 16
const WAIT: unique symbol = Symbol('wait')
const REPLY: unique symbol = Symbol('reply')

type Piece = Uint8Array | typeof WAIT | Content

interface Job {
  readonly command: Command<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: MailError) => void
  tag: string
  pieces: Piece[]
  /** Its caller has been told already: what the server answers is nobody's. */
  settled: boolean
  /** Octets of its answer so far. */
  octets: number
}

export interface DialoguePort {
  readonly limits: Limits
  readonly clock: SessionClock
  readonly output: OutputQueue
  readonly utf8: boolean
  readonly open: boolean
  readonly authenticated: boolean
  readonly mailbox: OpenMailbox | null
  /** Must the server ask for a literal of this size? */
  synchronizing(size: number): boolean
  note(line: string): void
  /** Something is asked for, or nothing is under way any more. */
  changed(): void
  wake(): void
  end(error: MailError): void
}

export class Dialogue {
  readonly #port: DialoguePort
  #queue: Job[] = []
  #running: Job[] = []
  /** The one that has more to say; nobody else speaks before. */
  #writing: Job | null = null
  /** It waits for "+". */
  #waits = false
  #tags = 0

  constructor(port: DialoguePort) {
    this.#port = port
  }

  get none(): boolean {
    return this.#running.length === 0 && this.#queue.length === 0
  }

  /** The iteration under way whose bodies come as streams. */
  get streaming(): FetchFlow | undefined {
    return this.#running.find(({ command }) => command.flow?.streams)?.command.flow
  }

  get queued(): number {
    return this.#queue.length
  }

  /** Does anybody but iterations want the connection? */
  get pressed(): boolean {
    return (
      this.#queue.some(job => !job.command.flow) ||
      this.#running.some(job => !job.command.flow && !job.settled)
    )
  }

  send<T>(command: Command<T>): Promise<T> {
    const { signal } = command
    if (signal?.aborted) return Promise.reject(aborted(signal))
    const promise = new Promise<T>((resolve, reject) => {
      const job: Job = {
        command,
        resolve: resolve as (value: unknown) => void,
        reject,
        tag: '',
        pieces: [],
        settled: false,
        octets: 0,
      }
      this.#queue.push(signal ? this.#abortable(job, signal) : job)
    })
    if (this.#running.length === 0) this.#port.wake()
    this.#port.changed()
    this.next()
    return promise
  }

  /** Sends what may be sent. */
  next(): void {
    while (this.#port.open && !this.#writing) {
      const job = this.#queue[0]
      if (!job || !this.#mayStart(job.command)) break
      this.#queue.shift()
      this.#start(job)
    }
  }

  /** The server has said something: the time that it has for the rest begins anew. `held`: it is us who do not listen. */
  arm(held: boolean): void {
    let time = Number.POSITIVE_INFINITY
    for (const { command } of this.#running)
      time = Math.min(time, command.time ?? this.#port.limits.imapReplyTime)
    if (held || time === Number.POSITIVE_INFINITY) {
      this.#port.clock.clear(REPLY)
      return
    }
    this.#port.clock.set(REPLY, time, () => {
      const command = this.#running[0]?.command.name
      this.#port.end(
        new MailError('ETIMEDOUT', `the server does not answer${command ? ` ${command}` : ''}`, {
          ...(command !== undefined && { command }),
        }),
      )
    })
  }

  hearStatus(status: StatusResponse): void {
    const at = this.#running.findIndex(({ tag }) => tag === status.tag)
    if (at < 0) {
      this.#port.end(protocolError(`the server answers a command that was never sent (${status.tag})`))
      return
    }
    const job = this.#running[at]!
    this.#running.splice(at, 1)
    this.#port.clock.clear(job.tag)
    if (this.#writing === job) {
      if (status.status === 'OK') {
        this.#port.end(protocolError(`the server is content with half a ${job.command.name}`))
        job.reject(protocolError('the server is content with half a command'))
        return
      }
      this.#writing = null
      this.#waits = false
    }
    this.#answer(job, status)
    this.#port.changed()
    this.next()
  }

  #answer(job: Job, status: StatusResponse): void {
    const { command } = job
    if (job.settled) return
    job.settled = true
    try {
      if (status.status === 'OK') job.resolve(command.done(status))
      else if (status.status === 'NO' && command.refused) job.resolve(command.refused(status))
      else throw refusal(command.name, status)
    } catch (error) {
      job.reject(error as MailError)
    }
  }

  hearUntagged(status: StatusResponse): void {
    for (const { command } of this.#running) command.hear?.(status)
  }

  hearContinue(text: string): void {
    if (this.#writing && this.#waits) {
      this.#waits = false
      this.#write()
      this.next()
      return
    }
    const job = this.#running.find(({ command }) => command.continued)
    if (!job || this.#writing) {
      this.#port.end(protocolError('the server asks for more than it was to be told'))
      return
    }
    this.#continue(job, text).catch(error => this.#port.end(error as MailError))
  }

  async #continue(job: Job, text: string): Promise<void> {
    const answer = await job.command.continued!(text)
    if (answer === null) return
    // it took its time: nobody knows how late it is
    this.#port.wake()
    this.#port.output.write(`${answer}\r\n`)
    this.#port.note('(answer)')
  }

  /** Offers data to whoever asked for such; false: nobody did. */
  hearData(data: DataResponse): boolean {
    for (const job of this.#running) {
      const { command } = job
      if (!command.take || !command.collects?.includes(data.name)) continue
      this.#count(job, data)
      if (job.settled && !command.flow) return true
      const mark = data.reader.mark()
      if (command.take(data)) return true
      data.reader.reset(mark)
    }
    return false
  }

  /** Iterations count by themselves, and hold the server back. */
  #count(job: Job, { octets }: DataResponse): void {
    const { imapListing } = this.#port.limits
    job.octets += octets
    if (job.command.flow || job.octets <= imapListing) return
    throw new MailError('ELIMIT', `the answer to ${job.command.name} has more than ${imapListing} octets`)
  }

  /** However much the server talks. */
  #armCommand({ tag, command }: Job): void {
    if (command.flow || command.time === Number.POSITIVE_INFINITY) return
    this.#port.clock.set(tag, this.#port.limits.imapCommandTime, () =>
      this.#port.end(
        new MailError('ETIMEDOUT', `the server does not come to the end of ${command.name}`, {
          command: command.name,
        }),
      ),
    )
  }

  end(error: MailError): void {
    for (const job of [...this.#running.splice(0), ...this.#queue.splice(0)]) {
      if (!job.settled) job.reject(error)
      job.settled = true
    }
    this.#writing = null
    this.#port.clock.clear(REPLY)
  }

  // RFC 3501 §5.5: no command that speaks of sequence numbers while they may change, and nothing whose answer could be another's
  #mayStart(command: Command<unknown>): boolean {
    if (this.#running.length === 0) return true
    if (command.alone || this.#running.length >= MOST_RUNNING) return false
    for (const { command: other } of this.#running) {
      if (other.alone) return false
      if (command.numbers && !other.quiet) return false
      if (other.numbers && !command.quiet) return false
      for (const name of command.collects ?? []) {
        if (!other.collects?.includes(name)) continue
        if (name !== 'FETCH' || command.numbers || other.numbers) return false
      }
    }
    return true
  }

  #start(job: Job): void {
    const { command } = job
    const refused = this.#refusal(command)
    if (refused) {
      job.settled = true
      job.reject(refused)
      this.#port.changed()
      return
    }
    job.tag = `a${++this.#tags}`
    try {
      job.pieces = this.#pieces(job)
    } catch (error) {
      job.settled = true
      job.reject(error as MailError)
      this.#port.changed()
      return
    }
    this.#port.note(command.shown !== undefined ? `${job.tag} ${command.shown}` : shownLine(job.pieces))
    this.#running.push(job)
    this.#armCommand(job)
    this.#writing = job
    this.#write()
    this.arm(false)
  }

  #refusal({ name, needs = 'login', within }: Command<unknown>): MailError | null {
    const { authenticated, mailbox } = this.#port
    if (needs !== 'nothing' && !authenticated) return usageError(`${name}: nobody has logged in`)
    if (needs === 'mailbox' && !mailbox) return usageError(`${name}: no mailbox is open`)
    if (within && within !== mailbox)
      return usageError(`${name}: the mailbox that it is about is not open any more`)
    return null
  }

  #pieces({ tag, command }: Job): Piece[] {
    const pieces: Piece[] = []
    const w = new Writer({ write: bytes => pieces.push(bytes) })
    w.utf8 = this.#port.utf8
    w.synchronizing = size => this.#port.synchronizing(size)
    w.onWait = () => pieces.push(WAIT)
    w.raw(`${tag} ${command.name}`)
    command.args?.(w)
    if (command.content) {
      w.commit()
      w.flush()
      pieces.push(command.content)
    }
    w.end()
    w.rest()
    return pieces
  }

  #write(): void {
    const job = this.#writing!
    for (;;) {
      const piece = job.pieces.shift()
      if (piece === undefined) {
        this.#writing = null
        return
      }
      if (piece === WAIT) {
        this.#waits = true
        this.#port.output.flush()
        return
      }
      if (piece instanceof Uint8Array) this.#port.output.write(piece)
      else {
        this.#copy(piece).then(
          () => {
            if (this.#writing !== job) return
            this.#write()
            this.next()
          },
          error => {
            // half of a literal cannot be taken back
            const failed =
              error instanceof MailError
                ? error
                : new MailError('ESTREAM', 'the message to append could not be read', { cause: error })
            job.settled = true
            job.reject(failed)
            this.#port.end(failed)
          },
        )
        return
      }
    }
  }

  async #copy({ size, source }: Content): Promise<void> {
    const { output } = this.#port
    let left = size
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw usageError('a message must come in pieces of bytes')
      left -= chunk.length
      if (left < 0)
        throw new MailError('ESTREAM', `the message is longer than the ${size} octets that were announced`)
      output.write(chunk)
      this.#port.wake()
      const wait = output.ready()
      if (wait) await wait
      if (!this.#port.open) return
    }
    if (left > 0) throw new MailError('ESTREAM', `the message is ${left} octets shorter than was announced`)
  }

  #abortable(given: Job, signal: AbortSignal): Job {
    const settled = (): void => signal.removeEventListener('abort', abort)
    const job: Job = {
      ...given,
      resolve: value => {
        settled()
        given.resolve(value)
      },
      reject: error => {
        settled()
        given.reject(error)
      },
    }
    const abort = (): void => {
      job.settled = true
      job.reject(aborted(signal))
      this.#queue = this.#queue.filter(other => other !== job)
      // one that is under way is answered all the same; the answer is nobody's
      this.#port.changed()
    }
    signal.addEventListener('abort', abort, { once: true })
    return job
  }
}

/** The line for logs: its text, and literals by their size. */
function shownLine(pieces: readonly Piece[]): string {
  const first = pieces[0]
  if (!(first instanceof Uint8Array)) return ''
  const text = latin1(first, 0, Math.min(first.length, 500))
  const end = text.indexOf('\r\n')
  return end < 0 ? text : text.slice(0, end)
}
