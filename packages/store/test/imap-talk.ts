// IMAP as it stands on the wire, against a real server over a store or over the reference backend in memory.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createServer } from 'email-server'
import { MemoryMailbox } from 'email-server/testing'
import type { AttachOptions, Store } from '../src/index.ts'
import { ALICE, later } from './support.ts'

export class ImapTalk {
  readonly #socket: Socket
  #received = ''
  #tag = 0
  #more: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => {
      this.#received += chunk.toString('utf8')
      this.#more()
    })
    socket.on('close', () => this.#more())
    socket.on('error', () => {})
  }

  static async open(t: TestContext, port: number, user: string): Promise<ImapTalk> {
    const socket = connect({ port, host: '127.0.0.1' })
    await once(socket, 'connect')
    const talk = new ImapTalk(socket)
    later(t, () => socket.destroy())
    await talk.until(/^\* OK .*\r\n/)
    await talk.ok(`LOGIN ${user} password`)
    return talk
  }

  /** Everything that the server says up to the end of this command, without the tag. */
  async say(command: string): Promise<string> {
    const tag = `t${++this.#tag}`
    this.#socket.write(`${tag} ${command}\r\n`)
    return (await this.until(new RegExp(`^${tag} (?:OK|NO|BAD).*\r\n`, 'm'))).replace(`${tag} `, '')
  }

  /** As `say`; throws when the answer is not OK. */
  async ok(command: string): Promise<string> {
    const answer = await this.say(command)
    if (!/^OK/m.test(answer)) throw new Error(`${command}: ${answer}`)
    return answer
  }

  append(folder: string, raw: string, options = ''): Promise<string> {
    return this.say(`APPEND ${folder} ${options}{${Buffer.byteLength(raw)}+}\r\n${raw}`)
  }

  write(line: string): void {
    this.#socket.write(`${line}\r\n`)
  }

  /** What comes until this does. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#received)
      if (match) {
        const end = match.index + match[0].length
        const said = this.#received.slice(0, end)
        this.#received = this.#received.slice(end)
        return said
      }
      if (this.#socket.destroyed) throw new Error(`the server hung up: ${this.#received}`)
      await new Promise<void>(resolve => (this.#more = resolve))
    }
  }
}

/** A server on some port; `attach` puts the mail behind it. */
async function serving(
  t: TestContext,
  attach: (server: ReturnType<typeof createServer>) => void,
): Promise<ReturnType<typeof createServer>> {
  const server = createServer({
    hostname: 'mail.example.test',
    host: '127.0.0.1',
    ports: { imap: 0, inbound: 0, submission: 0 },
    allowInsecureAuth: true,
    closeTimeout: 1000,
  })
  attach(server)
  await server.listen()
  later(t, () => server.close())
  return server
}

export interface Served {
  readonly port: number
  readonly inbound: number
  talk(user?: string): Promise<ImapTalk>
}

export async function serveStore(t: TestContext, store: Store, options: AttachOptions = {}): Promise<Served> {
  const server = await serving(t, made => store.attach(made, options))
  const port = server.ports.imap!
  return { port, inbound: server.ports.inbound!, talk: (user = ALICE) => ImapTalk.open(t, port, user) }
}

export async function serveMemory(t: TestContext): Promise<Served> {
  const mailbox = new MemoryMailbox({ now: () => Date.now() })
  const server = await serving(t, made => {
    made.on('auth', info => info.accept())
    made.on('mailboxSession', session => mailbox.attach(session))
  })
  const port = server.ports.imap!
  return { port, inbound: server.ports.inbound!, talk: (user = ALICE) => ImapTalk.open(t, port, user) }
}
