// Addresses as callers give them: text with one or many, objects, arrays of both, as nodemailer takes them.

import { hasLineBreak } from '../base/bytes.ts'
import { describe, MailError } from '../base/errors.ts'
import { readAddressList } from './read-list.ts'
import { toAddresses } from './results.ts'
import type { Address } from './types.ts'

/** `'Ann <ann@example.com>, bob@example.com'`, `{ name, address }`, `{ name, group: […] }`, or an array of these. */
export type AddressInput = string | AddressObject | readonly AddressInput[]

export interface AddressObject {
  readonly name?: string | undefined
  readonly address?: string | undefined
  readonly group?: readonly AddressInput[] | undefined
}

const DEPTH_LIMIT = 10

/**
 * The addresses of a caller's value. Unlike a message's fields, a caller's text must mean something definite: throws EADDRESS, naming the field, when an
 * entry has no address or is ambiguous, EMESSAGE for CR, LF or NUL in a name or text. Undefined and null are an empty list.
 */
export function addressesFrom(input: AddressInput | null | undefined, field: string): readonly Address[] {
  const out: Address[] = []
  collect(input, field, out, 0)
  return out
}

function collect(input: AddressInput | null | undefined, field: string, out: Address[], depth: number): void {
  if (input === undefined || input === null || input === '') return
  if (depth > DEPTH_LIMIT) throw new MailError('EADDRESS', `${field}: addresses are nested too deeply`)
  if (typeof input === 'string') {
    fromText(input, field, out)
    return
  }
  if (typeof input !== 'object')
    throw new MailError('EADDRESS', `${field}: an address must be text or an object, not ${describe(input)}`)
  if (isList(input)) {
    for (const item of input) collect(item, field, out, depth + 1)
    return
  }
  const { name = '', address = '', group } = input
  if (typeof name !== 'string' || typeof address !== 'string')
    throw new MailError('EADDRESS', `${field}: name and address must be text`)
  refuseBreaks(name, field)
  if (group) {
    const members: Address[] = []
    collect(group, field, members, depth + 1)
    out.push({ name, address: '', group: members })
    return
  }
  if (address === '') throw new MailError('EADDRESS', `${field}: an address is missing`)
  refuseBreaks(address, field)
  const [only, ...more] = readText(address, field)
  if (!only || more.length > 0 || only.group)
    throw new MailError('EADDRESS', `${field}: ${describe(address)} is not one address`)
  out.push({ name: name || only.name, address: only.address })
}

function isList(input: AddressObject | readonly AddressInput[]): input is readonly AddressInput[] {
  return Array.isArray(input)
}

function fromText(text: string, field: string, out: Address[]): void {
  refuseBreaks(text, field)
  out.push(...readText(text, field))
}

function readText(text: string, field: string): readonly Address[] {
  const list = readAddressList(text, { maxMailboxes: Number.POSITIVE_INFINITY })
  for (const entry of list.entries)
    for (const mailbox of entry.kind === 'group' ? entry.members : [entry])
      if (mailbox.local === null || mailbox.domain === null)
        throw new MailError(
          'EADDRESS',
          `${field}: ${describe(mailbox.name ?? mailbox.local ?? text)} is not an address`,
        )
  return toAddresses(list)
}

function refuseBreaks(text: string, field: string): void {
  if (hasLineBreak(text)) throw new MailError('EMESSAGE', `${field} must not contain CR, LF or NUL`)
}
