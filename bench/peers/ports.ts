// Ports of loopback for other people's servers.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until the child takes connections; rejects when it has ended, or does not within 20 s. `log`: what it has said, for the error. */
export async function listening(
  port: number,
  child: ChildProcess,
  log: () => string = () => '',
): Promise<void> {
  for (let i = 0; i < 400 && child.exitCode === null; i++) {
    const socket = connect(port, '127.0.0.1')
    const connected = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (connected) return
    await wait(50)
  }
  throw new Error(`${child.spawnfile} does not listen: ${log()}`)
}
