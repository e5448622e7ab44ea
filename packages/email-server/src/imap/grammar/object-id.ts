// Object identifiers (RFC 8474 §7): they differ by case.
import { describe, usageError } from '../../base/errors.ts'
import { ATOM_CHAR, isAll } from '../wire/chars.ts'
import type { Grammar } from './grammar.ts'

const LONGEST = 255
const OBJECT_ID = /^[A-Za-z0-9_-]+$/

// objectid = 1*255(ALPHA / DIGIT / "_" / "-")
export const objectId: Grammar<string> = {
  read(r) {
    const id = r.run(ATOM_CHAR, 'an object id')
    return isObjectId(id) ? id : r.fail('an object id')
  },
  write: (w, id) => w.raw(writtenObjectId(id)),
  samples: ['M6d99ac3275bb4e', 'F2212ea87-6097-4256-9d51-71338625', '_'],
}

function isObjectId(id: string): boolean {
  return id.length <= LONGEST && isAll(id, ATOM_CHAR) && OBJECT_ID.test(id)
}

/** The id, looked at. Throws `EUSAGE` for what is none. */
export function writtenObjectId(id: unknown): string {
  if (typeof id !== 'string' || !isObjectId(id))
    throw usageError(`${describe(id)} is not an object id (RFC 8474 §7)`)
  return id
}

/** The response code of SELECT and CREATE (RFC 8474 §4.1, §4.2). */
export function mailboxIdCode(id: unknown): string {
  return `MAILBOXID (${writtenObjectId(id)})`
}
