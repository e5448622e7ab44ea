// A server in the virtual world, and clients that talk to it in plain text.
import { createServer, type Server, type ServerOptions } from '../../src/index.ts'
import type { VirtualWorld } from '../../src/testing/index.ts'

export const SERVER = '192.0.2.25'
export const PORTS: NonNullable<ServerOptions['ports']> = {
  inbound: 25,
  submission: 587,
  imap: 143,
  pop3: 110,
}

/** A client of the virtual world that remembers what it hears. */
export class Client {
  heard = ''
  closed = false
  readonly send: (text: string) => void
  readonly hangUp: () => void

  private constructor(send: (text: string) => void, hangUp: () => void) {
    this.send = send
    this.hangUp = hangUp
  }

  static async connect(world: VirtualWorld, port: number, from = '198.51.100.7'): Promise<Client> {
    const connection = await world.run(world.host(from).connect({ host: SERVER, port }))
    const client = new Client(
      text => connection.write(Buffer.from(text, 'latin1')),
      () => connection.destroy(),
    )
    connection.open({
      data: bytes => {
        client.heard += Buffer.from(bytes).toString('latin1')
      },
      end: () => connection.end(),
      drain: () => {},
      secured: () => {},
      closed: () => {
        client.closed = true
      },
    })
    await world.settle()
    return client
  }
}

export async function listening(world: VirtualWorld, options: ServerOptions = {}): Promise<Server> {
  const server = createServer({
    hostname: 'mx.example.test',
    ports: PORTS,
    host: SERVER,
    allowInsecureAuth: true,
    runtime: world.host(SERVER),
    // the room of the checks is loaded in real time, which the virtual clock does not wait for
    mailAuth: false,
    ...options,
  })
  await world.run(server.listen())
  return server
}
