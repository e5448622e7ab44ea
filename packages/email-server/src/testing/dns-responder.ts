// Zones as a DNS server would serve them: a query in bytes, the reply in bytes. Whoever has a socket puts this behind it.
import type { DnsRecordType } from '../base/runtime.ts'
import { CLASS_IN, type DnsMessage, RCODE, readMessage, TYPE_NUMBERS, writeMessage } from '../dns/index.ts'
import type { Zones } from './zones.ts'

const TYPES = new Map(Object.entries(TYPE_NUMBERS).map(([name, number]) => [number as number, name]))
const ANSWERED: ReadonlySet<string> = new Set(['A', 'AAAA', 'CNAME', 'MX', 'PTR', 'TLSA', 'TXT'])
const DEFAULT_TTL = 300

/**
 * The reply of a recursive server that knows these zones, or null when it says nothing (names that are TIMEOUT, bytes that are no
 * query). Over UDP a reply beyond the querier's limit is cut (TC).
 */
export function answerDnsQuery(zones: Zones, query: Uint8Array, transport: 'udp' | 'tcp'): Uint8Array | null {
  const asked = readMessage(query)
  const question = asked?.questions[0]
  if (!asked || asked.response || !question) return null
  const type = TYPES.get(question.type) ?? ''
  const reply: DnsMessage = {
    ...asked,
    response: true,
    recursionAvailable: true,
    authenticData: false,
    authorities: [],
    rcode: RCODE.noError,
  }
  if (!ANSWERED.has(type)) return writeMessage({ ...reply, rcode: RCODE.notImplemented })
  const answer = zones.answer(question.name, type as DnsRecordType)
  const ttl = answer.ttl ?? DEFAULT_TTL
  const head = { ...reply, authenticData: (answer.ad ?? false) && asked.authenticData }
  if (!answer.ok) {
    if (answer.failure === 'timeout') return null
    if (answer.failure === 'servfail') return writeMessage({ ...reply, rcode: RCODE.serverFailure })
    const soa = { name: '', type: TYPE_NUMBERS.SOA, class: CLASS_IN, ttl, value: '', minimum: ttl }
    const rcode = answer.failure === 'nxdomain' ? RCODE.nameError : RCODE.noError
    return writeMessage({ ...head, rcode, authorities: [soa] })
  }
  const answers = answer.records.map(record => ({ ...question, ttl, ...record }))
  const bytes = writeMessage({ ...head, answers })
  const room = transport === 'tcp' ? 65_535 : Math.max(512, asked.edns ?? 512)
  return bytes.length <= room ? bytes : writeMessage({ ...head, truncated: true, answers: [] })
}
