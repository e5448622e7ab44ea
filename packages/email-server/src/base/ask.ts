// `ask()`: the one door to the user's handlers. Callback or promise style, a handler that is missing, throws, answers
// twice or never: this is the only place that deals with it.
import { asRefusal, describe, MailError, Refusal, usageError } from './errors.ts'
import { type HandlerWatch, watched } from './handler-watch.ts'
import type { SessionClock } from './session-clock.ts'

/** One question: its arguments, its answer, and what else a handler may want to know. */
export interface Question {
  readonly args: readonly unknown[]
  readonly result: unknown
  readonly context: object
}

export type Questions<C> = { [K in keyof C]: Question }

/** Node's callback: an error, or null and the answer. */
export type Callback<T> = (error?: unknown, result?: T) => void

/** `session.on('name', (…args, cb, context) => cb(null, answer))` */
export type CallbackHandler<Q extends Question> = (
  ...args: [...Q['args'], cb: Callback<Q['result']>, context: Q['context']]
) => unknown

/** `session.use({ name: async (…args, context) => answer })` */
export type AsyncHandler<Q extends Question> = (
  ...args: [...Q['args'], context: Q['context']]
) => Promise<Q['result']> | Q['result']

export type CallbackHandlers<C extends Questions<C>> = { [K in keyof C]: CallbackHandler<C[K]> }
export type AsyncHandlers<C extends Questions<C>> = { [K in keyof C]?: AsyncHandler<C[K]> }

type AnyFunction = (...args: unknown[]) => unknown
interface Registered {
  readonly style: 'callback' | 'async'
  readonly handler: AnyFunction
}

export interface DoorOptions {
  /** Every name that may be registered; others are the caller's mistake. */
  readonly names: ReadonlySet<string>
  readonly clock: SessionClock
  /** A handler that has not answered by then is answered for, with an error; ms. */
  readonly timeoutMs: number
  /** Hears of every failure that is ours (not of refusals), of second answers and of late ones. */
  readonly onFailure: (name: string, error: unknown) => void
  /** Hears of every question and its answer. */
  readonly watch?: HandlerWatch | undefined
}

/** Holds the handlers of one session and asks them. */
export class Door<C extends Questions<C>> {
  readonly #handlers = new Map<keyof C, Registered>()
  readonly #options: DoorOptions
  readonly #pending = new Set<(error: MailError) => void>()
  #closed = false

  constructor(options: DoorOptions) {
    this.#options = options
  }

  /** Registers the one handler of a question. Throws `EUSAGE` for an unknown name or a second handler. */
  register<K extends keyof C & string>(
    name: K,
    style: 'callback' | 'async',
    handler: CallbackHandler<C[K]> | AsyncHandler<C[K]>,
  ): void {
    if (!this.#options.names.has(name)) throw usageError(`there is no handler called ${describe(name)}`)
    if (typeof handler !== 'function') throw usageError(`the handler '${name}' must be a function`)
    if (this.#handlers.has(name)) throw usageError(`the handler '${name}' is registered already: one answers`)
    this.#handlers.set(name, { style, handler: handler as unknown as AnyFunction })
  }

  has(name: keyof C): boolean {
    return this.#handlers.has(name)
  }

  /**
   * Asks and waits. Rejects with a `Refusal` when the handler says no, with a MailError (`EHANDLER`) when it is missing,
   * fails or does not answer in time, and with `ECONNECTION` when the session ended meanwhile.
   */
  ask<K extends keyof C & string>(
    name: K,
    args: C[K]['args'],
    context: C[K]['context'],
  ): Promise<C[K]['result']> {
    const { watch } = this.#options
    return watch
      ? watched(watch, { name, args }, () => this.#ask(name, args, context))
      : this.#ask(name, args, context)
  }

  #ask<K extends keyof C & string>(
    name: K,
    args: C[K]['args'],
    context: C[K]['context'],
  ): Promise<C[K]['result']> {
    const registered = this.#handlers.get(name)
    if (this.#closed) return Promise.reject(new MailError('ECONNECTION', 'the session is over'))
    if (!registered) return Promise.reject(new MailError('EHANDLER', `no handler '${name}' is registered`))
    return new Promise((resolve, reject) => {
      const { clock, timeoutMs, onFailure } = this.#options
      const deadline = Symbol(name)
      let settled = false
      const settle = (): boolean => {
        if (settled) return false
        settled = true
        clock.clear(deadline)
        this.#pending.delete(abandon)
        clock.refresh()
        return true
      }
      const abandon = (error: MailError): void => {
        if (settle()) reject(error)
      }
      const fail = (error: unknown): void => {
        if (!settle()) {
          if (this.#closed && asRefusal(error)) return
          onFailure(
            name,
            new MailError('EHANDLER', `the handler '${name}' failed after its answer was needed`, {
              cause: error,
            }),
          )
          return
        }
        const refusal = asRefusal(error)
        if (refusal) {
          reject(new Refusal(refusal.code, refusal.message))
          return
        }
        const failure = new MailError('EHANDLER', `the handler '${name}' failed`, { cause: error })
        onFailure(name, failure)
        reject(failure)
      }
      const answer = (result: C[K]['result']): void => {
        if (settle()) resolve(result)
        // a client that has hung up meanwhile is no fault of the handler
        else if (!this.#closed)
          onFailure(
            name,
            new MailError('EHANDLER', `the handler '${name}' answered more than once, or too late`),
          )
      }
      this.#pending.add(abandon)
      clock.set(deadline, timeoutMs, () => {
        const failure = new MailError(
          'EHANDLER',
          `the handler '${name}' has not answered within ${timeoutMs} ms`,
        )
        onFailure(name, failure)
        abandon(failure)
      })
      try {
        if (registered.style === 'async') {
          const result = registered.handler(...args, context) as Promise<C[K]['result']> | C[K]['result']
          if (isThenable(result)) result.then(answer, fail)
          else answer(result)
        } else {
          const callback: Callback<C[K]['result']> = (error, result) => {
            if (error === undefined || error === null) answer(result as C[K]['result'])
            else fail(error)
          }
          const result = registered.handler(...args, callback, context)
          // an async function in callback style answers by its callback; only its rejection counts
          if (isThenable(result)) result.then(undefined, fail)
        }
      } catch (error) {
        fail(error)
      }
    })
  }

  /** The session is over: what is still asked is rejected, what is asked later too. */
  close(): void {
    this.#closed = true
    for (const abandon of [...this.#pending]) abandon(new MailError('ECONNECTION', 'the session is over'))
  }
}

function isThenable<T>(value: unknown): value is Promise<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
