// The few extensions that change the rules of the whole room. An extension's file switches its field on; the writer,
// the news and the commands read it. Nothing else may depend on what was enabled.
import type { Watching } from './watching.ts'

export interface Dialect {
  /** IMAP4rev2 (RFC 9051): no RECENT, ESEARCH instead of SEARCH. */
  readonly rev2: boolean
  /** UTF8=ACCEPT (RFC 6855): UTF-8 in quoted strings and mailbox names. */
  readonly utf8: boolean
  /** CONDSTORE (RFC 7162): mod-sequences in every FETCH response. */
  readonly modseq: boolean
  /** QRESYNC (RFC 7162), UIDONLY (RFC 9586): VANISHED instead of EXPUNGE. */
  readonly vanished: boolean
  /** UIDONLY (RFC 9586): no sequence numbers at all. */
  readonly uidOnly: boolean
  /** NOTIFY (RFC 5465): what is told unasked; null: as ever. */
  readonly watching: Watching | null
}

export const PLAIN_DIALECT: Dialect = {
  rev2: false,
  utf8: false,
  modseq: false,
  vanished: false,
  uidOnly: false,
  watching: null,
}
