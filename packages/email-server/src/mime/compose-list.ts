// Fields of mailing lists: List-Help and its like (RFC 2369), List-ID (RFC 2919), one-click unsubscribing (RFC 8058 §3.1).
import { fromUtf8 } from '../base/bytes.ts'
import { MailError, optionError } from '../base/errors.ts'
import { checkText, type HeaderWriter, textOption } from './compose-header.ts'
import type { ListOptions, ListValue } from './compose-options.ts'

const NAMES: ReadonlyMap<string, string> = new Map([
  ['help', 'List-Help'],
  ['unsubscribe', 'List-Unsubscribe'],
  ['subscribe', 'List-Subscribe'],
  ['post', 'List-Post'],
  ['owner', 'List-Owner'],
  ['archive', 'List-Archive'],
  ['id', 'List-ID'],
])

export function writeListFields(header: HeaderWriter, list: ListOptions): void {
  const urls: string[] = []
  for (const [option, value] of Object.entries(list)) {
    if (value === undefined || value === null || option === 'oneClick') continue
    const key = option.trim().toLowerCase()
    const field = /^[\w-]+$/.test(option) ? `list.${option}` : 'list'
    if (key === 'unsubscribe-post') throw optionError(field, 'given as list.oneClick', value)
    if (typeof value === 'boolean') throw optionError(field, 'a URL', value)
    const name = NAMES.get(key) ?? `List-${option.trim()}`
    for (const line of Array.isArray(value)
      ? (value as readonly (ListValue | readonly ListValue[])[])
      : [value as ListValue]) {
      const values = (Array.isArray(line) ? line : [line]) as readonly ListValue[]
      const items: string[] = []
      for (const item of values) {
        if (!item) continue
        const { url, comment: given } = typeof item === 'string' ? { url: item, comment: undefined } : item
        if (typeof url !== 'string') throw optionError(field, 'a URL', url)
        const comment = textOption(given, `${field}.comment`) ?? undefined
        checkText(url, field)
        checkText(comment ?? '', `${field}.comment`)
        if (key === 'id') items.push(listId(header, url, comment, field))
        else {
          const link = key === 'post' && /^no$/i.test(url.trim()) ? 'NO' : `<${formatUrl(url, field)}>`
          if (key === 'unsubscribe') urls.push(link)
          items.push(comment ? `${link} (${header.comment(comment)})` : link)
        }
      }
      if (items.length > 0) header.folded(name, items.join(', '), field)
    }
  }
  if (list.oneClick) writeOneClick(header, urls)
}

/** RFC 8058 §3.1: one field List-Unsubscribe with one https URL, and this. */
function writeOneClick(header: HeaderWriter, urls: readonly string[]): void {
  if (urls.filter(url => /^<https:/i.test(url)).length !== 1 || urls.some(url => /^<http:/i.test(url))) {
    throw new MailError(
      'EMESSAGE',
      'list.oneClick needs exactly one https URL, and no http URL, in list.unsubscribe (RFC 8058 §3.1)',
    )
  }
  if (header.count('List-Unsubscribe') !== 1) {
    throw new MailError(
      'EMESSAGE',
      'list.oneClick needs list.unsubscribe as one field: put its URLs into an array of arrays',
    )
  }
  header.folded('List-Unsubscribe-Post', 'List-Unsubscribe=One-Click', 'list.oneClick')
}

// list-id-header = "List-ID:" [phrase] "<" list-id ">"                                                  RFC 2919 §3
function listId(header: HeaderWriter, url: string, comment: string | undefined, field: string): string {
  const id = url
    .trim()
    .replace(/^<|>$/g, '')
    .replace(/^[a-z]+:\/{0,2}/i, '')
  if (
    !/^[!#$%&'*+/=?^_`{|}~0-9A-Za-z-]+(?:\.[!#$%&'*+/=?^_`{|}~0-9A-Za-z-]+)*$/.test(id) ||
    id.length > 255
  ) {
    throw optionError(field, 'a list identifier, e.g. news.example.com', url)
  }
  return comment ? `${header.phrase(comment)} <${id}>` : `<${id}>`
}

/** As it stands between the brackets: with a scheme, without white space, ASCII. */
function formatUrl(url: string, field: string): string {
  const bare = url.trim().replace(/^<|>$/g, '')
  if (bare === '' || /[\s<>\x00-\x20\x7f]/.test(bare))
    throw optionError(field, 'a URL without white space and brackets', url)
  const ascii = bare.replace(/[^\x21-\x7e]+/g, text => percentEncode(text))
  if (/^[a-z][a-z0-9+.-]*:/i.test(ascii) && !/^[^/@]+:\d+(?:\/|$)/.test(ascii)) return ascii
  return /^[^@/]+@[^@/]+$/.test(ascii) ? `mailto:${ascii}` : `http://${ascii}`
}

function percentEncode(text: string): string {
  return fromUtf8(text).reduce(
    (out, byte) => `${out}%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    '',
  )
}
