// The name of a domain as servers are told it, in the one form in which names are compared.
import { describe, usageError } from '../base/errors.ts'
import type { DomainMaterial } from '../domain/index.ts'
import { domainToAscii } from '../text/index.ts'

/** A-labels in lower case, without a final dot. Throws `EUSAGE` for what is no name. */
export function domainName(material: DomainMaterial): string {
  const name = typeof material === 'string' ? material : material?.domain
  const ascii = typeof name === 'string' ? domainToAscii(name.replace(/\.$/, '')).toLowerCase() : ''
  if (ascii === '') throw usageError(`${describe(name)} is not a domain`)
  return ascii
}
