// A client session on a connection of its own: connect, TLS at once where it is asked for, and an end to every wait. What the protocols'
// clients share.
import { drive } from '../base/drive.ts'
import { MailError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { Connection, ConnectOptions, Runtime, TlsInfo, TlsOptions } from '../base/runtime.ts'
import type { SansIoSession } from '../base/session.ts'

export interface ConnectTarget {
  readonly host: string
  readonly port: number
  /** TLS from the first byte. */
  readonly secure: boolean
  readonly tls: TlsOptions
  readonly connectTimeoutMs: number
  readonly localAddress: string | undefined
  readonly limits: Limits
  readonly runtime: Runtime
  readonly signal: AbortSignal | undefined
}

/** A session that runs; the dialogue has only begun. */
export interface Connected<S extends SansIoSession> {
  readonly session: S
  readonly connection: Connection
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
}

/** Rejects with ECONNECTION, ETIMEDOUT, ETLS (the handshake), EABORT; nothing is left open then. */
export async function connectSession<S extends SansIoSession>(
  target: ConnectTarget,
  make: (connection: Connection, tls: TlsInfo | null) => S,
): Promise<Connected<S>> {
  const { runtime, signal, host, port, limits, localAddress } = target
  if (signal?.aborted) throw aborted(signal)
  const where: ConnectOptions = {
    host,
    port,
    timeoutMs: target.connectTimeoutMs,
    ...(localAddress !== undefined && { localAddress }),
  }
  const connection = await runtime.connect(where)
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(aborted(signal!))
      connection.destroy()
    }
    let gone!: () => void
    const closed = new Promise<void>(done => {
      gone = done
    })
    const settled = (): void => signal?.removeEventListener('abort', abort)
    signal?.addEventListener('abort', abort, { once: true })
    drive({
      connection,
      runtime,
      limits,
      side: 'client',
      tls: { servername: host, ...target.tls },
      implicitTls: target.secure,
      start: tls => {
        settled()
        const session = make(connection, tls)
        resolve({ session, connection, closed })
        return session
      },
      onClosed: error => {
        settled()
        const cause = error ? { cause: error } : {}
        reject(new MailError('ETLS', `the TLS handshake with ${host}:${port} failed${why(error)}`, cause))
        gone()
      },
    })
    if (signal?.aborted) abort()
  })
}

function why(error: Error | null): string {
  return error ? `: ${error.message}` : ''
}

export function aborted(signal: AbortSignal): MailError {
  return new MailError('EABORT', 'connecting was aborted', { cause: signal.reason })
}

/** A password in clear goes no further than this. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
