// A TCP connection of the real world as a `Connection`, plain or secured. No event of a socket ever throws out of here.
import net from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { MailError } from '../base/errors.ts'
import type { Connection, ConnectionEvents, TlsOptions } from '../base/runtime.ts'
import { builtin } from './builtin.ts'
import { secureContext } from './tls-context.ts'
import { tlsInfo } from './tls-info.ts'

/** Dead peers are noticed even when nobody speaks; ms. */
const KEEP_ALIVE_MS = 120_000

/**
 * Bytes that wait to leave at which the producer is stopped: more than Node's 16 KiB, which is a system call for every
 * message of a mailbox, and little beside what the kernel keeps for a connection anyway.
 */
const WRITE_WINDOW = 256 * 1024

const MAPPED_IPV4 = '::ffff:'

/** IPv4-mapped IPv6 addresses as IPv4, without a zone. */
export function plainAddress(address: string | undefined): string {
  if (!address) return ''
  const mapped = address.toLowerCase().startsWith(MAPPED_IPV4) ? address.slice(MAPPED_IPV4.length) : address
  return net.isIPv4(mapped) ? mapped : address.split('%')[0]!
}

export class NodeConnection implements Connection {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  #socket: net.Socket
  #events: ConnectionEvents | null = null
  #error: Error | null = null
  #closed = false
  #paused = false

  constructor(socket: net.Socket) {
    this.#socket = socket
    this.remoteAddress = plainAddress(socket.remoteAddress)
    this.remotePort = socket.remotePort ?? 0
    this.localAddress = plainAddress(socket.localAddress)
    this.localPort = socket.localPort ?? 0
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.on('error', error => {
      this.#error ??= error
    })
    socket.on('close', () => this.#finish())
  }

  open(events: ConnectionEvents): void {
    this.#events = events
    if (this.#closed) events.closed(this.#error)
    else this.#listen(this.#socket)
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket
    if (this.#closed || socket.writableEnded || socket.destroyed) return true
    if (socket.writableCorked === 0) {
      // what is written in one turn leaves in one system call, without being copied together; and at the end of the round in which
      // all readable sockets are read: to wake the peer after each of them costs more than to answer
      socket.cork()
      setImmediate(() => socket.uncork())
    }
    socket.write(bytes)
    // above the window the socket has said false as well, and tells when it has drained
    return socket.writableLength < WRITE_WINDOW
  }

  unread(bytes: Uint8Array): void {
    this.#socket.unshift(bytes)
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  secure(side: 'server' | 'client', options: TlsOptions): void {
    const plain = this.#socket
    plain.uncork()
    if (plain.writableLength > 0) {
      // what was said in clear leaves in clear
      plain.write('', error => {
        if (!error) this.secure(side, options)
      })
      return
    }
    for (const name of ['data', 'end', 'drain']) plain.removeAllListeners(name)
    // what was given back by `unread` waits for the handshake
    plain.pause()
    let secured: TLSSocket
    try {
      secured = side === 'server' ? serverSide(plain, options) : clientSide(plain, options)
    } catch (error) {
      this.#error ??= error as Error
      plain.destroy()
      return
    }
    this.#socket = secured
    secured.on('error', error => {
      this.#error ??= error
      plain.destroy()
    })
    secured.once('close', () => this.#finish())
    secured.once(side === 'server' ? 'secure' : 'secureConnect', () => {
      secured.disableRenegotiation()
      const info = tlsInfo(secured, side)
      // node:tls sees to it only for the sockets of its own servers
      if (side === 'server' && options.requestCert && options.rejectUnauthorized && !info.authorized) {
        this.#error ??= new MailError('ETLS', 'the client has no certificate that can be trusted')
        secured.destroy()
        return
      }
      this.#events?.secured(info)
    })
    this.#listen(secured)
  }

  end(): void {
    this.#socket.end()
    // what still comes is thrown away, so that the peer reads our last words before it sees a reset
    this.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #listen(socket: net.Socket): void {
    socket.on('data', bytes => this.#events?.data(bytes))
    socket.on('end', () => this.#events?.end())
    socket.on('drain', () => this.#events?.drain())
    if (!this.#paused) socket.resume()
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#socket.destroyed) this.#socket.destroy()
    const events = this.#events
    this.#events = null
    events?.closed(this.#error)
  }
}

function serverSide(socket: net.Socket, options: TlsOptions): TLSSocket {
  const { select } = options
  return new (builtin('node:tls').TLSSocket)(socket, {
    isServer: true,
    secureContext: secureContext(options),
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: options.rejectUnauthorized ?? false,
    ...(select && {
      SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => {
        select(name).then(
          chosen => (chosen ? done(null, secureContext(chosen)) : done(null)),
          error => done(error as Error),
        )
      },
    }),
  })
}

function clientSide(socket: net.Socket, options: TlsOptions): TLSSocket {
  return builtin('node:tls').connect({
    socket,
    secureContext: secureContext(options),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
    // whom the certificate must be for, also where it is an address, which is never sent as SNI (RFC 6066 §3)
    ...(options.servername !== undefined && { host: options.servername }),
    ...(options.servername !== undefined &&
      !net.isIP(options.servername) && { servername: options.servername }),
  })
}
