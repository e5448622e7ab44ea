// What a message says about a question: follows CNAMEs within the answer, tells the failures apart, finds how long to keep either.
// RFC 1034 §4.3.2 (CNAME), RFC 2308 §2, §5 (no such name, no data), RFC 1035 §4.1.1 (codes).
import type { DnsAnswer, DnsRecord, DnsRecordType } from '../base/runtime.ts'
import { CLASS_IN, type DnsMessage, RCODE, type ResourceRecord, TYPE_NUMBERS } from './message.ts'

/** A chain of more than these aliases is answered with SERVFAIL. */
export const CNAME_LIMIT = 10

/** True when the message answers this question and no other (RFC 5452 §9.1). */
export function answersQuestion(message: DnsMessage, id: number, name: string, type: DnsRecordType): boolean {
  const [question] = message.questions
  return (
    message.response &&
    message.id === id &&
    message.questions.length === 1 &&
    question?.type === TYPE_NUMBERS[type] &&
    question.class === CLASS_IN &&
    question.name.toLowerCase() === name.toLowerCase()
  )
}

/** The answer of a resolver that follows aliases by itself. `trusted`: its AD bit is believed. */
export function toAnswer(
  message: DnsMessage,
  name: string,
  type: DnsRecordType,
  trusted: boolean,
): DnsAnswer {
  const ad = trusted && message.authenticData ? { ad: true } : {}
  const chain = follow(message.answers, name, type)
  if (message.rcode === RCODE.nameError)
    return { ok: false, failure: 'nxdomain', ...negativeTtl(message), ...ad }
  if (message.rcode !== RCODE.noError || !chain) return { ok: false, failure: 'servfail' }
  if (chain.records.length === 0) return { ok: false, failure: 'nodata', ...negativeTtl(message), ...ad }
  return { ok: true, records: chain.records.map(toRecord), ttl: chain.ttl, ...ad }
}

interface Chain {
  readonly records: readonly ResourceRecord[]
  readonly ttl: number
}

/** The records at the end of the aliases; null for a chain that is too long or goes in circles. */
function follow(answers: readonly ResourceRecord[], name: string, type: DnsRecordType): Chain | null {
  const wanted = new Map<string, ResourceRecord[]>()
  const aliases = new Map<string, ResourceRecord>()
  for (const record of answers) {
    if (record.class !== CLASS_IN) continue
    const owner = record.name.toLowerCase()
    if (record.type === TYPE_NUMBERS[type]) {
      const known = wanted.get(owner)
      if (known) known.push(record)
      else wanted.set(owner, [record])
    } else if (record.type === TYPE_NUMBERS.CNAME) aliases.set(owner, record)
  }
  let ttl = Number.POSITIVE_INFINITY
  let at = name.toLowerCase()
  for (let hops = 0; hops <= CNAME_LIMIT; hops++) {
    const records = wanted.get(at) ?? []
    for (const record of records) ttl = Math.min(ttl, record.ttl)
    const alias = aliases.get(at)
    if (records.length > 0 || !alias) return { records, ttl }
    ttl = Math.min(ttl, alias.ttl)
    at = alias.value.toLowerCase()
  }
  return null
}

function toRecord(record: ResourceRecord): DnsRecord {
  return record.priority === undefined
    ? { value: record.value }
    : { value: record.value, priority: record.priority }
}

// the lesser of the SOA's own time and its last field (RFC 2308 §5)
function negativeTtl(message: DnsMessage): { ttl?: number } {
  const soa = message.authorities.find(record => record.type === TYPE_NUMBERS.SOA)
  return soa ? { ttl: Math.min(soa.ttl, soa.minimum ?? soa.ttl) } : {}
}
