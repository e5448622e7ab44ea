// composeMessage: from nodemailer's message options to an Internet message. RFC 5322, RFC 2045–2049, RFC 2231, RFC 6532.
// No clock and no dice of its own: the date comes from the options or the context, boundaries and Message-IDs from random bytes.

import { asBuffer } from '../base/bytes.ts'
import { randomBytes } from '../base/crypto.ts'
import { optionError } from '../base/errors.ts'
import { envelopeOf } from './compose-addresses.ts'
import { asPartOptions, partSource } from './compose-content.ts'
import type { Domain, EncodingRules } from './compose-encode.ts'
import { type HeaderRules, HeaderWriter, textOption } from './compose-header.ts'
import { CustomHeaders, readAllAddresses, usesUtf8, writeMessageFields } from './compose-message-fields.ts'
import type { ComposeContext, ComposedMessage, MessageOptions } from './compose-options.ts'
import { composedMessage, type MessageFacts, type Piece } from './compose-output.ts'
import { boundaries, domainOf, encodeRaw, encodeTree, PartWriter } from './compose-parts.ts'
import { buildTree } from './compose-tree.ts'
import { headerText, splitHeader } from './header.ts'

/**
 * Builds a message (RFC 5322, MIME) from nodemailer's message options; all of it synchronously, nothing is read from disk or network.
 *
 *     const message = composeMessage({ from, to, subject, text, html, attachments, date: new Date(…) })
 *     message.bytesSync()                              // all contents in memory: the message at once
 *     for await (const chunk of message.stream()) …    // contents that are streams are read now; message.size is known before
 *     message.envelope                                 // { from, to: [...] } with Bcc, which the message never has
 *
 * `context` has the clock for messages without `date` (`{ now: Date.now }`, or a Runtime) and, for tests, the dice; without either a `date` is
 * required. Throws EMESSAGE for what no message can hold (CR, LF or NUL in header text, names that are no field names, content that does
 * not fit the encoding or the way asked for) and ECONFIG for options of the wrong kind; both name the option.
 */
export function composeMessage(options: MessageOptions, context: ComposeContext = {}): ComposedMessage {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const profile = options.smtpProfile ?? {}
  functionOption(options.reader, 'reader')
  const newline = textOption(options.newline, 'newline')
  if (newline !== null && !/^(?:win|windows|dos|\r\n)$/i.test(newline))
    throw optionError('newline', "'win': lines end in CRLF", newline)
  const rules: EncodingRules = { profile, textEncoding: bodyEncoding(options) }
  const custom = new CustomHeaders(options)
  const addresses = readAllAddresses(options, custom)
  const envelope = envelopeOf(options.envelope, addresses)
  if (options.raw !== undefined && options.raw !== null) {
    const { pieces, facts } = rawMessage(options, rules)
    return composedMessage({ ...facts, envelope }, pieces)
  }
  const random = dice(context)
  const domain = envelope.from?.slice(envelope.from.lastIndexOf('@') + 1) || 'localhost'
  const newId = (): string => `${hex(random())}@${/^[\x21-\x7e]+$/.test(domain) ? domain : 'localhost'}`

  const headerRules: HeaderRules = {
    utf8: usesUtf8(profile, addresses),
    textEncoding: wordEncoding(options),
    rename: functionOption(options.normalizeHeaderKey, 'normalizeHeaderKey') ?? null,
  }
  const header = new HeaderWriter(headerRules)
  const messageId = writeMessageFields(header, options, custom, addresses, context, newId)
  const root = encodeTree(
    buildTree(options, () => newId()),
    rules,
  )
  const writer = new PartWriter(boundaries(root, options, random), headerRules)
  writer.writeMessage(header, root)
  const smtputf8 = writer.usesUtf8
  return composedMessage({ envelope, messageId, smtputf8, bodyType: bodyType(domainOf(root)) }, writer.pieces)
}

/** A message that somebody else has made: only its envelope is ours. */
function rawMessage(
  options: MessageOptions,
  rules: EncodingRules,
): { pieces: readonly Piece[]; facts: Omit<MessageFacts, 'envelope'> } {
  const part = asPartOptions(options.raw!, 'raw')
  const { source } = partSource(part, 'raw', options)
  const raw = encodeRaw({ kind: 'raw', field: 'raw', source }, rules)
  if (raw.plain === null) {
    const facts = { messageId: null, smtputf8: false, bodyType: bodyType(raw.domain) }
    return { pieces: raw.pieces, facts }
  }
  const id = headerText(splitHeader(raw.plain), 'message-id')
  return {
    pieces: raw.endsWithBreak ? raw.pieces : [...raw.pieces, '\r\n'],
    facts: { messageId: id, smtputf8: raw.utf8Header, bodyType: bodyType(raw.domain) },
  }
}

/** Random bytes, 16 at a time; drawn in twos, because most messages need two and asking is what costs. */
function dice(context: ComposeContext): () => Uint8Array {
  const source = context.random ? (length: number) => context.random!(length) : randomBytes
  let spare: Uint8Array | null = null
  return () => {
    if (spare) {
      const bytes = spare
      spare = null
      return bytes
    }
    const bytes = source(32)
    spare = bytes.subarray(16)
    return bytes.subarray(0, 16)
  }
}

function bodyType(domain: Domain): '7BIT' | '8BITMIME' | 'BINARYMIME' {
  return domain === '7bit' ? '7BIT' : domain === '8bit' ? '8BITMIME' : 'BINARYMIME'
}

function wordEncoding({ textEncoding }: MessageOptions): 'Q' | 'B' | null {
  const letter = textOption(textEncoding, 'textEncoding')?.charAt(0).toUpperCase()
  if (letter === undefined) return null
  if (letter === 'Q' || letter === 'B') return letter
  throw optionError('textEncoding', "'Q' or 'B'", textEncoding)
}

function bodyEncoding(options: MessageOptions): 'quoted-printable' | 'base64' | null {
  const letter = wordEncoding(options)
  return letter === null ? null : letter === 'Q' ? 'quoted-printable' : 'base64'
}

function functionOption<F>(value: F | undefined, field: string): F | undefined {
  if (value !== undefined && value !== null && typeof value !== 'function')
    throw optionError(field, 'a function', value)
  return value
}

function hex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex')
}
