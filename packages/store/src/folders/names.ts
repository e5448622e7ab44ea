// Folder names: what they may be, and how they compare. Names are data, never paths (RFC 9051 §5.1).
import { Refusal } from 'email-server'

export const DELIMITER = '/'
export const INBOX = 'INBOX'
/** Where the folders are that others share (RFC 2342 §5). */
export const OTHER_USERS = 'Other Users'

const LONGEST = 1000
/** PostgreSQL's indexes have no longer keys than 2,700 octets, in which the owner's address has room, too. */
const LONGEST_OCTETS = 1500
const DEEPEST = 32

/** The form in which a name is kept: NFC, INBOX in capitals (also as the first level), no delimiter at the end. */
export function folderName(name: string): string {
  const plain = (name.endsWith(DELIMITER) ? name.slice(0, -1) : name).normalize('NFC')
  const [first = '', ...rest] = plain.split(DELIMITER)
  return first.toUpperCase() === INBOX ? [INBOX, ...rest].join(DELIMITER) : plain
}

/** As `folderName`, for a folder to be made. Refuses what cannot be one. */
export function newFolderName(name: string): string {
  const folder = folderName(name)
  if (folder.length > LONGEST || Buffer.byteLength(folder) > LONGEST_OCTETS)
    throw new Refusal('LIMIT', `a folder's name has at most ${LONGEST} characters`)
  const levels = folder.split(DELIMITER)
  if (levels.length > DEEPEST) throw new Refusal('LIMIT', `folders have at most ${DEEPEST} levels`)
  if (levels.some(level => level === '')) throw new Refusal('CANNOT', 'a level of a folder name is empty')
  if (/[\p{Cc}\p{Cs}*%\u2028\u2029]/u.test(folder)) {
    throw new Refusal('CANNOT', 'a folder name has no control characters and no wildcards')
  }
  if (levels[0] === OTHER_USERS)
    throw new Refusal('CANNOT', `${OTHER_USERS} is where the folders of others are`)
  return folder
}

/** `a/b/c` → `['a', 'a/b']` */
export function parentsOf(name: string): string[] {
  const levels = name.split(DELIMITER)
  return levels.slice(1).map((_, index) => levels.slice(0, index + 1).join(DELIMITER))
}
