// Relative IMAP URLs of messages and their parts (RFC 5092 §11), as CATENATE has them: `/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.2`.

import { fromLatin1 } from '../../base/bytes.ts'
import { PeerSyntaxError } from '../../base/errors.ts'
import { InputQueue } from '../../base/input-queue.ts'
import { DEFAULT_LIMITS } from '../../base/limits.ts'
import type { Section, SectionPartial } from '../../mime/index.ts'
import { frameWhole } from '../wire/framer.ts'
import { Reader } from '../wire/reader.ts'
import { mailboxName } from './mailbox.ts'
import { readWholeSection } from './section.ts'

export interface MessageUrl {
  /** Null: the folder that is open. */
  readonly folder: string | null
  readonly uidValidity: number | null
  readonly uid: number
  /** Null: the whole message. */
  readonly section: Section | null
  readonly partial: SectionPartial | null
}

const LONGEST = 4096
const MOST_32 = 4294967295

// imsg-or-part = [imailbox-ref "/"] iuid-only ["/" isection-only] ["/" ipartial-only]       iabsolute-path = "/" [icommand]
// imailbox-ref = enc-mailbox [";UIDVALIDITY=" nz-number]        iuid-only = ";UID=" nz-number
// isection-only = ";SECTION=" enc-section        ipartial-only = ";PARTIAL=" number ["." nz-number]
/** Null: it is none of these. */
export function readMessageUrl(url: string): MessageUrl | null {
  if (url.length > LONGEST || url.startsWith('//') || !/^[!-~]+$/.test(url)) return null
  const path = url.startsWith('/') ? url.slice(1) : url
  const at = path.toUpperCase().search(/(^|\/);UID=/)
  if (at < 0) return null
  const [ref, parts] = at === 0 && path.startsWith(';') ? ['', path] : [path.slice(0, at), path.slice(at + 1)]
  const folder = readFolder(ref)
  // what is relative to nothing has the open folder's name
  if (!folder || (ref === '' && url.startsWith('/'))) return null
  const [uidPart = '', ...rest] = parts.split('/;')
  const uid = readNumber(uidPart.slice(';UID='.length), 1)
  if (uid === null) return null
  let section: Section | null = null
  let partial: SectionPartial | null = null
  for (const part of rest) {
    const [, name = '', value = ''] = /^([A-Za-z]+)=(.*)$/.exec(part) ?? []
    if (name.toUpperCase() === 'SECTION' && !section && !partial) section = readSectionText(value)
    else if (name.toUpperCase() === 'PARTIAL' && !partial) partial = readRange(value)
    else return null
    if (name.toUpperCase() === 'SECTION' ? !section : !partial) return null
  }
  if (partial && !section) section = { path: [], text: null, fields: [] }
  return { ...folder, uid, section, partial }
}

function readFolder(
  ref: string,
): { readonly folder: string | null; readonly uidValidity: number | null } | null {
  if (ref === '') return { folder: null, uidValidity: null }
  const [, encoded = '', validity] = /^([^;]+)(?:;UIDVALIDITY=([0-9]+))?$/i.exec(ref) ?? []
  const name = decoded(encoded)
  if (!name) return null
  const uidValidity = validity === undefined ? null : readNumber(validity, 1)
  if (validity !== undefined && uidValidity === null) return null
  return { folder: mailboxName(name), uidValidity }
}

function readSectionText(encoded: string): Section | null {
  const text = decoded(encoded)
  if (text === null || /[^ -~]/.test(text)) return null
  const framed = frameWhole(fromLatin1(`${text}\r\n`), new InputQueue())
  if (!framed) return null
  try {
    return readWholeSection(new Reader(framed, DEFAULT_LIMITS))
  } catch (error) {
    if (error instanceof PeerSyntaxError) return null
    throw error
  }
}

function readRange(text: string): SectionPartial | null {
  const [, first = '', length] = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text) ?? []
  const start = readNumber(first, 0)
  const size = length === undefined ? MOST_32 : readNumber(length, 1)
  return start === null || size === null ? null : { start, length: size }
}

function readNumber(digits: string, least: number): number | null {
  const value = /^[0-9]{1,10}$/.test(digits) ? Number(digits) : -1
  return value >= least && value <= MOST_32 ? value : null
}

/** Percent-encoded UTF-8; null when it is none. */
function decoded(text: string): string | null {
  try {
    const out = decodeURIComponent(text)
    return /[\0\r\n]/.test(out) ? null : out
  } catch {
    return null
  }
}
