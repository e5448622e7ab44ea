// Composing a letter with text, HTML and an attachment. Each call does a round's work and returns how many messages.
import { composeMessage } from 'email-server/mime'
import MailComposer from 'nodemailer/lib/mail-composer'

const OPTIONS = {
  from: 'Alice Müller <alice@a.example>',
  to: ['Bob <bob@b.example>', 'carol@c.example'],
  subject: 'Grüße aus Zürich, and the report that you asked for',
  text: 'Dear Bob,\n\nthe café opens at noon. Until then!\n'.repeat(20),
  html: '<p>Dear Bob,</p><p>the café opens at <b>noon</b>. Until then!</p>\n'.repeat(20),
  attachments: [{ filename: 'report.pdf', content: Buffer.alloc(30_000, 'report ') }],
}
let sink = 0

export function ours(): number {
  for (let i = 0; i < 1000; i++) sink += composeMessage(OPTIONS, { now: Date.now }).bytesSync().length
  return sink > 0 ? 1000 : 0
}

export async function nodemailer(): Promise<number> {
  for (let i = 0; i < 200; i++) sink += (await new MailComposer(OPTIONS).compile().build()).length
  return sink > 0 ? 200 : 0
}
