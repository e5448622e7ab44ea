// A message as the page and programs look at it: every value is text or a number; nothing of it is markup.
import { type MailAuth, type MailboxHandlers, type ParsedMessage, parseMessage } from 'email-server'
import type { MessageMeta } from 'email-server/mailbox'
import {
  type BodyStructure,
  decodeEncodedWords,
  describePart,
  type Envelope,
  type EnvelopeAddress,
  isMessageType,
  type MessagePart,
  resolveBinary,
} from 'email-server/mime'
import { ReceivedMessage } from 'email-server/testing'
import type { HeaderFieldView, MessageSummary, MessageView, PartView, Person, Verdict } from './api-types.ts'

const LONGEST_TEXT = 1_000_000
const MOST_LINKS = 500
const MOST_PARTS = 500
const MOST_HEADERS = 1000
/** Pictures that a browser shows and that can do nothing. */
const PICTURES: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
])

/** The lines of a list: those of the messages that are still there, in the order of `uids`. The folder is open. */
export async function summariesOf(
  handlers: MailboxHandlers,
  uids: readonly number[],
): Promise<MessageSummary[]> {
  if (uids.length === 0) return []
  const ascending = [...uids].sort((a, b) => a - b)
  const metas = await handlers.messageMeta!(ascending, {})
  const there = metas.map(({ id }) => id)
  const [envelopes, structures] = await Promise.all([
    handlers.messageEnvelope!(there, {}),
    handlers.messageBodyStructure!(there, {}),
  ])
  const found = new Map(
    metas.map((meta, i) => [meta.uid, summaryOf(meta, envelopes[i] ?? null, structures[i] ?? null)]),
  )
  return uids.flatMap(uid => found.get(uid) ?? [])
}

function summaryOf(
  meta: MessageMeta,
  envelope: Envelope | null,
  structure: BodyStructure | null,
): MessageSummary {
  return {
    uid: meta.uid,
    subject: decodeEncodedWords(envelope?.subject ?? ''),
    from: people(envelope?.from ?? [])[0] ?? null,
    to: people(envelope?.to ?? []),
    arrived: new Date(meta.internalDate).toISOString(),
    size: meta.size,
    seen: meta.flags.includes('Seen'),
    flags: meta.flags,
    preview: meta.preview ?? '',
    hasAttachments: structure !== null && isAttached(structure),
  }
}

function people(addresses: readonly EnvelopeAddress[]): Person[] {
  return addresses
    .filter(({ mailbox, host }) => mailbox !== null && host !== null)
    .map(({ name, mailbox, host }) => ({
      name: decodeEncodedWords(name ?? ''),
      address: `${mailbox}@${host}`,
    }))
}

function isAttached(structure: BodyStructure): boolean {
  if (structure.kind === 'multipart') return structure.parts.some(isAttached)
  return structure.disposition?.type.toLowerCase() === 'attachment' || structure.message !== null
}

/** All that is to be said of one message. */
export function viewOf(
  account: string,
  folder: string,
  summary: MessageSummary,
  envelope: Envelope | null,
  raw: Uint8Array,
): MessageView {
  const parsed = parseMessage(raw, { skipTextToHtml: true, keepCidLinks: true, checksumAlgo: false })
  const received = new ReceivedMessage({ raw, from: '', to: account, at: 0, auth: NO_AUTH })
  const text = parsed.text ?? ''
  const headers = headersOf(parsed.headers)
  return {
    ...summary,
    account,
    folder,
    cc: people(envelope?.cc ?? []),
    replyTo: people(envelope?.replyTo ?? []),
    date: parsed.date?.toISOString() ?? null,
    messageId: parsed.messageId ?? null,
    returnPath: parsed.headers.getAll('return-path')[0] ?? null,
    text: text.slice(0, LONGEST_TEXT),
    textIsCut: text.length > LONGEST_TEXT,
    hasHtml: parsed.html !== false,
    hasRemotePictures: parsed.html !== false && asksForPictures(parsed.html),
    headers,
    verdicts: parsed.headers.getAll('authentication-results').flatMap(verdictsOf),
    parts: partsOf(parsed.tree),
    links: received.links().slice(0, MOST_LINKS),
    code: received.code(),
  }
}

const NO_AUTH: MailAuth = {
  ...{ dkim: null, spf: null, dmarc: null, rdns: null, dmarcPolicy: null, arc: null, details: null },
}

function headersOf(headers: ParsedMessage['headers']): HeaderFieldView[] {
  const values = new Map<string, Iterator<string>>()
  return headers
    .lines()
    .slice(0, MOST_HEADERS)
    .map(({ key, line }) => {
      const ofThisName = values.get(key) ?? headers.getAll(key).values()
      values.set(key, ofThisName)
      return { name: line.slice(0, line.indexOf(':')).trim(), value: ofThisName.next().value ?? '' }
    })
}

/** Does it ask for a picture from elsewhere? A guess, for a button: what is loaded, the Content-Security-Policy decides. */
function asksForPictures(html: string): boolean {
  return /(?:src|background|srcset|poster)\s{0,9}=\s{0,9}["']?\s{0,9}(?:https?:)?\/\/|url\(\s{0,9}["']?\s{0,9}(?:https?:)?\/\//i.test(
    html,
  )
}

/** RFC 8601 §2.2: `authserv-id [version] *( ";" method [ "/" version ] "=" result …)`, comments anywhere. */
export function verdictsOf(field: string): Verdict[] {
  const [first = '', ...results] = splitOutside(field)
  const [by = ''] = withoutComments(first).trim().split(/\s/, 1)
  return results.flatMap(said => {
    const plain = withoutComments(said).trim()
    const match =
      /^([A-Za-z0-9-]{1,40})\s{0,9}(?:\/\s{0,9}\d{1,9}\s{0,9})?=\s{0,9}([A-Za-z]{1,40})(?![A-Za-z])/.exec(
        plain,
      )
    if (!match) return []
    const detail = said.trim().slice(0, 1000)
    return [{ method: match[1]!.toLowerCase(), result: match[2]!.toLowerCase(), detail, by }]
  })
}

/** RFC 5322 §3.2.2: comments may stand in comments. */
function withoutComments(text: string): string {
  let plain = ''
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === '(') depth++
    else if (char === ')') depth = Math.max(0, depth - 1)
    else if (char === '\\') i++
    else if (depth === 0) plain += char
  }
  return plain
}

/** At semicolons that stand neither in a comment nor in a quoted string. */
function splitOutside(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '\\') i++
    else if (char === '"' && depth === 0) quoted = !quoted
    else if (quoted) continue
    else if (char === '(') depth++
    else if (char === ')') depth = Math.max(0, depth - 1)
    else if (char === ';' && depth === 0) {
      parts.push(text.slice(from, i))
      from = i + 1
    }
  }
  return [...parts, text.slice(from)]
}

/** The tree, flat and numbered as IMAP does (RFC 9051 §6.4.5). */
function partsOf(tree: MessagePart): PartView[] {
  const views: PartView[] = []
  const add = (part: MessagePart, id: string, depth: number): void => {
    if (views.length >= MOST_PARTS) return
    const { contentType, filename, disposition, contentId } = describePart(part)
    const isLeaf = part.kind === 'leaf' && !isMessageType(part)
    const isPicture = isLeaf && PICTURES.has(contentType)
    const size = part.bodyEnd - part.bodyStart
    views.push({ id, depth, contentType, filename, disposition, contentId, size, isLeaf, isPicture })
    const inner =
      part.kind === 'message' && part.parts[0]?.kind === 'multipart' ? part.parts[0].parts : part.parts
    for (const [i, each] of inner.entries()) add(each, `${id}.${i + 1}`, depth + 1)
  }
  const outer = tree.kind === 'multipart' ? tree.parts : [tree]
  for (const [i, part] of outer.entries()) add(part, `${i + 1}`, 0)
  return views
}

export interface PartContent {
  readonly bytes: Uint8Array
  readonly contentType: string
  readonly filename: string | null
  readonly isPicture: boolean
}

/** The octets of a part, its transfer encoding taken off; null when there is no such part, or it has none. */
export function partOf(raw: Uint8Array, id: string): PartContent | null {
  if (!/^[1-9]\d{0,4}(?:\.[1-9]\d{0,4}){0,31}$/.test(id)) return null
  const { tree } = parseMessage(raw, { checksumAlgo: false })
  const view = partsOf(tree).find(part => part.id === id)
  if (!view?.isLeaf) return null
  const found = resolveBinary(raw, tree, id.split('.').map(Number))
  if (found.kind !== 'content') return null
  const { contentType, filename, isPicture } = view
  return { bytes: found.content, contentType, filename, isPicture }
}

/** The HTML of a message with its own pictures in it; null when it has none. */
export function htmlOf(raw: Uint8Array): string | null {
  const { html } = parseMessage(raw, { skipTextToHtml: true, checksumAlgo: false })
  return html === false ? null : html
}
