// DMARC policy records. RFC 9989 §4.7, §4.8: unknown tags are ignored, what is wrong in a tag leaves its default. What RFC 7489 allowed and
// RFC 9989 no longer does (`pct`, `rf`, `ri`, sizes behind URIs) is read and means nothing to DMARC.

export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

export interface DmarcRecord {
  /** `p`; null when the tag is missing. */
  readonly policy: DmarcPolicy | null
  /** `sp` and `np`: for subdomains, and for those that do not exist. */
  readonly subdomainPolicy: DmarcPolicy | null
  readonly nonexistentPolicy: DmarcPolicy | null
  readonly dkimAlignment: 'relaxed' | 'strict'
  readonly spfAlignment: 'relaxed' | 'strict'
  /** `psd`: `y` a public suffix, `n` an organizational domain, `u` not said. */
  readonly psd: 'y' | 'n' | 'u'
  /** `t=y`: the owner is trying out; the policy counts one step less. */
  readonly testing: boolean
  /** `pct` of RFC 7489, 0 to 100, which RFC 9989 no longer has and DMARC does not heed: BIMI wants it to be 100. 100 when it is missing. */
  readonly percentage: number
  /** Report addresses (`mailto:` and other URIs), sizes removed. */
  readonly aggregateReports: readonly string[]
  readonly failureReports: readonly string[]
  /** `fo`; `0` when it is missing. */
  readonly failureOptions: string
  /** Names of tags whose values are not those of the text; their defaults hold. */
  readonly wrongTags: readonly string[]
}

const POLICIES: ReadonlySet<string> = new Set<DmarcPolicy>(['none', 'quarantine', 'reject'])
const URI_LIMIT = 20

// dmarc-record = dmarc-version *(dmarc-sep dmarc-tag) [dmarc-sep]; dmarc-version = "v" equals %s"DMARC1"
/** Null for a TXT record that is no DMARC record of this version. */
export function readDmarcRecord(text: string): DmarcRecord | null {
  const tags = readTagList(text)
  if (!tags) return null
  const wrongTags: string[] = []
  const read = <T extends string>(name: string, allowed: (value: string) => value is T): T | null => {
    const value = tags.get(name)?.toLowerCase()
    if (value === undefined) return null
    if (allowed(value)) return value
    wrongTags.push(name)
    return null
  }
  return {
    policy: read('p', isPolicy),
    subdomainPolicy: read('sp', isPolicy),
    nonexistentPolicy: read('np', isPolicy),
    dkimAlignment: read('adkim', oneOf('r', 's')) === 's' ? 'strict' : 'relaxed',
    spfAlignment: read('aspf', oneOf('r', 's')) === 's' ? 'strict' : 'relaxed',
    psd: read('psd', oneOf('y', 'n', 'u')) ?? 'u',
    testing: read('t', oneOf('y', 'n')) === 'y',
    percentage: readPercentage(tags.get('pct')),
    aggregateReports: readUris(tags.get('rua') ?? ''),
    failureReports: readUris(tags.get('ruf') ?? ''),
    failureOptions: read('fo', isFailureOptions) ?? '0',
    wrongTags,
  }
}

// dmarc-tag = 1*ALPHA equals 1*dmarc-value; dmarc-sep = *WSP ";" *WSP; equals = *WSP "=" *WSP
/** The tags, names in lower case; of one that stands twice the first. Null when the first is not `v=DMARC1`. */
function readTagList(text: string): ReadonlyMap<string, string> | null {
  const tags = new Map<string, string>()
  for (const [i, part] of text.split(';').entries()) {
    const at = part.indexOf('=')
    const name = part.slice(0, Math.max(at, 0)).trim().toLowerCase()
    const value = part.slice(at + 1).trim()
    if (i === 0 && (name !== 'v' || value !== 'DMARC1')) return null
    if (at > 0 && !tags.has(name)) tags.set(name, value)
  }
  return tags
}

// dmarc-urilist = (dmarc-uri / obs-dmarc-uri) *(*WSP "," *WSP (dmarc-uri / obs-dmarc-uri))
function readUris(value: string): string[] {
  const uris: string[] = []
  for (const part of value.split(',', URI_LIMIT)) {
    // obs-dmarc-report-size = "!" 1*DIGIT [ "k" / "m" / "g" / "t" ]
    const uri = part.trim().replace(/![0-9]{1,20}[kmgt]?$/i, '')
    if (/^[a-z][a-z0-9+.-]{0,30}:[\x21-\x7e]+$/i.test(uri)) uris.push(uri)
  }
  return uris
}

// dmarc-fo = ("0" / "1") and "d" and "s", each at most once, separated by ":"
function isFailureOptions(value: string): value is string {
  const options = value.split(':', 4)
  return new Set(options).size === options.length && options.every(option => /^[01ds]$/.test(option))
}

// "pct" *WSP "=" *WSP 1*3DIGIT                                                                                  RFC 7489 §6.4
function readPercentage(value: string | undefined): number {
  return value !== undefined && /^[0-9]{1,3}$/.test(value) ? Math.min(Number(value), 100) : 100
}

function isPolicy(value: string): value is DmarcPolicy {
  return POLICIES.has(value)
}

function oneOf<T extends string>(...allowed: readonly T[]): (value: string) => value is T {
  return (value): value is T => (allowed as readonly string[]).includes(value)
}
