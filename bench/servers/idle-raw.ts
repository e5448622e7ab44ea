// The limit for idle connections: a socket that greets and hears.
import { type AddressInfo, createServer } from 'node:net'
import { serve } from '../harness/child.ts'

const server = createServer({ noDelay: true }, socket => {
  socket.on('error', () => socket.destroy())
  socket.on('data', () => socket.write('250 raw\r\n'))
  socket.write('220 raw\r\n')
})
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port))
