// imapflow reads the same.
import { ImapFlow } from 'imapflow'
import { serve } from '../harness/child.ts'
import { readBodies, readEnvelopes } from './reading.ts'

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

const QUERY = { uid: true, flags: true, size: true, internalDate: true, envelope: true, bodyStructure: true }

serve(port, () =>
  what === 'envelopes'
    ? readEnvelopes(client.fetch('1:*', QUERY))
    : readBodies(client.fetch('1:*', { uid: true, source: true }), ({ source }) => source),
)
