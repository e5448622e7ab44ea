// The real Runtime: sockets, clock, timers, randomness, DNS and temporary files of this machine.
import net from 'node:net'
import { randomBytes } from '../base/crypto.ts'
import { MailError } from '../base/errors.ts'
import type { Connection, ConnectOptions, Listener, ListenOptions, Runtime } from '../base/runtime.ts'
import { NodeConnection, plainAddress } from './connection.ts'
import { deflateStream } from './deflate-stream.ts'
import { dnsClient } from './dns-client.ts'
import { fetchHttps } from './https-get.ts'
import { openSpoolFile } from './spool.ts'
import { secureContext } from './tls-context.ts'

/** Longest delay that setTimeout takes; longer ones fire early, which every user of a Timer must survive. */
const LONGEST_DELAY = 2 ** 31 - 1

export const nodeRuntime: Runtime = {
  now: () => Date.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(Math.max(0, delayMs), LONGEST_DELAY))
    return { cancel: () => clearTimeout(timer) }
  },
  random: length => randomBytes(length),
  resolve: dnsClient(),
  listen,
  connect,
  deflate: deflateStream,
  fetch: options => fetchHttps(options),
  openSpool: () => openSpoolFile(),
  checkTls: options => {
    secureContext(options)
  },
  warn(message, error) {
    process.emitWarning(error === undefined ? message : `${message}: ${text(error)}`, {
      type: 'EmailServerWarning',
    })
  },
}

function listen(options: ListenOptions, accept: (connection: Connection) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, socket => {
      accept(new NodeConnection(socket))
    })
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(options, error)))
    server.listen({ port: options.port, ...(options.host !== undefined && { host: options.host }) }, () => {
      const bound = server.address() as net.AddressInfo
      // accept() failing for lack of file descriptors is not the end of the listener
      server.on('error', error => nodeRuntime.warn(`port ${bound.port}`, error))
      resolve({
        address: plainAddress(bound.address),
        port: bound.port,
        // its callback would wait for the connections, which live on
        close: async () => {
          server.close()
        },
      })
    })
  })
}

const LISTEN_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use',
  EACCES: 'needs rights that this process does not have',
  EADDRNOTAVAIL: 'is at an address that this machine does not have',
  ENOTFOUND: 'is at a host that cannot be found',
}

function listenError(options: ListenOptions, error: NodeJS.ErrnoException): MailError {
  const where =
    options.host === undefined ? `port ${options.port}` : `port ${options.port} on ${options.host}`
  const why = LISTEN_FAILURES[error.code ?? ''] ?? `cannot be opened (${error.code ?? error.message})`
  return new MailError('ECONNECTION', `${where} ${why}`, { cause: error })
}

function connect(options: ConnectOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const { host, port, localAddress } = options
    const where = `${host}:${port}`
    const socket = net.connect({
      host,
      port,
      allowHalfOpen: true,
      // both address families, the second soon after the first (RFC 8305); not yet the default of every Node
      autoSelectFamily: true,
      ...(localAddress !== undefined && { localAddress }),
    })
    const timer =
      options.timeoutMs === undefined
        ? null
        : setTimeout(() => {
            socket.destroy()
            reject(new MailError('ETIMEDOUT', `${where} has not answered within ${options.timeoutMs} ms`))
          }, options.timeoutMs)
    const failed = (error: Error): void => {
      if (timer) clearTimeout(timer)
      reject(new MailError('ECONNECTION', `no connection to ${where}`, { cause: error }))
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      if (timer) clearTimeout(timer)
      const connection = new NodeConnection(socket)
      socket.off('error', failed)
      resolve(connection)
    })
  })
}

function text(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
