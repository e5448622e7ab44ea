// A POP3 client that reads no more of an answer than its end: for measuring servers.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const LINE = Buffer.from('\r\n')
const MULTI_LINE = Buffer.from('\r\n.\r\n')

export class Pop3Talk {
  readonly #socket: Socket
  #end: Buffer = LINE
  #tail: Buffer = Buffer.alloc(0)
  #bytes = 0
  #settle: ((error: Error | null) => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#read(chunk))
    socket.on('close', () => this.#done(new Error('the server hung up')))
    socket.on('error', error => this.#done(error))
  }

  static async open(port: number): Promise<Pop3Talk> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'data') // the greeting
    return new Pop3Talk(socket)
  }

  /** Says a line and counts the bytes of its answer, which is one line. */
  command(text: string): Promise<number> {
    return this.#say(text, LINE)
  }

  /** The same, for an answer of several lines. */
  retrieve(number: number): Promise<number> {
    return this.#say(`RETR ${number}`, MULTI_LINE)
  }

  close(): void {
    this.#settle = null
    this.#socket.destroy()
  }

  #say(text: string, end: Buffer): Promise<number> {
    this.#end = end
    this.#tail = Buffer.alloc(0)
    this.#bytes = 0
    return new Promise((resolve, reject) => {
      this.#settle = error => (error ? reject(error) : resolve(this.#bytes))
      this.#socket.write(`${text}\r\n`)
    })
  }

  #read(chunk: Buffer): void {
    if (this.#bytes === 0 && chunk[0] === 0x2d) this.#done(new Error(`refused: ${chunk.toString()}`))
    this.#bytes += chunk.length
    this.#tail = chunk.length >= 5 ? chunk.subarray(-5) : Buffer.concat([this.#tail, chunk]).subarray(-5)
    if (this.#tail.subarray(-this.#end.length).equals(this.#end)) this.#done(null)
  }

  #done(error: Error | null): void {
    const settle = this.#settle
    this.#settle = null
    settle?.(error)
  }
}
