// email-server with a mailbox of 10,000 messages in memory; `bodies`: with these too; a number: with so many, and nothing but numbers;
// `listing` and a number: with so many, and everything that a listing asks.
import { createServer } from 'email-server'
import { mailboxInMemory, numbersInMemory } from '../data/mailbox.ts'
import { serve } from '../harness/child.ts'

const [what = '', count] = process.argv.slice(2)
const handlers =
  Number(what) > 0
    ? numbersInMemory(Number(what))
    : mailboxInMemory({ bodies: what === 'bodies', ...(count !== undefined && { count: Number(count) }) })
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
