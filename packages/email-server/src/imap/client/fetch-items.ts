// What is asked of messages (RFC 3501 §6.4.5): data items by their names, or said as an object.
import { describe, usageError } from '../../base/errors.ts'

export interface FetchQuery {
  readonly flags?: boolean
  readonly envelope?: boolean
  readonly bodyStructure?: boolean
  readonly internalDate?: boolean
  readonly size?: boolean
  readonly modseq?: boolean
  /** OBJECTID (RFC 8474). */
  readonly emailId?: boolean
  readonly threadId?: boolean
  /** SAVEDATE (RFC 8514), PREVIEW (RFC 8970). */
  readonly saveDate?: boolean
  readonly preview?: boolean
  /** True: the whole header (section `HEADER`); names: these fields. */
  readonly headers?: boolean | readonly string[]
  /** True: the whole message; sections: `TEXT`, `1.2`, `1.MIME`. None of them counts as reading it. */
  readonly body?: boolean | string | readonly string[]
}

/** Item names as IMAP writes them, or an object. */
export type FetchItems = readonly string[] | string | FetchQuery

const PLAIN = /^[A-Za-z0-9.-]{1,64}$/
const PREVIEW_LAZY = /^PREVIEW \(LAZY\)$/i
const SECTION =
  /^(?:BODY|BODY\.PEEK|BINARY|BINARY\.PEEK|BINARY\.SIZE)\[[A-Za-z0-9 ().!#$&'+/:;<=>?@^_`|~,-]{0,4000}\](?:<\d{1,10}\.\d{1,10}>)?$/i
const FIELD = /^[!-9;-~]{1,200}$/
const SECTION_NAME = /^[A-Za-z0-9.]{0,200}$/
const ALL_MACROS: ReadonlyMap<string, readonly string[]> = new Map([
  ['FAST', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']],
  ['ALL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE']],
  ['FULL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY']],
])
const BY_NAME: readonly (readonly [keyof FetchQuery, string])[] = [
  ['flags', 'FLAGS'],
  ['envelope', 'ENVELOPE'],
  ['bodyStructure', 'BODYSTRUCTURE'],
  ['internalDate', 'INTERNALDATE'],
  ['size', 'RFC822.SIZE'],
  ['modseq', 'MODSEQ'],
  ['emailId', 'EMAILID'],
  ['threadId', 'THREADID'],
  ['saveDate', 'SAVEDATE'],
  ['preview', 'PREVIEW'],
]

export interface ItemList {
  /** UID first, bodies last: what is known of a message is told before its body comes. */
  readonly text: string
  /** How many of them are bodies. */
  readonly bodies: number
  /** Nothing but UID and flags, so that any FETCH response may be the answer. */
  readonly flagsOnly: boolean
}

/** Throws EUSAGE for what is no data item. */
export function itemList(items: FetchItems): ItemList {
  const names = new Set<string>(['UID'])
  const bodies = new Set<string>()
  for (const item of namesOf(items)) {
    if (SECTION.test(item) || /^RFC822(?:\.HEADER|\.TEXT)?$/i.test(item)) bodies.add(item)
    else if (PLAIN.test(item) || PREVIEW_LAZY.test(item)) names.add(item.toUpperCase())
    else throw usageError(`${describe(item)} is not a data item of FETCH`)
  }
  const flagsOnly = bodies.size === 0 && [...names].every(name => /^(UID|FLAGS|MODSEQ)$/.test(name))
  return { text: `(${[...names, ...bodies].join(' ')})`, bodies: bodies.size, flagsOnly }
}

function namesOf(items: FetchItems): readonly string[] {
  if (typeof items === 'string') return ALL_MACROS.get(items.toUpperCase()) ?? [items]
  if (Array.isArray(items)) {
    const list = items as readonly unknown[]
    if (list.length === 0) throw usageError('FETCH wants at least one data item')
    return list.flatMap(item => {
      if (typeof item !== 'string') throw usageError(`${describe(item)} is not a data item of FETCH`)
      return ALL_MACROS.get(item.toUpperCase()) ?? [item]
    })
  }
  if (typeof items !== 'object' || items === null)
    throw usageError('what to fetch must be item names or an object')
  const query = items as FetchQuery
  const names = BY_NAME.filter(([key]) => query[key]).map(([, name]) => name)
  const { headers, body } = query
  if (headers === true) names.push('BODY.PEEK[HEADER]')
  else if (Array.isArray(headers))
    names.push(`BODY.PEEK[HEADER.FIELDS (${(headers as readonly string[]).map(field).join(' ')})]`)
  const sections =
    body === true
      ? ['']
      : body === undefined || body === false
        ? []
        : typeof body === 'string'
          ? [body]
          : body
  for (const section of sections) {
    if (!SECTION_NAME.test(section)) throw usageError(`${describe(section)} is not a section of a message`)
    names.push(`BODY.PEEK[${section}]`)
  }
  return names
}

function field(name: string): string {
  if (!FIELD.test(name) || /[(){%*"\\\]]/.test(name))
    throw usageError(`${describe(name)} is not the name of a header field`)
  return name
}
