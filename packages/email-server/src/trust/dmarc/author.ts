// Whose name a message bears: the domains of its From field. RFC 9989 §5.3.1, §11.5. The strictest reading: what mail clients may show as
// author counts, what is no clear address is told.
import { type ListMailbox, readAddressList } from '../../address/index.ts'
import { domainToAscii } from '../../text/index.ts'

export interface Authors {
  /** As A-labels in lower case, each once, at most ten. */
  readonly domains: readonly string[]
  /** Why the message cannot pass whatever its domains say; null when it can. */
  readonly fault: string | null
}

/** Domains that are evaluated; a message with more is not evaluated whole, and does not pass. */
const DOMAIN_LIMIT = 10
const ADDRESS_LIMIT = 100

/** From the bodies of all From fields of the header, in order. */
export function readAuthors(fields: readonly string[]): Authors {
  const domains = new Set<string>()
  let fault: string | null = null
  if (fields.length === 0) fault = 'the message has no From field'
  if (fields.length > 1) fault = 'the message has several From fields'
  let addresses = 0
  for (const field of fields.slice(0, DOMAIN_LIMIT)) {
    const list = readAddressList(field, { maxMailboxes: ADDRESS_LIMIT })
    if (list.truncated) fault ??= 'the From field has too many addresses'
    for (const mailbox of list.entries.flatMap(entry => (entry.kind === 'group' ? entry.members : [entry]))) {
      addresses++
      const domain = domainOf(mailbox)
      if (domain === null || !mailbox.regular)
        fault ??= 'the From field has something that is no clear address'
      if (domain !== null) domains.add(domain)
    }
  }
  if (addresses === 0) fault ??= 'the From field has no address'
  if (domains.size > DOMAIN_LIMIT) fault ??= `the From field has more than ${DOMAIN_LIMIT} domains`
  return { domains: [...domains].slice(0, DOMAIN_LIMIT), fault }
}

/** Null for what has no domain, an address literal among them. */
function domainOf({ local, domain }: ListMailbox): string | null {
  if (local === null || domain === null || domain.startsWith('[')) return null
  return plainDomain(domain)
}

/** Lower-case A-labels without the final dot; null for what is no domain. */
export function plainDomain(domain: string): string | null {
  const ascii = domainToAscii(domain)
  return (ascii.endsWith('.') ? ascii.slice(0, -1) : ascii) || null
}
