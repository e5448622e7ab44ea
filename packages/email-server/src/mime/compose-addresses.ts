// Address fields and the envelope. RFC 5322 §3.4 (fields), RFC 5321 §3.3 (envelope), RFC 6531 (what needs SMTPUTF8).
import {
  type Address,
  addressesFrom,
  addressForAsciiOnlyPeer,
  comparableAddress,
  writeAddressList,
  writeAddrSpec,
} from '../address/index.ts'
import type { HeaderWriter } from './compose-header.ts'
import type { EnvelopeInput, MessageEnvelope } from './compose-options.ts'

export type AddressField = 'from' | 'sender' | 'replyTo' | 'to' | 'cc' | 'bcc'
export type Addresses = ReadonlyMap<AddressField, readonly Address[]>

export function writeAddresses(
  header: HeaderWriter,
  name: string,
  list: readonly Address[],
  field: string,
): void {
  if (list.length === 0) return
  const { utf8, textEncoding: encoding } = header.rules
  header.folded(name, writeAddressList(list, { field, utf8, encoding }), field)
}

/** True when one of them has no ASCII form. */
export function needsUtf8(list: readonly Address[]): boolean {
  return mailboxes(list).some(({ address }) => addressForAsciiOnlyPeer(address) === null)
}

/**
 * The envelope that was asked for, or that of the fields: From (its first mailbox), else Sender, else Reply-To; To, Cc, Bcc. Domains are in
 * ASCII wherever the address has such a form, so that any server takes it.
 */
export function envelopeOf(given: EnvelopeInput | undefined, fields: Addresses): MessageEnvelope {
  if (given === undefined || given === null) {
    const [from] = (['from', 'sender', 'replyTo'] as const).flatMap(name => mailboxes(fields.get(name)!))
    const to = (['to', 'cc', 'bcc'] as const).flatMap(name => written(mailboxes(fields.get(name)!), name))
    return { from: from === undefined ? null : written([from], 'from')[0]!, to: unique(to) }
  }
  const to = (['to', 'cc', 'bcc'] as const).flatMap(name => {
    const field = `envelope.${name}`
    return written(mailboxes(addressesFrom(given[name], field)), field)
  })
  return { from: envelopeFrom(given.from), to: unique(to) }
}

function envelopeFrom(from: EnvelopeInput['from']): string | null {
  if (from === undefined || from === null) return null
  if (from === false || from === '' || from === '<>') return ''
  const [first] = written(mailboxes(addressesFrom(from, 'envelope.from')), 'envelope.from')
  return first ?? null
}

/** All mailboxes; the members of groups are among them. */
export function mailboxes(list: readonly Address[]): Address[] {
  const out: Address[] = []
  const stack = [...list].reverse()
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    if (entry.group === undefined) out.push(entry)
    else for (let i = entry.group.length - 1; i >= 0; i--) stack.push(entry.group[i]!)
  }
  return out
}

function written(list: readonly Address[], field: string): string[] {
  return list.map(({ address }) => {
    const checked = writeAddrSpec(address, { field, utf8: true })
    return addressForAsciiOnlyPeer(checked) ?? checked
  })
}

function unique(addresses: readonly string[]): string[] {
  const seen = new Map<string, string>()
  for (const address of addresses) {
    const key = comparableAddress(address)
    if (!seen.has(key)) seen.set(key, address)
  }
  return [...seen.values()]
}
