// 8-bit messages for servers that carry 7 bits, and lines that no server carries: parts are encoded anew, nothing else is touched.
// RFC 6152 §3 (conversion to 7 bits), RFC 2045 §6, RFC 5321 §4.5.3.1.6 (1,000 octets a line), RFC 1847 §2.1 (signed parts stay as they are).
import { concat, fromLatin1, isAsciiBytes, LF } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import { type MessagePart, scanMessage } from '../mime/index.ts'
import { decodeTransfer, encodeBase64, encodeQuotedPrintable, transferEncodingOf } from '../text/index.ts'

/** Without CRLF (RFC 5321 §4.5.3.1.6). */
export const LONGEST_LINE = 998

/**
 * The message with every octet below 0x80 and no line above 998 octets. Throws EMESSAGE 5.6.3 when that would break a signature, or when
 * the header has 8-bit text (5.6.7).
 */
export function toSevenBit(raw: Uint8Array): Uint8Array {
  const writer = new Rewriter(raw)
  writer.part(scanMessage(raw, { countLines: false }), false)
  return writer.finish()
}

class Rewriter {
  readonly #raw: Uint8Array
  readonly #pieces: Uint8Array[] = []
  #at = 0

  constructor(raw: Uint8Array) {
    this.#raw = raw
  }

  part(part: MessagePart, signed: boolean): void {
    if (!part.header.ascii) throw cannot('a header has 8-bit text', '5.6.7')
    if (part.truncated) throw cannot('the message is too deeply nested to be encoded anew', '5.6.3')
    if (part.kind === 'leaf') {
      const body = this.#raw.subarray(part.bodyStart, part.bodyEnd)
      if (fits(body)) {
        // what says that it may be 8-bit is so no more
        if (/^(?:8bit|binary)$/.test(part.encoding)) this.#relabel(part, '7bit', signed)
        return
      }
      if (part.type === 'multipart' || part.type === 'message') {
        throw cannot(`a part of type ${part.type}/${part.subtype} must not be encoded`, '5.6.3')
      }
      this.#encode(part, body, signed)
      return
    }
    if (/^(?:8bit|binary)$/.test(part.encoding) && !this.#isClean(part)) this.#relabel(part, '7bit', signed)
    const inside = signed || (part.type === 'multipart' && part.subtype === 'signed')
    for (const child of part.parts) this.part(child, inside)
    // preamble, epilogue and what stands between parts is nobody's text, and cannot be encoded
  }

  finish(): Uint8Array {
    this.#pieces.push(this.#raw.subarray(this.#at))
    const whole = concat(this.#pieces)
    if (!fits(whole)) throw cannot('text outside of the parts cannot be encoded', '5.6.3')
    return whole
  }

  /** Nothing in it has to change: then its label may stay, too. */
  #isClean(part: MessagePart): boolean {
    return fits(this.#raw.subarray(part.headerStart, part.bodyEnd))
  }

  #encode(part: MessagePart, body: Uint8Array, signed: boolean): void {
    const isText = part.type === 'text'
    const content = decodeTransfer(body, transferEncodingOf(part.encoding))
    this.#relabel(part, isText ? 'quoted-printable' : 'base64', signed)
    this.#copyTo(part.bodyStart)
    const encoded = isText
      ? encodeQuotedPrintable(content, { protectLineStarts: true })
      : withoutLastBreak(encodeBase64(content))
    this.#pieces.push(encoded)
    // the last line of a message ends
    if (part.bodyEnd === this.#raw.length && encoded.at(-1) !== LF) this.#pieces.push(fromLatin1('\r\n'))
    this.#at = part.bodyEnd
  }

  #relabel(part: MessagePart, encoding: string, signed: boolean): void {
    if (signed) throw cannot('the message is signed, and would have to be changed', '5.6.3')
    const { header } = part
    const field = header.fields.find(({ key }) => key === 'content-transfer-encoding')
    const line = fromLatin1(`Content-Transfer-Encoding: ${encoding}\r\n`)
    if (field) {
      this.#copyTo(header.offset + field.start)
      this.#at = header.offset + field.end
    } else this.#copyTo(header.offset + header.fieldsEnd)
    this.#pieces.push(line)
  }

  #copyTo(end: number): void {
    this.#pieces.push(this.#raw.subarray(this.#at, end))
    this.#at = end
  }
}

function withoutLastBreak(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === LF ? bytes.subarray(0, -2) : bytes
}

function fits(bytes: Uint8Array): boolean {
  return isAsciiBytes(bytes) && longestLine(bytes) <= LONGEST_LINE
}

/** Octets of the longest line, its CRLF not counted. */
export function longestLine(bytes: Uint8Array): number {
  let longest = 0
  let start = 0
  for (let i = bytes.indexOf(LF); i >= 0; i = bytes.indexOf(LF, start)) {
    longest = Math.max(longest, i - start - 1)
    start = i + 1
  }
  return Math.max(longest, bytes.length - start)
}

function cannot(reason: string, enhancedCode: string): MailError {
  return new MailError('EMESSAGE', `the message cannot be sent to a 7-bit server: ${reason}`, {
    responseCode: 554,
    enhancedCode,
    permanent: true,
  })
}
