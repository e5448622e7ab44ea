// What the client sides of the mechanisms share.
import { EMPTY } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import type { SaslClientExchange } from './mechanism.ts'

/** A mechanism of one message. What the server says after it is the reason of a refusal, and waits for an empty answer. */
export function oneMessage(message: Uint8Array): SaslClientExchange {
  return { initial: () => message, step: () => EMPTY, finish() {} }
}

export function unexpected(mechanism: string): MailError {
  return new MailError('EAUTH', `the server asks for more than ${mechanism} has`)
}

/** Throws `EAUTH`: what the mechanism uses as a separator cannot be part of a name or password. */
export function withoutNul(text: string): string {
  if (text.includes('\0')) throw new MailError('EAUTH', 'a user name or password must not contain NUL')
  return text
}

export function withoutControls(text: string): string {
  if (/[\x00-\x1f\x7f]/.test(text)) {
    throw new MailError('EAUTH', 'a user name or token must not contain control characters')
  }
  return text
}
