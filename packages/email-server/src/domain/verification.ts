// What a look at the DNS of a domain finds.
import type { Runtime } from '../base/runtime.ts'
import type { readStsPolicy, readStsRecords } from '../delivery/index.ts'
import type { Resolver } from '../dns/index.ts'

export interface VerifyDnsOptions {
  /** Who is asked; one without a cache, so that a record that was just mended is seen. Default: the DNS servers of this machine. */
  readonly resolver?: Resolver
  /** Gets the MTA-STS policy; false: only its record is looked at. Default: that of this machine. */
  readonly fetch?: NonNullable<Runtime['fetch']> | false
  /** Time for all of it, ms; what is not known by then is `unknown`. Default 15,000. */
  readonly timeoutMs?: number
}

export type DnsCheckName = 'dkim' | 'spf' | 'dmarc' | 'mx' | 'mtaSts' | 'tlsRpt'

/** One record, or the policy file. */
export interface DnsFinding {
  readonly check: DnsCheckName
  /** `HTTPS` is the MTA-STS policy. */
  readonly type: 'TXT' | 'MX' | 'HTTPS'
  readonly name: string
  /** `missing`: there is nothing; `wrong`: there is something else; `unknown`: the DNS (or the web server) did not say. */
  readonly status: 'right' | 'missing' | 'wrong' | 'unknown'
  readonly expected: string
  /** What was found, as it is published. */
  readonly found: readonly string[]
  /** What that means, and what to do where something is to be done; in words for people. */
  readonly advice: string
}

/** True where everything is right; null where the material has no such record. */
export interface DnsVerification {
  readonly dkim: boolean
  readonly spf: boolean
  readonly dmarc: boolean
  readonly mx: boolean
  readonly mtaSts: boolean | null
  readonly tlsRpt: boolean | null
  /** All of them. */
  readonly ok: boolean
  /** Record by record. */
  readonly records: readonly DnsFinding[]
}

/** Those who read MTA-STS records and policies as senders do. */
export interface StsReaders {
  readonly readStsPolicy: typeof readStsPolicy
  readonly readStsRecords: typeof readStsRecords
}
