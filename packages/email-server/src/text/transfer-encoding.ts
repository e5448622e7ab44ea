// Content-Transfer-Encoding by name. RFC 2045 §6; the x- names of uuencode are those seen in mail.

import { EMPTY } from '../base/bytes.ts'
import { Base64Decoder, type ByteDecoder, decodeBase64 } from './base64.ts'
import { decodeQuotedPrintable, QuotedPrintableDecoder } from './quoted-printable.ts'
import { decodeUuencode, UuDecoder } from './uuencode.ts'

/** What a Content-Transfer-Encoding asks for; `identity` covers 7bit, 8bit, binary and every unknown name. */
export type TransferEncoding = 'identity' | 'base64' | 'quoted-printable' | 'uuencode'

/** The meaning of a Content-Transfer-Encoding value; case, white space and stray quotes do not matter. */
export function transferEncodingOf(name: string): TransferEncoding {
  switch (name.trim().toLowerCase().replaceAll('"', '')) {
    case 'base64':
    case 'b64':
    case 'x-base64':
      return 'base64'
    case 'quoted-printable':
    case 'quotedprintable':
    case 'quoted printable':
    case 'qp':
      return 'quoted-printable'
    case 'x-uuencode':
    case 'x-uue':
    case 'uuencode':
    case 'uue':
      return 'uuencode'
    default:
      return 'identity'
  }
}

/** The content of a transferred body, at once. For `identity` it is the very same array. */
export function decodeTransfer(bytes: Uint8Array, encoding: TransferEncoding): Uint8Array {
  if (encoding === 'base64') return decodeBase64(bytes)
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(bytes)
  return encoding === 'uuencode' ? decodeUuencode(bytes) : bytes
}

/** A decoder for a body that comes in chunks. */
export function createTransferDecoder(encoding: TransferEncoding): ByteDecoder {
  if (encoding === 'base64') return new Base64Decoder()
  if (encoding === 'quoted-printable') return new QuotedPrintableDecoder()
  return encoding === 'uuencode' ? new UuDecoder() : { write: chunk => chunk, end: () => EMPTY }
}
