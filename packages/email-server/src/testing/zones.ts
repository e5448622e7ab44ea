// DNS zones as readable text, for the virtual world:
//
//   example.com           MX   10 mx.example.com
//   mx.example.com        A    192.0.2.1
//   example.com           TXT  "v=spf1 mx " "-all"        strings are joined; without quotes the rest of the line
//   192.0.2.1             PTR  mx.example.com             or 1.2.0.192.in-addr.arpa
//   www.example.com       CNAME example.com
//   _25._tcp.mx.example   TLSA 3 1 1 0123abcd…
//   mx.example.com   300  A    192.0.2.2                   with the time for which it may be kept, s; the least of a name's counts
//   example.com           SECURE                          DNSSEC vouches for this name and all below it
//   broken.example        SERVFAIL                        every type; also TIMEOUT, NXDOMAIN
//   slow.example          TXT  TIMEOUT                    one type; also SERVFAIL, NODATA, NXDOMAIN
//
// A name that has records (or names below it) has no data of other types; a name that nobody mentions does not exist.
import type { DnsAnswer, DnsFailure, DnsRecord, DnsRecordType } from '../base/runtime.ts'

type Entry = DnsRecord[] | DnsFailure
type Node = Map<DnsRecordType | '*', Entry>

const TYPES: ReadonlySet<string> = new Set(['A', 'AAAA', 'CNAME', 'MX', 'PTR', 'TLSA', 'TXT'])
const FAILURES: Readonly<Record<string, DnsFailure>> = {
  NXDOMAIN: 'nxdomain',
  NODATA: 'nodata',
  SERVFAIL: 'servfail',
  TIMEOUT: 'timeout',
}
const LONGEST_CNAME_CHAIN = 10

export class Zones {
  readonly #nodes = new Map<string, Node>()
  readonly #ttls = new Map<string, number>()
  readonly #secure = new Set<string>()

  /** Adds what the text says; `#` and `;` begin a comment. Throws for a line that it does not understand. */
  add(text: string): this {
    for (const [i, raw] of text.split('\n').entries()) {
      const line = raw.trim()
      if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
      const match = /^(\S+)\s+(?:([0-9]+)\s+)?(\S+)(?:\s+(.*))?$/.exec(line)
      const name = match ? canonicalName(match[1]!) : ''
      const type = match?.[3]?.toUpperCase() ?? ''
      const rest = match?.[4]?.trim() ?? ''
      if (match?.[2]) this.#ttls.set(name, Math.min(Number(match[2]), this.#ttls.get(name) ?? Infinity))
      if (rest === '' && type === 'SECURE') this.#secure.add(name)
      else if (rest === '' && Object.hasOwn(FAILURES, type)) this.#node(name).set('*', FAILURES[type]!)
      else if (TYPES.has(type) && rest !== '') this.#record(name, type as DnsRecordType, rest)
      else throw new Error(`zone line ${i + 1} is not "name TYPE value": ${JSON.stringify(line)}`)
    }
    return this
  }

  /** Forgets a name, so that it can be said anew. */
  remove(name: string): this {
    this.#nodes.delete(canonicalName(name))
    this.#ttls.delete(canonicalName(name))
    return this
  }

  answer(name: string, type: DnsRecordType): DnsAnswer {
    const ttl = this.#ttls.get(canonicalName(name))
    const found = this.#find(name, type)
    return {
      ...found,
      ...(ttl !== undefined && { ttl }),
      ...(this.#isSecure(canonicalName(name)) && { ad: true }),
    }
  }

  #find(name: string, type: DnsRecordType): DnsAnswer {
    let at = canonicalName(name)
    for (let hops = 0; hops <= LONGEST_CNAME_CHAIN; hops++) {
      const node = this.#nodes.get(at)
      if (!node) return { ok: false, failure: this.#hasNamesBelow(at) ? 'nodata' : 'nxdomain' }
      const entry = node.get(type) ?? node.get('*')
      if (typeof entry === 'string') return { ok: false, failure: entry }
      if (entry) return { ok: true, records: entry }
      const alias = node.get('CNAME')
      if (!alias || typeof alias === 'string') return { ok: false, failure: 'nodata' }
      at = canonicalName(alias[0]!.value)
    }
    return { ok: false, failure: 'servfail' }
  }

  #record(name: string, type: DnsRecordType, value: string): void {
    const node = this.#node(name)
    const failure = FAILURES[value.toUpperCase()]
    const known = node.get(type)
    if (failure) node.set(type, failure)
    else if (Array.isArray(known)) known.push(readRecord(type, value))
    else node.set(type, [readRecord(type, value)])
  }

  #node(name: string): Node {
    let node = this.#nodes.get(name)
    if (!node) this.#nodes.set(name, (node = new Map()))
    return node
  }

  #isSecure(name: string): boolean {
    for (const known of this.#secure) if (name === known || name.endsWith(`.${known}`)) return true
    return false
  }

  #hasNamesBelow(name: string): boolean {
    for (const known of this.#nodes.keys()) if (known.endsWith(`.${name}`)) return true
    return false
  }
}

function readRecord(type: DnsRecordType, value: string): DnsRecord {
  if (type === 'MX') {
    const match = /^([0-9]+)\s+(\S+)$/.exec(value)
    if (!match) throw new Error(`MX wants a preference and a name, not ${JSON.stringify(value)}`)
    const exchange = match[2]!
    // the null MX (RFC 7505) stays what node:dns makes of it: an empty name
    return { priority: Number(match[1]), value: exchange === '.' ? '' : withoutDot(exchange) }
  }
  if (type === 'TXT') {
    const strings = value.match(/"(?:[^"\\]|\\.)*"/g)
    if (!strings || !value.startsWith('"')) return { value }
    return { value: strings.map(quoted => quoted.slice(1, -1).replace(/\\(.)/g, '$1')).join('') }
  }
  return { value: withoutDot(value) }
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/** Lower case, no final dot, addresses in their reverse form. */
function canonicalName(name: string): string {
  if (/^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/.test(name))
    return `${name.split('.').reverse().join('.')}.in-addr.arpa`
  if (/^[0-9a-fA-F:]+$/.test(name) && name.includes(':')) return `${nibbles(name)}.ip6.arpa`
  return withoutDot(name).toLowerCase()
}

function nibbles(address: string): string {
  const [head = '', tail = ''] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const middle = address.includes('::') ? new Array<string>(8 - left.length - right.length).fill('0') : []
  const digits = [...left, ...middle, ...right].map(group => group.padStart(4, '0')).join('')
  return [...digits.toLowerCase()].reverse().join('.')
}
