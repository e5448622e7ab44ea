// DNS records that a domain must have, as data and as lines of a zone file (RFC 1035 §5.1). TXT strings are cut at 255 octets (RFC 1035 §3.3,
// RFC 6376 §3.6.2.2, RFC 7208 §3.3): whoever reads them joins them again.

export type RequiredRecordType = 'TXT' | 'MX' | 'CNAME' | 'SRV'

/** One record to create. Names are A-labels without the final dot. */
export interface RequiredRecord {
  readonly type: RequiredRecordType
  readonly name: string
  /** The text of a TXT record, whole; the host of the others, `.` for the SRV record of a service that there is not (RFC 2782). */
  readonly value: string
  /** MX and SRV. */
  readonly priority?: number
  /** SRV. */
  readonly weight?: number
  readonly port?: number
  /** What it is for, in words. */
  readonly purpose: string
}

const LONGEST_STRING = 255

/** The strings of a TXT record: each of 255 octets at most, none cut inside of a character. */
export function txtStrings(value: string): string[] {
  const strings: string[] = []
  let from = 0
  let octets = 0
  let at = 0
  for (const char of value) {
    const size = Buffer.byteLength(char)
    if (octets + size > LONGEST_STRING) {
      strings.push(value.slice(from, at))
      from = at
      octets = 0
    }
    octets += size
    at += char.length
  }
  strings.push(value.slice(from))
  return strings
}

/** The line of a zone file, without a time to live: the zone's own holds. */
export function zoneLine(record: RequiredRecord): string {
  const { type, name, value, priority = 0, weight = 0, port = 0 } = record
  const host = value === '.' ? '.' : `${value}.`
  const data = {
    TXT: () => txtStrings(value).map(quoted).join(' '),
    MX: () => `${priority} ${host}`,
    CNAME: () => host,
    SRV: () => `${priority} ${weight} ${port} ${host}`,
  }[type]()
  return `${name}. IN ${type} ${data}`
}

/** All of them, each with its purpose above it. */
export function zoneFile(records: readonly RequiredRecord[]): string {
  return records.map(record => `; ${record.purpose}\n${zoneLine(record)}\n`).join('')
}

// RFC 1035 §5.1: \X is that character, \DDD the octet of that number
function quoted(text: string): string {
  let out = ''
  for (const octet of Buffer.from(text)) {
    const char = String.fromCharCode(octet)
    if (char === '"' || char === '\\') out += `\\${char}`
    else out += octet >= 0x20 && octet < 0x7f ? char : `\\${String(octet).padStart(3, '0')}`
  }
  return `"${out}"`
}
