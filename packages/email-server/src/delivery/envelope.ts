// From what a caller writes to the envelope that is sent: addresses checked one by one, recipients grouped by where they go.
// RFC 5321 §4.1.2, RFC 6531 §3.7.1, RFC 3461 §4.
import { localPartText, readMailbox, splitAddress } from '../address/index.ts'
import { hasLineBreak } from '../base/bytes.ts'
import { describe, MailError, optionError } from '../base/errors.ts'
import type { Notify } from '../smtp/index.ts'
import { domainToAscii } from '../text/index.ts'
import type { EnvelopeRecipient } from './courier.ts'

/** The address as SMTP writes it, and the domain by which it is sent: A-labels in lower case, or an address literal. */
export interface CheckedAddress {
  readonly address: string
  readonly domain: string
}

/** Throws EENVELOPE (553 5.1.3, permanent) that names the field. */
export function checkAddress(field: string, address: unknown): CheckedAddress {
  if (typeof address !== 'string') throw badAddress(field, address)
  if (hasLineBreak(address)) throw badAddress(field, address, 'must not contain CR, LF or NUL')
  const options = { smtputf8: true, anyLength: true }
  let text = address
  let result = readMailbox(text, 0, options)
  if (!result.ok || result.end !== text.length) {
    // dots in odd places, which some providers give to their users: quoted, they are an address
    const { local, domain } = splitAddress(address)
    text = /[\s"\\@<>()[\],;:]/.test(local) ? '' : `${localPartText(local)}@${domain}`
    result = readMailbox(text, 0, options)
    if (!result.ok || result.end !== text.length) throw badAddress(field, address)
  }
  const { domain } = splitAddress(text)
  const ascii = domain.startsWith('[') ? domain.toLowerCase() : domainToAscii(domain).toLowerCase()
  if (ascii === '') throw badAddress(field, address)
  return { address: text, domain: ascii }
}

function badAddress(
  field: string,
  address: unknown,
  why = `must be an address, not ${describe(address)}`,
): MailError {
  return new MailError('EENVELOPE', `${field} ${why}`, {
    responseCode: 553,
    enhancedCode: '5.1.3',
    permanent: true,
    ...(typeof address === 'string' && { recipient: address }),
  })
}

/** What is wanted to be heard of a message (nodemailer's `dsn`). */
export interface DsnWish {
  /** ENVID: comes back in reports. 1 to 100 printable ASCII characters. */
  readonly id?: string | null
  /** How much of the message a report of failure gives back: `headers` (or HDRS) or `full`. */
  readonly return?: 'headers' | 'full' | 'HDRS' | 'FULL' | 'hdrs' | null
  /** `never`, or any of `success`, `failure`, `delay`. */
  readonly notify?: string | readonly string[] | null
  /** ORCPT: the recipient as it was first, `rfc822;bob@example.org` or the address alone. */
  readonly recipient?: string | null
}

export interface ReadDsnWish {
  readonly envid: string | null
  readonly ret: 'FULL' | 'HDRS' | null
  readonly notify: readonly Notify[] | null
  readonly orcpt: string | null
}

const NOTIFY: ReadonlySet<string> = new Set(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'])

/** Throws ECONFIG that names the option. */
export function readDsnWish(wish: DsnWish | null | undefined, path = 'dsn'): ReadDsnWish {
  if (wish === null || wish === undefined) return { envid: null, ret: null, notify: null, orcpt: null }
  if (typeof wish !== 'object') throw optionError(path, 'an object', wish)
  const { id, return: ret, notify, recipient } = wish
  if (
    id !== undefined &&
    id !== null &&
    !(typeof id === 'string' && /^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(id))
  )
    throw optionError(`${path}.id`, '1 to 100 printable ASCII characters', id)
  const returned = typeof ret === 'string' ? ret.toUpperCase() : ret
  if (returned !== undefined && returned !== null && !['FULL', 'HDRS', 'HEADERS'].includes(returned))
    throw optionError(`${path}.return`, "'headers' or 'full'", ret)
  const words = notify === undefined || notify === null ? null : readNotify(notify, path)
  if (
    recipient !== undefined &&
    recipient !== null &&
    (typeof recipient !== 'string' || hasLineBreak(recipient))
  )
    throw optionError(`${path}.recipient`, 'an address', recipient)
  return {
    envid: id ?? null,
    ret: returned ? (returned === 'FULL' ? 'FULL' : 'HDRS') : null,
    notify: words,
    orcpt: recipient ? (recipient.includes(';') ? recipient : `rfc822;${recipient}`) : null,
  }
}

function readNotify(notify: string | readonly string[], path: string): readonly Notify[] {
  const list = typeof notify === 'string' ? notify.split(',') : notify
  const expected = "'never', or any of 'success', 'failure', 'delay'"
  if (!Array.isArray(list) || list.length === 0) throw optionError(`${path}.notify`, expected, notify)
  const words = [...new Set(list.map(word => String(word).trim().toUpperCase()))]
  if (!words.every(word => NOTIFY.has(word)) || (words.includes('NEVER') && words.length > 1))
    throw optionError(`${path}.notify`, expected, notify)
  return words as Notify[]
}

/** Recipients by the domain they go to, each address once; and those that are no addresses. */
export function groupRecipients(recipients: readonly EnvelopeRecipient[]): {
  readonly groups: ReadonlyMap<string, readonly EnvelopeRecipient[]>
  /** The same, in the caller's order. */
  readonly good: readonly EnvelopeRecipient[]
  readonly bad: readonly { readonly address: string; readonly error: MailError }[]
} {
  const groups = new Map<string, EnvelopeRecipient[]>()
  const good: EnvelopeRecipient[] = []
  const bad: { address: string; error: MailError }[] = []
  const seen = new Set<string>()
  for (const recipient of recipients) {
    try {
      const { address, domain } = checkAddress('recipient', recipient.address)
      if (seen.has(address)) continue
      seen.add(address)
      const checked = { ...recipient, address }
      good.push(checked)
      const group = groups.get(domain)
      if (group) group.push(checked)
      else groups.set(domain, [checked])
    } catch (error) {
      bad.push({ address: String(recipient.address), error: error as MailError })
    }
  }
  return { groups, good, bad }
}
