// A client that speaks in lines, for dialogues that no library would hold.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export class LineClient implements AsyncDisposable {
  readonly #socket: Socket
  #text = ''
  #wake: () => void = () => {}
  #closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#text += text
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  static async open(port: number): Promise<LineClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new LineClient(socket)
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /** Reads up to and with what `pattern` matches, within ten seconds. Throws when the connection ends before. */
  async expect(pattern: RegExp): Promise<string> {
    const limit = Date.now() + 10_000
    for (;;) {
      const found = pattern.exec(this.#text)
      if (found) {
        const read = this.#text.slice(0, found.index + found[0].length)
        this.#text = this.#text.slice(read.length)
        return read
      }
      const left = limit - Date.now()
      if (this.#closed || left <= 0) {
        throw new Error(`${this.#closed ? 'closed' : 'ten seconds passed'} before ${pattern}: ${this.#text}`)
      }
      await this.#news(left)
    }
  }

  /** Everything that comes until the server closes, within twenty seconds. */
  async rest(): Promise<string> {
    const limit = Date.now() + 20_000
    while (!this.#closed && Date.now() < limit) await this.#news(limit - Date.now())
    if (!this.#closed) throw new Error(`still open: ${this.#text}`)
    return this.#text
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
  }

  async #news(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>(resolve => {
      this.#wake = resolve
      timer = setTimeout(resolve, limitMs)
    })
    clearTimeout(timer)
  }
}
