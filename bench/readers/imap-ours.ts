// Our IMAP client reads a mailbox: envelopes (all of each looked at), or bodies.
import { connectIMAP } from 'email-server'
import { serve } from '../harness/child.ts'

const [port, what] = [Number(process.argv[2]), process.argv[3]]
const imap = await connectIMAP({
  host: '127.0.0.1',
  port,
  secure: false,
  auth: { user: 'alice@example.test', pass: 'password' },
})
await imap.select('INBOX')

async function envelopes(): Promise<number> {
  const query = { flags: true, size: true, internalDate: true, envelope: true, bodyStructure: true }
  let messages = 0
  let seen = 0
  for await (const { envelope } of imap.fetch('1:*', query)) {
    const { date, subject, from, to, messageId } = envelope!
    seen += Number(date) + subject!.length + from.length + to.length + messageId!.length
    messages++
  }
  if (!(seen > 0)) throw new Error('the envelopes are empty')
  return messages
}

async function bodies(): Promise<number> {
  let messages = 0
  let octets = 0
  for await (const { body } of imap.fetch('1:*', { body: true })) {
    octets += body!.length
    messages++
  }
  if (octets < 10_000 * messages) throw new Error(`${octets} octets are too few`)
  return messages
}

serve(port, what === 'envelopes' ? envelopes : bodies)
