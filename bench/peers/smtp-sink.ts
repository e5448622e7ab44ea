// Postfix's smtp-sink, where Debian's package is installed: takes mail as fast as it can and keeps none of it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const SMTP_SINK = '/usr/sbin/smtp-sink'

export const HAS_SMTP_SINK: boolean = existsSync(SMTP_SINK)

export interface Sink {
  readonly port: number
  stop(): Promise<void>
}

export async function startSink(): Promise<Sink> {
  const port = await freePort()
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn(SMTP_SINK, [...user, `127.0.0.1:${port}`, '1000'], { stdio: 'inherit' })
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  try {
    await listening(port, child)
  } catch (error) {
    await stop()
    throw error
  }
  return { port, stop }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let i = 0; i < 200 && child.exitCode === null; i++) {
    const socket = connect(port, '127.0.0.1')
    const [event] = await Promise.race([
      once(socket, 'connect').then(() => ['connect']),
      once(socket, 'error').then(() => ['error']),
    ]).catch(() => ['error'])
    socket.destroy()
    if (event === 'connect') return
    await wait(50)
  }
  throw new Error('smtp-sink does not listen')
}
