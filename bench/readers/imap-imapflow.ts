// imapflow reads the same.
import { ImapFlow } from 'imapflow'
import { serve } from '../harness/child.ts'

const [port, what] = [Number(process.argv[2]), process.argv[3]]
const client = new ImapFlow({
  host: '127.0.0.1',
  port,
  secure: false,
  auth: { user: 'alice@example.test', pass: 'password' },
  logger: false,
})
await client.connect()
await client.mailboxOpen('INBOX')

async function envelopes(): Promise<number> {
  const query = {
    uid: true,
    flags: true,
    size: true,
    internalDate: true,
    envelope: true,
    bodyStructure: true,
  }
  let messages = 0
  let seen = 0
  for await (const { envelope } of client.fetch('1:*', query)) {
    const { date, subject, from, to, messageId } = envelope!
    seen += Number(date) + subject!.length + from!.length + to!.length + messageId!.length
    messages++
  }
  if (!(seen > 0)) throw new Error('the envelopes are empty')
  return messages
}

async function bodies(): Promise<number> {
  let messages = 0
  let octets = 0
  for await (const { source } of client.fetch('1:*', { uid: true, source: true })) {
    octets += source!.length
    messages++
  }
  if (octets < 10_000 * messages) throw new Error(`${octets} octets are too few`)
  return messages
}

serve(port, what === 'envelopes' ? envelopes : bodies)
