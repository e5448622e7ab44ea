// The Received-SPF field. RFC 7208 §9.1; RFC 8616 §4 knows none for addresses that are not ASCII, so that they are left out.
import type { SpfResult } from './result.ts'

// header-field = "Received-SPF:" [CFWS] result FWS [comment FWS] [ key-value-list ] CRLF
/** The field with its CRLF, folded, below 998 characters a line; goes above the Received field of the same hop. */
export function writeReceivedSpf(result: SpfResult, receiver: string): string {
  let list = ''
  const add = (key: string, value: string): void => {
    const text = spelled(value)
    if (text !== null) list += `${list === '' ? '' : ';'}\r\n\t${key}=${text}`
  }
  add('client-ip', result.ip)
  if (result.identity === 'mailfrom') add('envelope-from', result.sender)
  add('helo', result.helo)
  add('receiver', receiver)
  add('identity', result.identity)
  add('mechanism', result.mechanism ?? 'default')
  if (result.result.endsWith('error')) add('problem', result.reason)
  return `Received-SPF: ${result.result} (${comment(receiver)}: ${comment(result.reason)})${list}\r\n`
}

const LONGEST_VALUE = 500

// key-value-pair = key [CFWS] "=" ( dot-atom / quoted-string )
function spelled(value: string): string | null {
  if (value.length > LONGEST_VALUE || /[^\x20-\x7e]/.test(value)) return null
  if (/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(value)) return value
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

function comment(text: string): string {
  const short = text.length > LONGEST_VALUE ? text.slice(0, LONGEST_VALUE) : text
  if (!/[^\x20-\x27\x2a-\x5b\x5d-\x7e]/.test(short)) return short
  return short.replace(/[^\x20-\x7e]/g, '?').replace(/[()\\]/g, '\\$&')
}
