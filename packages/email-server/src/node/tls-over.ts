// TLS as node:tls speaks it, over any byte stream: what the virtual world puts between its hosts. The octets are the real ones; whether a
// certificate can be trusted is judged here, by the clock and the authorities of that world (OpenSSL knows only those of this machine).
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { X509Certificate } from '../base/crypto.ts'
import { MailError } from '../base/errors.ts'
import type { Connection, ConnectionEvents, TlsInfo, TlsOptions } from '../base/runtime.ts'
import { builtin } from './builtin.ts'
import { secureContext } from './tls-context.ts'
import { tlsInfo } from './tls-info.ts'

/** The world in which the handshake is made. */
export interface TlsWorld {
  /** ms since the epoch. */
  now(): number
  /** Certificates of the authorities that everybody trusts who names none, PEM. */
  readonly roots: readonly string[]
  /** Something has happened that no timer and no byte of the stream has caused. */
  touch(): void
}

export class TlsOverConnection implements Connection {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #plain: Connection
  readonly #world: TlsWorld
  #events: ConnectionEvents | null = null
  #pipe: Pipe | null = null
  #socket: TLSSocket | null = null
  #error: Error | null = null
  #paused = false
  #closed = false

  constructor(plain: Connection, world: TlsWorld) {
    this.#plain = plain
    this.#world = world
    this.remoteAddress = plain.remoteAddress
    this.remotePort = plain.remotePort
    this.localAddress = plain.localAddress
    this.localPort = plain.localPort
  }

  open(events: ConnectionEvents): void {
    this.#events = events
    this.#plain.open({
      data: bytes => {
        if (this.#pipe) this.#pipe.arrived(bytes)
        else events.data(bytes)
      },
      end: () => {
        if (this.#pipe) this.#pipe.arrived(null)
        else events.end()
      },
      drain: () => {
        if (this.#pipe) this.#pipe.drained()
        else events.drain()
      },
      secured: () => {},
      closed: error => this.#finish(error),
    })
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#socket) return this.#plain.write(bytes)
    if (this.#socket.destroyed || this.#socket.writableEnded) return true
    return this.#socket.write(bytes)
  }

  unread(bytes: Uint8Array): void {
    if (this.#socket) this.#socket.unshift(bytes)
    else this.#plain.unread(bytes)
  }

  pause(): void {
    this.#paused = true
    if (this.#socket) this.#socket.pause()
    else this.#plain.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#socket) this.#socket.resume()
    else this.#plain.resume()
  }

  secure(side: 'server' | 'client', options: TlsOptions): void {
    if (this.#closed || this.#socket) return
    const pipe = new Pipe(this.#plain)
    this.#pipe = pipe
    try {
      this.#socket = side === 'server' ? serverSide(pipe, options) : clientSide(pipe, options)
    } catch (error) {
      this.#error ??= error as Error
      this.destroy()
      return
    }
    const socket = this.#socket
    socket.on('error', error => {
      this.#error ??= error
      this.#plain.destroy()
    })
    socket.once('close', () => this.#plain.destroy())
    socket.once(side === 'server' ? 'secure' : 'secureConnect', () => this.#secured(socket, side, options))
    socket.on('data', (bytes: Uint8Array) => {
      this.#world.touch()
      this.#events?.data(bytes)
    })
    socket.on('end', () => {
      this.#world.touch()
      this.#events?.end()
    })
    socket.on('drain', () => {
      this.#world.touch()
      this.#events?.drain()
    })
    if (this.#paused) socket.pause()
    this.#plain.resume()
  }

  end(): void {
    if (!this.#socket) {
      this.#plain.end()
      return
    }
    this.#socket.end()
    this.resume()
  }

  destroy(): void {
    this.#plain.destroy()
  }

  #secured(socket: TLSSocket, side: 'server' | 'client', options: TlsOptions): void {
    this.#world.touch()
    socket.disableRenegotiation()
    const shown = tlsInfo(socket, side)
    const peerCertificate = shown.peerCertificate ?? null
    const error = peerCertificate ? judge(peerCertificate.chain, side, options, this.#world) : null
    const info: TlsInfo = {
      protocol: shown.protocol,
      cipher: shown.cipher,
      servername: shown.servername,
      authorized: peerCertificate !== null && error === null,
      authorizationError: error,
      peerCertificate,
      channelBinding: type => shown.channelBinding?.(type) ?? null,
    }
    const demanded =
      side === 'client'
        ? options.rejectUnauthorized !== false
        : options.requestCert && options.rejectUnauthorized
    if (demanded && !info.authorized) {
      this.#error ??= untrusted(error)
      socket.destroy()
      return
    }
    this.#events?.secured(info)
  }

  #finish(error: Error | null): void {
    if (this.#closed) return
    this.#closed = true
    this.#world.touch()
    this.#pipe?.destroy()
    this.#socket?.destroy()
    this.#events?.closed(this.#error ?? error)
  }
}

/** What node:tls takes for a socket. */
class Pipe extends Duplex {
  readonly #plain: Connection
  #waiting: (() => void) | null = null

  constructor(plain: Connection) {
    super({ allowHalfOpen: true })
    this.#plain = plain
    // the stream above has its own
    this.on('error', () => {})
  }

  /** Null: the end. */
  arrived(bytes: Uint8Array | null): void {
    if (this.destroyed || this.readableEnded) return
    if (!this.push(bytes) && bytes) this.#plain.pause()
  }

  drained(): void {
    const go = this.#waiting
    this.#waiting = null
    go?.()
  }

  override _read(): void {
    this.#plain.resume()
  }

  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    if (this.#plain.write(bytes)) done()
    else this.#waiting = done
  }

  override _final(done: () => void): void {
    this.#plain.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.drained()
    done(error)
  }
}

function serverSide(pipe: Pipe, options: TlsOptions): TLSSocket {
  const { select } = options
  return new (builtin('node:tls').TLSSocket)(pipe as never, {
    isServer: true,
    secureContext: secureContext(options),
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: false,
    ...(select && {
      SNICallback: (name: string, done: (error: Error | null, context?: never) => void) => {
        select(name).then(
          chosen => (chosen ? done(null, secureContext(chosen) as never) : done(null)),
          error => done(error as Error),
        )
      },
    }),
  })
}

function clientSide(pipe: Pipe, options: TlsOptions): TLSSocket {
  const { servername } = options
  const tls = builtin('node:tls')
  return tls.connect({
    socket: pipe as never,
    secureContext: secureContext(options),
    rejectUnauthorized: false,
    ...(servername !== undefined && { host: servername }),
    ...(servername !== undefined && !isAddress(servername) && { servername }),
  })
}

/** Null: it can be trusted; else the code of node:tls that says why not. Authorities sign what they are asked to sign, directly or through others. */
function judge(
  chain: readonly Uint8Array[],
  side: 'server' | 'client',
  options: TlsOptions,
  world: TlsWorld,
): string | null {
  const shown = chain.map(der => new X509Certificate(der))
  const roots = (options.ca === undefined ? world.roots : [options.ca].flat()).map(
    pem => new X509Certificate(pem as string),
  )
  const now = world.now()
  let at = shown[0]!
  for (let hops = 0; hops <= shown.length; hops++) {
    if (Date.parse(at.validTo) < now) return 'CERT_HAS_EXPIRED'
    if (Date.parse(at.validFrom) > now) return 'CERT_NOT_YET_VALID'
    if (roots.some(root => root.raw.equals(at.raw) || isSigned(at, root)))
      return nameError(shown[0]!, side, options)
    const issuer = shown.find(other => other !== at && other.ca && isSigned(at, other))
    if (!issuer) break
    at = issuer
  }
  const leaf = shown[0]!
  if (leaf.subject === leaf.issuer && leaf.verify(leaf.publicKey)) return 'DEPTH_ZERO_SELF_SIGNED_CERT'
  return 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
}

function isSigned(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function nameError(leaf: X509Certificate, side: 'server' | 'client', options: TlsOptions): string | null {
  const { servername } = options
  if (side === 'server' || servername === undefined) return null
  const fits = isAddress(servername) ? leaf.checkIP(servername) : leaf.checkHost(servername)
  return fits === undefined ? 'ERR_TLS_CERT_ALTNAME_INVALID' : null
}

function untrusted(code: string | null): Error {
  if (code === null) return new MailError('ETLS', 'the peer has shown no certificate')
  return Object.assign(new Error(`the certificate cannot be trusted: ${code}`), { code })
}

function isAddress(name: string): boolean {
  return name.includes(':') || /^[0-9.]+$/.test(name)
}
