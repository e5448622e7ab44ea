// smtp-server, as its users set it up to take mail from anyone, reading each message to its end.
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { serve } from '../harness/child.ts'

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  logger: false,
  onData(stream, _session, callback) {
    stream.on('data', () => {})
    stream.on('end', () => callback())
  },
})
const listening = server.listen(0, '127.0.0.1', () => serve((listening.address() as AddressInfo).port))
