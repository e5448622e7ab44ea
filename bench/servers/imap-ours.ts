// email-server with a mailbox in memory: of 10,000 messages, or as many as the argument says.
import { createServer } from 'email-server'
import { mailboxInMemory } from '../data/mailbox.ts'
import { serve } from '../harness/child.ts'

const count = process.argv[2]
const handlers = mailboxInMemory(count === undefined ? undefined : Number(count))
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
