// email-server with a mailbox of 10,000 messages in memory.
import { createServer } from 'email-server'
import { mailboxInMemory } from '../data/mailbox.ts'
import { serve } from '../harness/child.ts'

const handlers = mailboxInMemory()
const server = createServer({
  hostname: 'mail.example.test',
  host: '127.0.0.1',
  ports: { imap: 0 },
  allowInsecureAuth: true,
})
server.on('auth', info => info.accept())
server.on('mailboxSession', session => session.use(handlers))
await server.listen()
serve(server.ports.imap!)
