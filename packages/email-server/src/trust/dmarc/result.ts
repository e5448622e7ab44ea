// What goes into a check of DMARC and what comes out. RFC 9989 §5.3, §9.2.
import type { DmarcPolicy, DmarcRecord } from './record.ts'

/** What SPF and DKIM have found; results of `checkSpf` and of DKIM verification fit as they are. */
export interface DmarcQuery {
  /** The bodies of all From fields of the header, folded or not. */
  readonly from: readonly string[]
  readonly spf?: { readonly result: string; readonly domain: string }
  readonly dkim?: readonly {
    readonly result: string
    /** `d=` */
    readonly domain: string | null
    readonly selector?: string | null
  }[]
}

/** One identifier that SPF or DKIM has looked at. */
export interface DmarcIdentifier {
  readonly method: 'spf' | 'dkim'
  readonly domain: string
  /** DKIM only. */
  readonly selector: string | null
  /** What the method says: only `pass` makes it an authenticated identifier. */
  readonly result: string
  readonly mode: 'relaxed' | 'strict'
  /** True for a domain that may speak for the author's; null when the DNS failed. */
  readonly aligned: boolean | null
}

export interface DmarcResult {
  /** `none`: no policy applies. `temperror`: the DNS failed, nothing can be said. */
  readonly result: 'none' | 'pass' | 'fail' | 'temperror'
  /** The author's domain (A-labels); of several the one whose policy decides; null when there is none. */
  readonly domain: string | null
  /** What the owner asks to do with mail that fails, `t=y` taken into account; null without a record. */
  readonly policy: DmarcPolicy | null
  /** The same as it is published. */
  readonly publishedPolicy: DmarcPolicy | null
  /** The tag that it comes from. */
  readonly policyTag: 'p' | 'sp' | 'np' | null
  /** Where the record stands, without `_dmarc.`: the author's domain, its organizational domain, or a public suffix. */
  readonly policyDomain: string | null
  /** Null when it was not needed. */
  readonly organizationalDomain: string | null
  readonly record: DmarcRecord | null
  readonly identifiers: readonly DmarcIdentifier[]
  /** Why, in words for people; printable ASCII. */
  readonly reason: string
}
