// Checks of what callers put into a report: every text that reaches it has passed here.
import { hasLineBreak } from '../base/bytes.ts'
import { MailError, optionError } from '../base/errors.ts'
import { writeMailDate } from '../text/index.ts'

/** Text of one line, not empty. */
export function lineOption(value: unknown, option: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw optionError(option, 'a text', value)
  return oneLine(value, option).trim()
}

export function oneLine(text: string, option: string): string {
  if (hasLineBreak(text)) throw new MailError('EMESSAGE', `${option} must not contain CR, LF or NUL`)
  return text
}

/** A Date field's value with a numeric zone, as RFC 3464 §2.2.5 wants it. */
export function dateOption(value: unknown, option: string): string {
  const text = value instanceof Date ? writeMailDate(value.getTime()) : ''
  if (text === '') throw optionError(option, 'a date between 1900 and 9999', String(value))
  return text
}

/** A whole number above 0. */
export function countOption(value: unknown, option: string): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw optionError(option, 'a whole number above 0', value)
}
