// Postfix's smtp-sink, where Debian's package is installed: takes mail as fast as it can and keeps none of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { freePort, listening } from '../../test/support/ports.ts'

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
