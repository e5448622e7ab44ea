// address/: RFC 5322 address lists, RFC 5321 paths, comparison forms.

export { hostMatches } from './host-pattern.ts'
export { type AddressInput, type AddressObject, addressesFrom } from './input.ts'
export { isAddressLiteral, isSmtpDomain } from './literal.ts'
export {
  type Mailbox,
  type PathFault,
  type PathOptions,
  type PathResult,
  readMailbox,
  readPath,
} from './path.ts'
export { type ReadListOptions, readAddressList } from './read-list.ts'
export { type ReadAddressesOptions, readAddresses, toAddresses, toEnvelopeAddresses } from './results.ts'
export {
  addressForAsciiOnlyPeer,
  addressNeedsSmtputf8,
  addrSpecText,
  comparableAddress,
  localPartText,
  splitAddress,
  unquoteLocal,
} from './spell.ts'
export type { Address, AddressList, EnvelopeParts, ListGroup, ListMailbox } from './types.ts'
export { type WriteListOptions, writeAddressList, writeAddrSpec } from './write-list.ts'
