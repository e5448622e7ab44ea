// Composing letters with and without attachments. Each call does a round's work and returns how many messages.
import { composeMessage, type MessageOptions } from 'email-server/mime'
import MailComposer from 'nodemailer/lib/mail-composer'

/** 5 KB of text and HTML. */
const LETTER = {
  from: 'Alice Müller <alice@a.example>',
  to: ['Bob <bob@b.example>', 'carol@c.example'],
  subject: 'Grüße aus Zürich, and the report that you asked for',
  text: 'Dear Bob,\n\nthe café opens at noon. Until then!\n'.repeat(40),
  html: '<p>Dear Bob,</p><p>the café opens at <b>noon</b>. Until then!</p>\n'.repeat(45),
}
const REPORT = {
  ...LETTER,
  attachments: [{ filename: 'report.pdf', content: Buffer.alloc(30_000, 'report ') }],
}
const LARGE = {
  ...LETTER,
  attachments: [{ filename: 'film.mp4', content: Buffer.alloc(1 << 20, 'film \x00\xff') }],
}

function ours(options: MessageOptions, times: number): number {
  let octets = 0
  for (let i = 0; i < times; i++) octets += composeMessage(options, { now: Date.now }).bytesSync().length
  return octets > 0 ? times : 0
}

async function nodemailer(options: typeof LETTER, times: number): Promise<number> {
  let octets = 0
  for (let i = 0; i < times; i++) octets += (await new MailComposer(options).compile().build()).length
  return octets > 0 ? times : 0
}

export const oursLetter = (): number => ours(LETTER, 1000)
export const nodemailerLetter = (): Promise<number> => nodemailer(LETTER, 200)
export const oursReport = (): number => ours(REPORT, 1000)
export const nodemailerReport = (): Promise<number> => nodemailer(REPORT, 200)
export const oursLarge = (): number => ours(LARGE, 100)
export const nodemailerLarge = (): Promise<number> => nodemailer(LARGE, 20)
