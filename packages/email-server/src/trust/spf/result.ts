// What a check of SPF says. RFC 7208 §2.6.

/** RFC 7208 §2.6. */
export type SpfVerdict = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'

export interface SpfResult {
  readonly result: SpfVerdict
  /** The domain whose policy was asked for, as an A-label. */
  readonly domain: string
  /** Whose name it is: that of MAIL FROM, or of HELO when MAIL FROM is empty (RFC 7208 §2.4). */
  readonly identity: 'mailfrom' | 'helo'
  /** The address that was checked; `postmaster@` the HELO name when MAIL FROM is empty. */
  readonly sender: string
  readonly ip: string
  readonly helo: string
  /** The directive that decided, as the record writes it (`-all`), null when none did. */
  readonly mechanism: string | null
  /** Why, in words for people; printable ASCII. */
  readonly reason: string
  /** What the domain says about a `fail` (`exp=`); the text of a third party, printable ASCII, at most 500 characters. */
  readonly explanation: string | null
  /** Terms that asked the DNS; 10 are allowed (RFC 7208 §4.6.4). */
  readonly lookups: number
  /** Those of them that found nothing; 2 are allowed. */
  readonly voidLookups: number
}
