// The names of header fields that nearly all mail has. Their keys are the same strings each time: such a name is put in lower
// case without making a string, and comparing two keys is comparing two pointers.

import { keysOf } from '../base/keys.ts'

const NAMES =
  'archived-at arc-authentication-results arc-message-signature arc-seal authentication-results auto-submitted bcc cc ' +
  'content-description content-disposition content-id content-language content-location content-md5 ' +
  'content-transfer-encoding content-type date delivered-to disposition-notification-to dkim-signature errors-to feedback-id ' +
  'from importance in-reply-to list-archive list-help list-id list-owner list-post list-subscribe list-unsubscribe ' +
  'list-unsubscribe-post message-id mime-version precedence priority received received-spf references reply-to ' +
  'resent-date resent-from resent-to return-path sender subject thread-index thread-topic to user-agent x-mailer ' +
  'x-msmail-priority x-originating-ip x-priority x-received'

/** The bit that makes a capital a small letter; of what else is above U+0020 it makes neither a letter nor a hyphen. */
const LOWER = 0x20
/** Each name in a place of its own: the factors below were chosen for that. */
const TABLE: string[] = new Array<string>(256).fill('')
for (const name of keysOf(NAMES)) TABLE[place(Buffer.from(name), 0, name.length)] = name

/** The name of a field that stands at [start, end) in lower case, when it is one of those above; else the empty string. */
export function knownKey(bytes: Uint8Array, start: number, end: number): string {
  const name = TABLE[place(bytes, start, end)]!
  if (name.length !== end - start) return ''
  for (let i = 0; i < name.length; i++) {
    if ((bytes[start + i]! | LOWER) !== name.charCodeAt(i)) return ''
  }
  return name
}

function place(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]! | LOWER
  const middle = bytes[(start + end) >> 1]! | LOWER
  const last = bytes[end - 1]! | LOWER
  return (end - start + 21 * first + 9 * middle + 7 * last) & 0xff
}
