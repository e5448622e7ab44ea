// The message around a report: multipart/report (RFC 6522 §3). Its header and the part for people are those of an ordinary message, with the
// same rules for names, subjects and charsets; the parts for programs are put beside that text.
import { asBuffer, fromLatin1 } from '../base/bytes.ts'
import { randomBytes } from '../base/crypto.ts'
import {
  type ComposeContext,
  type ComposedMessage,
  composeMessage,
  type EnvelopeInput,
  type MessageOptions,
  splitHeader,
} from '../mime/index.ts'

/** A part as it stands in the message: its own header fields, and a body that is already encoded. */
export interface ReportPart {
  /** ASCII, each field with its CRLF. */
  readonly header: string
  readonly body: Uint8Array
}

export interface ReportMessage {
  /** Header and text for people; it has no other content. */
  readonly message: MessageOptions
  readonly envelope: EnvelopeInput
  /** The value of `report-type`: the subtype of the second part. */
  readonly reportType: string
  readonly parts: readonly ReportPart[]
}

export function reportMessage(report: ReportMessage, context: ComposeContext): ComposedMessage {
  const written = composeMessage(report.message, context).bytesSync()
  const block = splitHeader(written)
  let header = ''
  let textHeader = ''
  for (const field of block.fields) {
    const lines = block.text.slice(field.start, field.end)
    if (field.key.startsWith('content-')) textHeader += lines
    else header += lines
  }
  const text = { header: textHeader, body: written.subarray(block.text.length) }
  const parts = [text, ...report.parts]
  const boundary = boundaryFor(parts, context)
  const chunks: Uint8Array[] = [
    fromLatin1(
      `${header}Content-Type: multipart/report; report-type=${report.reportType};\r\n boundary="${boundary}"\r\n\r\n`,
    ),
  ]
  for (const part of parts) {
    chunks.push(fromLatin1(`--${boundary}\r\n${part.header}\r\n`), part.body, fromLatin1('\r\n'))
  }
  chunks.push(fromLatin1(`--${boundary}--\r\n`))
  return composeMessage({ raw: Buffer.concat(chunks), envelope: report.envelope })
}

/** Random, and in none of the parts (RFC 2046 §5.1.1). */
function boundaryFor(parts: readonly ReportPart[], context: ComposeContext): string {
  for (;;) {
    const random = asBuffer(context.random?.(15) ?? randomBytes(15))
    const boundary = `=_report_${random.toString('hex')}`
    if (!parts.some(part => asBuffer(part.body).includes(boundary))) return boundary
  }
}
