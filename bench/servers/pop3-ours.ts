// email-server with letters in memory, over POP3.
import { createServer } from 'email-server'
import { MemoryMailbox } from 'email-server/testing'
import { letters } from '../data/letters.ts'
import { serve } from '../harness/child.ts'

const mailbox = new MemoryMailbox()
for (const raw of letters()) mailbox.deliver(raw)
const server = createServer({
  hostname: 'mail.example.test',
  host: '127.0.0.1',
  ports: { pop3: 0 },
  allowInsecureAuth: true,
})
server.on('auth', info => info.accept())
server.on('mailboxSession', session => mailbox.attach(session))
await server.listen()
serve(server.ports.pop3!)
