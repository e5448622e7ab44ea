// Reports of TLS sessions, read. RFC 8460 §4.4; older names of some members are taken too.
import type { TlsFailureReport, TlsPolicyReport, TlsReport } from './report-types.ts'

/** Arrays and objects inside one another: a report has five. */
const DEPTH_LIMIT = 16
/** Characters of one text, texts of one list. */
const TEXT_LIMIT = 2000
const LIST_LIMIT = 200

type Json = Readonly<Record<string, unknown>>

/** Null when it is no such report, or passes a limit. `maxRecords`: policies and failures in all. */
export function readTlsReport(source: string, maxRecords: number): TlsReport | null {
  if (!isModest(source, (maxRecords + 10) * 6)) return null
  let parsed: unknown
  try {
    parsed = JSON.parse(source)
  } catch {
    // not JSON: not a report
    return null
  }
  const report = object(parsed)
  const policies = report['policies']
  if (!Array.isArray(policies)) return null
  const range = object(report['date-range'])
  const left = { records: maxRecords, truncated: false }
  const read = {
    organizationName: text(report['organization-name']),
    contactInfo: text(report['contact-info']),
    reportId: text(report['report-id']),
    begin: date(range['start-datetime']),
    end: date(range['end-datetime']),
  }
  if (read.reportId === null && read.organizationName === null && read.begin === null) return null
  const found = taken(policies, left).map(policy => readPolicy(object(policy), left))
  return { kind: 'tls', ...read, policies: found, truncated: left.truncated }
}

interface Left {
  records: number
  truncated: boolean
}

function taken(list: readonly unknown[], left: Left): readonly unknown[] {
  if (list.length > left.records) left.truncated = true
  const some = list.slice(0, left.records)
  left.records -= some.length
  return some
}

function readPolicy(json: Json, left: Left): TlsPolicyReport {
  const policy = object(json['policy'])
  const summary = object(json['summary'])
  const details = json['failure-details']
  return {
    type: text(policy['policy-type'])?.toLowerCase() ?? null,
    domain: text(policy['policy-domain']),
    policy: texts(policy['policy-string']),
    mxHosts: texts(policy['mx-host']),
    successes: count(summary['total-successful-session-count']),
    failures: count(summary['total-failure-session-count']),
    details: Array.isArray(details) ? taken(details, left).map(detail => readDetail(object(detail))) : [],
  }
}

function readDetail(json: Json): TlsFailureReport {
  return {
    resultType: text(json['result-type'])?.toLowerCase() ?? null,
    sendingMtaIp: text(json['sending-mta-ip']),
    receivingMxHostname: text(json['receiving-mx-hostname']),
    receivingMxHelo: text(json['receiving-mx-helo']),
    receivingIp: text(json['receiving-ip']),
    count: count(json['failed-session-count']),
    additionalInformation: text(json['additional-information'] ?? json['additional-info-uri']),
    failureReasonCode: text(json['failure-reason-code'] ?? json['failure-error-code']),
  }
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, TEXT_LIMIT) : null
}

/** A list, or the one text that some write instead. */
function texts(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, LIST_LIMIT) : [value]
  return list.flatMap(item => text(item) ?? [])
}

function count(value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : 0
}

// date-time of RFC 3339 §5.6
function date(value: unknown): Date | null {
  if (
    typeof value !== 'string' ||
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i.test(value)
  )
    return null
  const time = Date.parse(value.toUpperCase())
  return Number.isNaN(time) ? null : new Date(time)
}

/** Not deeper, and of no more arrays and objects, than a report needs: checked before anything is made of it. */
function isModest(source: string, limit: number): boolean {
  let depth = 0
  let containers = 0
  for (let i = 0; i < source.length; i++) {
    const c = source.charCodeAt(i)
    if (c === 0x22) {
      for (i++; i < source.length && source.charCodeAt(i) !== 0x22; i++)
        if (source.charCodeAt(i) === 0x5c) i++
    } else if (c === 0x7b || c === 0x5b) {
      if (++depth > DEPTH_LIMIT || ++containers > limit) return false
    } else if (c === 0x7d || c === 0x5d) depth--
  }
  return true
}
