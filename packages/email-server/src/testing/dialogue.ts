// A connection that a test talks over by hand, line by line; what is waited for moves the clock.
import { asBuffer, fromLatin1 } from '../base/bytes.ts'
import type { Connection, TlsInfo, TlsOptions } from '../base/runtime.ts'
import type { VirtualWorld } from './world.ts'

export class Dialogue {
  readonly #world: VirtualWorld
  readonly #connection: Connection
  #heard = ''
  #closed = false
  #tls: TlsInfo | null = null
  #wake: (() => void)[] = []

  constructor(world: VirtualWorld, connection: Connection) {
    this.#world = world
    this.#connection = connection
    connection.open({
      data: bytes => {
        this.#heard += asBuffer(bytes).toString('latin1')
        this.#stir()
      },
      end: () => connection.end(),
      drain: () => {},
      secured: tls => {
        this.#tls = tls
        this.#stir()
      },
      closed: () => {
        this.#closed = true
        this.#stir()
      },
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The finished handshake; null without TLS. */
  get tls(): TlsInfo | null {
    return this.#tls
  }

  /** Says this line (its CRLF is added), and gives what comes back: at least so much that the pattern fits. */
  say(line: string, until?: RegExp): Promise<string> {
    return this.send(`${line}\r\n`, until)
  }

  /** Sends this text as it is (one octet a character), and gives what comes back. */
  send(text: string, until?: RegExp): Promise<string> {
    this.#connection.write(fromLatin1(text))
    return this.hear(until)
  }

  /** Waits until something has been heard or the connection is closed; gives all that has come since the last time. */
  async hear(pattern: RegExp = /./): Promise<string> {
    await this.#until(() => pattern.test(this.#heard))
    await this.#world.settle()
    const heard = this.#heard
    this.#heard = ''
    return heard
  }

  /** Begins the TLS handshake as a client. Gives what is known of it; null: it came to nothing. */
  async secure(options: TlsOptions = {}): Promise<TlsInfo | null> {
    this.#connection.secure('client', options)
    await this.#until(() => this.#tls !== null)
    return this.#tls
  }

  /** Hangs up, and waits until the other side knows. */
  async close(): Promise<void> {
    this.#connection.end()
    await this.#world.settle()
    this.#connection.destroy()
    await this.#world.settle()
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#closed) {
      await this.#world.run(new Promise<void>(resolve => this.#wake.push(resolve)))
    }
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
