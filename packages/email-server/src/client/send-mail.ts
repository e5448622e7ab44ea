// sendMail, resolveMX and the pool, standing alone: with the sockets, the clock and the DNS of this machine.
import { type Callback, settle } from '../base/callback.ts'
import { optionError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'
import {
  DeliverySender,
  type Destination,
  type MxHost,
  mxHosts,
  type OutgoingOptions,
  type RelayOptions,
  readOutgoing,
  relayKey,
  resolveRelay,
  resolveRetry,
  SendPool,
  type SendPoolOptions,
  type SendResult,
} from '../delivery/index.ts'
import { CachingResolver, type Resolver } from '../dns/index.ts'
import { nodeRuntime } from '../node/index.ts'
import { wellKnownService } from './services.ts'

/** What sendMail takes: the message in nodemailer's words, and how it is sent. */
export interface SendMailOptions extends OutgoingOptions {
  /** The server that takes it: host, port, login; or a URL. Default: the servers that the recipients' domains name in the DNS. */
  readonly relay?: RelayOptions | string
  /** A well-known service as relay (`gmail`), with the login in `auth`. */
  readonly service?: string
  readonly auth?: RelayOptions['auth']
  /** Connections shared by many calls, from `createPool`. Default: a connection for each destination, closed at the end. */
  readonly pool?: SendPool
  /** Without `pool`: what a pool would be told (`hostname`, `resolver`, `privateHosts`, `mtaSts`, …). */
  readonly delivery?: SendPoolOptions
  readonly runtime?: Runtime
}

const WAY_NAMES: ReadonlySet<string> = new Set(['relay', 'service', 'auth', 'pool', 'delivery', 'runtime'])

/**
 * Sends one message: to the servers of its recipients' domains, or by a relay.
 *
 *     const info = await sendMail({ from: 'alice@example.com', to: 'bob@other.com', subject: 'Hi', text: 'Body' })
 *     info.accepted, info.rejected      // ['bob@other.com'], [{ address, domain, error }]
 *
 * One attempt: recipients that a server turned away for now are in `info.pending`; createTransport({ retry: true }) and createServer try
 * again. Rejects (or calls back) with a MailError when nobody has got it: that of one recipient, all of them in its `rejected`.
 */
export function sendMail(options: SendMailOptions): Promise<SendResult>
export function sendMail(options: SendMailOptions, callback: Callback<SendResult>): void
export function sendMail(
  options: SendMailOptions,
  callback?: Callback<SendResult>,
): Promise<SendResult> | undefined {
  return settle(send(options), callback)
}

async function send(options: SendMailOptions): Promise<SendResult> {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const { pool: shared, runtime = shared?.runtime ?? nodeRuntime } = options
  if (shared !== undefined && !(shared instanceof SendPool))
    throw optionError('pool', 'a pool from createPool', shared)
  const message: { [name: string]: unknown } = {}
  for (const [name, value] of Object.entries(options)) if (!WAY_NAMES.has(name)) message[name] = value
  const outgoing = readOutgoing(message as OutgoingOptions, runtime, relayOf(options))
  const pool = shared ?? new SendPool({ idleTimeout: 0, ...options.delivery, runtime }, 'delivery')
  try {
    return await senderFor(pool).send(outgoing)
  } finally {
    if (!shared) pool.close()
  }
}

/** One for each pool: nothing in it belongs to one message. */
const senders = new WeakMap<SendPool, DeliverySender>()

function senderFor(pool: SendPool): DeliverySender {
  let sender = senders.get(pool)
  if (!sender) {
    sender = makeSender(pool)
    senders.set(pool, sender)
  }
  return sender
}

/** One attempt, no queue, nobody who listens. */
function makeSender(pool: SendPool): DeliverySender {
  return new DeliverySender({
    runtime: pool.runtime,
    courier: pool.courier,
    destination: domain => ({ kind: 'domain', domain }),
    queue: null,
    retry: resolveRetry(),
    signing: null,
    reports: null,
    whenAmbiguous: 'bounce',
    inMemory: pool.limits.messageInMemory,
    mostBytes: Number.MAX_SAFE_INTEGER,
  })
}

function relayOf({ relay, service, auth }: SendMailOptions): Destination | null {
  const given =
    relay ?? (service === undefined ? undefined : { service, ...(auth !== undefined && { auth }) })
  if (given === undefined || given === null) return null
  if (typeof given === 'object') {
    const known = relays.get(given)
    if (known) return known
  }
  const resolved = resolveRelay(given, wellKnownService)
  const login = typeof given === 'string' ? new URL(given).username : given.auth
  const key = relayKey(resolved, typeof login === 'string' ? { user: login } : login)
  const destination: Destination = { kind: 'relay', relay: resolved, key }
  if (typeof given === 'object') relays.set(given, destination)
  return destination
}

/** The same options object again and again is read once. */
const relays = new WeakMap<RelayOptions, Destination>()

/**
 * Connections that many calls of sendMail share; close it when no more follow. Throws ECONFIG.
 *
 *     const pool = createPool({ maxPerDomain: 3, rateLimitPerMinute: 60 })
 *     await Promise.all(letters.map(letter => sendMail({ ...letter, pool })))
 *     pool.close()
 */
export function createPool(options: SendPoolOptions = {}): SendPool {
  return new SendPool({ ...options, runtime: options.runtime ?? nodeRuntime })
}

export interface ResolveMxOptions {
  readonly resolver?: Resolver
  readonly runtime?: Runtime
}

/**
 * The servers that take mail for a domain, the preferred first, equals in random order: `[{ exchange, priority }]`; the domain itself when it
 * has no MX record (RFC 5321 §5.1). The error is EDNS; `permanent` when there is no such domain, or it takes no mail (RFC 7505).
 */
export function resolveMX(domain: string, options?: ResolveMxOptions): Promise<readonly MxHost[]>
export function resolveMX(domain: string, callback: Callback<readonly MxHost[]>): void
export function resolveMX(
  domain: string,
  options: ResolveMxOptions,
  callback: Callback<readonly MxHost[]>,
): void
export function resolveMX(
  domain: string,
  ...rest: readonly unknown[]
): Promise<readonly MxHost[]> | undefined {
  const callback = rest.find(value => typeof value === 'function') as Callback<readonly MxHost[]> | undefined
  const { runtime = nodeRuntime, resolver } = (typeof rest[0] === 'object' && rest[0]) as ResolveMxOptions
  const found = mxHosts(domain, {
    random: runtime.random,
    resolver: resolver ?? new CachingResolver({ runtime }),
  })
  return settle(found, callback)
}
