// Load for SMTP servers: connections that stay open and send message after message as fast as the replies allow. The
// envelope of a message goes out pipelined (RFC 2920), its text after 354. Reads replies only as far as it must.
import { connect, type Socket } from 'node:net'

const EHLO = Buffer.from('EHLO client.example\r\n')
const ENVELOPE = Buffer.from('MAIL FROM:<alice@a.example>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n')

/** A message of about `size` bytes as it goes over the wire, a line that begins with a dot and the final dot included. */
export function wireMessage(size: number): Buffer {
  const header =
    'From: Alice <alice@a.example>\r\nTo: Bob <bob@example.test>\r\nSubject: A message of some length\r\n' +
    'Date: Thu, 19 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@a.example>\r\nMIME-Version: 1.0\r\n' +
    'Content-Type: text/plain; charset=utf-8\r\n\r\n..a line that begins with a dot\r\n'
  const line = 'The quick brown fox jumps over the lazy dog, and then it does so once more.\r\n'
  return Buffer.from(`${header}${line.repeat(Math.ceil((size - header.length) / line.length))}.\r\n`)
}

class Client {
  readonly #socket: Socket
  readonly #message: Buffer
  #waiting: { replies: number; done: (error: Error | null) => void } | null = null
  /** Where in a line the next byte stands, and whether the line is the last of its reply. */
  #column = 0
  #first = 0
  #last = false

  constructor(socket: Socket, message: Buffer) {
    this.#socket = socket
    this.#message = message
    socket.on('data', chunk => this.#read(chunk))
    socket.on('close', () => this.#settle(new Error('the server hung up')))
    socket.on('error', error => this.#settle(error))
  }

  greet(): Promise<void> {
    return this.#expect(1).then(() => {
      this.#socket.write(EHLO)
      return this.#expect(1)
    })
  }

  async send(): Promise<void> {
    this.#socket.write(ENVELOPE)
    await this.#expect(3)
    this.#socket.write(this.#message)
    await this.#expect(1)
  }

  close(): void {
    this.#waiting = null
    this.#socket.destroy()
  }

  #expect(replies: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { replies, done: error => (error ? reject(error) : resolve()) }
    })
  }

  #read(chunk: Buffer): void {
    for (const byte of chunk) {
      if (this.#column === 0) this.#first = byte
      if (this.#column === 3) this.#last = byte !== 0x2d
      this.#column++
      if (byte !== 0x0a) continue
      this.#column = 0
      if (!this.#last) continue
      if (this.#first !== 0x32 && this.#first !== 0x33)
        this.#settle(new Error(`refused: ${chunk.toString()}`))
      if (this.#waiting && --this.#waiting.replies === 0) this.#settle(null)
    }
  }

  #settle(error: Error | null): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.done(error)
  }
}

export interface SmtpLoad {
  /** Sends so many messages over all connections; resolves when the last one is answered. */
  run(messages: number): Promise<void>
  close(): void
}

export async function smtpLoad(port: number, connections: number, message: Buffer): Promise<SmtpLoad> {
  const clients = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const client = new Client(socket, message)
      await client.greet()
      return client
    }),
  )
  return {
    async run(messages) {
      let left = messages
      const drive = async (client: Client): Promise<void> => {
        while (left-- > 0) await client.send()
      }
      await Promise.all(clients.map(drive))
    },
    close() {
      for (const client of clients) client.close()
    },
  }
}
