// email-server over the store in the directory that the argument names.
import { openStore } from '@email-server/store'
import { createServer } from 'email-server'
import { serve } from '../harness/child.ts'

const store = await openStore(`sqlite:${process.argv[2]}`)
const server = createServer({
  hostname: 'mail.example.test',
  host: '127.0.0.1',
  ports: { imap: 0 },
  allowInsecureAuth: true,
})
store.attach(server)
await server.listen()
serve(server.ports.imap!)
