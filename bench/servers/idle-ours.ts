// email-server with clients that say EHLO and then nothing, one address having all of them.
import { createServer } from 'email-server'
import { serve } from '../harness/child.ts'

const server = createServer({
  host: '127.0.0.1',
  ports: { inbound: 0 },
  limits: { connectionsPerAddress: 100_000 },
})
await server.listen()
serve(server.ports.inbound!)
