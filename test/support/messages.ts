// Messages that are hard to carry: what a server must give back as it got it, byte for byte.

const CRLF = '\r\n'

function message(id: string, header: readonly string[], body: Buffer | string): Buffer {
  const lines = [
    'From: Alice <alice@sender.example>',
    'To: Bob <bob@example.test>',
    `Subject: ${id}`,
    'Date: Thu, 19 Nov 2026 10:00:00 +0000',
    `Message-ID: <${id}@sender.example>`,
    'MIME-Version: 1.0',
    ...header,
  ]
  return Buffer.concat([Buffer.from(`${lines.join(CRLF)}${CRLF}${CRLF}`), Buffer.from(body)])
}

/** Bytes that look random, the same at each run. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 2026
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes
}

function base64Lines(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{1,76}/g, `$&${CRLF}`)
}

const PLAIN = 'Content-Type: text/plain; charset=us-ascii'

/** By their id, which is their subject too. All end with CRLF. */
export const MESSAGES: ReadonlyMap<string, Buffer> = new Map(
  Object.entries({
    plain: message('plain', [PLAIN], `Hello Bob,${CRLF}${CRLF}this is a line.${CRLF}`),
    dots: message(
      'dots',
      [PLAIN],
      ['.', '..', '.dot', '..two dots', ' .', '', '.', 'a.', '. ', '....', '.', ''].join(CRLF),
    ),
    'eight-bit-utf-8': message(
      'eight-bit-utf-8',
      ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'],
      `Grüße aus Zürich, 你好, Привет${CRLF}.é am Anfang${CRLF}`,
    ),
    'eight-bit-latin1': message(
      'eight-bit-latin1',
      ['Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: 8bit'],
      Buffer.from(`Grüße, \xa0\xff\x80\x85${CRLF}`, 'latin1'),
    ),
    'empty-body': message('empty-body', [PLAIN], ''),
    'blank-lines': message('blank-lines', [PLAIN], `${CRLF}${CRLF}text${CRLF}${CRLF}${CRLF}`),
    'five-megabytes': message(
      'five-megabytes',
      ['Content-Type: application/octet-stream', 'Content-Transfer-Encoding: base64'],
      base64Lines(noise(5_000_000)),
    ),
  }),
)

/** A message whose last line has no end; SMTP gives it one before the final dot (RFC 5321 §4.1.1.4). */
export const UNFINISHED: Buffer = message('unfinished', [PLAIN], `The last line${CRLF}has no end`)

export function withFinalNewline(raw: Buffer): Buffer {
  return raw.subarray(-2).toString() === CRLF ? raw : Buffer.concat([raw, Buffer.from(CRLF)])
}

/** The header fields that a server puts on top of what it was given (RFC 5321 §4.4, RFC 8601). */
const TRACE =
  /^(?:(?:Return-Path|Received|Received-SPF|Authentication-Results|Delivered-To):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)*$/i

/** The message as the sender gave it, without trace fields on top; null when `stored` is not `sent` with trace fields. */
export function carries(stored: Buffer, sent: Buffer): boolean {
  const added = stored.length - sent.length
  if (added < 0 || !stored.subarray(added).equals(sent)) return false
  return TRACE.test(stored.subarray(0, added).toString('latin1'))
}

/** The id of a message, from its Message-ID field; null for mail that is not from this file. */
export function idOf(raw: Buffer): string | null {
  return (
    /^Message-ID: <([\w.-]+)@sender\.example>\r?$/im.exec(raw.subarray(0, 4096).toString('latin1'))?.[1] ??
    null
  )
}
