// The limit for SMTP servers: looks for the ends of lines and for the final dot, and answers.
import { type AddressInfo, createServer } from 'node:net'
import { serve } from '../harness/child.ts'

const END = Buffer.from('\r\n.\r\n')

const server = createServer({ noDelay: true }, socket => {
  let data = false
  let rest: Buffer = Buffer.alloc(0)
  socket.write('220 raw\r\n')
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    let input: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let replies = ''
    for (;;) {
      const end = input.indexOf(data ? END : '\n')
      if (end === -1) break
      if (data) {
        replies += '250 OK\r\n'
        input = input.subarray(end + END.length)
        data = false
        continue
      }
      const first = input[0]
      if (first === 0x45) replies += '250-raw\r\n250 PIPELINING\r\n'
      else if (first === 0x44) {
        replies += '354 Go\r\n'
        data = true
      } else replies += '250 OK\r\n'
      input = input.subarray(end + 1)
    }
    rest = data ? input.subarray(Math.max(0, input.length - END.length + 1)) : input
    if (replies !== '') socket.write(replies)
  })
})
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port))
