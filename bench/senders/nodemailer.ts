// nodemailer's pool, given raw messages.
import nodemailer from 'nodemailer'
import { serve } from '../harness/child.ts'
import { CONNECTIONS, LETTER, MESSAGES, RECIPIENT, SENDER } from './load.ts'

const port = Number(process.argv[2])
const pool = nodemailer.createTransport({
  pool: true,
  host: '127.0.0.1',
  port,
  secure: false,
  name: 'a.example',
  maxConnections: CONNECTIONS,
  maxMessages: Number.POSITIVE_INFINITY,
})
const envelope = { from: SENDER, to: [RECIPIENT] }
serve(port, async () => {
  await Promise.all(Array.from({ length: MESSAGES }, () => pool.sendMail({ envelope, raw: LETTER })))
  return MESSAGES
})
