// message/feedback-report, read. RFC 5965 §3 (ARF), RFC 6591 §3 (failed authentication), RFC 6692 (source port).
import { parseIp } from '../base/ip.ts'
import {
  bracketed,
  dateOf,
  type Fields,
  mtaName,
  readGroups,
  valueOf,
  valuesOf,
  withoutComment,
} from './fields.ts'
import type { AuthFailure, FeedbackReport } from './report-types.ts'

export type FeedbackFacts = Omit<FeedbackReport, 'kind' | 'originalMessageId' | 'originalHeaders'>

/** Null without a Feedback-Type. What else is missing shows in `standard`. */
export function readFeedback(content: Uint8Array): FeedbackFacts | null {
  const [fields = []] = readGroups(content, 1)
  const feedbackType = word(fields, 'feedback-type')
  if (feedbackType === null) return null
  const arrival = valueOf(fields, 'arrival-date')
  const received = valueOf(fields, 'received-date')
  const userAgent = valueOf(fields, 'user-agent')
  const version = valueOf(fields, 'version')
  const from = valueOf(fields, 'original-mail-from')
  const source = valueOf(fields, 'source-ip')
  return {
    // RFC 5965 §3.1: these must be there; §3.2: the historic name must not stand beside the new one
    standard: userAgent !== null && version !== null && !(arrival !== null && received !== null),
    feedbackType,
    userAgent,
    version: version && withoutComment(version),
    originalEnvelopeId: valueOf(fields, 'original-envelope-id'),
    originalMailFrom: from && bracketed(withoutComment(from)),
    originalRcptTo: valuesOf(fields, 'original-rcpt-to').map(value => bracketed(withoutComment(value))),
    arrivalDate: dateOf(arrival ?? received),
    reportingMta: mtaName(valueOf(fields, 'reporting-mta')),
    sourceIp: source && ipOf(source),
    sourcePort: number(fields, 'source-port', 65_535),
    incidents: number(fields, 'incidents', 0xffff_ffff) ?? 1,
    authenticationResults: valuesOf(fields, 'authentication-results'),
    reportedDomains: valuesOf(fields, 'reported-domain').map(withoutComment),
    reportedUris: valuesOf(fields, 'reported-uri').map(withoutComment),
    authFailure: feedbackType === 'auth-failure' ? authFailure(fields) : null,
  }
}

function authFailure(fields: Fields): AuthFailure {
  return {
    type: word(fields, 'auth-failure'),
    deliveryResult: word(fields, 'delivery-result'),
    identityAlignment: word(fields, 'identity-alignment'),
    dkimDomain: valueOf(fields, 'dkim-domain'),
    dkimIdentity: valueOf(fields, 'dkim-identity'),
    dkimSelector: valueOf(fields, 'dkim-selector'),
    spfDns: valuesOf(fields, 'spf-dns'),
  }
}

function word(fields: Fields, key: string): string | null {
  return withoutComment(valueOf(fields, key) ?? '').toLowerCase() || null
}

function number(fields: Fields, key: string, most: number): number | null {
  const text = withoutComment(valueOf(fields, key) ?? '')
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return value <= most ? value : null
}

/** As it stands when it is no address; brackets and the tag of RFC 5321 §4.1.3 are taken off. */
function ipOf(value: string): string {
  const text = withoutComment(value).replace(/^\[?(?:IPv6:)?|\]$/gi, '')
  return parseIp(text) ? text : value
}
