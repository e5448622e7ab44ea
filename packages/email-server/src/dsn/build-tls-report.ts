// Reports of TLS sessions: the JSON of RFC 8460 §4.4, its file (§5.1, §5.2), and the message that carries it (§5.3).
import { type AddressInput, addressesFrom, isSmtpDomain, splitAddress } from '../address/index.ts'
import { asBuffer, fromUtf8 } from '../base/bytes.ts'
import { randomBytes } from '../base/crypto.ts'
import { optionError } from '../base/errors.ts'
import type { ComposeContext, ComposedMessage, MessageOptions } from '../mime/index.ts'
import { domainToAscii, encodeBase64 } from '../text/index.ts'
import { dateOption, lineOption } from './checks.ts'
import { type ReportPart, reportMessage } from './report-message.ts'
import type { TlsFailureReport, TlsPolicyReport } from './report-types.ts'
import { encodedPart } from './returned-content.ts'
import type { TlsReportData } from './tls-report-collector.ts'
import type { Compression } from './unpack.ts'

/** A day's data, as `TlsReportCollector` gives them, and who reports to whom. */
export interface TlsReportOptions extends TlsReportData {
  /** Who reports. */
  readonly organizationName: string
  /** An address; its domain is the submitter's. */
  readonly contactInfo: string
  /** Default: `contactInfo`. */
  readonly from?: AddressInput | undefined
  /** The addresses of the `mailto:` URIs in the domain's TLS-RPT record. */
  readonly to: AddressInput
  /** Unique; ASCII without blanks. Default: random, at the submitter's domain. */
  readonly reportId?: string | undefined
  /** Default: now. */
  readonly date?: Date | undefined
  readonly messageId?: string | undefined
}

export interface BuiltTlsReport {
  readonly reportId: string
  readonly json: string
  /** The file, as it is attached and as `https:` URIs want it. */
  readonly content: Uint8Array
  readonly contentType: 'application/tlsrpt+gzip' | 'application/tlsrpt+json'
  readonly fileName: string
  /** To be signed with DKIM (RFC 8460 §3), and sent whatever policy its way has (§5.3). */
  readonly message: ComposedMessage
}

// dot-atom of RFC 5322 §3.2.3, as id-left and id-right
const REPORT_ID = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,100}(?:@[A-Za-z0-9.-]{1,100})?$/

/** Without `compression` the report is a plain file. Errors: ECONFIG and EMESSAGE, naming the option. */
export function buildTlsReport(
  options: TlsReportOptions,
  context: ComposeContext,
  compression: Compression | null,
): BuiltTlsReport {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const domain = domainOption(options.domain, 'domain')
  const contact = contactOption(options.contactInfo)
  const submitter = domainOption(splitAddress(contact).domain, 'contactInfo')
  const reportId = idOption(options.reportId, submitter, context)
  const begin = secondsOption(options.begin, 'begin')
  const end = secondsOption(options.end, 'end')
  const json = writeJson(options, contact, reportId, compression === null ? 2 : 0)
  const fileName = `${submitter}!${domain}!${begin}!${end}.json${compression ? '.gz' : ''}`
  const content = compression ? compression.gzip(fromUtf8(json)) : fromUtf8(json)
  const contentType = compression ? 'application/tlsrpt+gzip' : 'application/tlsrpt+json'
  const shownId = reportId.includes('@') ? reportId : `${reportId}@${submitter}`
  const message: MessageOptions = {
    from: options.from ?? contact,
    to: options.to,
    subject: `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${shownId}>`,
    text: `This is an aggregate TLS report from ${submitter} about ${domain}.\n`,
    headers: {
      'TLS-Report-Domain': domain,
      'TLS-Report-Submitter': submitter,
      // failures to report must not stand in the way of the report (RFC 8460 §5.3, RFC 8689 §3)
      'TLS-Required': 'No',
      'Auto-Submitted': 'auto-generated',
    },
    date: options.date,
    messageId: options.messageId,
  }
  const part = filePart(contentType, content, fileName)
  const [from] = addressesFrom(options.from ?? contact, 'from')
  const envelope = { from: from?.address, to: options.to }
  return {
    reportId,
    json,
    content,
    contentType,
    fileName,
    message: reportMessage({ message, envelope, reportType: 'tlsrpt', parts: [part] }, context),
  }
}

function filePart(type: string, content: Uint8Array, fileName: string): ReportPart {
  const plain = encodedPart(type, content, false)
  const part = type.endsWith('+json')
    ? plain
    : {
        header: `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n`,
        body: encodeBase64(content),
      }
  return { ...part, header: `${part.header}Content-Disposition: attachment;\r\n filename="${fileName}"\r\n` }
}

function domainOption(value: unknown, option: string): string {
  const ascii = domainToAscii(lineOption(value, option))
  if (!isSmtpDomain(ascii)) throw optionError(option, 'a domain', value)
  return ascii
}

function contactOption(value: unknown): string {
  const [address, second] = addressesFrom(lineOption(value, 'contactInfo'), 'contactInfo')
  if (!address || second || address.group) throw optionError('contactInfo', 'one address', value)
  return address.address
}

function idOption(value: unknown, submitter: string, context: ComposeContext): string {
  if (value === undefined) {
    const random = asBuffer(context.random?.(16) ?? randomBytes(16))
    return `${random.toString('hex')}@${submitter}`
  }
  const id = lineOption(value, 'reportId')
  if (!REPORT_ID.test(id)) throw optionError('reportId', 'ASCII letters, digits and marks without blanks', id)
  return id
}

function secondsOption(value: unknown, option: string): number {
  dateOption(value, option)
  return Math.floor((value as Date).getTime() / 1000)
}

function writeJson(options: TlsReportOptions, contact: string, reportId: string, indent: number): string {
  if (!Array.isArray(options.policies)) throw optionError('policies', 'an array', options.policies)
  const report = {
    'organization-name': lineOption(options.organizationName, 'organizationName'),
    'date-range': { 'start-datetime': time(options.begin), 'end-datetime': time(options.end) },
    'contact-info': contact,
    'report-id': reportId,
    policies: (options.policies as readonly TlsPolicyReport[]).map(writePolicy),
  }
  return JSON.stringify(report, null, indent)
}

// date-time of RFC 3339 §5.6
function time(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

function writePolicy(policy: TlsPolicyReport): unknown {
  return {
    policy: {
      'policy-type': policy.type,
      'policy-string': given(policy.policy),
      'policy-domain': policy.domain ?? undefined,
      'mx-host': given(policy.mxHosts),
    },
    summary: {
      'total-successful-session-count': policy.successes,
      'total-failure-session-count': policy.failures,
    },
    'failure-details': given(policy.details.map(writeDetail)),
  }
}

function writeDetail(detail: TlsFailureReport): unknown {
  return {
    'result-type': detail.resultType,
    'sending-mta-ip': detail.sendingMtaIp ?? undefined,
    'receiving-mx-hostname': detail.receivingMxHostname ?? undefined,
    'receiving-mx-helo': detail.receivingMxHelo ?? undefined,
    'receiving-ip': detail.receivingIp ?? undefined,
    'failed-session-count': detail.count,
    'additional-information': detail.additionalInformation ?? undefined,
    'failure-reason-code': detail.failureReasonCode ?? undefined,
  }
}

function given<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined
}
