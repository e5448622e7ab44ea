// Ours: sendMail over a pool, given raw messages, as nodemailer's pool is.
import { createPool, sendMail } from 'email-server'
import { serve } from '../harness/child.ts'
import { CONNECTIONS, LETTER, MESSAGES, RECIPIENT, SENDER } from './load.ts'

const port = Number(process.argv[2])
const pool = createPool({
  hostname: 'a.example',
  maxPerDomain: CONNECTIONS,
  maxMessagesPerConn: 1_000_000,
})
const relay = { host: '127.0.0.1', port, ignoreTLS: true }
const envelope = { from: SENDER, to: [RECIPIENT] }
serve(port, async () => {
  await Promise.all(Array.from({ length: MESSAGES }, () => sendMail({ envelope, raw: LETTER, relay, pool })))
  return MESSAGES
})
