// One message after another: its bytes into a receiver, framed by dots (DATA) or by counts (BDAT); the whole of it before
// the `mail` listeners, their verdict back.
import { randomBytes } from '../../base/crypto.ts'
import type { Emitter } from '../../base/emitter.ts'
import { MailError, usageError } from '../../base/errors.ts'
import type { HandlerAnswer } from '../../base/handler-watch.ts'
import type { InputQueue } from '../../base/input-queue.ts'
import type { MessageVerdict } from '../../trust/index.ts'
import type { Envelope } from '../envelope.ts'
import type { ChunksState, Hello, SmtpState } from '../state.ts'
import { ContentReceiver, TOO_BIG } from '../wire/content-receiver.ts'
import { DotReader } from '../wire/dot-reader.ts'
import { type Reply, reply } from '../wire/reply.ts'
import type { SessionCore } from './core.ts'
import type { SmtpServerEvents } from './events.ts'
import { IncomingMail } from './incoming-mail.ts'
import type { MailAnswers } from './mail-answers.ts'
import { mailAuth, NOT_CHECKED } from './mail-auth.ts'
import { MODES } from './modes.ts'
import { addedLines, missingFields, TraceWriter } from './trace.ts'
import { asAnswer } from './verdicts.ts'

type ContentState = Extract<SmtpState, { kind: 'content' }>
type ChunkState = Extract<SmtpState, { kind: 'chunk' }>

/** A message on its way in, whatever its framing. */
interface Transfer {
  readonly hello: Hello
  readonly envelope: Envelope
  readonly receiver: ContentReceiver
}

const NOBODY_HERE = reply(451, '4.3.0', 'No mail is taken here at the moment')
const FAR_TOO_BIG = reply(421, '4.3.4', 'Message far too big')
const DEADLINE: unique symbol = Symbol('mail')
/** How long a message, or a chunk, may come in as slowly as it likes, ms. */
const PATIENCE_MS = 60_000

export class Reception {
  readonly #core: SessionCore
  readonly #events: Emitter<SmtpServerEvents>
  readonly #onTaken: () => void
  #dots: DotReader | null = null
  /** Octets of the chunk that are still to come. */
  #left = 0
  /** When it was begun to measure how fast octets come, and when that is looked at next, ms since the epoch. */
  #began = 0
  #look = 0
  #sessionId = ''
  readonly #traces = new TraceWriter()
  #messages = 0

  constructor(core: SessionCore, events: Emitter<SmtpServerEvents>, onTaken: () => void) {
    this.#core = core
    this.#events = events
    this.#onTaken = onTaken
  }

  /** Does anybody take messages? */
  get hasListener(): boolean {
    return this.#events.listenerCount('mail') > 0
  }

  begin(): void {
    const { state } = this.#core
    if (state.kind !== 'envelope') throw usageError('DATA out of place')
    const receiver = this.#receiver(state.envelope)
    this.#dots = new DotReader(piece => receiver.take(piece))
    const { hello, envelope } = state
    this.#core.enter({ kind: 'content', hello, envelope, receiver, ends: this.#ends() })
    this.#beginWatch()
  }

  /** BDAT has announced so many octets. */
  beginChunk(size: number, last: boolean, refusal: Reply | null): void {
    const { state } = this.#core
    if (state.kind === 'envelope') {
      const { hello, envelope } = state
      const receiver = this.#receiver(envelope)
      if (refusal) receiver.refuse(refusal)
      this.#chunk({ kind: 'chunks', hello, envelope, receiver, ends: this.#ends() }, size, last)
    } else if (state.kind === 'fresh' || state.kind === 'ready' || state.kind === 'chunks') {
      this.#chunk(state, size, last)
    } else throw usageError('BDAT out of place')
  }

  #chunk(before: ChunkState['before'], size: number, last: boolean): void {
    const seen = before.kind === 'chunks' ? before.receiver.seen : 0
    if (before.kind === 'chunks') before.receiver.announce(size)
    if (seen + size > MODES.chunk.byteLimit(this.#core.limits)) {
      this.#core.say(TOO_BIG)
      this.#core.leave(FAR_TOO_BIG, new MailError('ELIMIT', 'a chunk far too big was announced'))
      return
    }
    const ends = before.kind === 'chunks' ? before.ends : this.#ends()
    this.#left = size
    this.#core.enter({ kind: 'chunk', before, size, last, ends })
    this.#beginWatch()
    if (size === 0) this.#endChunk(this.#core.state as ChunkState)
  }

  /** Reads what is there; false when that is nothing. */
  read(state: ContentState | ChunkState, input: InputQueue): boolean {
    return state.kind === 'content' ? this.#readDots(state, input) : this.#readChunk(state, input)
  }

  #readDots(state: ContentState, input: InputQueue): boolean {
    const chunk = input.peek()
    if (!chunk || !this.#dots) return false
    input.drop(this.#dots.push(chunk))
    if (this.#dots.done) {
      this.#dots = null
      this.#after(state.receiver.finish(), () => this.#offer(state))
    } else if (state.receiver.seen > MODES.content.byteLimit(this.#core.limits)) {
      this.#core.leave(FAR_TOO_BIG, new MailError('ELIMIT', 'the message is far too big'))
    } else {
      this.#after(state.receiver.relieve(), () => {})
    }
    return true
  }

  #readChunk(state: ChunkState, input: InputQueue): boolean {
    const piece = input.takeSome(this.#left)
    if (!piece) return false
    this.#left -= piece.length
    const receiver = state.before.kind === 'chunks' ? state.before.receiver : null
    receiver?.take(piece)
    if (this.#left === 0) this.#endChunk(state)
    else this.#after(receiver?.relieve() ?? null, () => {})
    return true
  }

  /** The octets of a BDAT are there: one reply for each, in order (RFC 3030 §2). */
  #endChunk({ before, size, last }: ChunkState): void {
    if (before.kind !== 'chunks') {
      this.#core.enter(before)
      this.#core.answer(this.#core.outOfPlace())
    } else if (last) {
      this.#after(before.receiver.finish(), () => this.#offer(before))
    } else {
      this.#after(before.receiver.relieve(), () => {
        const refused = before.receiver.refused
        this.#core.enter(before)
        this.#core.answer(refused ?? reply(250, '2.0.0', `${size} octets received`))
      })
    }
  }

  #receiver({ params }: Envelope): ContentReceiver {
    const { limits, options } = this.#core
    return new ContentReceiver({
      limits,
      openSpool: options.openSpool ?? null,
      onFailure: error => this.#core.failed('the spool failed', error),
      ...(options.checkMessage && { watch: (piece: Uint8Array) => this.#core.check.push(piece) }),
      lineBreaks: params.body === 'BINARYMIME' ? 'keep' : (options.lineBreaks ?? 'refuse'),
    })
  }

  #ends(): number {
    return this.#core.clock.now + this.#core.limits.smtpDataTime
  }

  #beginWatch(): void {
    this.#began = this.#core.clock.now
    this.#look = this.#began + PATIENCE_MS
    this.#core.arm()
  }

  /** How long the client may take until something has to be looked at, ms; `usual`: where it is a command that is waited for. */
  timeLeft(state: ContentState | ChunkState | ChunksState, usual: number): number {
    const { now } = this.#core.clock
    const next = state.kind === 'chunks' ? now + usual : this.#look
    return Math.max(0, Math.min(next, state.ends) - now)
  }

  /**
   * That time is over: may the client go on? Who sends an octet now and then holds a connection for the whole time of a message:
   * not for longer than a minute.
   */
  goesOn(state: ContentState | ChunkState | ChunksState): boolean {
    const { clock, limits } = this.#core
    if (state.kind === 'chunks' || clock.now >= state.ends) return false
    const seen = state.kind === 'content' ? state.receiver.seen : state.size - this.#left
    if (seen < (limits.smtpDataRate * (clock.now - this.#began)) / 1000) return false
    this.#look = clock.now + PATIENCE_MS / 6
    return true
  }

  #after(work: Promise<void> | null, then: () => void): void {
    if (!work) {
      then()
      return
    }
    const release = this.#core.hold()
    work.then(() => release(then))
  }

  #offer(transfer: Transfer): void {
    const refusal = transfer.receiver.verdict()
    if (refusal) {
      this.#end(transfer, refusal)
      return
    }
    const checked = this.#core.check.finish()
    if (!checked) {
      this.#present(transfer, null)
      return
    }
    const release = this.#core.hold()
    checked.then(found =>
      release(() => ('code' in found ? this.#end(transfer, found) : this.#present(transfer, found))),
    )
  }

  /** Before the listeners, with what was found out about its sender. */
  #present(transfer: Transfer, found: MessageVerdict | null): void {
    const { clock, limits } = this.#core
    // what others have said in our name (RFC 8601 §5)
    if (found) transfer.receiver.buffer.remove(found.forged)
    const release = this.#core.hold()
    const tellEach = this.#core.facts.role === 'lmtp' ? this.#teller(transfer) : null
    const told = this.#tellWatch(transfer)
    const mail = this.#makeMail(transfer, found, answers => {
      tellEach?.(answers)
      if (!answers.done) return
      told?.(asAnswer(answers.folded))
      clock.clear(DEADLINE)
      transfer.receiver.buffer.release()
      release(() => this.#end(transfer, answers.folded, tellEach !== null))
      if (!tellEach && answers.folded.code === 250) this.#tellOfUndelivered(mail, answers)
    })
    clock.set(DEADLINE, limits.mailHandlerTime, () => {
      mail.fail(
        new MailError('EHANDLER', `no 'mail' listener has answered within ${limits.mailHandlerTime} ms`),
      )
    })
    this.#core.options.watchMail?.(mail)
    if (!this.#events.dispatch('mail', [mail], error => mail.fail(error))) {
      clock.clear(DEADLINE)
      told?.(asAnswer(NOBODY_HERE))
      release(() => this.#end(transfer, NOBODY_HERE))
    }
  }

  #tellWatch({ envelope, receiver }: Transfer): ((answer: HandlerAnswer) => void) | undefined {
    const { watchHandlers } = this.#core.options
    const { from, accepted: to } = envelope
    return watchHandlers?.({ name: 'mail', args: [{ from, to, size: receiver.seen }] })
  }

  /** LMTP: says what is known of each recipient as soon as it is known of all before it (RFC 2033 §4.2, §5). */
  #teller({ envelope }: Transfer): (answers: MailAnswers) => void {
    const places = new Map([...envelope.recipients.keys()].map((address, place) => [address, place]))
    let told = 0
    return ({ verdicts }) => {
      for (; told < envelope.accepted.length; told++) {
        const address = envelope.accepted[told]!
        const verdict = verdicts[places.get(address)!]
        if (!verdict || this.#core.state.kind === 'closed') return
        this.#core.say(forRecipient(verdict, address))
      }
    }
  }

  /** SMTP has said yes for everybody: who sent the message must hear of those who do not get it (RFC 5321 §6.1). */
  #tellOfUndelivered(mail: IncomingMail, answers: MailAnswers): void {
    const { undelivered } = answers
    if (undelivered.length === 0 || this.#events.emit('undelivered', mail, undelivered)) return
    this.#core.failed(
      "a message was taken for some and refused for others, and nobody listens to 'undelivered'",
      new MailError('EHANDLER', `the sender is not told of ${undelivered.length} recipients`),
    )
  }

  #makeMail(
    transfer: Transfer,
    found: MessageVerdict | null,
    onAnswer: (answers: MailAnswers) => void,
  ): IncomingMail {
    const { hello, envelope, receiver } = transfer
    const { clock, facts } = this.#core
    const recipients = [...envelope.recipients.values()]
    const id = this.#nextId()
    const time = clock.now
    const complete = facts.role === 'submission' && (this.#core.options.addMissingFields ?? true)
    const added = complete ? missingFields(receiver.buffer.header(), id, facts.hostname, time) : null
    return new IncomingMail({
      deliver: this.#core.options.deliver ?? null,
      id,
      from: envelope.from,
      recipients,
      params: envelope.params,
      auth: found ? mailAuth(found) : NOT_CHECKED,
      authenticationResults: found?.headers ?? '',
      content: receiver.buffer,
      time: envelope.time,
      added,
      trace: () =>
        this.#traces.receivedField({
          helloName: hello.name,
          extended: hello.extended,
          lmtp: facts.role === 'lmtp',
          remoteAddress: this.#core.remoteAddress,
          hostname: facts.hostname,
          tls: facts.tls,
          authenticated: facts.username !== null,
          smtputf8: envelope.params.smtputf8,
          id,
          recipient: recipients.length === 1 ? recipients[0]!.address : null,
          priority: envelope.params.mtPriority,
          time,
        }) + (added ? addedLines(added) : ''),
      onAnswer,
      onFailure: error => this.#core.failed("a listener of 'mail' failed", error),
    })
  }

  /** @param told the client knows already */
  #end({ hello, envelope }: Transfer, verdict: Reply, told = false): void {
    if (verdict.code === 250) this.#onTaken()
    if (this.#core.facts.role !== 'lmtp') this.#core.say(verdict)
    else if (!told) for (const address of envelope.accepted) this.#core.say(forRecipient(verdict, address))
    this.#core.enter({ kind: 'ready', hello })
    this.#core.arm()
  }

  #nextId(): string {
    if (this.#sessionId === '') {
      const bytes = this.#core.options.random?.(8) ?? randomBytes(8)
      this.#sessionId = Buffer.from(bytes).toString('hex')
    }
    return `${this.#sessionId}.${++this.#messages}`
  }
}

/** With the address that it is about: replies of LMTP follow each other without one. */
function forRecipient(verdict: Reply, address: string): Reply {
  return reply(verdict.code, verdict.enhanced, `<${address}> ${verdict.text}`)
}
