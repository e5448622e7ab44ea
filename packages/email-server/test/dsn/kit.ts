// What the tests of dsn/ share: a fixed clock and dice, a report to begin with, and views of what was built.
import {
  composeDsn,
  type DsnOptions,
  type DsnRecipient,
  parseReport,
  type Report,
} from '../../src/dsn/index.ts'
import { type ComposeContext, type MessagePart, parseMessage } from '../../src/mime/index.ts'
import { nodeCompression } from '../../src/node/compression.ts'

export { nodeCompression } from '../../src/node/compression.ts'

export const NOW: number = Date.UTC(2026, 10, 23, 12)

export function fixed(): Required<ComposeContext> {
  let next = 0
  return { now: () => NOW, random: length => Uint8Array.from({ length }, () => next++ & 0xff) }
}

export const bob: DsnRecipient = {
  finalRecipient: 'bob@unknown.example',
  action: 'failed',
  status: '5.1.2',
  diagnostic: '550 5.1.2 Host unknown',
  remoteMta: 'mx.unknown.example',
}

export const basics: DsnOptions = {
  reportingMta: 'mail.example.com',
  from: 'postmaster@example.com',
  to: 'alice@example.com',
  recipients: [bob],
}

/** The report as text, one character a byte. */
export function written(options: Partial<DsnOptions>): string {
  return Buffer.from(composeDsn({ ...basics, ...options }, fixed()).bytesSync()).toString('latin1')
}

export interface WrittenPart {
  readonly type: string
  readonly encoding: string
  /** Decoded, one character a byte. */
  readonly body: string
}

/** The parts of a report, decoded by the parser of the mime room. */
export function parts(message: string): WrittenPart[] {
  const parsed = parseMessage(Buffer.from(message, 'latin1'))
  return parsed.tree.parts.map((part: MessagePart) => ({
    type: `${part.type}/${part.subtype}`,
    encoding: part.encoding,
    body: Buffer.from(parsed.contentOf(part)).toString('latin1'),
  }))
}

/** The fields for programs, as they stand in the report. */
export function status(options: Partial<DsnOptions>): string {
  return parts(written(options))[1]!.body
}

export function lines(...all: readonly string[]): string {
  return all.map(line => `${line}\r\n`).join('')
}

/** Reads a report with the gzip of this machine. */
export function read(raw: Uint8Array | string): Report | null {
  return parseReport(raw, { compression: nodeCompression })
}

/** A multipart/report of a text and the given parts, each with its header. */
export function multipart(reportType: string, ...more: readonly string[]): string {
  const all = ['Content-Type: text/plain\r\n\r\nFor people.\r\n', ...more]
  return [
    lines(
      'From: Mail Delivery System <MAILER-DAEMON@mx.example>',
      'To: alice@example.com',
      'Subject: A report',
      'MIME-Version: 1.0',
      `Content-Type: multipart/report; report-type=${reportType}; boundary="b"`,
      '',
    ),
    ...all.map(part => `--b\r\n${part}\r\n`),
    '--b--\r\n',
  ].join('')
}
