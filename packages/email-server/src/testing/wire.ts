// A connection of the virtual world: two ends, each with a buffer of limited size, and whatever faults the test asks for.
// TLS is made up: when both ends have called `secure` they are told so, and what one end says in clear never reaches an
// end that has begun its handshake. No byte is encrypted and no certificate is read.
import { MailError } from '../base/errors.ts'
import type { Connection, ConnectionEvents, PeerCertificate, TlsInfo, TlsOptions } from '../base/runtime.ts'
import type { Agenda } from './agenda.ts'

/** How a connection behaves; the default is an ideal one. */
export interface LinkOptions {
  /** Time from one end to the other, ms. Default 0. */
  readonly latencyMs?: number
  /** Into which pieces is what arrives cut? A number cuts evenly. Default: as it was written. */
  readonly cut?: number | ((bytes: Uint8Array) => readonly Uint8Array[])
  /** Time between two such pieces, ms: a slow line. Default 0. */
  readonly paceMs?: number
  /** What a box in between makes of what is said in clear, packet by packet (and of the handshake, if it likes). Default: nothing. */
  readonly rewrite?: {
    readonly toServer?: (bytes: Uint8Array) => Uint8Array
    readonly toClient?: (bytes: Uint8Array) => Uint8Array
  }
  /** Bytes under way in one direction before `write` says false. Default 64 KiB. */
  readonly window?: number
  /** The connection breaks when so many bytes have reached the server, or the client. */
  readonly resetAfter?: { readonly toServer?: number; readonly toClient?: number }
  /** When so many bytes have reached the server, or the client, nothing more does, and nobody is told. */
  readonly stallAfter?: { readonly toServer?: number; readonly toClient?: number }
  /** Does the client's verification of the server's certificate succeed? Default true. */
  readonly trusted?: boolean
  /** Why not, as node:tls says it. Default `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly authorizationError?: string
  /** What the server shows of itself; nothing of it is checked here. Default: nothing. */
  readonly certificate?: PeerCertificate
  /** Does the handshake come to nothing, whoever would trust whom? Default false. */
  readonly handshakeFails?: boolean
}

type Packet =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly secured: boolean }
  | { readonly kind: 'hello'; readonly servername: string | null }
  | { readonly kind: 'end' }

const DEFAULT_WINDOW = 64 * 1024
/** What a TLS client says first, to an end that does not expect it. */
const CLIENT_HELLO = Uint8Array.of(0x16, 0x03, 0x01, 0x00, 0x00)

export interface Address {
  readonly address: string
  readonly port: number
}

/** Who counts what is open. */
export interface WireWatch {
  closed(): void
  /** So many bytes lie between the ends, unread, in one direction. */
  unread(bytes: number): void
  /** Something that the link was asked for has really come to pass. */
  happened(what: LinkFault): void
}

/**
 * `cut`: what was written arrived in pieces; `single octets`: each by itself; `full window`: a writer was told to wait; `slow`: pieces waited for one
 * another; `rewritten`: a box in between changed something; `reset` and `stall`: at their octet; `untrusted certificate`, `failed handshake`: TLS came
 * to nothing, or (`unverified`) the client went on all the same.
 */
export type LinkFault =
  | 'cut'
  | 'failed handshake'
  | 'full window'
  | 'reset'
  | 'rewritten'
  | 'single octets'
  | 'slow'
  | 'stall'
  | 'untrusted certificate'
  | 'unverified certificate'

/** Makes both ends of a connection. */
export function wire(
  agenda: Agenda,
  client: Address,
  server: Address,
  link: LinkOptions,
  watch: WireWatch,
): { client: Connection; server: Connection } {
  const { resetAfter, stallAfter, rewrite } = link
  const clientEnd = new WireEnd(agenda, client, server, link, watch, {
    resetAfter: resetAfter?.toClient,
    stallAfter: stallAfter?.toClient,
    rewrite: rewrite?.toClient,
  })
  const serverEnd = new WireEnd(agenda, server, client, link, watch, {
    resetAfter: resetAfter?.toServer,
    stallAfter: stallAfter?.toServer,
    rewrite: rewrite?.toServer,
  })
  clientEnd.peer = serverEnd
  serverEnd.peer = clientEnd
  return { client: clientEnd, server: serverEnd }
}

/** What befalls the bytes on their way to one end. */
interface WayHere {
  readonly resetAfter: number | undefined
  readonly stallAfter: number | undefined
  readonly rewrite: ((bytes: Uint8Array) => Uint8Array) | undefined
}

class WireEnd implements Connection {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  peer!: WireEnd
  readonly #agenda: Agenda
  readonly #link: LinkOptions
  #events: ConnectionEvents | null = null
  /** What has arrived and was not read. */
  #inbox: Packet[] = []
  #paused = false
  #reading = false
  /** Bytes that this end has written and the peer has not read. */
  #unread = 0
  #wantsDrain = false
  #ended = false
  #heardEnd = false
  #closed: { readonly error: Error | null } | null = null
  #bytesUntilReset: number
  #bytesUntilStall: number
  readonly #watch: WireWatch
  readonly #rewrite: ((bytes: Uint8Array) => Uint8Array) | undefined
  /** When a slow line has room for another piece, ms. */
  #freeAt = 0
  /** Null: in clear. Bytes written during the handshake wait in `#early`. */
  #tls: { readonly side: 'server' | 'client'; readonly options: TlsOptions; done: boolean } | null = null
  #early: Uint8Array[] = []
  #endEarly = false

  constructor(
    agenda: Agenda,
    local: Address,
    remote: Address,
    link: LinkOptions,
    watch: WireWatch,
    way: WayHere,
  ) {
    this.#agenda = agenda
    this.#link = link
    this.#watch = watch
    this.#bytesUntilReset = way.resetAfter ?? Number.POSITIVE_INFINITY
    this.#bytesUntilStall = way.stallAfter ?? Number.POSITIVE_INFINITY
    this.#rewrite = way.rewrite
    this.localAddress = local.address
    this.localPort = local.port
    this.remoteAddress = remote.address
    this.remotePort = remote.port
  }

  open(events: ConnectionEvents): void {
    this.#events = events
    if (this.#closed) events.closed(this.#closed.error)
    else this.#read()
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed || this.#ended || bytes.length === 0) return true
    const copy = Uint8Array.from(bytes)
    if (this.#tls && !this.#tls.done) {
      this.#early.push(copy)
      return true
    }
    this.#unread += copy.length
    this.#watch.unread(this.#unread)
    this.#send({ kind: 'bytes', bytes: copy, secured: this.#tls !== null })
    if (this.#unread < (this.#link.window ?? DEFAULT_WINDOW)) return true
    this.#wantsDrain = true
    this.#watch.happened('full window')
    return false
  }

  unread(bytes: Uint8Array): void {
    if (this.#closed) return
    this.peer.#unread += bytes.length
    this.#bytesUntilReset += bytes.length
    this.#inbox.unshift({ kind: 'bytes', bytes: Uint8Array.from(bytes), secured: this.#tls !== null })
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#read()
  }

  secure(side: 'server' | 'client', options: TlsOptions): void {
    if (this.#closed || this.#tls) return
    this.#tls = { side, options, done: false }
    // what was read off the wire in clear is not part of the handshake
    if (this.#inbox.some(packet => packet.kind === 'bytes')) {
      this.#break(new MailError('ETLS', 'there was text where the handshake was expected'))
      return
    }
    if (side === 'client') this.#send({ kind: 'hello', servername: options.servername ?? null })
    this.#read()
  }

  end(): void {
    if (this.#closed || this.#ended) return
    if (this.#tls && !this.#tls.done) {
      this.#endEarly = true
      return
    }
    this.#ended = true
    this.#send({ kind: 'end' })
    this.resume()
  }

  destroy(): void {
    this.#break(null, new MailError('ECONNECTION', 'connection reset by peer'))
  }

  #send(packet: Packet): void {
    this.#agenda.schedule(this.#link.latencyMs ?? 0, () => this.peer.#arrive(packet))
  }

  #arrive(packet: Packet): void {
    if (this.#closed || this.#bytesUntilStall <= 0) return
    if (packet.kind !== 'bytes') {
      this.#paced(packet)
      return
    }
    const bytes = this.#rewrite?.(packet.bytes) ?? packet.bytes
    if (bytes !== packet.bytes) this.#watch.happened('rewritten')
    // what a box in between has added or swallowed is not owed to anybody
    this.peer.#unread += bytes.length - packet.bytes.length
    const passed = bytes.subarray(0, this.#bytesUntilStall)
    this.#bytesUntilStall -= passed.length
    if (this.#bytesUntilStall === 0) this.#watch.happened('stall')
    for (const piece of this.#pieces(passed)) this.#paced({ ...packet, bytes: piece })
  }

  /** Over a slow line one piece comes after the other. */
  #paced(packet: Packet): void {
    const { paceMs = 0 } = this.#link
    if (paceMs === 0) {
      this.#take(packet)
      return
    }
    const at = Math.max(this.#agenda.now, this.#freeAt)
    if (at > this.#agenda.now) this.#watch.happened('slow')
    this.#freeAt = at + (packet.kind === 'bytes' ? paceMs : 0)
    this.#agenda.schedule(at - this.#agenda.now, () => this.#take(packet))
  }

  #take(packet: Packet): void {
    if (this.#closed) return
    if (packet.kind === 'hello') {
      this.#meet(packet.servername)
      return
    }
    this.#inbox.push(packet)
    this.#read()
  }

  /** Gives the owner what has arrived, in the order of its coming, as long as it wants it. */
  #read(): void {
    if (this.#reading) return
    this.#reading = true
    while (this.#inbox.length > 0 && this.#events && !this.#paused && !this.#closed) {
      const packet = this.#inbox.shift()!
      if (packet.kind === 'bytes') this.#readBytes(packet.bytes, packet.secured)
      else {
        this.#heardEnd = true
        this.#events.end()
        // both have heard the other's goodbye, and with it all that was said before
        if (this.peer.#heardEnd && !this.#closed) {
          this.#finish(null)
          this.peer.#finish(null)
        }
      }
    }
    this.#reading = false
  }

  #readBytes(bytes: Uint8Array, secured: boolean): void {
    if (secured !== (this.#tls !== null)) {
      this.#break(new MailError('ETLS', 'wrong version number'))
      return
    }
    this.peer.#acknowledge(bytes.length)
    if (bytes.length < this.#bytesUntilReset) {
      this.#bytesUntilReset -= bytes.length
      this.#events?.data(bytes)
      return
    }
    this.#watch.happened('reset')
    if (this.#bytesUntilReset > 0) this.#events?.data(bytes.subarray(0, this.#bytesUntilReset))
    this.#break(new MailError('ECONNECTION', 'connection reset by peer'))
  }

  #pieces(bytes: Uint8Array): readonly Uint8Array[] {
    const { cut } = this.#link
    if (cut === undefined) return [bytes]
    const pieces = typeof cut === 'function' ? cut(bytes) : cutEvenly(bytes, cut)
    if (pieces.length > 1) this.#watch.happened(cut === 1 ? 'single octets' : 'cut')
    return pieces
  }

  #acknowledge(count: number): void {
    this.#unread -= count
    if (!this.#wantsDrain || this.#unread > 0 || this.#closed) return
    this.#wantsDrain = false
    this.#agenda.schedule(0, () => {
      if (!this.#closed) this.#events?.drain()
    })
  }

  /** A client's hello arrives: the handshake is done if this end waits for one as server. */
  #meet(servername: string | null): void {
    const client = this.peer
    if (this.#tls?.side !== 'server') {
      if (this.#tls) this.#break(new MailError('ETLS', 'both ends are clients'))
      else {
        this.#inbox.push({ kind: 'bytes', bytes: CLIENT_HELLO, secured: false })
        this.#read()
      }
      return
    }
    const trusted = this.#link.trusted ?? true
    const refuses = !trusted && client.#tls?.options.rejectUnauthorized !== false
    if (!trusted) this.#watch.happened(refuses ? 'untrusted certificate' : 'unverified certificate')
    if (refuses || this.#link.handshakeFails) {
      if (!refuses) this.#watch.happened('failed handshake')
      const alert = new MailError('ETLS', 'the certificate cannot be trusted')
      client.#break(alert, alert)
      return
    }
    // before anything that this end says next
    this.#agenda.schedule(this.#link.latencyMs ?? 0, () =>
      client.#secured({
        servername,
        authorized: trusted,
        authorizationError: trusted ? null : (this.#link.authorizationError ?? 'DEPTH_ZERO_SELF_SIGNED_CERT'),
        peerCertificate: this.#link.certificate ?? null,
      }),
    )
    this.#secured({ servername, authorized: false })
  }

  #secured(known: Omit<TlsInfo, 'protocol' | 'cipher'>): void {
    if (this.#closed || !this.#tls) return
    this.#tls.done = true
    const early = this.#early
    this.#early = []
    this.#events?.secured({
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      ...known,
    } satisfies TlsInfo)
    for (const bytes of early) this.write(bytes)
    if (this.#endEarly) this.end()
    this.#read()
  }

  /** Ends both directions at once; each end hears its own reason. */
  #break(here: Error | null, there: Error | null = here): void {
    if (this.#closed) return
    this.#finish(here)
    this.#agenda.schedule(this.#link.latencyMs ?? 0, () => this.peer.#finish(there))
  }

  #finish(error: Error | null): void {
    if (this.#closed) return
    this.#closed = { error }
    this.#inbox = []
    this.#watch.closed()
    const events = this.#events
    if (events) this.#agenda.schedule(0, () => events.closed(error))
  }
}

function cutEvenly(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return pieces
}
