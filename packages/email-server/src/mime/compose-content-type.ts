// The caller's content types (RFC 2045 §5.1), read as those of any message; but what is no type at all is refused.
import { MailError, optionError } from '../base/errors.ts'
import { decodeParameters, isToken } from '../text/index.ts'
import { checkText } from './compose-header.ts'
import { readStructured } from './structured.ts'

export interface MediaType {
  /** `type/subtype`, lower case. */
  readonly type: string
  /** Names in lower case, values decoded. */
  readonly params: readonly (readonly [name: string, value: string])[]
}

// content := type "/" subtype *(";" parameter)                                                       RFC 2045 §5.1
export function parseMediaType(value: string, field: string): MediaType {
  if (typeof value !== 'string') throw optionError(field, 'a media type', value)
  checkText(value, field)
  const { value: name, parameters } = readStructured(value)
  const type = name.trim().toLowerCase()
  const [main, sub, ...more] = type.split('/') as [string, string?, ...string[]]
  if (sub === undefined || more.length > 0 || !isToken(main) || !isToken(sub)) {
    throw optionError(field, 'a media type, e.g. text/plain', value)
  }
  if (main === 'multipart')
    throw new MailError('EMESSAGE', `${field} is ${type}: give such a part whole, as raw`)
  const params = decodeParameters(parameters).parameters.map(({ name, value }) => [name, value] as const)
  return { type, params }
}

/** The same type with this parameter in place of any other of its name. */
export function withParam(media: MediaType, name: string, value: string): MediaType {
  return { type: media.type, params: [...withoutParam(media, name).params, [name, value]] }
}

export function withoutParam(media: MediaType, name: string): MediaType {
  return { type: media.type, params: media.params.filter(([key]) => key !== name) }
}

export function paramOf(media: MediaType, name: string): string | null {
  return media.params.find(([key]) => key === name)?.[1] ?? null
}
