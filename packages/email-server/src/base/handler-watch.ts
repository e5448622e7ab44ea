// What handlers are asked and what they answer, for whoever records sessions. Where nobody watches it costs one comparison.
import { Refusal } from './errors.ts'

/** A question to a handler or listener. Passwords are not among the arguments. */
export interface HandlerCall {
  /** `messageMeta`, `rcpt`, `mail`, `auth` … */
  readonly name: string
  /** As the handler gets them; of `auth` and `mail` only what is told about them. They are the handler's: not to be changed. */
  readonly args: readonly unknown[]
}

export type HandlerAnswer =
  | { readonly kind: 'answer'; readonly value: unknown }
  /** `code`: as `Refusal` has it, or an SMTP reply code. */
  | { readonly kind: 'refusal'; readonly code: string; readonly text: string }
  /** The handler is missing, has failed, or has not answered in time; or the session is over. */
  | { readonly kind: 'failure'; readonly error: unknown }

/** Called when a handler is asked; what it returns is called once with the answer. Neither may throw. */
export type HandlerWatch = (call: HandlerCall) => (answer: HandlerAnswer) => void

/** Asks, and tells the watch what comes of it. */
export function watched<T>(watch: HandlerWatch, call: HandlerCall, ask: () => Promise<T>): Promise<T> {
  const tell = watch(call)
  const answer = ask()
  answer.then(
    value => tell({ kind: 'answer', value }),
    (error: unknown) =>
      tell(
        error instanceof Refusal
          ? { kind: 'refusal', code: error.code, text: error.message }
          : { kind: 'failure', error },
      ),
  )
  return answer
}
