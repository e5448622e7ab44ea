// parseReport: what kind of report a message is, and what it says. DSN (RFC 3464, RFC 6533), MDN (RFC 8098), ARF (RFC 5965), DMARC (RFC 9990,
// RFC 7489), TLS (RFC 8460), and bounces of mail systems that write none of them.
import { optionError } from '../base/errors.ts'
import {
  describePart,
  type HeaderBlock,
  headerText,
  type MessagePart,
  ParsedHeaders,
  ParsedMessage,
  parseMessage,
  splitHeader,
} from '../mime/index.ts'
import { decodeCharset, decodeEncodedWords } from '../text/index.ts'
import { countOption } from './checks.ts'
import { readBounce } from './read-bounce.ts'
import { readDmarc } from './read-dmarc.ts'
import { readDsn } from './read-dsn.ts'
import { readFeedback } from './read-feedback.ts'
import { readMdn } from './read-mdn.ts'
import { readTlsReport } from './read-tls.ts'
import type { Report } from './report-types.ts'
import { type Compression, isGzip, isZip, unzipReport } from './unpack.ts'

export interface ParseReportOptions {
  /** Octets that a compressed report may become; a larger one is not read. Default 10 MiB. */
  readonly maxUnpackedSize?: number | undefined
  /** Records of a DMARC report, policies and failures of a TLS report. What follows is left out and `truncated` set. Default 10,000. */
  readonly maxRecords?: number | undefined
  /** Without it compressed reports are not read. */
  readonly compression?: Compression | undefined
}

const DEFAULT_UNPACKED = 10 * 1024 * 1024
const DEFAULT_RECORDS = 10_000
/** Leaves that are looked at, and attachments that are opened. */
const LEAVES_LIMIT = 100
const FILES_LIMIT = 5

interface Limits {
  readonly maxUnpackedSize: number
  readonly maxRecords: number
  readonly compression: Compression | null
}

/** A leaf (or a message) of the multiparts, and the part that follows it in the same one. */
interface Leaf {
  readonly part: MessagePart
  readonly next: MessagePart | null
}

/**
 * The report that a message is, or null when it is none that can be read. Reports are looked for in the message itself and its multiparts, not in
 * messages that are attached to it. Nothing that is in the message makes it throw; options of the wrong kind are ECONFIG.
 */
export function parseReport(
  message: Uint8Array | string | ParsedMessage,
  options: ParseReportOptions = {},
): Report | null {
  const { maxUnpackedSize = DEFAULT_UNPACKED, maxRecords = DEFAULT_RECORDS, compression = null } = options
  const limits = {
    maxUnpackedSize: countOption(maxUnpackedSize, 'maxUnpackedSize'),
    maxRecords: countOption(maxRecords, 'maxRecords'),
    compression,
  }
  const parsed = message instanceof ParsedMessage ? message : parse(message)
  const leaves: Leaf[] = []
  collectLeaves(parsed.tree, null, leaves)
  for (const leaf of leaves) {
    const report = readFields(parsed, leaf)
    if (report) return report
  }
  return readFiles(parsed, leaves, limits) ?? readText(parsed, leaves)
}

function parse(message: Uint8Array | string): ParsedMessage {
  if (typeof message === 'string' || message instanceof Uint8Array) {
    return parseMessage(message, { maxParts: 1000, maxDepth: 20, checksumAlgo: false })
  }
  throw optionError('message', 'the bytes or the text of a message, or a parsed one', message)
}

function collectLeaves(part: MessagePart, next: MessagePart | null, leaves: Leaf[]): void {
  if (leaves.length >= LEAVES_LIMIT) return
  if (part.kind !== 'multipart') leaves.push({ part, next })
  else for (const [i, child] of part.parts.entries()) collectLeaves(child, part.parts[i + 1] ?? null, leaves)
}

function readFields(message: ParsedMessage, { part, next }: Leaf): Report | null {
  if (part.type !== 'message' || part.kind !== 'leaf') return null
  switch (part.subtype) {
    case 'delivery-status':
    case 'global-delivery-status': {
      const facts = readDsn(message.contentOf(part))
      return facts && { kind: 'dsn', standard: true, ...facts, ...original(message, next) }
    }
    case 'disposition-notification':
    case 'global-disposition-notification': {
      const facts = readMdn(message.contentOf(part))
      if (facts === null) return null
      const found = original(message, next)
      return {
        kind: 'mdn',
        ...facts,
        ...found,
        originalMessageId: facts.originalMessageId ?? found.originalMessageId,
      }
    }
    case 'feedback-report': {
      const facts = readFeedback(message.contentOf(part))
      return facts && { kind: 'feedback', ...facts, ...original(message, next) }
    }
    default:
      return null
  }
}

interface AboutOriginal {
  readonly originalMessageId: string | null
  readonly originalHeaders: ParsedHeaders | null
}

/** From the message that came back; without one, from what the report says that it answers. */
function original(message: ParsedMessage, part: MessagePart | null): AboutOriginal {
  return aboutOriginal(message, part && headerOf(message, part))
}

function aboutOriginal(message: ParsedMessage, block: HeaderBlock | null): AboutOriginal {
  const id = block && idIn(headerText(block, 'message-id'))
  return {
    originalMessageId: id ?? idIn(headerText(message.tree.header, 'in-reply-to')),
    originalHeaders: block && new ParsedHeaders(block),
  }
}

function headerOf(message: ParsedMessage, part: MessagePart): HeaderBlock | null {
  if (part.kind === 'message') return part.parts[0]?.header ?? null
  const type = `${part.type}/${part.subtype}`
  if (!/^(?:message\/(?:rfc822|global)(?:-headers)?|text\/rfc822-headers?)$/.test(type)) return null
  const block = splitHeader(message.contentOf(part))
  return block.fields.length > 0 ? block : null
}

function idIn(text: string | null): string | null {
  return /<[^<>\s]{1,900}>/.exec(text ?? '')?.[0] ?? null
}

/** Attachments that may be a report by their type and name. */
function readFiles(message: ParsedMessage, leaves: readonly Leaf[], limits: Limits): Report | null {
  const { header } = message.tree
  const subject = decodeEncodedWords(headerText(header, 'subject') ?? '')
  const announced =
    /report[ _-]?domain|dmarc|tls-?rpt|aggregate/i.test(subject) ||
    headerText(header, 'tls-report-domain') !== null
  let opened = 0
  for (const { part } of leaves) {
    const { contentType, filename, charset } = describePart(part)
    if (part.kind !== 'leaf' || !mayBeReport(contentType, filename ?? '', announced)) continue
    if (++opened > FILES_LIMIT) break
    const content = unpack(message.contentOf(part), limits)
    const report = content && readFile(content, charset, limits)
    if (report) return report
  }
  return null
}

function mayBeReport(type: string, name: string, announced: boolean): boolean {
  if (/^application\/tlsrpt\+(?:gzip|json)$/.test(type)) return true
  if (/^(?:text|application)\/xml$/.test(type) || /\.(?:xml|json)(?:\.gz)?$/i.test(name)) return true
  // names of RFC 9990 §3.5.2 and RFC 8460 §5.1 have exclamation marks; ordinary archives are left alone
  if (!/^application\/(?:x-)?(?:gzip|zip|zip-compressed|octet-stream|json)$/.test(type)) return false
  return announced || name.includes('!')
}

function unpack(content: Uint8Array, { compression, maxUnpackedSize }: Limits): Uint8Array | null {
  if (isGzip(content)) return compression?.gunzip(content, maxUnpackedSize) ?? null
  if (isZip(content)) return compression && unzipReport(content, maxUnpackedSize, compression)
  return content.length <= maxUnpackedSize ? content : null
}

function readFile(content: Uint8Array, charset: string | null, { maxRecords }: Limits): Report | null {
  const start = Buffer.from(content.subarray(0, 1000)).toString('latin1')
  const declared = /^\s*<\?xml[^>]{0,200}?encoding=["']([\w-]{1,40})["']/.exec(start)?.[1]
  const text = decodeCharset(content, declared ?? charset ?? 'utf-8').replace(/^\ufeff?\s*/, '')
  if (text[0] === '<') return readDmarc(text, maxRecords)
  return text[0] === '{' ? readTlsReport(text, maxRecords) : null
}

/** Bounces without fields for programs. */
function readText(message: ParsedMessage, leaves: readonly Leaf[]): Report | null {
  const { header } = message.tree
  const failed = message.headers
    .getAll('x-failed-recipients')
    .flatMap(value => value.split(',').slice(0, 1000))
  if (failed.length === 0 && !isFromMailSystem(header)) return null
  const text = leaves.find(({ part }) => part.type === 'text' && part.subtype === 'plain')
  if (!text) return null
  const addresses = failed
    .map(address => address.trim())
    .filter(address => /^[^\s@]{1,64}@[^\s@]{1,255}$/.test(address))
  const bounce = readBounce(message.contentOf(text.part), addresses)
  if (bounce === null) return null
  const about = bounce.original ? aboutOriginal(message, bounce.original) : original(message, text.next)
  return {
    kind: 'dsn',
    standard: false,
    reportingMta: bounce.reportingMta,
    dsnGateway: null,
    receivedFromMta: null,
    arrivalDate: null,
    originalEnvelopeId: null,
    recipients: bounce.recipients,
    ...about,
  }
}

/** The null sender, or an address that mail systems give themselves. */
function isFromMailSystem(header: HeaderBlock): boolean {
  if (headerText(header, 'return-path')?.trim() === '<>') return true
  const from = headerText(header, 'from') ?? ''
  return /(?:^|[<\s"])(?:mailer-daemon|postmaster)(?:@|"? ?<>)/i.test(from)
}
