// The Received-SPF field. RFC 7208 §9.1; RFC 8616 §4 knows none for addresses that are not ASCII, so that they are left out.
import type { SpfResult } from './result.ts'

// header-field = "Received-SPF:" [CFWS] result FWS [comment FWS] [ key-value-list ] CRLF
/** The field with its CRLF, folded, below 998 characters a line; goes above the Received field of the same hop. */
export function writeReceivedSpf(result: SpfResult, receiver: string): string {
  const pairs: [string, string][] = [
    ['client-ip', result.ip],
    ...(result.identity === 'mailfrom' ? [['envelope-from', result.sender] as [string, string]] : []),
    ['helo', result.helo],
    ['receiver', receiver],
    ['identity', result.identity],
    ['mechanism', result.mechanism ?? 'default'],
    ...(result.result.endsWith('error') ? [['problem', result.reason] as [string, string]] : []),
  ]
  const list = pairs
    .map(([key, value]) => [key, spelled(value)] as const)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${value}`)
  return `Received-SPF: ${result.result} (${comment(receiver)}: ${comment(result.reason)})\r\n\t${list.join(';\r\n\t')}\r\n`
}

const LONGEST_VALUE = 500

// key-value-pair = key [CFWS] "=" ( dot-atom / quoted-string )
function spelled(value: string): string | null {
  if (value.length > LONGEST_VALUE || /[^\x20-\x7e]/.test(value)) return null
  if (/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(value)) return value
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

function comment(text: string): string {
  return text
    .slice(0, LONGEST_VALUE)
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/[()\\]/g, '\\$&')
}
