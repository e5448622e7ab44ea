// A DNS server on loopback, UDP and TCP on one port, that answers as a function of the test says.
import dgram from 'node:dgram'
import net from 'node:net'

export type Respond = (query: Buffer, transport: 'udp' | 'tcp') => Uint8Array | readonly Uint8Array[] | null

export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string
  readonly queries: { readonly transport: 'udp' | 'tcp'; readonly from: number; readonly bytes: Buffer }[]
  close(): Promise<void>
}

export interface DnsServerOptions {
  /** TCP refuses connections. */
  readonly udpOnly?: boolean
}

export async function serveDns(respond: Respond, options: DnsServerOptions = {}): Promise<DnsServer> {
  const queries: DnsServer['queries'] = []
  const replies = (bytes: Buffer, transport: 'udp' | 'tcp', from: number): readonly Uint8Array[] => {
    queries.push({ transport, from, bytes })
    const reply = respond(bytes, transport)
    return reply === null ? [] : reply instanceof Uint8Array ? [reply] : reply
  }
  const sockets = new Set<net.Socket>()
  const tcp = net.createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('data', bytes => {
      for (const reply of replies(bytes.subarray(2), 'tcp', socket.remotePort ?? 0)) {
        const length = Buffer.alloc(2)
        length.writeUInt16BE(reply.length)
        socket.write(Buffer.concat([length, reply]))
      }
    })
  })
  const { udp, port } = await bindBoth(options.udpOnly ? null : tcp)
  udp.on('message', (bytes, peer) => {
    for (const reply of replies(bytes, 'udp', peer.port)) udp.send(reply, peer.port, peer.address)
  })
  return {
    address: `127.0.0.1:${port}`,
    queries,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => udp.close(resolve))
      if (tcp.listening) await new Promise(resolve => tcp.close(resolve))
    },
  }
}

/** One port for UDP and TCP: what is free for the one may be taken for the other, so that it may take some tries. */
async function bindBoth(tcp: net.Server | null): Promise<{ udp: dgram.Socket; port: number }> {
  for (let tries = 0; tries < 50; tries++) {
    const udp = dgram.createSocket('udp4')
    await new Promise<void>(resolve => udp.bind(0, '127.0.0.1', resolve))
    const { port } = udp.address()
    if (!tcp || (await listens(tcp, port))) return { udp, port }
    await new Promise<void>(resolve => udp.close(resolve))
  }
  throw new Error('no port is free for UDP and TCP')
}

function listens(tcp: net.Server, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const failed = (): void => resolve(false)
    tcp.once('error', failed)
    tcp.listen(port, '127.0.0.1', () => {
      tcp.off('error', failed)
      resolve(true)
    })
  })
}
