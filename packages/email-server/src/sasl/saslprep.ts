// SASLprep (RFC 4013), the profile of stringprep (RFC 3454) for user names and passwords: the same password typed on two
// keyboards becomes the same string. The profile here differs from the letter in what Unicode has learnt since version 3.2:
// normalisation and unassigned code points are those of the Unicode of this Node.js, and §6's "LCat" is every letter that is not
// written from right to left (tables C and D.1 are the RFC's own).
import { MailError } from '../base/errors.ts'

/** C.1.2, in front of B.1 as RFC 4013 §2.1 has them: U+200B is in both. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g
/** B.1 */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g

const PROHIBITED: readonly RegExp[] = [
  SPACES,
  // C.2.1, C.2.2
  /[\u0000-\u001f\u007f-\u009f\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\ufffc\u{1d173}-\u{1d17a}]|\u200c|\u200d|\u2060|\ufeff/u,
  // C.3, C.4, C.5
  /[\p{Co}\p{Cs}\p{Noncharacter_Code_Point}]/u,
  // C.6, C.7, C.8, C.9
  /\u0340|\u0341|[\ufffd\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e\u{e0001}\u{e0020}-\u{e007f}]/u,
]

/** D.1 */
const RIGHT_TO_LEFT =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06dd\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]/

const LETTER = /[\p{L}\p{Nl}]/u
const UNASSIGNED = /\p{Cn}/u
const PLAIN = /^[\x20-\x7e]*$/

/**
 * The prepared form; throws a MailError (`EAUTH`) for text that has none.
 * @param use `stored` for what a server keeps, `query` for what is compared with it (RFC 3454 §7: unassigned code points may be asked for,
 *   not kept)
 */
export function saslprep(text: string, use: 'stored' | 'query'): string {
  if (PLAIN.test(text)) return text
  const prepared = text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  if (PROHIBITED.some(characters => prepared.search(characters) >= 0)) throw refused('prohibited characters')
  if (use === 'stored' && UNASSIGNED.test(prepared)) throw refused('unassigned characters')
  if (RIGHT_TO_LEFT.test(prepared)) checkDirection(prepared)
  return prepared
}

/** RFC 3454 §6: text from right to left has nothing from left to right in it, and begins and ends so. */
function checkDirection(text: string): void {
  const characters = [...text]
  const mixed = characters.some(each => LETTER.test(each) && !RIGHT_TO_LEFT.test(each))
  if (mixed || !RIGHT_TO_LEFT.test(characters[0]!) || !RIGHT_TO_LEFT.test(characters.at(-1)!)) {
    throw refused('text of both directions')
  }
}

function refused(what: string): MailError {
  return new MailError('EAUTH', `a user name or password with ${what} (RFC 4013)`)
}

/** A password for digests (APOP, RFC 6856 §2.2): prepared where it can be, else as it is. */
export function preparedSecret(secret: string): string {
  try {
    return saslprep(secret, 'query')
  } catch {
    return secret
  }
}
