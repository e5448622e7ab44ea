// Mailbox names and LIST patterns: Unicode inside, modified UTF-7 on the wire (RFC 3501 §5.1.3).
import { PeerSyntaxError } from '../../base/errors.ts'
import { decodeImapUtf7, encodeImapUtf7 } from '../../text/index.ts'
import { isClass, LIST_CHAR } from '../wire/chars.ts'
import type { Reader } from '../wire/reader.ts'
import type { Grammar } from './grammar.ts'

// mailbox = "INBOX" / astring          ; INBOX is case-insensitive
export const mailbox: Grammar<string> = {
  read: r => mailboxName(decode(r, r.astring())),
  write: (w, name) => w.astring(w.utf8 ? name : encodeImapUtf7(name)),
  samples: ['INBOX', 'Sent', 'a/b c', 'Entwürfe', '台北/日本語', 'R&D', 'INBOX/inner', '~peter/mail'],
}

// list-mailbox = 1*list-char / string
export const listMailbox: Grammar<string> = {
  read: r => decode(r, isClass(r.peek(), LIST_CHAR) ? r.run(LIST_CHAR, 'a mailbox pattern') : r.string()),
  write: (w, pattern) => w.string(w.utf8 ? pattern : encodeImapUtf7(pattern)),
  samples: ['*', '%', '', 'INBOX/%', 'Entw*', 'Grüße/%/*'],
}

/** Every way to write INBOX, also as the first level of a name, means INBOX (RFC 3501 §5.1). */
export function mailboxName(name: string): string {
  if (name.slice(0, 5).toUpperCase() !== 'INBOX') return name
  const next = name.charAt(5)
  return next === '' || next === '/' || next === '.' ? `INBOX${name.slice(5)}` : name
}

// RFC 3501 §5.1.3: what is not modified UTF-7 in its one canonical form is no name; RFC 6855 §3: it is UTF-8 once that is enabled.
function decode(r: Reader, wire: string): string {
  if (r.utf8) {
    if (/[\0-\x1f\x7f\ufffd]/.test(wire))
      throw new PeerSyntaxError('a mailbox name must be UTF-8', r.position)
    return wire
  }
  const name = /^[ -~]*$/.test(wire) ? decodeImapUtf7(wire) : null
  if (name === null) throw new PeerSyntaxError('a mailbox name must be modified UTF-7', r.position)
  return name
}
