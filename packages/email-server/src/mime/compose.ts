// composeMessage: from nodemailer's message options to an Internet message. RFC 5322, RFC 2045–2049, RFC 2231, RFC 6532.
// No clock and no dice of its own: the date comes from the options or the context, boundaries and Message-IDs from random bytes.

import { type Address, type AddressInput, addressesFrom } from '../address/index.ts'
import { asBuffer } from '../base/bytes.ts'
import { randomBytes } from '../base/crypto.ts'
import { MailError, optionError } from '../base/errors.ts'
import {
  type Addresses,
  type AddressField,
  envelopeOf,
  mailboxes,
  needsUtf8,
  writeAddresses,
} from './compose-addresses.ts'
import { asPartOptions, partSource } from './compose-content.ts'
import type { Domain, EncodingRules } from './compose-encode.ts'
import {
  dateText,
  type HeaderEntry,
  headerEntries,
  messageIds,
  messageIdText,
  textOf,
  writeCustom,
  writePriority,
} from './compose-fields.ts'
import { type HeaderRules, HeaderWriter, textOption } from './compose-header.ts'
import { writeListFields } from './compose-list.ts'
import type { ComposeContext, ComposedMessage, MessageOptions, SmtpProfile } from './compose-options.ts'
import { composedMessage, type MessageFacts, type Piece } from './compose-output.ts'
import { boundaries, domainOf, encodeRaw, encodeTree, PartWriter } from './compose-parts.ts'
import { buildTree } from './compose-tree.ts'
import { headerText, splitHeader } from './header.ts'

/**
 * Builds a message (RFC 5322, MIME) from nodemailer's message options; all of it synchronously, nothing is read from disk, network or clock.
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

const ADDRESS_FIELDS: readonly (readonly [option: AddressField, name: string])[] = [
  ['from', 'From'],
  ['sender', 'Sender'],
  ['replyTo', 'Reply-To'],
  ['to', 'To'],
  ['cc', 'Cc'],
  ['bcc', 'Bcc'],
]

/** Fields of `headers` that hold addresses although no option is named after them. */
const MORE_ADDRESS_FIELDS: ReadonlySet<string> = new Set([
  'disposition-notification-to',
  'return-receipt-to',
  'errors-to',
  'mail-followup-to',
  'mail-reply-to',
  'resent-from',
  'resent-sender',
  'resent-to',
  'resent-cc',
  'resent-reply-to',
])

/** Of these an option of its own comes before what `headers` says, and there is one at most (RFC 5322 §3.6). */
const OWN_OPTIONS: ReadonlySet<string> = new Set([
  ...ADDRESS_FIELDS.map(([, name]) => name.toLowerCase()),
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'mime-version',
])

/** `headers`, sorted into what stands for an option and the rest. */
class CustomHeaders {
  readonly rest: readonly HeaderEntry[]
  readonly #own = new Map<string, HeaderEntry[]>()

  constructor(options: MessageOptions) {
    const rest: HeaderEntry[] = []
    for (const entry of headerEntries(options.headers, 'headers')) {
      const name = entry.name.toLowerCase()
      if (/^content-(?:type|transfer-encoding|disposition)$/.test(name)) {
        throw new MailError('EMESSAGE', `${entry.field} is written by itself: use the options of the part`)
      }
      if (name === 'resent-bcc')
        throw new MailError('EMESSAGE', `${entry.field} would be seen by every recipient`)
      if (!OWN_OPTIONS.has(name)) rest.push(entry)
      else if (this.#own.has(name)) this.#own.get(name)!.push(entry)
      else this.#own.set(name, [entry])
    }
    this.rest = rest
  }

  all(name: string): readonly HeaderEntry[] {
    return this.#own.get(name.toLowerCase()) ?? []
  }

  /** The text of a field that there is one of; null without it. */
  text(name: string): { text: string; field: string } | null {
    const [entry, second] = this.all(name)
    if (second) throw new MailError('EMESSAGE', `${second.field} comes twice (RFC 5322 §3.6)`)
    return entry ? { text: textOf(entry.value, entry.field), field: entry.field } : null
  }
}

function readAllAddresses(options: MessageOptions, custom: CustomHeaders): Addresses {
  const addresses = new Map<AddressField, readonly Address[]>()
  for (const [option, name] of ADDRESS_FIELDS) {
    const given = options[option]
    const entries = given
      ? addressesFrom(given, option)
      : custom.all(name).flatMap(({ value, field }) => addressesFrom(value as AddressInput, field))
    addresses.set(option, entries)
  }
  addresses.set('sender', senderOf(addresses))
  return addresses
}

/** RFC 5322 §3.6.2: one mailbox; and when From has several, there must be one: then the first of them sends. */
function senderOf(addresses: Addresses): readonly Address[] {
  const [sender, second] = addresses.get('sender')!
  if (second || sender?.group) throw optionError('sender', 'one mailbox (RFC 5322 §3.6.2)', 'several')
  if (sender) return [sender]
  const [first, ...others] = mailboxes(addresses.get('from')!)
  return first && others.length > 0 ? [first] : []
}

function usesUtf8(profile: SmtpProfile, addresses: Addresses): boolean {
  if (profile.smtputf8 === true) return true
  for (const [option, entries] of addresses) {
    if (option === 'bcc' || !needsUtf8(entries)) continue
    if (profile.smtputf8 === false) {
      throw new MailError(
        'EMESSAGE',
        `${option} has an address that needs SMTPUTF8, which smtpProfile.smtputf8 forbids`,
      )
    }
    return true
  }
  return false
}

/** Everything but the Content fields; gives the Message-ID. */
function writeMessageFields(
  header: HeaderWriter,
  options: MessageOptions,
  custom: CustomHeaders,
  addresses: Addresses,
  context: ComposeContext,
  newId: () => string,
): string {
  for (const [option, name] of ADDRESS_FIELDS) {
    if (option !== 'bcc') writeAddresses(header, name, addresses.get(option)!, option)
  }
  const subject = given(options.subject, 'subject') ?? custom.text('Subject')
  if (subject && subject.text !== '') header.unstructured('Subject', subject.text, subject.field)
  const id = given(options.messageId, 'messageId') ?? custom.text('Message-ID')
  const messageId = id ? messageIdText(id.text, id.field, header) : `<${newId()}>`
  header.folded('Message-ID', messageId, id?.field ?? 'messageId')
  writeIds(header, 'In-Reply-To', options.inReplyTo, 'inReplyTo', custom)
  writeIds(header, 'References', options.references, 'references', custom)
  header.folded('Date', messageDate(options, custom, context), 'date')
  writePriority(header, options.priority)
  if (options.list) writeListFields(header, options.list)
  const mailer = textOption(options.xMailer, 'xMailer')
  if (mailer) header.unstructured('X-Mailer', mailer, 'xMailer')
  for (const { name, value, field } of custom.rest) {
    const isAddress = MORE_ADDRESS_FIELDS.has(name.toLowerCase()) && !isPrepared(value)
    if (isAddress) writeAddresses(header, name, addressesFrom(value as AddressInput, field), field)
    else writeCustom(header, name, value, field)
  }
  header.folded('MIME-Version', '1.0', 'MIME-Version')
  return messageId
}

function isPrepared(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'value' in value
}

function given(text: string | undefined, field: string): { text: string; field: string } | null {
  const checked = textOption(text, field)
  return checked === null ? null : { text: checked, field }
}

function writeIds(
  header: HeaderWriter,
  name: string,
  value: string | readonly string[] | undefined,
  option: string,
  custom: CustomHeaders,
): void {
  const fallback = value ? null : custom.text(name)
  const ids = value
    ? messageIds(value, option, header)
    : fallback
      ? messageIds(fallback.text, fallback.field, header)
      : []
  if (ids.length > 0) header.folded(name, ids.join(' '), fallback?.field ?? option)
}

function messageDate(options: MessageOptions, custom: CustomHeaders, context: ComposeContext): string {
  if (options.date !== undefined && options.date !== null && options.date !== '')
    return dateText(options.date, 'date')
  const [entry] = custom.all('Date')
  if (entry?.value instanceof Date) return dateText(entry.value, entry.field)
  const text = custom.text('Date')
  if (text) return dateText(text.text, text.field)
  if (context.now) return dateText(context.now(), 'now')
  throw optionError(
    'date',
    'given, or the context must have a clock: composeMessage(options, { now: Date.now })',
    undefined,
  )
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
