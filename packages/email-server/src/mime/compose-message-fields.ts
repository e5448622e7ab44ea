// The fields of a message that are not of its content: which options and which `headers` make them, in which order they stand.
// RFC 5322 §3.6.
import { type Address, type AddressInput, addressesFrom } from '../address/index.ts'
import { MailError, optionError } from '../base/errors.ts'
import {
  type Addresses,
  type AddressField,
  mailboxes,
  needsUtf8,
  writeAddresses,
} from './compose-addresses.ts'
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
import { type HeaderWriter, textOption } from './compose-header.ts'
import { writeListFields } from './compose-list.ts'
import type { ComposeContext, MessageOptions, SmtpProfile } from './compose-options.ts'

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
export class CustomHeaders {
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

export function readAllAddresses(options: MessageOptions, custom: CustomHeaders): Addresses {
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

/** True when the header is to be UTF-8: because it may, or because an address has no other form. */
export function usesUtf8(profile: SmtpProfile, addresses: Addresses): boolean {
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
export function writeMessageFields(
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
