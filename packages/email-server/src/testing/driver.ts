// Drives sans-I/O sessions in memory, with a clock of its own: one session that a test talks to, or a client and a server
// that talk to each other. It keeps the promises that a real driver keeps (base/session.ts): time before bytes, nothing
// is fed to a paused or upgrading session, what was sent ahead of an upgrade is thrown away.
import { asBuffer, concat, fromUtf8 } from '../base/bytes.ts'
import type { MailError } from '../base/errors.ts'
import type { TlsInfo } from '../base/runtime.ts'
import type { SansIoSession } from '../base/session.ts'
import { turn, turnsUntilQuiet } from './turn.ts'

/** What `upgraded` is told when a test makes TLS up. */
export const VIRTUAL_TLS: TlsInfo = {
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  servername: null,
  authorized: true,
}

export interface SessionDriverOptions {
  /** The time at the start, ms since the epoch. Default 0. */
  readonly now?: number
}

/** One session, driven by hand. */
export class SessionDriver {
  readonly session: SansIoSession
  #now: number
  #output: Uint8Array[] = []
  #outputCount = 0
  #input: Uint8Array[] = []
  #paused = false
  #feeding = false
  #upgrade: 'tls' | 'deflate' | null = null
  #closed: { readonly error: MailError | null } | null = null

  constructor(session: SansIoSession, options: SessionDriverOptions = {}) {
    this.session = session
    this.#now = options.now ?? 0
    session.on('send', bytes => {
      this.#output.push(bytes)
      this.#outputCount++
    })
    session.on('upgrade', (kind, ahead) => {
      this.#upgrade = kind
      this.#input = ahead && ahead.length > 0 ? [ahead] : []
    })
    session.on('close', error => {
      this.#closed ??= { error }
      this.#input = []
    })
    session.on('wake', () => session.tick(this.#now))
    session.on('pause', () => {
      this.#paused = true
    })
    session.on('resume', () => {
      this.#paused = false
      this.#pump()
    })
  }

  get now(): number {
    return this.#now
  }

  /** What the session wants its transport to become, null when nothing. */
  get upgrade(): 'tls' | 'deflate' | null {
    return this.#upgrade
  }

  get isOpen(): boolean {
    return this.#closed === null
  }

  /** Null while the session lives. */
  get closed(): { readonly error: MailError | null } | null {
    return this.#closed
  }

  /** True while the session wants no more bytes (they wait here). */
  get paused(): boolean {
    return this.#paused
  }

  /** How many times the session has sent; changes whenever there is something new. */
  get outputCount(): number {
    return this.#outputCount
  }

  greet(): void {
    this.session.tick(this.#now)
    this.session.greet()
  }

  /**
   * Gives the session bytes (text as UTF-8) now, or as soon as it takes them. What comes while an upgrade is wanted was
   * said in clear and is lost: in the real world the handshake would break on it.
   */
  feed(bytes: Uint8Array | string): void {
    if (this.#closed || this.#upgrade) return
    this.#input.push(typeof bytes === 'string' ? fromUtf8(bytes) : bytes)
    this.#pump()
  }

  eof(): void {
    if (!this.#closed) this.session.eof()
  }

  /** The connection breaks. */
  destroy(error: Error | null = null): void {
    this.session.destroy(error)
  }

  /** The upgrade that the session asked for has happened. */
  upgraded(tls: TlsInfo | null = this.#upgrade === 'tls' ? VIRTUAL_TLS : null): void {
    this.#upgrade = null
    this.session.upgraded(tls)
    this.#pump()
  }

  /** Everything sent and not taken yet. */
  peek(): Uint8Array {
    if (this.#output.length > 1) this.#output = [concat(this.#output)]
    return this.#output[0] ?? new Uint8Array(0)
  }

  /** Everything sent and not taken yet, taken. */
  take(): Uint8Array {
    const bytes = this.peek()
    this.#output = []
    return bytes
  }

  /** Puts bytes back that were taken too much, before whatever came since. */
  putBack(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#output.unshift(bytes)
  }

  /** `take`, as UTF-8 text. */
  takeText(): string {
    return asBuffer(this.take()).toString('utf8')
  }

  /** Lets everything happen that needs no time to pass. */
  settle(): Promise<void> {
    return turnsUntilQuiet(() => this.#outputCount)
  }

  /** Feeds, settles, and takes what came: one exchange of a dialogue. */
  async exchange(bytes: Uint8Array | string): Promise<string> {
    this.feed(bytes)
    await this.settle()
    return this.takeText()
  }

  /** Lets `ms` pass; every deadline in between is met at its own time. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    await this.settle()
    for (;;) {
      const due = this.session.deadline()
      if (due === null || due > target || this.#closed) break
      this.#now = Math.max(this.#now, due)
      this.session.tick(this.#now)
      await this.settle()
    }
    this.#now = target
    if (!this.#closed) this.session.tick(target)
    await this.settle()
  }

  #pump(): void {
    if (this.#feeding) return
    this.#feeding = true
    while (this.#input.length > 0 && !this.#paused && !this.#upgrade && !this.#closed) {
      const next = this.#input.shift()!
      this.session.tick(this.#now)
      if (!this.#closed && !this.session.feed(next)) this.#paused = true
    }
    this.#feeding = false
  }
}

export interface SessionPairOptions extends SessionDriverOptions {
  /** Cuts what one side sends into the pieces that the other is fed. Default: as sent. */
  readonly cut?: (bytes: Uint8Array) => readonly Uint8Array[]
}

/** A client and a server session that talk to each other; both are driven, nothing crosses a network. */
export class SessionPair {
  readonly server: SessionDriver
  readonly client: SessionDriver
  /** All that was said, in order. */
  readonly log: { readonly from: 'client' | 'server'; readonly bytes: Uint8Array }[] = []
  readonly #cut: (bytes: Uint8Array) => readonly Uint8Array[]

  constructor(server: SansIoSession, client: SansIoSession, options: SessionPairOptions = {}) {
    this.server = new SessionDriver(server, options)
    this.client = new SessionDriver(client, options)
    this.#cut = options.cut ?? (bytes => [bytes])
  }

  /** Both sides begin. */
  greet(): void {
    this.client.greet()
    this.server.greet()
  }

  /** Carries bytes to and fro until neither side has more to say. */
  async settle(): Promise<void> {
    let idle = 0
    while (idle < 3) {
      const moved = this.#carry('server', 'client') || this.#carry('client', 'server') || this.#agree()
      idle = moved ? 0 : idle + 1
      await turn()
    }
  }

  async advance(ms: number): Promise<void> {
    const target = this.server.now + ms
    await this.settle()
    for (;;) {
      const due = Math.min(
        this.server.session.deadline() ?? Number.POSITIVE_INFINITY,
        this.client.session.deadline() ?? Number.POSITIVE_INFINITY,
      )
      if (due > target || (this.server.closed && this.client.closed)) break
      const step = Math.max(0, due - this.server.now)
      await this.client.advance(step)
      await this.server.advance(step)
      await this.settle()
    }
    const rest = target - this.server.now
    await this.client.advance(rest)
    await this.server.advance(rest)
    await this.settle()
  }

  /** Settles and waits: until `promise` has settled, nothing but time is missing. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let done = false
    const mark = (): void => {
      done = true
    }
    promise.then(mark, mark)
    for (let i = 0; !done && i < 1000; i++) await this.settle()
    if (!done) throw new Error('the promise is still pending and neither session has more to say')
    return promise
  }

  #carry(from: 'server' | 'client', to: 'server' | 'client'): boolean {
    const bytes = this[from].take()
    if (bytes.length > 0) {
      this.log.push({ from, bytes })
      for (const piece of this.#cut(bytes)) this[to].feed(piece)
      return true
    }
    if (this[from].closed && !this[to].closed) {
      this[to].eof()
      this[to].destroy()
      return true
    }
    return false
  }

  #agree(): boolean {
    if (!this.server.upgrade || this.server.upgrade !== this.client.upgrade) return false
    this.server.upgraded()
    this.client.upgraded()
    return true
  }
}
