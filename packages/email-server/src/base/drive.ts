// The driver: one sans-I/O session on one connection. It hands bytes and time in, takes bytes out, starts the TLS
// handshake where the session asks for it, and sees to it that nothing waits for ever.
import type { Limits } from './limits.ts'
import type { Connection, DeflateStream, Runtime, Timer, TlsInfo, TlsOptions } from './runtime.ts'
import type { SansIoSession } from './session.ts'

/** How long a closed session's last words may take to leave, ms. */
const LINGER_MS = 5_000

export interface DriveOptions {
  readonly connection: Connection
  readonly runtime: Runtime
  readonly limits: Limits
  readonly side: 'server' | 'client'
  /** For the handshake; null: the session never asks for one. */
  readonly tls: TlsOptions | null | (() => TlsOptions | null)
  /** Does the handshake come before the first word (implicit TLS)? */
  readonly implicitTls: boolean
  /** Makes the session when the dialogue can begin; null: the connection is dropped. */
  readonly start: (tls: TlsInfo | null) => SansIoSession | null
  readonly onSecured?: (tls: TlsInfo) => void
  /** The connection is gone; once. */
  readonly onClosed: (error: Error | null) => void
}

export function drive(options: DriveOptions): void {
  const { connection, runtime, limits } = options
  let session: SansIoSession | null = null
  let compression: DeflateStream | null = null
  let timer: Timer | null = null
  let armedFor = Number.POSITIVE_INFINITY
  /** Deadlines of the driver itself. */
  let handshakeEnds = Number.POSITIVE_INFINITY
  let stallEnds = Number.POSITIVE_INFINITY
  let lingerEnds = Number.POSITIVE_INFINITY
  let ending = false
  let over = false

  const arm = (): void => {
    if (over) return
    const due = Math.min(
      session?.deadline() ?? Number.POSITIVE_INFINITY,
      handshakeEnds,
      stallEnds,
      lingerEnds,
    )
    // A timer that fires too early is re-armed when it fires; only one that is too late has to be replaced.
    if (due >= armedFor || due === Number.POSITIVE_INFINITY) return
    timer?.cancel()
    armedFor = due
    timer = runtime.setTimer(due - runtime.now(), () => {
      timer = null
      armedFor = Number.POSITIVE_INFINITY
      const now = runtime.now()
      if (now >= handshakeEnds || now >= stallEnds || now >= lingerEnds) {
        connection.destroy()
        return
      }
      session?.tick(now)
      arm()
    })
  }

  const secure = (): void => {
    const tls = typeof options.tls === 'function' ? options.tls() : options.tls
    if (!tls) {
      connection.destroy()
      return
    }
    handshakeEnds = runtime.now() + limits.handshakeTime
    connection.secure(options.side, tls)
    arm()
  }

  const receive = (bytes: Uint8Array): void => {
    if (!session || ending) return
    session.tick(runtime.now())
    if (!session.feed(bytes) && !ending) pause()
    arm()
  }

  const pause = (): void => {
    compression?.pause()
    connection.pause()
  }

  const resumeOutput = (): void => {
    stallEnds = Number.POSITIVE_INFINITY
    session?.tick(runtime.now())
    session?.resumeOutput()
  }

  const compress = (ahead: Uint8Array | undefined): void => {
    if (!runtime.deflate) {
      connection.destroy()
      return
    }
    compression = runtime.deflate({
      compressed: bytes => over || connection.write(bytes),
      inflated: receive,
      drained: resumeOutput,
      failed: () => connection.destroy(),
    })
    session?.upgraded(null)
    if (ahead && ahead.length > 0) compression.inflate(ahead)
    arm()
  }

  const begin = (tls: TlsInfo | null): void => {
    session = options.start(tls)
    if (!session) {
      connection.destroy()
      return
    }
    const current = session
    current.on('send', bytes => {
      if (compression ? compression.compress(bytes) : connection.write(bytes)) return
      current.pauseOutput()
      stallEnds = runtime.now() + limits.stallTime
      arm()
    })
    current.on('pause', pause)
    current.on('resume', () => {
      compression?.resume()
      connection.resume()
    })
    current.on('upgrade', (kind, ahead) => (kind === 'tls' ? secure() : compress(ahead)))
    current.on('wake', () => {
      current.tick(runtime.now())
      arm()
    })
    current.on('close', () => {
      ending = true
      if (handshakeEnds !== Number.POSITIVE_INFINITY) {
        // nothing can be said in the middle of a handshake
        connection.destroy()
        return
      }
      lingerEnds = runtime.now() + LINGER_MS
      if (compression) compression.finish(() => connection.end())
      else connection.end()
      arm()
    })
    current.tick(runtime.now())
    current.greet()
    arm()
  }

  // what the peer has said already is given at once, and wants somebody who hears it
  if (!options.implicitTls) begin(null)
  connection.open({
    data(bytes) {
      if (compression && !ending) compression.inflate(bytes)
      else receive(bytes)
    },
    end() {
      if (ending) return
      if (!session || handshakeEnds !== Number.POSITIVE_INFINITY) {
        connection.destroy()
        return
      }
      session.tick(runtime.now())
      session.eof()
      arm()
    },
    drain() {
      if (compression) compression.transportDrained()
      else resumeOutput()
    },
    secured(tls) {
      handshakeEnds = Number.POSITIVE_INFINITY
      options.onSecured?.(tls)
      if (session) {
        session.tick(runtime.now())
        session.upgraded(tls)
      } else {
        begin(tls)
      }
      arm()
    },
    closed(error) {
      over = true
      timer?.cancel()
      compression?.close()
      session?.destroy(error)
      options.onClosed(error)
    },
  })
  if (options.implicitTls) secure()
}
