// Parsing with all content read: header values, text, HTML, the bytes of attachments. The limit is one newline scan plus,
// for a base64 message, one decoding of the same bytes. Each call does a round's work and returns its MB.
import { extractBodyStructure, extractEnvelope, parseMessage } from 'email-server/mime'
import { simpleParser } from 'mailparser'
import PostalMime from 'postal-mime'
import { LARGE, LETTER, NESTED } from '../data/messages.ts'

let sink = 0

function ours(raw: Buffer): void {
  const mail = parseMessage(raw)
  // A header's value is parsed when it is read: read all.
  for (const value of mail.headers.values()) sink += value === undefined ? 0 : 1
  sink += (mail.subject?.length ?? 0) + (mail.date?.getTime() ?? 0)
  sink += (mail.from?.text.length ?? 0) + (mail.text?.length ?? 0) + (mail.html ? mail.html.length : 0)
  sink += mail.textAsHtml?.length ?? 0
  for (const { content } of mail.attachments) sink += content.length
}

async function mailparser(raw: Buffer): Promise<void> {
  const mail = await simpleParser(raw)
  sink += mail.headers.size + (mail.text?.length ?? 0)
  for (const { content } of mail.attachments) sink += content.length
}

async function postalMime(raw: Buffer): Promise<void> {
  const mail = await PostalMime.parse(raw)
  sink += mail.headers.length + (mail.text?.length ?? 0)
  for (const { content } of mail.attachments) sink += content.toString().length
}

function newlines(raw: Buffer): void {
  for (let at = raw.indexOf(10); at !== -1; at = raw.indexOf(10, at + 1)) sink++
}

function newlinesAndBase64(raw: Buffer): void {
  newlines(raw)
  sink += Buffer.from(raw.toString('latin1'), 'base64').length
}

function structure(raw: Buffer): void {
  sink += extractEnvelope(raw).from.length
  sink += extractBodyStructure(raw).parameters.length
}

function times(count: number, raw: Buffer, parse: (raw: Buffer) => unknown): () => Promise<number> {
  return async () => {
    for (let i = 0; i < count; i++) await parse(raw)
    if (sink === 0) throw new Error('nothing was read')
    return (count * raw.length) / 1e6
  }
}

export const oursLetter: () => Promise<number> = times(2000, LETTER, ours)
export const oursLarge: () => Promise<number> = times(10, LARGE, ours)
export const oursNested: () => Promise<number> = times(2000, NESTED, ours)
export const oursStructure: () => Promise<number> = times(5000, LETTER, structure)
export const oursStructureLarge: () => Promise<number> = times(50, LARGE, structure)
export const mailparserLetter: () => Promise<number> = times(200, LETTER, mailparser)
export const mailparserLarge: () => Promise<number> = times(2, LARGE, mailparser)
export const mailparserNested: () => Promise<number> = times(50, NESTED, mailparser)
export const postalMimeLetter: () => Promise<number> = times(400, LETTER, postalMime)
export const postalMimeLarge: () => Promise<number> = times(2, LARGE, postalMime)
export const postalMimeNested: () => Promise<number> = times(200, NESTED, postalMime)
export const limitLetter: () => Promise<number> = times(20_000, LETTER, newlines)
export const limitLarge: () => Promise<number> = times(10, LARGE, newlinesAndBase64)
export const limitNested: () => Promise<number> = times(20_000, NESTED, newlines)
export const scanLarge: () => Promise<number> = times(50, LARGE, newlines)
