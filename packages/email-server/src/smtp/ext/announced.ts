// Extensions that are a promise and nothing else: PIPELINING (RFC 2920) and ENHANCEDSTATUSCODES (RFC 2034). The session
// answers in order whatever comes together, and every reply carries its code.
import type { SmtpExtension } from '../registry.ts'

export const pipelining: SmtpExtension = {
  name: 'PIPELINING',
  rfc: '2920',
  ehlo: () => ['PIPELINING'],
}

export const enhancedStatusCodes: SmtpExtension = {
  name: 'ENHANCEDSTATUSCODES',
  rfc: '2034',
  ehlo: () => ['ENHANCEDSTATUSCODES'],
}
