// What MAIL and RCPT say (RFC 5321 §4.1.1.2–3, §4.1.2): the caller's words are checked once, before anything is written, and become lines when
// it is known what the server offers.
import { addressForAsciiOnlyPeer, localPartText, readMailbox, splitAddress } from '../../address/index.ts'
import { hasLineBreak } from '../../base/bytes.ts'
import { describe, MailError } from '../../base/errors.ts'
import { isAscii } from '../../text/index.ts'
import { type EsmtpParam, esmtpParams } from '../grammar/esmtp-params.ts'
import { notifyValue } from '../grammar/notify.ts'
import { originalRecipient } from '../grammar/original-recipient.ts'
import { sizeValue } from '../grammar/size-value.ts'
import { xtext } from '../grammar/xtext.ts'
import type { SmtpRecipient, SmtpRejected, SmtpSendParams, SmtpTransaction } from './transaction.ts'

/** A transaction whose words may stand in a command. */
export interface CheckedTransaction {
  readonly from: string
  readonly to: readonly CheckedRecipient[]
  readonly params: SmtpSendParams
  /** Parameters of MAIL by the extension that has to be offered for them. */
  readonly mail: readonly Extra[]
  readonly content: Uint8Array | AsyncIterable<Uint8Array>
  readonly refuseBareBreaks: boolean
}

interface CheckedRecipient {
  /** As the caller wrote it; results name it so. */
  readonly name: string
  readonly address: string
  readonly extra: readonly EsmtpParam[]
}

interface Extra {
  readonly extension: string
  readonly param: EsmtpParam
  /** What leaving it out would break: the error instead. Null: nothing. */
  readonly missing: string | null
}

/** Throws EENVELOPE that names the field, or EMESSAGE for content that is none. */
export function checkTransaction(transaction: SmtpTransaction): CheckedTransaction {
  const { from, to, params = {}, content, lineBreaks = 'normalize' } = transaction
  if (!Array.isArray(to) || to.length === 0) throw misuse('to', 'at least one recipient', to)
  if (lineBreaks !== 'normalize' && lineBreaks !== 'refuse') {
    throw misuse('lineBreaks', "'refuse' or 'normalize'", lineBreaks)
  }
  const isStream = typeof content === 'object' && content !== null && Symbol.asyncIterator in content
  if (!(content instanceof Uint8Array) && !isStream) {
    throw new MailError('EMESSAGE', `content must be bytes or a stream of them, not ${describe(content)}`)
  }
  return {
    from: from === '' ? '' : checkAddress('from', from),
    to: to.map((recipient: string | SmtpRecipient, i) => checkRecipient(`to[${i}]`, recipient)),
    params,
    mail: checkParams(params),
    content,
    refuseBareBreaks: lineBreaks === 'refuse',
  }
}

function misuse(field: string, expected: string, got: unknown): MailError {
  return new MailError('EENVELOPE', `${field} must be ${expected}, not ${describe(got)}`)
}

/** What nearly all addresses are, and short enough for every limit of RFC 5321 §4.5.3.1: read by one look. */
const PLAIN = /^[a-z0-9]+(?:[._+-][a-z0-9]+)*@[a-z0-9]+(?:[.-][a-z0-9]+)*$/i
const PLAIN_LENGTH = 63

/** As SMTP writes it. Throws EENVELOPE that names the field. */
function checkAddress(field: string, address: unknown): string {
  if (typeof address !== 'string') throw misuse(field, 'an address', address)
  if (address.length <= PLAIN_LENGTH && PLAIN.test(address)) return address
  if (hasLineBreak(address)) {
    throw new MailError('EENVELOPE', `${field} must not contain CR, LF or NUL`)
  }
  if (field !== 'from' && address.toLowerCase() === 'postmaster') return address
  const options = { smtputf8: true, anyLength: true }
  let result = readMailbox(address, 0, options)
  if (!result.ok || result.end !== address.length) {
    // dots in odd places, which some providers give to their users: quoted, they are an address
    const { local, domain } = splitAddress(address)
    const quoted = /[\s"\\@<>()[\],;:]/.test(local) ? '' : `${localPartText(local)}@${domain}`
    result = readMailbox(quoted, 0, options)
    if (!result.ok || result.end !== quoted.length) throw misuse(field, 'an address', address)
  }
  return result.mailbox?.address ?? ''
}

function checkRecipient(field: string, recipient: string | SmtpRecipient): CheckedRecipient {
  const { address, notify, orcpt } =
    typeof recipient === 'string' || recipient === null ? { address: recipient as string } : recipient
  const checked = checkAddress(field, address)
  const extra: EsmtpParam[] = []
  if (notify !== undefined) extra.push(['NOTIFY', write(`${field}.notify`, () => notifyValue.write(notify))])
  if (orcpt !== undefined)
    extra.push(['ORCPT', write(`${field}.orcpt`, () => originalRecipient.write(orcpt))])
  return { name: address, address: checked, extra }
}

/** Runs a writer of the grammar, whose complaint names the field. */
function write(field: string, writer: () => string): string {
  try {
    return writer()
  } catch (error) {
    throw new MailError('EENVELOPE', `${field}: ${(error as Error).message}`, { cause: error })
  }
}

/** RFC 3461 §4.4: printable, at most 100 octets. */
const ENVID = /^[\t\x20-\x7e]{1,100}$/

function checkParams(params: SmtpSendParams): readonly Extra[] {
  const { size, ret, envid, auth, holdFor, holdUntil, by, mtPriority } = params
  const mail: Extra[] = []
  const add = (extension: string, keyword: string, value: string, missing: string | null = null): void => {
    mail.push({ extension, param: [keyword, value], missing })
  }
  if (size !== undefined) write('params.size', () => sizeValue.write(size))
  if (params.body !== undefined && !['7BIT', '8BITMIME', 'BINARYMIME'].includes(params.body)) {
    throw misuse('params.body', '7BIT, 8BITMIME or BINARYMIME', params.body)
  }
  if (ret !== undefined) {
    if (ret !== 'FULL' && ret !== 'HDRS') throw misuse('params.ret', 'FULL or HDRS', ret)
    add('DSN', 'RET', ret)
  }
  if (envid !== undefined) {
    if (!ENVID.test(envid)) throw misuse('params.envid', '1 to 100 printable characters', envid)
    add('DSN', 'ENVID', xtext.write(envid))
  }
  if (auth !== undefined) {
    add('AUTH', 'AUTH', auth === '' ? '<>' : xtext.write(checkAddress('params.auth', auth)))
  }
  if (holdFor !== undefined && holdUntil !== undefined) {
    throw new MailError('EENVELOPE', 'params.holdFor and params.holdUntil exclude each other')
  }
  const cannotHold = 'the server cannot hold messages back'
  if (holdFor !== undefined) {
    add('FUTURERELEASE', 'HOLDFOR', seconds('params.holdFor', holdFor, 1), cannotHold)
  }
  if (holdUntil !== undefined) {
    if (!Number.isFinite(holdUntil) || Math.abs(holdUntil) > 8.64e15) {
      throw misuse('params.holdUntil', 'a time in ms', holdUntil)
    }
    add('FUTURERELEASE', 'HOLDUNTIL', `${new Date(holdUntil).toISOString().slice(0, 19)}Z`, cannotHold)
  }
  if (by !== undefined) {
    if (by.mode !== 'R' && by.mode !== 'N') throw misuse('params.by.mode', 'R or N', by.mode)
    // what has to be there by a time that has passed can only be reported (RFC 2852 §4)
    const time = seconds('params.by.seconds', by.seconds, by.mode === 'R' ? 1 : -999_999_999)
    add('DELIVERBY', 'BY', `${time};${by.mode}${by.trace ? 'T' : ''}`, 'the server knows no delivery time')
  }
  if (mtPriority !== undefined) {
    if (!Number.isInteger(mtPriority) || Math.abs(mtPriority) > 9) {
      throw misuse('params.mtPriority', 'a whole number from -9 to 9', mtPriority)
    }
    add('MT-PRIORITY', 'MT-PRIORITY', String(mtPriority))
  }
  return mail
}

function seconds(field: string, value: number, least: number): string {
  if (Number.isInteger(value) && value >= least && value <= 999_999_999) return String(value)
  throw misuse(field, 'a whole number of seconds, of at most nine digits', value)
}

/** What is known of the content when MAIL is said. */
export interface ContentFacts {
  /** Octets; null: not known. */
  readonly size: number | null
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME'
}

export interface EnvelopePlan {
  readonly mail: string
  readonly recipients: readonly { readonly name: string; readonly line: string }[]
  /** Those that are refused without asking. */
  readonly rejected: readonly SmtpRejected[]
}

/** What the server that is asked makes of a transaction. */
export interface PeerFacts {
  readonly extensions: ReadonlyMap<string, string>
  readonly secured: boolean
  /** RFC 9422. */
  readonly maxRecipients: number | null
}

/** The lines of the envelope for this server. Throws what makes the transaction impossible here: EENVELOPE, EMESSAGE, EREQUIRETLS. */
export function planEnvelope(
  checked: CheckedTransaction,
  content: ContentFacts,
  peer: PeerFacts,
): EnvelopePlan {
  const { params } = checked
  const { extensions } = peer
  const utf8 = extensions.has('SMTPUTF8')
  const from = wireAddress(checked.from, utf8)
  if (from === null) throw noUtf8('EENVELOPE', 'MAIL FROM', 'the sender')
  if (params.smtputf8 && !utf8) throw noUtf8('EMESSAGE', 'MAIL FROM', 'the header')
  const rejected: SmtpRejected[] = []
  const recipients: { name: string; line: string }[] = []
  let needsUtf8 = params.smtputf8 === true || !isAscii(from)
  for (const { name, address, extra } of checked.to) {
    const wire = wireAddress(address, utf8)
    if (wire === null) {
      rejected.push({ address: name, error: noUtf8('EENVELOPE', 'RCPT TO', 'the recipient', name) })
    } else if (recipients.length === peer.maxRecipients) {
      rejected.push({ address: name, error: tooMany(name) })
    } else {
      needsUtf8 ||= !isAscii(wire)
      const said = extensions.has('DSN') && extra.length > 0 ? ` ${esmtpParams.write(extra)}` : ''
      recipients.push({ name, line: `RCPT TO:<${wire}>${said}` })
    }
  }
  const said = mailParams(checked, content, peer)
  if (needsUtf8) said.push(['SMTPUTF8', null])
  const tail = said.length > 0 ? ` ${esmtpParams.write(said)}` : ''
  return { mail: `MAIL FROM:<${from}>${tail}`, recipients, rejected }
}

/** With its domain in ASCII wherever that can be; null: the server cannot be told. */
function wireAddress(address: string, utf8: boolean): string | null {
  return addressForAsciiOnlyPeer(address) ?? (utf8 ? address : null)
}

function noUtf8(
  code: 'EENVELOPE' | 'EMESSAGE',
  command: string,
  what: string,
  recipient?: string,
): MailError {
  return new MailError(code, `${what} is beyond ASCII, and the server has no SMTPUTF8`, {
    command,
    enhancedCode: '5.6.7',
    permanent: true,
    ...(recipient !== undefined && { recipient }),
  })
}

function tooMany(recipient: string): MailError {
  return new MailError('EENVELOPE', 'the server takes no more recipients in one transaction', {
    command: 'RCPT TO',
    enhancedCode: '4.5.3',
    permanent: false,
    recipient,
  })
}

function cannot(message: string, enhancedCode: string): MailError {
  return new MailError('EMESSAGE', message, { command: 'MAIL FROM', enhancedCode, permanent: true })
}

function mailParams(checked: CheckedTransaction, content: ContentFacts, peer: PeerFacts): EsmtpParam[] {
  const { extensions } = peer
  const said: EsmtpParam[] = []
  const limit = extensions.get('SIZE')
  if (limit !== undefined && content.size !== null) {
    // no number, or 0: no limit that is known (RFC 1870 §4)
    if (/^[1-9]\d{0,14}$/.test(limit) && content.size > Number(limit)) {
      throw cannot(`the message has ${content.size} octets, and the server takes ${limit}`, '5.3.4')
    }
    said.push(['SIZE', sizeValue.write(content.size)])
  }
  if (content.body === 'BINARYMIME') {
    if (!extensions.has('BINARYMIME') || !extensions.has('CHUNKING')) {
      throw cannot('the server does not take binary content', '5.6.1')
    }
    said.push(['BODY', 'BINARYMIME'])
  } else if (content.body === '8BITMIME') {
    if (!extensions.has('8BITMIME')) throw cannot('the server takes 7-bit content only', '5.6.3')
    said.push(['BODY', '8BITMIME'])
  }
  if (checked.params.requiretls) {
    if (!peer.secured || !extensions.has('REQUIRETLS')) throw noRequireTls(peer.secured)
    said.push(['REQUIRETLS', null])
  }
  for (const { extension, param, missing } of checked.mail) {
    if (extensions.has(extension)) said.push(param)
    else if (missing !== null) throw cannot(missing, '5.3.3')
  }
  return said
}

/** The codes of RFC 8689 §4.2.1. */
function noRequireTls(secured: boolean): MailError {
  return new MailError(
    'EREQUIRETLS',
    secured ? 'the server does not promise REQUIRETLS' : 'the message wants TLS, and there is none',
    { command: 'MAIL FROM', enhancedCode: secured ? '5.7.30' : '5.7.10', permanent: true },
  )
}
