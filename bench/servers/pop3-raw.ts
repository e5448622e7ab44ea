// The limit for POP3 servers: answers RETR with bytes that it prepared at its start, anything else with OK.
import { type AddressInfo, createServer } from 'node:net'
import { letters } from '../data/letters.ts'
import { serve } from '../harness/child.ts'

const answers = letters().map(raw =>
  Buffer.concat([Buffer.from(`+OK ${raw.length} octets\r\n`), raw, Buffer.from('.\r\n')]),
)

const server = createServer({ noDelay: true }, socket => {
  socket.write('+OK raw\r\n')
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    for (const line of chunk.toString('latin1').split('\r\n')) {
      if (line.startsWith('RETR ')) socket.write(answers[Number(line.slice(5)) - 1]!)
      else if (line !== '') socket.write('+OK\r\n')
    }
  })
})
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port))
