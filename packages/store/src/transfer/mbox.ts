// mbox files: RFC 4155 for the frame, mboxrd's quoting of `From ` (every `>`, so that it can be undone), flags in the fields that
// mutt, Dovecot and UW-IMAP (Status, X-Status, X-Keywords) and Thunderbird (X-Mozilla-Status, X-Mozilla-Keys) write.
import { MailError } from 'email-server'
import { linesOf, toCrlf, toLf } from './lines.ts'
import type { TransferMessage } from './transfer.ts'

export interface ReadMboxOptions {
  /** Octets of one message. A file with a longer one is refused (ELIMIT). Default 256 MiB. */
  readonly maxMessage?: number
}

const MAX_MESSAGE = 256 * 1024 * 1024
const LONGEST_LINE = 1024 * 1024

/** Fields of programs that keep flags in the message itself; they are no part of it. */
const OWN_FIELDS = /^(?:Status|X-Status|X-Keywords|X-UID|X-IMAP|X-IMAPbase|X-Mozilla-(?:Status2?|Keys)):/i

/**
 * The messages of an mbox, one after the other. Rejects with a MailError: EMESSAGE when it is none, ELIMIT when a message is too long.
 * Messages that Thunderbird has deleted and not yet taken out of its file are passed over.
 */
export async function* readMbox(
  source: AsyncIterable<Uint8Array>,
  { maxMessage = MAX_MESSAGE }: ReadMboxOptions = {},
): AsyncGenerator<TransferMessage> {
  let arrived: Date | null = null
  let lines: Buffer[] | null = null
  let size = 0
  let afterEmpty = true
  let number = 0
  for await (const line of linesOf(source, LONGEST_LINE)) {
    if (afterEmpty && isSeparator(line)) {
      if (lines) yield* messageOf(lines, arrived)
      lines = []
      size = 0
      number++
      arrived = dateOf(line)
      afterEmpty = false
      continue
    }
    afterEmpty = isEmpty(line)
    if (!lines) {
      if (afterEmpty) continue
      throw new MailError('EMESSAGE', 'this is no mbox: its first line does not begin with "From "', {
        permanent: true,
      })
    }
    size += line.length
    if (size > maxMessage) {
      throw new MailError('ELIMIT', `message ${number} of the mbox has more than ${maxMessage} octets`, {
        permanent: true,
      })
    }
    lines.push(unquoted(line))
  }
  if (lines) yield* messageOf(lines, arrived)
}

/**
 * `From sender date`. Lines that merely begin with the word are text: programs that do not quote them leave them in messages, and a
 * separator has a time and a year in it.
 */
function isSeparator(line: Buffer): boolean {
  if (!line.subarray(0, 5).equals(FROM)) return false
  return /\s\d{1,2}:\d\d(?::\d\d)?\s/.test(textOf(line)) && /\s\d{4}(?:\s|$)/.test(textOf(line))
}

const FROM = Buffer.from('From ')

function textOf(line: Buffer): string {
  return line.subarray(0, 1000).toString('latin1')
}

/** In UTC unless it says otherwise (RFC 4155, Appendix A); null when it cannot be read. */
function dateOf(line: Buffer): Date | null {
  const match =
    /\s([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{1,2}:\d\d(?::\d\d)?)\s+(?:([+-]\d{4})\s+)?(?:[A-Z]{1,5}\s+)?(\d{4})(?:\s+([+-]\d{4}))?\s*$/.exec(
      textOf(line),
    )
  if (!match) return null
  const [, month, day, time, zoneBefore, year, zoneAfter] = match
  const date = new Date(`${day} ${month} ${year} ${time} ${zoneBefore ?? zoneAfter ?? '+0000'}`)
  return Number.isNaN(date.getTime()) ? null : date
}

function isEmpty(line: Buffer): boolean {
  return line.length === 0 || line[0] === 10 || (line.length === 2 && line[0] === 13 && line[1] === 10)
}

/** One `>` less before `From `. */
function unquoted(line: Buffer): Buffer {
  let at = 0
  while (line[at] === 62) at++
  return at > 0 && line.subarray(at, at + 5).equals(FROM) ? line.subarray(1) : line
}

function* messageOf(lines: Buffer[], internalDate: Date | null): Generator<TransferMessage> {
  // the empty line before the next separator is the file's
  if (lines.length > 0 && isEmpty(lines[lines.length - 1]!)) lines.pop()
  const flags = new Set<string>()
  let expunged = false
  let header = true
  let own = false
  const kept: Buffer[] = []
  for (const line of lines) {
    if (header && isEmpty(line)) header = false
    if (header) {
      const text = textOf(line)
      const folded = /^[ \t]/.test(text)
      if (!folded) own = OWN_FIELDS.test(text)
      if (own) {
        if (!folded) expunged = readFlags(text, flags) || expunged
        continue
      }
    }
    kept.push(line)
  }
  if (expunged || lines.length === 0) return
  yield { raw: toCrlf(Buffer.concat(kept)), flags: [...flags], internalDate, folder: null }
}

const STATUS: ReadonlyMap<string, string> = new Map([
  ['R', 'Seen'],
  ['A', 'Answered'],
  ['F', 'Flagged'],
  ['T', 'Draft'],
  ['D', 'Deleted'],
])

const MOZILLA: readonly (readonly [bit: number, flag: string])[] = [
  [0x0001, 'Seen'],
  [0x0002, 'Answered'],
  [0x0004, 'Flagged'],
  [0x1000, '$Forwarded'],
]
const MOZILLA_EXPUNGED = 0x0008

/** True: the message is only waiting to be taken out of the file. */
function readFlags(field: string, flags: Set<string>): boolean {
  const [name = '', ...rest] = field.split(':')
  const value = rest.join(':').trim()
  switch (name.toLowerCase()) {
    case 'status':
    case 'x-status':
      for (const letter of value) {
        const flag = STATUS.get(letter)
        if (flag) flags.add(flag)
      }
      return false
    case 'x-keywords':
    case 'x-mozilla-keys':
      for (const keyword of value.split(/[\s,]+/)) if (keyword !== '') flags.add(keyword)
      return false
    case 'x-mozilla-status': {
      const bits = Number.parseInt(value, 16)
      for (const [bit, flag] of MOZILLA) if (bits & bit) flags.add(flag)
      return (bits & MOZILLA_EXPUNGED) !== 0
    }
    default:
      return false
  }
}

/** An mbox of these messages, line ends LF. Their flags are in Status, X-Status and X-Keywords; such fields of their own go. */
export async function* writeMbox(
  messages: AsyncIterable<TransferMessage> | Iterable<TransferMessage>,
): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield mboxEntry(message)
}

function mboxEntry({ raw, flags, internalDate }: TransferMessage): Buffer {
  const pieces: Buffer[] = [Buffer.from(`From ${senderOf(raw)} ${asctime(internalDate ?? new Date(0))}\n`)]
  let header = true
  let own = false
  for (const line of splitLines(toLf(raw))) {
    if (header && isEmpty(line)) {
      header = false
      pieces.push(statusFields(flags))
    }
    if (header) {
      const text = textOf(line)
      if (!/^[ \t]/.test(text)) own = OWN_FIELDS.test(text)
      if (own) continue
    }
    if (isQuotable(line)) pieces.push(Buffer.from('>'))
    pieces.push(line)
  }
  const last = pieces[pieces.length - 1]!
  if (last[last.length - 1] !== 10) pieces.push(Buffer.from('\n'))
  if (header) pieces.push(statusFields(flags))
  pieces.push(Buffer.from('\n'))
  return Buffer.concat(pieces)
}

function* splitLines(bytes: Buffer): Generator<Buffer> {
  let from = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
    yield bytes.subarray(from, at + 1)
    from = at + 1
  }
  if (from < bytes.length) yield bytes.subarray(from)
}

function isQuotable(line: Buffer): boolean {
  let at = 0
  while (line[at] === 62) at++
  return line.subarray(at, at + 5).equals(FROM)
}

function statusFields(flags: readonly string[]): Buffer {
  const letters = new Map([...STATUS].map(([letter, flag]) => [flag.toLowerCase(), letter]))
  let status = ''
  const keywords: string[] = []
  for (const flag of flags) {
    const letter = letters.get(flag.toLowerCase())
    if (letter === undefined) keywords.push(flag)
    else if (letter !== 'R') status += letter
  }
  const seen = flags.some(flag => flag.toLowerCase() === 'seen')
  return Buffer.from(
    `Status: ${seen ? 'R' : ''}O\n${status === '' ? '' : `X-Status: ${status}\n`}${
      keywords.length === 0 ? '' : `X-Keywords: ${keywords.join(' ')}\n`
    }`,
  )
}

/** Who stands in Return-Path; nobody with spaces in his address. */
function senderOf(raw: Uint8Array): string {
  const start = Buffer.from(raw.subarray(0, 1000)).toString('latin1')
  return /^Return-Path: <([\x21-\x3b\x3d\x3f-\x7e]+)>/i.exec(start)?.[1] ?? 'MAILER-DAEMON'
}

/** `Thu Jan  1 00:00:00 1970`, in UTC. */
function asctime(date: Date): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = date
    .toUTCString()
    .replace(',', '')
    .split(' ')
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`
}
