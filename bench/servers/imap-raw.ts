// The limit for IMAP servers: answers every FETCH with the bytes of a file that it read at its start, anything else with OK.
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { serve } from '../harness/child.ts'

const [, , file = '/dev/null'] = process.argv
const listing = readFileSync(file)

const server = createServer({ noDelay: true }, socket => {
  socket.write('* OK raw\r\n')
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    for (const line of chunk.toString('latin1').split('\r\n')) {
      if (line === '') continue
      const tag = line.slice(0, line.indexOf(' '))
      if (line.includes('FETCH')) socket.write(listing)
      socket.write(`${tag} OK done\r\n`)
    }
  })
})
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port))
