// Our IMAP client reads a mailbox: envelopes (all of each looked at), or bodies.
import { connectIMAP } from 'email-server'
import { serve } from '../harness/child.ts'
import { readBodies, readEnvelopes } from './reading.ts'

const [port, what] = [Number(process.argv[2]), process.argv[3]]
const imap = await connectIMAP({
  host: '127.0.0.1',
  port,
  secure: false,
  auth: { user: 'alice@example.test', pass: 'password' },
})
await imap.select('INBOX')

const QUERY = { flags: true, size: true, internalDate: true, envelope: true, bodyStructure: true }

serve(port, () =>
  what === 'envelopes'
    ? readEnvelopes(imap.fetch('1:*', QUERY))
    : readBodies(imap.fetch('1:*', { body: true }), ({ body }) => body),
)
