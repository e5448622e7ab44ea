// A way to a server on which connections are cut: each of the first ones after so many octets from the server.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy {
  readonly port: number
  /** Connections that were made. */
  readonly connections: number
  close(): Promise<void>
}

/** @param cuts octets from the server that each connection lives for; those behind the last one live on */
export async function cuttingProxy(target: number, cuts: readonly number[]): Promise<CuttingProxy> {
  const left = [...cuts]
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer(near => {
    connections++
    let rest = left.shift() ?? Number.POSITIVE_INFINITY
    const far = connect(target, '127.0.0.1')
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', end).on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    near.on('data', chunk => far.write(chunk))
    far.on('data', (chunk: Buffer) => {
      near.write(chunk.subarray(0, Math.max(0, rest)))
      rest -= chunk.length
      if (rest <= 0) near.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
