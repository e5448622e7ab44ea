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
  const udp = dgram.createSocket('udp4')
  await new Promise<void>(resolve => udp.bind(0, '127.0.0.1', resolve))
  const { port } = udp.address()
  udp.on('message', (bytes, peer) => {
    for (const reply of replies(bytes, 'udp', peer.port)) udp.send(reply, peer.port, peer.address)
  })
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
  if (!options.udpOnly) await new Promise<void>(resolve => tcp.listen(port, '127.0.0.1', resolve))
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
