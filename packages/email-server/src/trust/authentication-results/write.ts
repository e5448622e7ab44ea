// Authentication-Results, written (RFC 8601 §2.2). Text of others becomes a token or a quoted string, never syntax.
import { optionError } from '../../base/errors.ts'
import { hasControl } from '../tags.ts'
import type { AuthenticationResults, AuthMethod } from './types.ts'

/** Characters of one value; what is longer is cut. */
const LONGEST_VALUE = 300

/**
 * What follows the colon, folded, without the last CRLF: of an Authentication-Results field, and behind `i=1;` of an
 * ARC-Authentication-Results field. Throws ECONFIG for an id that is none; values lose their control characters.
 *
 *     authres-payload = [CFWS] authserv-id ( no-result / 1*resinfo ) [CFWS] CRLF
 */
export function writeAuthenticationPayload(all: AuthenticationResults): string {
  const { authservId, results } = all
  if (
    typeof authservId !== 'string' ||
    authservId === '' ||
    authservId.length > 255 ||
    hasControl(authservId)
  ) {
    throw optionError('authservId', 'a name, usually the host name', authservId)
  }
  const id = spelled(authservId)
  if (results.length === 0) return `${id}; none`
  return `${id};\r\n ${results.map(writeMethod).join(';\r\n ')}`
}

/** The whole field with its CRLF. */
export function writeAuthenticationResults(all: AuthenticationResults): string {
  return `Authentication-Results: ${writeAuthenticationPayload(all)}\r\n`
}

// resinfo = [CFWS] ";" methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ]
function writeMethod({ method, result, reason, properties = [] }: AuthMethod): string {
  let line = `${keyword(method)}=${keyword(result)}`
  let text = ''
  const words = reason === undefined || reason === '' ? [] : [`reason=${spelled(reason)}`]
  for (const { type, name, value } of properties) {
    words.push(`${keyword(type)}.${keyword(name)}=${spelled(value)}`)
  }
  for (const word of words) {
    if (line.length + word.length > 75) {
      text += `${line}\r\n`
      line = ' '
    }
    line += ` ${word}`
  }
  return text + line
}

/** Keywords are ours; what is none is a mistake of the caller. */
function keyword(word: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(word)) throw optionError('results', 'keywords of RFC 8601', word)
  return word
}

// pvalue = [CFWS] ( value / [ [ local-part ] "@" ] domain-name ) [CFWS]; value = token / quoted-string
function spelled(value: string): string {
  let text = value.length > LONGEST_VALUE ? value.slice(0, LONGEST_VALUE) : value
  if (hasControl(text)) text = Array.from(text, char => (hasControl(char) ? ' ' : char)).join('')
  // An address or a domain stands as it is, when nothing in it could be taken for anything else.
  if (BARE.test(text)) return text
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

const BARE = /^[A-Za-z0-9!#$%&'*+._{|}~^`\u0080-\uffff-]*@?[A-Za-z0-9._\u0080-\uffff-]+$/
