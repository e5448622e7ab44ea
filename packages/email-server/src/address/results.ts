// What is made of a list that was read: decoded addresses for people, four raw strings for ENVELOPE.

import { type CharsetOptions, decodeEncodedWords } from '../text/index.ts'
import { type ReadListOptions, readAddressList } from './read-list.ts'
import { addrSpecText } from './spell.ts'
import type { Address, AddressList, EnvelopeParts, ListMailbox } from './types.ts'

export interface ReadAddressesOptions extends ReadListOptions, CharsetOptions {}

/** The addresses of a field's body with decoded names. Encoded words inside addresses are never decoded (RFC 2047 §5). */
export function readAddresses(text: string, options: ReadAddressesOptions = {}): readonly Address[] {
  return toAddresses(readAddressList(text, options), options)
}

/** A list that was read, with decoded names. An entry that has no address keeps its text as its name. */
export function toAddresses(list: AddressList, options: CharsetOptions = {}): readonly Address[] {
  return list.entries.map(entry => {
    if (entry.kind === 'mailbox') return toAddress(entry, options)
    const group = entry.members.map(member => toAddress(member, options))
    return { name: decodeEncodedWords(entry.name, options), address: '', group }
  })
}

function toAddress(mailbox: ListMailbox, options: CharsetOptions): Address {
  const name = mailbox.name === null ? '' : decodeEncodedWords(mailbox.name, options)
  if (mailbox.domain === null) return { name: name || (mailbox.local ?? ''), address: '' }
  return { name, address: addrSpecText(mailbox.local!, mailbox.domain) }
}

/**
 * The list as IMAP's ENVELOPE has it (RFC 9051 §7.5.2): names raw, quoting removed; a group is a start `{ mailbox: name, host: null }` and an end
 * `{ mailbox: null, host: null }`. An address without a domain has the host `''`, because null would mean a group.
 */
export function toEnvelopeAddresses(list: AddressList): readonly EnvelopeParts[] {
  const out: EnvelopeParts[] = []
  for (const entry of list.entries) {
    if (entry.kind === 'mailbox') out.push(toParts(entry))
    else {
      out.push({ name: null, route: null, mailbox: entry.name, host: null })
      for (const member of entry.members) out.push(toParts(member))
      out.push({ name: null, route: null, mailbox: null, host: null })
    }
  }
  return out
}

function toParts({ name, route, local, domain }: ListMailbox): EnvelopeParts {
  // text without an address stands where the local part would be: a reader sees it, and nothing can be sent to it
  if (local === null) return { name: null, route: null, mailbox: name ?? '', host: '' }
  return { name, route, mailbox: local, host: domain ?? '' }
}
