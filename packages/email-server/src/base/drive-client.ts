// A client session on a connection that has been made: TLS before the first word where it is asked for, and whatever goes wrong before there is
// a session rejects.
import type { ClientSessionOptions } from './client-session.ts'
import { drive } from './drive.ts'
import type { Limits } from './limits.ts'
import type { Connection, Runtime, TlsOptions } from './runtime.ts'
import type { SansIoSession } from './session.ts'

export interface DriveClientOptions<S extends SansIoSession> {
  readonly connection: Connection
  readonly runtime: Runtime
  readonly limits: Limits
  readonly host: string
  readonly port: number
  /** For the handshake, whose server name is the host unless it says another. */
  readonly tls: TlsOptions
  /** TLS from the first byte. */
  readonly implicitTls: boolean
  /** Gives up until there is a session. */
  readonly signal: AbortSignal | undefined
  /** Makes the session, of what is known here. */
  readonly start: (facts: ClientSessionOptions) => S
  /** What is told when the signal has spoken. */
  readonly aborted: () => Error
  /** What is told when the first handshake has come to nothing. */
  readonly failed: (error: Error | null) => Error
}

/** A session that runs; the dialogue has only begun. */
export interface DrivenClient<S extends SansIoSession> {
  readonly session: S
  readonly connection: Connection
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
}

/** Nothing is left open when it rejects. */
export function driveClient<S extends SansIoSession>(
  options: DriveClientOptions<S>,
): Promise<DrivenClient<S>> {
  const { connection, runtime, limits, host, port, tls, signal } = options
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(options.aborted())
      connection.destroy()
    }
    if (signal?.aborted) {
      abort()
      return
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
      tls: { servername: host, ...tls },
      implicitTls: options.implicitTls,
      start: secured => {
        settled()
        const session = options.start({
          isServer: false,
          host,
          port,
          tls: secured,
          canUpgrade: true,
          limits,
          now: runtime.now(),
          random: length => runtime.random(length),
          onFailure: (message, error) => runtime.warn(message, error),
        })
        resolve({ session, connection, closed })
        return session
      },
      onClosed: error => {
        settled()
        reject(options.failed(error))
        gone()
      },
    })
  })
}
