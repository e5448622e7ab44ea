// message/feedback-report, read. RFC 5965 §3 (ARF), RFC 6591 §3 (failed authentication), RFC 6692 §3 (source port).
import { parseIp } from '../base/ip.ts'
import {
  bracketed,
  dateOf,
  type Fields,
  fieldValue,
  fieldValues,
  mtaNameOf,
  readGroups,
  withoutComment,
} from './fields.ts'
import type { AuthFailure, FeedbackReport } from './report-types.ts'

export type FeedbackFacts = Omit<FeedbackReport, 'kind' | 'originalMessageId' | 'originalHeaders'>

/** Null without a Feedback-Type. What else is missing shows in `standard`. */
export function readFeedback(content: Uint8Array): FeedbackFacts | null {
  const [fields = []] = readGroups(content, 1)
  const feedbackType = word(fields, 'feedback-type')
  if (feedbackType === null) return null
  const arrival = fieldValue(fields, 'arrival-date')
  const received = fieldValue(fields, 'received-date')
  const userAgent = fieldValue(fields, 'user-agent')
  const version = fieldValue(fields, 'version')
  const from = fieldValue(fields, 'original-mail-from')
  const source = fieldValue(fields, 'source-ip')
  return {
    // RFC 5965 §3.1: these must be there; §3.2: the historic name must not stand beside the new one
    standard: userAgent !== null && version !== null && !(arrival !== null && received !== null),
    feedbackType,
    userAgent,
    version: version && withoutComment(version),
    originalEnvelopeId: fieldValue(fields, 'original-envelope-id'),
    originalMailFrom: from && bracketed(withoutComment(from)),
    originalRcptTo: fieldValues(fields, 'original-rcpt-to').map(value => bracketed(withoutComment(value))),
    arrivalDate: dateOf(arrival ?? received),
    reportingMta: mtaNameOf(fieldValue(fields, 'reporting-mta')),
    sourceIp: source && ipOf(source),
    sourcePort: number(fields, 'source-port', 65_535),
    incidents: number(fields, 'incidents', 0xffff_ffff) ?? 1,
    authenticationResults: fieldValues(fields, 'authentication-results'),
    reportedDomains: fieldValues(fields, 'reported-domain').map(withoutComment),
    reportedUris: fieldValues(fields, 'reported-uri').map(withoutComment),
    authFailure: feedbackType === 'auth-failure' ? authFailure(fields) : null,
  }
}

function authFailure(fields: Fields): AuthFailure {
  return {
    type: word(fields, 'auth-failure'),
    deliveryResult: word(fields, 'delivery-result'),
    identityAlignment: word(fields, 'identity-alignment'),
    dkimDomain: fieldValue(fields, 'dkim-domain'),
    dkimIdentity: fieldValue(fields, 'dkim-identity'),
    dkimSelector: fieldValue(fields, 'dkim-selector'),
    spfDns: fieldValues(fields, 'spf-dns'),
  }
}

function word(fields: Fields, key: string): string | null {
  return withoutComment(fieldValue(fields, key) ?? '').toLowerCase() || null
}

function number(fields: Fields, key: string, most: number): number | null {
  const text = withoutComment(fieldValue(fields, key) ?? '')
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return value <= most ? value : null
}

/** As it stands when it is no address; brackets and the tag of RFC 5321 §4.1.3 are taken off. */
function ipOf(value: string): string {
  const text = withoutComment(value).replace(/^\[?(?:IPv6:)?|\]$/gi, '')
  return parseIp(text) ? text : value
}
