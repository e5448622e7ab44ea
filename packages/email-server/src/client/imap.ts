// connectIMAP: mailboxes that are connected to, secured and logged in at, and connected to again when the connection is lost.
import { type Callback, settle } from '../base/callback.ts'
import type { DrivenClient } from '../base/drive-client.ts'
import { optionError } from '../base/errors.ts'
import { ImapClientSession } from '../imap/index.ts'
import { nodeRuntime } from '../node/index.ts'
import {
  type ConnectOptions,
  type ConnectPlace,
  checkConnectOptions,
  connect,
  isThisMachine,
} from './connect.ts'
import { ImapConnection } from './imap-connection.ts'
import type { ReconnectPolicy } from './imap-link.ts'

export interface ConnectImapOptions extends ConnectOptions {
  /** Default 993 with `secure`, else 143. */
  readonly port?: number
  /** TLS from the first byte. Default: true unless the port is 143. */
  readonly secure?: boolean
  /** Compress what is said and heard (RFC 4978) when the server can. Default: true unless the server is on this machine. */
  readonly compress?: boolean
  /** Connect again when the connection is lost. Default true; an object says how often. */
  readonly reconnect?: boolean | ReconnectPolicy
  /** How often to say that we are still here, ms; 0: never. Default 4 minutes. */
  readonly keepAlive?: number
  /** How often to ask for news while `changes()` watches and the server has no IDLE, ms. Default 1 minute. */
  readonly pollInterval?: number
}

const KEEP_ALIVE_MS = 240_000
const POLL_MS = 60_000

/**
 * Connects, hears the greeting, secures the connection as asked, and logs in.
 *
 *     const imap = await connectIMAP({ host: 'imap.example.com', auth: { user, pass } })
 *     await imap.select('INBOX')
 *     for await (const message of imap.fetch('1:*', { envelope: true })) console.log(message.uid, message.envelope?.subject)
 *     await imap.logout()
 *
 * Rejects with a MailError: ECONFIG for a bad option, ECONNECTION, ETIMEDOUT, ETLS, EAUTH, ENOAUTH, EPROTOCOL, EABORT; the connection is
 * closed then, and is not tried for again.
 */
export function connectIMAP(options: ConnectImapOptions): Promise<ImapConnection>
export function connectIMAP(options: ConnectImapOptions, callback: Callback<ImapConnection>): void
export function connectIMAP(
  options: ConnectImapOptions,
  callback?: Callback<ImapConnection>,
): Promise<ImapConnection> | undefined {
  return settle(open(options), callback)
}

async function open(options: ConnectImapOptions): Promise<ImapConnection> {
  checkConnectOptions(options)
  const { reconnect = true, signal: _, ...lasting } = options
  const secure = options.secure ?? options.port !== 143
  const host = options.host ?? 'localhost'
  const place = { host, port: options.port ?? (secure ? 993 : 143), secure }
  const port = {
    runtime: options.runtime ?? nodeRuntime,
    policy: policyOf(reconnect),
    keepAlive: checkedWait('keepAlive', options.keepAlive ?? KEEP_ALIVE_MS),
    pollInterval: checkedWait('pollInterval', options.pollInterval ?? POLL_MS),
    open: () => openSession(lasting, place),
  }
  // the signal is about this first time only
  return new ImapConnection(port, await openSession(options, place))
}

async function openSession(
  options: ConnectImapOptions,
  place: ConnectPlace,
): Promise<DrivenClient<ImapClientSession>> {
  const { runtime = nodeRuntime, compress = !isThisMachine(place.host) } = options
  const canDeflate = runtime.deflate !== undefined
  const driven = await connect(options, place, {
    start: facts => new ImapClientSession({ ...facts, canDeflate }),
    offersTls: session => session.has('STARTTLS'),
    startTls: session => session.starttls(),
    leave: session => session.logout(),
    // whoever the server has greeted as known has nothing to say (RFC 3501 §7.1.4)
    logIn: async (session, credentials) => {
      if (session.state === 'notAuthenticated') await session.authenticate(credentials)
    },
  })
  const { session, connection } = driven
  try {
    if (session.state !== 'notAuthenticated') {
      if (compress && canDeflate && session.has('COMPRESS=DEFLATE')) await session.compress()
      if (session.has('QRESYNC') && session.has('ENABLE')) await session.enable(['QRESYNC'])
    }
    return driven
  } catch (error) {
    connection.destroy()
    throw error
  }
}

function policyOf(reconnect: boolean | ReconnectPolicy): ReconnectPolicy | null {
  if (typeof reconnect === 'boolean') return reconnect ? {} : null
  for (const name of ['minDelay', 'maxDelay', 'attempts'] as const) {
    const value = reconnect[name]
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw optionError(`reconnect.${name}`, 'a number of 0 or more', value)
  }
  return reconnect
}

function checkedWait(name: string, value: number): number {
  if (!Number.isFinite(value) || value < 0) throw optionError(name, 'a number of milliseconds', value)
  return value
}
