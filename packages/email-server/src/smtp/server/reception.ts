// One message after another: its bytes into a receiver, the whole of it before the `mail` listeners, their verdict back.
import { randomBytes } from '../../base/crypto.ts'
import type { Emitter } from '../../base/emitter.ts'
import { MailError, usageError } from '../../base/errors.ts'
import type { InputQueue } from '../../base/input-queue.ts'
import type { MessageVerdict } from '../../trust/index.ts'
import type { SmtpState } from '../state.ts'
import { ContentReceiver } from '../wire/content-receiver.ts'
import { DotReader } from '../wire/dot-reader.ts'
import { type Reply, reply } from '../wire/reply.ts'
import type { SessionCore } from './core.ts'
import type { SmtpServerEvents } from './events.ts'
import { IncomingMail } from './incoming-mail.ts'
import { MODES } from './modes.ts'
import { TIMEOUT } from './replies.ts'
import { mailAuth, NOT_CHECKED } from './sender-check.ts'
import { receivedField } from './trace.ts'

type ContentState = Extract<SmtpState, { kind: 'content' }>

const NOBODY_HERE = reply(451, '4.3.0', 'No mail is taken here at the moment')
const FAR_TOO_BIG = reply(421, '4.3.4', 'Message far too big')
const DEADLINE: unique symbol = Symbol('mail')
const PROGRESS: unique symbol = Symbol('progress')
/** How long a message may come in as slowly as it likes, ms. */
const PATIENCE_MS = 60_000

export class Reception {
  readonly #core: SessionCore
  readonly #events: Emitter<SmtpServerEvents>
  readonly #onTaken: () => void
  #dots: DotReader | null = null
  #sessionId = ''
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
    const { state, limits, options } = this.#core
    if (state.kind !== 'envelope') throw usageError('DATA out of place')
    const receiver = new ContentReceiver(
      limits,
      options.openSpool ?? null,
      error => this.#core.failed('the spool failed', error),
      piece => this.#core.check.push(piece),
    )
    this.#dots = new DotReader(piece => receiver.take(piece))
    const ends = this.#core.clock.now + limits.smtpDataTime
    this.#core.enter({ kind: 'content', hello: state.hello, envelope: state.envelope, receiver, ends })
    this.#watch(receiver, this.#core.clock.now, PATIENCE_MS)
  }

  /** Who sends an octet now and then holds a connection for the whole time of a message: not for longer than a minute. */
  #watch(receiver: ContentReceiver, began: number, delayMs: number): void {
    const { clock, limits } = this.#core
    clock.set(PROGRESS, delayMs, () => {
      const { state } = this.#core
      if (state.kind !== 'content' || state.receiver !== receiver || !this.#dots) return
      const wanted = (limits.smtpDataRate * (clock.now - began)) / 1000
      if (receiver.seen >= wanted) this.#watch(receiver, began, PATIENCE_MS / 6)
      else this.#core.leave(TIMEOUT, new MailError('ETIMEDOUT', 'the message came in too slowly'))
    })
  }

  /** Reads what is there; false when that is nothing. */
  read(state: ContentState, input: InputQueue): boolean {
    const chunk = input.peek()
    if (!chunk || !this.#dots) return false
    input.drop(this.#dots.push(chunk))
    if (this.#dots.done) {
      this.#dots = null
      this.#core.clock.clear(PROGRESS)
      this.#after(state.receiver.finish(), () => this.#offer(state))
    } else if (state.receiver.seen > MODES.content.byteLimit(this.#core.limits)) {
      this.#core.leave(FAR_TOO_BIG, new MailError('ELIMIT', 'the message is far too big'))
    } else {
      this.#after(state.receiver.relieve(), () => {})
    }
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

  #offer(state: ContentState): void {
    const refusal = state.receiver.verdict()
    if (refusal) {
      this.#end(state, refusal)
      return
    }
    const checked = this.#core.check.finish()
    if (!checked) {
      this.#present(state, null)
      return
    }
    const release = this.#core.hold()
    checked.then(found =>
      release(() => ('code' in found ? this.#end(state, found) : this.#present(state, found))),
    )
  }

  /** Before the listeners, with what was found out about its sender. */
  #present(state: ContentState, found: MessageVerdict | null): void {
    const { clock, limits } = this.#core
    // what others have said in our name (RFC 8601 §5)
    if (found) state.receiver.buffer.remove(found.forged)
    const release = this.#core.hold()
    const mail = this.#makeMail(state, found, verdict => {
      clock.clear(DEADLINE)
      state.receiver.buffer.release()
      release(() => this.#end(state, verdict))
    })
    clock.set(DEADLINE, limits.mailHandlerTime, () => {
      mail.fail(
        new MailError('EHANDLER', `no 'mail' listener has answered within ${limits.mailHandlerTime} ms`),
      )
    })
    this.#core.options.watchMail?.(mail)
    if (!this.#events.dispatch('mail', [mail], error => mail.fail(error))) {
      clock.clear(DEADLINE)
      release(() => this.#end(state, NOBODY_HERE))
    }
  }

  #makeMail(
    state: ContentState,
    found: MessageVerdict | null,
    onVerdict: (verdict: Reply) => void,
  ): IncomingMail {
    const { hello, envelope, receiver } = state
    const { clock, facts } = this.#core
    const recipients = [...envelope.recipients.values()]
    const id = this.#nextId()
    const time = clock.now
    return new IncomingMail({
      deliver: this.#core.options.deliver ?? null,
      id,
      from: envelope.from,
      recipients,
      params: envelope.params,
      auth: found ? mailAuth(found) : NOT_CHECKED,
      authenticationResults: found?.headers ?? '',
      content: receiver.buffer,
      trace: () =>
        receivedField({
          helloName: hello.name,
          extended: hello.extended,
          remoteAddress: this.#core.remoteAddress,
          hostname: facts.hostname,
          tls: facts.tls,
          authenticated: facts.username !== null,
          smtputf8: envelope.params.smtputf8,
          id,
          recipient: recipients.length === 1 ? recipients[0]!.address : null,
          time,
        }),
      onVerdict,
      onFailure: error => this.#core.failed("a listener of 'mail' failed", error),
    })
  }

  #end(state: ContentState, verdict: Reply): void {
    if (verdict.code === 250) this.#onTaken()
    this.#core.say(verdict)
    this.#core.enter({ kind: 'ready', hello: state.hello })
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
