// The reference evaluator of SORT (RFC 5256 §3, RFC 5957): what of a message is compared, and in which order that puts them.
import type { Envelope, EnvelopeAddress } from '../mime/index.ts'
import { decodeEncodedWords, readMailDate } from '../text/index.ts'
import { baseSubject, collationKey } from './base-subject.ts'
import type { MessageMeta } from './contract.ts'
import { timeOf } from './read.ts'
import type { SortKey } from './search.ts'

/** A message as SORT and THREAD see it. */
export interface SortSubject {
  readonly meta: Pick<MessageMeta, 'uid' | 'size' | 'internalDate'>
  readonly envelope: Envelope
}

/** Ms since the epoch: the Date field, or the arrival when there is none that can be read (RFC 5256 §2.2). */
export function sentTime({ meta, envelope }: SortSubject): number {
  const date = envelope.date === null ? null : readMailDate(envelope.date)
  return date ? date.time : timeOf(meta.internalDate)
}

/** The UIDs in the order of these keys; where they say nothing, in the order of the folder. */
export function sortMessages(subjects: readonly SortSubject[], keys: readonly SortKey[]): number[] {
  const columns = keys.map(({ by, reverse }) => ({
    values: subjects.map(subject => sortValue(by, subject)),
    sign: reverse ? -1 : 1,
  }))
  const order = subjects.map((_subject, i) => i)
  order.sort((a, b) => {
    for (const { values, sign } of columns) {
      const [left, right] = [values[a]!, values[b]!]
      if (left !== right) return left < right ? -sign : sign
    }
    return subjects[a]!.meta.uid - subjects[b]!.meta.uid
  })
  return order.map(i => subjects[i]!.meta.uid)
}

/** What SORT compares of a message: a number, or a text whose order is that of its code units. Stores keep these as columns. */
export function sortValue(by: SortKey['by'], { meta, envelope }: SortSubject): number | string {
  switch (by) {
    case 'arrival':
      return timeOf(meta.internalDate)
    case 'date':
      return sentTime({ meta, envelope })
    case 'size':
      return meta.size
    case 'subject':
      return collationKey(baseSubject(decodeEncodedWords(envelope.subject ?? '')).text)
    case 'from':
    case 'to':
    case 'cc':
      return collationKey(first(envelope[by])?.mailbox ?? '')
    case 'displayFrom':
      return collationKey(displayed(first(envelope.from)))
    case 'displayTo':
      return collationKey(displayed(first(envelope.to)))
  }
}

/** The first address; the marks that begin and end a group are none. */
function first(addresses: readonly EnvelopeAddress[]): EnvelopeAddress | undefined {
  return addresses.find(address => address.host !== null)
}

/** The name that is shown, or the address where there is none (RFC 5957 §3). */
function displayed(address: EnvelopeAddress | undefined): string {
  if (!address) return ''
  return decodeEncodedWords(address.name ?? '') || `${address.mailbox ?? ''}@${address.host ?? ''}`
}
