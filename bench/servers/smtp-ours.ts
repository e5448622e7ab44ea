// email-server taking mail from anyone, reading each message to its end; no checks.
import { createServer } from 'email-server'
import { serve } from '../harness/child.ts'

const server = createServer({ hostname: 'mail.example.test', host: '127.0.0.1', ports: { inbound: 0 } })
server.addDomain('example.test')
server.on('smtpSession', session => {
  session.on('mail', mail => {
    mail.on('data', () => {})
    mail.on('end', () => mail.accept())
  })
})
await server.listen()
serve(server.ports.inbound!)
