// Commands out, replies in, strictly in order (RFC 1939 §3; RFC 2449 §6.6 for commands that do not wait for replies). It knows no command.
import { latin1 } from '../../base/bytes.ts'
import { MailError, type MailErrorCode } from '../../base/errors.ts'
import { InputQueue, TOO_LONG } from '../../base/input-queue.ts'
import type { Limits } from '../../base/limits.ts'
import type { OutputQueue } from '../../base/output-queue.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import { DotUnstuffer } from '../wire/dot-unstuffing.ts'
import type { BodySink } from './bodies.ts'
import { nonsense, readStatus, refusal, type Status } from './replies.ts'

export interface Command {
  /** As errors name it. */
  readonly name: string
  readonly line: string
  /** The line as logs may have it. */
  readonly shown?: string
  /** What a refusal is. */
  readonly refused: MailErrorCode
  /** What follows a positive status line; absent: nothing. */
  readonly body?: 'lines' | BodySink
  /** The status line is positive and the body comes now. */
  readonly begun?: () => void
  /** It waits for every reply before it, and nothing is said before its own. */
  readonly alone?: boolean
  /** Goes before what waits already. */
  readonly urgent?: boolean
  /** Granted, it changes the transport: nothing is said before `release`. */
  readonly upgrades?: boolean
  /** The answer to `+ text` (RFC 5034 §4); absent: there is no such challenge. Never rejects. */
  readonly challenge?: (text: string) => Promise<string>
}

export interface Answer {
  readonly status: Status
  readonly lines: readonly string[]
}

export interface DialoguePort {
  readonly limits: Limits
  readonly clock: SessionClock
  readonly output: OutputQueue
  trace(from: 'client' | 'server', line: string): void
  end(error: MailError): void
  /** Time has passed while something was computed. */
  wake(): void
}

interface Owed {
  readonly command: Command
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: MailError) => void
}

const REPLY: unique symbol = Symbol('reply')
/** Commands that are under way at a time where the server takes several. */
const PIPELINE = 32

export class Dialogue {
  readonly #port: DialoguePort
  readonly #input = new InputQueue()
  /** Said, and not answered whole. */
  #owed: Owed[] = []
  /** Not said yet. */
  #queue: Owed[] = []
  /** The body that is coming in. */
  #status: Status | null = null
  #lines: string[] = []
  #listed = 0
  #unstuffer: DotUnstuffer | null = null
  /** The reader of a body takes no more for now. */
  #held = false
  #reading = false
  #answering = false
  #ended: MailError | null = null
  /** The transport is being changed. */
  #blocked = false
  pipelining = false

  constructor(port: DialoguePort) {
    this.#port = port
  }

  get idle(): boolean {
    return this.#owed.length === 0 && this.#queue.length === 0
  }

  /** Bytes that nobody has asked for. */
  get ahead(): boolean {
    return this.#input.length > 0
  }

  /** True: the server should be stopped. */
  get full(): boolean {
    return this.#held && this.#input.length >= this.#port.limits.inputWindow
  }

  /** Rejects with the refusal, or with what has ended the session. */
  say(command: Command): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      const owed = { command, resolve, reject }
      if (command.urgent) this.#queue.unshift(owed)
      else this.#queue.push(owed)
      this.#send()
    })
  }

  /** A reply that comes without a command: the greeting. */
  expect(name: string, refused: MailErrorCode): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#owed.push({ command: { name, line: '', refused, alone: true }, resolve, reject })
      this.#arm()
    })
  }

  /** The transport has been changed. */
  release(): void {
    this.#blocked = false
    this.#send()
  }

  feed(bytes: Uint8Array): void {
    this.#input.push(bytes)
    this.read()
  }

  /** The reader of a body takes more. */
  resume(): void {
    if (!this.#held) return
    this.#held = false
    this.read()
  }

  end(error: MailError): void {
    if (this.#ended) return
    this.#ended = error
    const lost = [...this.#owed, ...this.#queue]
    this.#owed = []
    this.#queue = []
    this.#input.clear()
    for (const { command, reject } of lost) {
      if (typeof command.body === 'object') command.body.fail(error)
      reject(error)
    }
  }

  read(): void {
    if (this.#reading) return
    this.#reading = true
    while (!this.#ended && !this.#held && this.#step());
    this.#reading = false
    if (!this.#ended) this.#arm()
  }

  /** Reads one thing; false when it has not arrived. */
  #step(): boolean {
    if (this.#unstuffer) return this.#body(this.#unstuffer)
    const { limits } = this.#port
    const line = this.#input.takeLine(limits.authLine)
    if (line === null) return false
    if (line === TOO_LONG) {
      this.#port.end(new MailError('ELIMIT', 'the server sends a line without end', this.#facts()))
    } else if (this.#status) this.#listing(latin1(line))
    else this.#reply(latin1(line))
    return true
  }

  #facts(): { command?: string } {
    const first = this.#owed[0]
    return first ? { command: first.command.name } : {}
  }

  #reply(line: string): void {
    const owed = this.#owed[0]
    const secret = line.startsWith('+ ')
    this.#port.trace('server', secret ? '+ (challenge)' : line)
    if (!owed || this.#answering) {
      const facts = { response: line.slice(0, 512) }
      this.#port.end(new MailError('EPROTOCOL', 'the server says more than it was asked', facts))
      return
    }
    const { command } = owed
    if (command.challenge && (secret || line === '+')) {
      this.#answer(command.challenge(line.slice(2)))
      return
    }
    const status = readStatus(line)
    if (!status) this.#port.end(nonsense(command.name, line))
    else if (!status.ok) this.#settle(() => owed.reject(refusal(command.refused, command.name, status)))
    else if (command.body === undefined) {
      this.#blocked = command.upgrades === true
      this.#settle(() => owed.resolve({ status, lines: [] }))
    } else {
      this.#status = status
      this.#lines = []
      this.#listed = 0
      const sink = command.body
      if (typeof sink === 'object') {
        this.#unstuffer = new DotUnstuffer(piece => {
          if (!sink.push(piece)) this.#held = true
        })
      }
      command.begun?.()
    }
  }

  #answer(answer: Promise<string>): void {
    this.#answering = true
    answer.then(line => {
      this.#answering = false
      if (this.#ended) return
      this.#port.wake()
      this.#port.output.write(`${line}\r\n`)
      this.#port.trace('client', line === '*' ? line : '(secret)')
      this.#arm()
      this.read()
    })
  }

  #listing(line: string): void {
    this.#listed += line.length + 2
    if (line === '.') {
      const owed = this.#owed[0]!
      const answer = { status: this.#status!, lines: this.#lines }
      this.#settle(() => owed.resolve(answer))
    } else if (this.#listed > this.#port.limits.pop3Listing) {
      this.#port.end(new MailError('ELIMIT', 'the server lists without end', this.#facts()))
    } else this.#lines.push(line.startsWith('.') ? line.slice(1) : line)
  }

  #body(unstuffer: DotUnstuffer): boolean {
    const piece = this.#input.peek()
    if (!piece) return false
    let taken: number
    try {
      taken = unstuffer.push(piece)
    } catch (error) {
      this.#port.end(error as MailError)
      return false
    }
    this.#input.drop(taken)
    if (unstuffer.ended) {
      const owed = this.#owed[0]!
      const sink = owed.command.body as BodySink
      const answer = { status: this.#status!, lines: [] }
      this.#held = false
      this.#settle(() => {
        sink.end()
        owed.resolve(answer)
      })
    }
    return true
  }

  /** The first command has been answered whole. */
  #settle(tell: () => void): void {
    this.#owed.shift()
    this.#status = null
    this.#unstuffer = null
    tell()
    this.#send()
  }

  #send(): void {
    while (this.#queue.length > 0 && !this.#blocked) {
      const { command } = this.#queue[0]!
      const last = this.#owed.at(-1)?.command
      const most = this.pipelining && !command.alone && !last?.alone ? PIPELINE : 1
      if (this.#owed.length >= most) break
      this.#owed.push(this.#queue.shift()!)
      this.#port.output.write(`${command.line}\r\n`)
      this.#port.trace('client', command.shown ?? command.line)
    }
    this.#arm()
  }

  /** The server has so long for what it owes; each sign of life begins it anew. */
  #arm(): void {
    const { clock, limits } = this.#port
    const owed = this.#owed[0]
    if (!owed || this.#held || this.#answering || this.#ended) clock.clear(REPLY)
    else {
      clock.set(REPLY, limits.pop3ReplyTime, () => {
        const { name } = owed.command
        this.#port.end(new MailError('ETIMEDOUT', `no answer to ${name} in time`, { command: name }))
      })
    }
  }
}
