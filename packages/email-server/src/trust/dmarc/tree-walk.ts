// The DNS tree walk: which records stand above a domain, and which domain is the organization's. RFC 9989 §4.10, §4.10.2.
import type { Ask } from '../../dns/index.ts'
import { type DmarcRecord, readDmarcRecord } from './record.ts'

/** The record of one name, `null` when it has none, or that the DNS failed. */
export type RecordAnswer = DmarcRecord | null | 'temperror'

export interface FoundRecord {
  readonly domain: string
  readonly record: DmarcRecord
}

export interface Walk {
  /** From the longest name to the shortest. */
  readonly found: readonly FoundRecord[]
  /** The domain at the top of what is under one administration; the start when nothing says otherwise. */
  readonly organizationalDomain: string
  /** True when the DNS failed on the way, so that the rest is not known. */
  readonly failed: boolean
}

/** Asks for records, each name once for one check. */
export class PolicyRecords {
  readonly #ask: Ask
  readonly #asked = new Map<string, Promise<RecordAnswer>>()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  at(domain: string): Promise<RecordAnswer> {
    let answer = this.#asked.get(domain)
    if (!answer) this.#asked.set(domain, (answer = this.#read(domain)))
    return answer
  }

  /** At most eight names: the domain, then those of seven labels and fewer. */
  async walk(start: string): Promise<Walk> {
    const found: FoundRecord[] = []
    for (const domain of walkNames(start)) {
      const record = await this.at(domain)
      if (record === 'temperror') return { found, organizationalDomain: start, failed: true }
      if (!record) continue
      found.push({ domain, record })
      if (record.psd !== 'u') break
    }
    return { found, organizationalDomain: organizationalDomain(start, found), failed: false }
  }

  async #read(domain: string): Promise<RecordAnswer> {
    const answer = await this.#ask(`_dmarc.${domain}`, 'TXT')
    if (!answer.ok) {
      return answer.failure === 'nxdomain' || answer.failure === 'nodata' ? null : 'temperror'
    }
    // §4.10 steps 2 and 6: of several records none counts
    const records = answer.records
      .map(({ value }) => readDmarcRecord(value))
      .filter(record => record !== null)
    return records.length === 1 ? records[0]! : null
  }
}

/** The names of a walk: §4.10 steps 3, 4 and 7. */
export function walkNames(start: string): string[] {
  const labels = start.split('.')
  const names = [start]
  for (let left = Math.min(labels.length - 1, 7); left > 0; left--) {
    names.push(labels.slice(-left).join('.'))
  }
  return names
}

/** §4.10.2, from the longest name to the shortest. */
function organizationalDomain(start: string, found: readonly FoundRecord[]): string {
  for (const { domain, record } of found) {
    if (record.psd === 'n') return domain
    if (record.psd === 'y' && domain !== start) {
      return start
        .split('.')
        .slice(-(domain.split('.').length + 1))
        .join('.')
    }
  }
  return found.at(-1)?.domain ?? start
}
