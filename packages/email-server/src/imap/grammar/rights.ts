// The rights of RFC 4314 §2.1 as handlers and clients see them: letters, and the two virtual ones of older clients (§2.1.1).
import { PeerSyntaxError } from '../../base/errors.ts'
import { badAnswer, type MailboxHandlerName } from '../../mailbox/index.ts'

/** In the order in which they are told. */
const STANDARD = 'lrswipkxtea'
/** RFC 4314 §2.1.1: what older clients call create and delete, and what they are made of. */
const VIRTUAL = [
  { letter: 'c', members: 'kx' },
  { letter: 'd', members: 'te' },
] as const

/** Rights that a client names, without the virtual ones. Throws `PeerSyntaxError` for unknown ones (§3.1). */
export function realRights(named: string): string {
  let real = named
  for (const { letter, members } of VIRTUAL) if (named.includes(letter)) real += members
  for (const right of named) {
    if (right >= 'A' && right <= 'Z') throw new PeerSyntaxError('uppercase rights are not allowed')
    if (!`${STANDARD}cd`.includes(right)) throw new PeerSyntaxError('that right is not supported')
  }
  return [...STANDARD].filter(right => real.includes(right)).join('')
}

/** Rights as they are told: each once, in order, with the virtual ones that they make up. */
export function toldRights(handler: MailboxHandlerName, rights: unknown): string {
  const checked = checkedRights(handler, rights)
  return checked + virtualOf(checked)
}

export function checkedRights(handler: MailboxHandlerName, rights: unknown): string {
  if (typeof rights !== 'string' || rights.length > 64 || /[^a-z0-9]/.test(rights))
    throw badAnswer(handler, 'rights: lower-case letters and digits', rights)
  const order = STANDARD + [...rights].filter(right => !`${STANDARD}cd`.includes(right)).join('')
  return [...new Set(order)].filter(right => rights.includes(right)).join('')
}

/** The virtual rights that these make up. */
export function virtualOf(rights: string): string {
  return VIRTUAL.filter(({ members }) => [...members].some(right => rights.includes(right)))
    .map(({ letter }) => letter)
    .join('')
}
