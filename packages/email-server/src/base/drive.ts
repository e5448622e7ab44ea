// The driver: one sans-I/O session on one connection. It hands bytes and time in, takes bytes out, starts the TLS
// handshake where the session asks for it, and sees to it that nothing waits for ever.
import type { Limits } from './limits.ts'
import type {
  Connection,
  ConnectionEvents,
  DeflateStream,
  Runtime,
  Timer,
  TlsInfo,
  TlsOptions,
} from './runtime.ts'
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
  new Driver(options).run()
}

const NEVER = Number.POSITIVE_INFINITY

/** One per connection, and most of them are idle: what it does are methods, of which there is one for all. */
class Driver implements ConnectionEvents {
  readonly #options: DriveOptions
  readonly #connection: Connection
  readonly #runtime: Runtime
  #session: SansIoSession | null = null
  #compression: DeflateStream | null = null
  #timer: Timer | null = null
  #armedFor = NEVER
  /** Deadlines of the driver itself. */
  #handshakeEnds = NEVER
  #stallEnds = NEVER
  #lingerEnds = NEVER
  #ending = false
  #over = false

  constructor(options: DriveOptions) {
    this.#options = options
    this.#connection = options.connection
    this.#runtime = options.runtime
  }

  run(): void {
    const { implicitTls } = this.#options
    // what the peer has said already is given at once, and wants somebody who hears it
    if (!implicitTls) this.#begin(null)
    this.#connection.open(this)
    if (implicitTls) this.#secure()
  }

  data(bytes: Uint8Array): void {
    if (this.#compression && !this.#ending) this.#compression.inflate(bytes)
    else this.#receive(bytes)
  }

  end(): void {
    if (this.#ending) return
    if (!this.#session || this.#handshakeEnds !== NEVER) {
      this.#connection.destroy()
      return
    }
    this.#session.tick(this.#runtime.now())
    this.#session.eof()
    this.#arm()
  }

  drain(): void {
    if (this.#compression) this.#compression.transportDrained()
    else this.#resumeOutput()
  }

  secured(tls: TlsInfo): void {
    this.#handshakeEnds = NEVER
    this.#options.onSecured?.(tls)
    if (this.#session) {
      this.#session.tick(this.#runtime.now())
      this.#session.upgraded(tls)
    } else {
      this.#begin(tls)
    }
    this.#arm()
  }

  closed(error: Error | null): void {
    this.#over = true
    this.#timer?.cancel()
    this.#compression?.close()
    this.#session?.destroy(error)
    this.#options.onClosed(error)
  }

  #arm(): void {
    if (this.#over) return
    const due = Math.min(
      this.#session?.deadline() ?? NEVER,
      this.#handshakeEnds,
      this.#stallEnds,
      this.#lingerEnds,
    )
    // A timer that fires too early is re-armed when it fires; only one that is too late has to be replaced.
    if (due >= this.#armedFor || due === NEVER) return
    this.#timer?.cancel()
    this.#armedFor = due
    this.#timer = this.#runtime.setTimer(due - this.#runtime.now(), () => this.#fire())
  }

  #fire(): void {
    this.#timer = null
    this.#armedFor = NEVER
    const now = this.#runtime.now()
    if (now >= this.#handshakeEnds || now >= this.#stallEnds || now >= this.#lingerEnds) {
      this.#connection.destroy()
      return
    }
    this.#session?.tick(now)
    this.#arm()
  }

  #secure(): void {
    const { tls: chosen, side, limits } = this.#options
    const tls = typeof chosen === 'function' ? chosen() : chosen
    if (!tls) {
      this.#connection.destroy()
      return
    }
    this.#handshakeEnds = this.#runtime.now() + limits.handshakeTime
    this.#connection.secure(side, tls)
    this.#arm()
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#session || this.#ending) return
    this.#session.tick(this.#runtime.now())
    if (!this.#session.feed(bytes) && !this.#ending) this.#pause()
    this.#arm()
  }

  #pause(): void {
    this.#compression?.pause()
    this.#connection.pause()
  }

  #resumeOutput(): void {
    this.#stallEnds = NEVER
    this.#session?.tick(this.#runtime.now())
    this.#session?.resumeOutput()
  }

  #compress(ahead: Uint8Array | undefined): void {
    const connection = this.#connection
    if (!this.#runtime.deflate) {
      connection.destroy()
      return
    }
    this.#compression = this.#runtime.deflate({
      compressed: bytes => this.#over || connection.write(bytes),
      inflated: bytes => this.#receive(bytes),
      drained: () => this.#resumeOutput(),
      failed: () => connection.destroy(),
    })
    this.#session?.upgraded(null)
    if (ahead && ahead.length > 0) this.#compression.inflate(ahead)
    this.#arm()
  }

  #begin(tls: TlsInfo | null): void {
    const session = this.#options.start(tls)
    if (!session) {
      this.#connection.destroy()
      return
    }
    this.#session = session
    session.on('send', bytes => this.#send(bytes))
    session.on('pause', () => this.#pause())
    session.on('resume', () => {
      this.#compression?.resume()
      this.#connection.resume()
    })
    session.on('upgrade', (kind, ahead) => (kind === 'tls' ? this.#secure() : this.#compress(ahead)))
    session.on('wake', () => {
      session.tick(this.#runtime.now())
      this.#arm()
    })
    session.on('close', () => this.#finish())
    session.tick(this.#runtime.now())
    session.greet()
    this.#arm()
  }

  #send(bytes: Uint8Array): void {
    if (this.#compression ? this.#compression.compress(bytes) : this.#connection.write(bytes)) return
    this.#session?.pauseOutput()
    this.#stallEnds = this.#runtime.now() + this.#options.limits.stallTime
    this.#arm()
  }

  /** The session is over: its last words leave. */
  #finish(): void {
    this.#ending = true
    if (this.#handshakeEnds !== NEVER) {
      // nothing can be said in the middle of a handshake
      this.#connection.destroy()
      return
    }
    this.#lingerEnds = this.#runtime.now() + LINGER_MS
    if (this.#compression) this.#compression.finish(() => this.#connection.end())
    else this.#connection.end()
    this.#arm()
  }
}
