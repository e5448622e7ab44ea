// Methods that take a callback or, without one, give a promise: one adapter for all.
import type { MailError } from './errors.ts'

/** Called once: with the error, or with null and the value. */
export type Callback<T> = (error: MailError | null, value?: T) => void

/** The promise itself when there is no callback; else the callback hears of it, and there is nothing to give. */
export function settle<T>(promise: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  if (!callback) return promise
  promise.then(
    value => callback(null, value),
    error => callback(error as MailError),
  )
  return undefined
}
