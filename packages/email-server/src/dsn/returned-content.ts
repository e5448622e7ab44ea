// The third part of a delivery report: the message, or its header. RFC 6522 §3 and §4, RFC 3461 §4.3 and §6.2, RFC 6533 §4.2–4.5.
import { asBuffer, fromLatin1, utf8 } from '../base/bytes.ts'
import { type HeaderBlock, headerText, type SmtpProfile, splitHeader } from '../mime/index.ts'
import { decodeEncodedWords, encodeQuotedPrintable } from '../text/index.ts'
import type { OriginalFacts } from './dsn-text.ts'
import type { ReportPart } from './report-message.ts'

/** RFC 5322 §2.1.1: octets of a line without its line break. */
const LINE_LIMIT = 998

/** The original message as a report sees it. */
export class Original {
  readonly #bytes: Uint8Array
  readonly #block: HeaderBlock

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#block = splitHeader(bytes)
  }

  facts(): OriginalFacts {
    const subject = this.#shown('subject')
    return {
      subject:
        subject === null
          ? null
          : decodeEncodedWords(subject)
              .replace(/[\x00-\x20\x7f]+/g, ' ')
              .trim() || null,
      date: this.#shown('date'),
      messageId: this.#shown('message-id'),
    }
  }

  /** The Message-ID when it is one that may stand in References; another is only shown. */
  messageId(): string | null {
    const id = headerText(this.#block, 'message-id')
    return id !== null && /^<[\x21-\x3b\x3d\x3f-\x7e]{1,500}>$/.test(id) && id.includes('@') ? id : null
  }

  #shown(key: string): string | null {
    const text = headerText(this.#block, key)
      ?.replace(/[\x00-\x20\x7f]+/g, ' ')
      .trim()
    return text ? text.slice(0, 300) : null
  }

  /** The whole message; null when it is longer than the limit, or the way back cannot carry it as it is. */
  whole(limit: number, profile: SmtpProfile, utf8Way: boolean): ReportPart | null {
    const bytes = this.#bytes
    if (bytes.length === 0 || bytes.length > limit || isBinary(bytes)) return null
    // RFC 6532 §3.5: of the message types only message/global may have an encoding
    if (!this.#block.ascii && isUtf8(fromLatin1(this.#block.text))) {
      return encodedPart('message/global', bytes, utf8Way)
    }
    const eightBit = hasEightBit(bytes)
    if (eightBit && profile.eightBitMime === false) return null
    return {
      header: `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: ${eightBit ? '8bit' : '7bit'}\r\n`,
      body: bytes,
    }
  }

  /** The header, as many whole fields as fit the limit; null without any. */
  header(limit: number, utf8Way: boolean): ReportPart | null {
    const { fields, text, ascii } = this.#block
    const start = fields[0]?.start ?? 0
    let end = start
    for (const field of fields) {
      if (field.end - start > limit) break
      end = field.end
    }
    if (end === start) return null
    const bytes = fromLatin1(text.slice(start, end).replace(/\r?\n/g, '\r\n'))
    if (!ascii && isUtf8(bytes)) return encodedPart('message/global-headers', bytes, utf8Way)
    return encodedPart('text/rfc822-headers', bytes, false)
  }
}

/** In 7-bit where that is enough; else as it is where the way can carry UTF-8; else encoded. */
export function encodedPart(type: string, bytes: Uint8Array, utf8Way: boolean): ReportPart {
  const binary = isBinary(bytes)
  const eightBit = hasEightBit(bytes)
  const encoding = binary || (eightBit && !utf8Way) ? 'quoted-printable' : eightBit ? '8bit' : '7bit'
  return {
    header: `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n`,
    body: encoding === 'quoted-printable' ? encodeQuotedPrintable(bytes) : bytes,
  }
}

/** NUL, or a line that no message may have. */
function isBinary(bytes: Uint8Array): boolean {
  const buf = asBuffer(bytes)
  if (buf.includes(0)) return true
  let start = 0
  for (;;) {
    const lf = buf.indexOf(10, start)
    const end = lf < 0 ? buf.length : lf
    if (end - start > LINE_LIMIT + 1) return true
    if (lf < 0) return false
    start = lf + 1
  }
}

function hasEightBit(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 0x7f) return true
  return false
}

function isUtf8(bytes: Uint8Array): boolean {
  return !utf8(bytes).includes('\ufffd')
}
