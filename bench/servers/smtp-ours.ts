// email-server taking mail from anyone, reading each message to its end. With a zone as argument it checks who sent it, by that word.
import assert from 'node:assert/strict'
import { createServer } from 'email-server'
import { Zones } from 'email-server/testing'
import { serve } from '../harness/child.ts'

const zone = process.argv[2]
const zones = new Zones().add(zone ?? '')
const server = createServer({
  hostname: 'mail.example.test',
  host: '127.0.0.1',
  ports: { inbound: 0 },
  mailAuth: zone !== undefined && { skip: [] },
  resolver: { resolve: async (name, type) => zones.answer(name, type) },
})
server.addDomain('example.test')
server.on('smtpSession', session => {
  session.on('mail', mail => {
    if (zone !== undefined) {
      const { dkim, spf, dmarc, rdns } = mail.auth
      assert.deepEqual([dkim, spf, dmarc, rdns], ['pass', 'pass', 'pass', 'pass'])
    }
    mail.on('data', () => {})
    mail.on('end', () => mail.accept())
  })
})
await server.listen()
serve(server.ports.inbound!)
