// Removal of the results that others claim in our name (RFC 8601 §5).
import { fieldText, type HeaderBlock, type HeaderField } from '../../mime/index.ts'
import { domainToAscii } from '../../text/index.ts'
import { readAuthservId } from './read.ts'

/**
 * The Authentication-Results fields that say they are ours, and those that do not say whose they are: both go from every message that comes
 * from outside, before ours is put on top.
 */
export function forgedResults(block: HeaderBlock, authservId: string): HeaderField[] {
  const ours = comparable(authservId)
  return block.fields.filter(field => {
    if (field.key !== 'authentication-results') return false
    const id = readAuthservId(fieldText(block, field))
    return id === null || comparable(id) === ours
  })
}

/** The header without these fields, as it goes on. */
export function withoutFields(block: HeaderBlock, fields: readonly HeaderField[]): string {
  let text = ''
  let at = 0
  for (const field of fields) {
    text += block.text.slice(at, field.start)
    at = field.end
  }
  return text + block.text.slice(at)
}

function comparable(id: string): string {
  const name = id.endsWith('.') ? id.slice(0, -1) : id
  return domainToAscii(name) || name.toLowerCase()
}
