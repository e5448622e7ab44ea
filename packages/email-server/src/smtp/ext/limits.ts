// LIMITS (RFC 9422): how many messages, recipients and domains there may be, said before somebody runs into it. RCPTMAX is kept
// by RCPT itself.
import type { SmtpExtension } from '../registry.ts'
import { reply } from '../wire/reply.ts'

const TOO_MANY_MESSAGES = reply(421, '4.7.0', 'Too many messages in one connection')
const TOO_MANY_DOMAINS = reply(452, '4.5.3', 'Too many domains in one connection')

export const limits: SmtpExtension = {
  name: 'LIMITS',
  rfc: '9422',
  ehlo(facts) {
    const { mailMax, rcptDomainMax } = facts.extensions.limits
    const mails = mailMax === null ? '' : `MAILMAX=${mailMax} `
    const domains = rcptDomainMax === null ? '' : ` RCPTDOMAINMAX=${rcptDomainMax}`
    // a limit has six digits at most
    return [`LIMITS ${mails}RCPTMAX=${Math.min(facts.limits.recipients, 999_999)}${domains}`]
  },
  admitMail(cx) {
    const { mailMax } = cx.extensions.limits
    cx.tally.mails++
    return mailMax !== null && cx.tally.mails > mailMax ? TOO_MANY_MESSAGES : null
  },
  admitDomain(domain, cx) {
    const { rcptDomainMax } = cx.extensions.limits
    if (rcptDomainMax === null) return null
    const { domains } = cx.tally
    const name = domain.toLowerCase()
    if (!domains.has(name) && domains.size >= rcptDomainMax) return TOO_MANY_DOMAINS
    domains.add(name)
    return null
  },
}
