// Who sent this: the checks of inbound mail, composed. One cache of the DNS and one of DKIM keys for the whole server; reverse DNS is
// asked once in a session. The room that checks is loaded when the first client comes that is to be checked.
import type { Runtime } from '../base/runtime.ts'
import { type Resolver, TimedQuestions } from '../dns/index.ts'
import type { CheckMessage, MailCheck } from '../smtp/index.ts'
import type { DkimKeyCache, MessageCheck, MessageOrigin, MessageVerdict, RdnsResult } from '../trust/index.ts'
import type { ResolvedMailAuth } from './mail-auth-options.ts'

type Trust = typeof import('../trust/index.ts')

export interface SenderChecksOptions extends ResolvedMailAuth {
  readonly resolver: Resolver
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
  readonly timeoutMs: number
}

interface Loaded {
  readonly trust: Trust
  readonly keys: DkimKeyCache
}

export class SenderChecks {
  readonly #options: SenderChecksOptions
  #loaded: Loaded | null = null
  #loading: Promise<Loaded> | null = null

  constructor(options: SenderChecksOptions) {
    this.#options = options
  }

  /** The checks of one session with this client. */
  forSession(address: string): CheckMessage {
    const { isSkipped } = this.#options
    const reverse = new ReverseDns(this.#options)
    if (!isSkipped(address)) this.#load()
    return origin => {
      // asked anew: XCLIENT may have named another
      if (isSkipped(origin.ip)) return null
      const loaded = this.#loaded
      return loaded
        ? new RunningCheck(this.#begin(loaded, origin, reverse), reverse)
        : new EarlyCheck(this.#load(), ready => this.#begin(ready, origin, reverse), reverse)
    }
  }

  #load(): Promise<Loaded> {
    if (!this.#loading) {
      this.#loading = import('../trust/index.ts').then(trust => {
        this.#loaded = { trust, keys: new trust.DkimKeyCache() }
        return this.#loaded
      })
      // who waits for it hears of a failure
      this.#loading.catch(() => {})
    }
    return this.#loading
  }

  #begin({ trust, keys }: Loaded, origin: MessageOrigin, reverse: ReverseDns): Begun {
    let failure: { readonly error: unknown } | null = null
    const check = new trust.MessageCheck(origin, {
      ...this.#options,
      keys,
      rdns: reverse.ask(trust, origin),
      onFailure: error => {
        failure = { error }
      },
    })
    return { check, failure: () => failure }
  }
}

interface Begun {
  readonly check: MessageCheck
  readonly failure: () => { readonly error: unknown } | null
}

class RunningCheck implements MailCheck {
  readonly #begun: Begun
  readonly #reverse: ReverseDns

  constructor(begun: Begun, reverse: ReverseDns) {
    this.#begun = begun
    this.#reverse = reverse
  }

  push(bytes: Uint8Array): void {
    this.#begun.check.push(bytes)
  }

  async finish(): Promise<MessageVerdict> {
    const verdict = await this.#begun.check.finish()
    const failure = this.#begun.failure()
    // nobody has looked for forged results then: better to be asked again later
    if (failure) throw failure.error
    return verdict
  }

  abandon(): void {
    this.#reverse.abandon()
    this.#begun.check.abandon()
  }
}

/** For the first messages of a server's life: what comes while the room is being loaded waits. */
class EarlyCheck implements MailCheck {
  readonly #running: Promise<RunningCheck>
  #waiting: Uint8Array[] | null = []
  #check: RunningCheck | null = null
  #abandoned = false

  constructor(loading: Promise<Loaded>, begin: (loaded: Loaded) => Begun, reverse: ReverseDns) {
    this.#running = loading.then(loaded => {
      const check = new RunningCheck(begin(loaded), reverse)
      this.#check = check
      for (const piece of this.#waiting ?? []) check.push(piece)
      this.#waiting = null
      if (this.#abandoned) check.abandon()
      return check
    })
    this.#running.catch(() => {})
  }

  push(bytes: Uint8Array): void {
    if (this.#check) this.#check.push(bytes)
    else this.#waiting?.push(bytes)
  }

  async finish(): Promise<MessageVerdict> {
    return (await this.#running).finish()
  }

  abandon(): void {
    this.#abandoned = true
    this.#waiting = null
    this.#check?.abandon()
  }
}

/** What is known of the client's address; asked again when its name has changed or the DNS has failed. */
class ReverseDns {
  readonly #options: SenderChecksOptions
  #known: { readonly of: string; readonly answer: Promise<RdnsResult> } | null = null
  #questions: TimedQuestions | null = null

  constructor(options: SenderChecksOptions) {
    this.#options = options
  }

  ask(trust: Trust, { ip, helo = '' }: MessageOrigin): Promise<RdnsResult> {
    const of = `${ip} ${helo}`
    if (this.#known?.of === of) return this.#known.answer
    this.abandon()
    const { resolver, runtime, timeoutMs } = this.#options
    const questions = new TimedQuestions({ resolver, runtime, timeoutMs })
    const answer = trust.checkRdns({ ip, helo }, { resolver: { resolve: questions.ask }, runtime, timeoutMs })
    const known = { of, answer }
    this.#known = known
    this.#questions = questions
    const done = (failed: boolean): void => {
      questions.close()
      if (this.#questions === questions) this.#questions = null
      if (failed && this.#known === known) this.#known = null
    }
    answer.then(
      ({ result }) => done(result === 'temperror'),
      () => done(true),
    )
    return answer
  }

  /** Stops what is still being asked. */
  abandon(): void {
    this.#questions?.close()
  }
}
