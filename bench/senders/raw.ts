// The limit: bare sockets that write what they know and count replies.
import { smtpLoad, wireMessage } from '../clients/smtp-load.ts'
import { serve } from '../harness/child.ts'
import { CONNECTIONS, MESSAGES } from './load.ts'

const port = Number(process.argv[2])
const load = await smtpLoad(port, CONNECTIONS, wireMessage(2048))
serve(port, async () => {
  await load.run(MESSAGES)
  return MESSAGES
})
