// What goes wrong in storage, sorted by who must hear of it: the person who starts the store (one clear line), a client
// (a refusal, "try again later"), the log (the cause).
import { MailError, Refusal } from 'email-server'

/** The store cannot be opened as it was asked for. */
export function openError(message: string, cause?: unknown): MailError {
  return new MailError('ECONFIG', message, cause === undefined ? {} : { cause })
}

/** The caller used the store wrongly. */
export function usageError(message: string): MailError {
  return new MailError('EUSAGE', message)
}

export function noSuchFolder(): Refusal {
  return new Refusal('NONEXISTENT', 'there is no folder of that name')
}

/** The code of an error of SQLite (`SQLITE_FULL`), PostgreSQL (`PG_53100`: its SQLSTATE) or the system (`ENOSPC`), '' when it has none. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : ''
}

const NO_SPACE = new Set(['SQLITE_FULL', 'PG_53100', 'ENOSPC', 'EDQUOT', 'EFBIG'])

/** Is there no room left for what was to be stored? */
export function isNoSpace(error: unknown): boolean {
  return NO_SPACE.has(codeOf(error))
}

const SYSTEM_CODE = /^(?:E[A-Z0-9]{2,15}|SQLITE_[A-Z_]{1,40}|PG_[0-9A-Z]{5})$/
/** Of these the program is the cause: values that do not fit, statements that are wrong. */
const OUR_FAULT = /^(?:SQLITE_CONSTRAINT|SQLITE_ERROR|PG_2[123]|PG_42)/

/** Did the disk or the database fail (not the program)? Such an operation may succeed later. */
export function isStorageFailure(error: unknown): boolean {
  if (error instanceof MailError || error instanceof Refusal) return false
  const code = codeOf(error)
  return SYSTEM_CODE.test(code) && !OUR_FAULT.test(code)
}

/** What a client hears when storage fails. */
export function unavailable(error: unknown): Refusal {
  const text = isNoSpace(error) ? 'no room is left, try again later' : 'storage fails, try again later'
  return Object.assign(new Refusal('UNAVAILABLE', text), { cause: error })
}
