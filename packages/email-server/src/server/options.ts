// What createServer may be told, and what becomes of it. Bad options fail here, by name.
import { describe, MailError, optionError } from '../base/errors.ts'
import { type Limits, resolveLimits } from '../base/limits.ts'
import { NEARBY, networkMatcher } from '../base/networks.ts'
import type { Runtime, TlsInfo, TlsOptions } from '../base/runtime.ts'
import type { DkimCallback, PoolOptions, RelayOptions } from '../delivery/index.ts'
import type { Resolver } from '../dns/index.ts'
import { nodeRuntime } from '../node/index.ts'
import { MaildropLocks, type MaildropLocksOptions } from '../pop3/index.ts'
import { type AuthOptions, AuthPolicy } from '../sasl/index.ts'
import { resolveExtensions, type SmtpExtensionOptions, type SmtpRole } from '../smtp/index.ts'
import {
  type MailAuthOptions,
  type ResolvedMailAuth,
  resolveMailAuth,
  resolveResolver,
} from './mail-auth-options.ts'
import { flag, hostName, wholeNumber } from './option-values.ts'
import type { DeliveryOptions, OutboundOptions } from './outbound.ts'
import { type RateLimit, type RateLimitOptions, resolveRateLimit } from './rate-limit.ts'
import { type SniCallback, TlsStore } from './tls-store.ts'

/** The listeners that a server can have, by the name of their port. */
export type ListenerName = 'inbound' | 'submission' | 'secure' | 'lmtp' | 'imap' | 'imaps' | 'pop3' | 'pop3s'

export interface Pop3Options extends MaildropLocksOptions {
  /** What CAPA says of how long messages are kept (RFC 2449 §6.7): `NEVER` (removed by the server), or days. Default: nothing. */
  readonly expire?: 'NEVER' | number
}

export interface ServerOptions {
  /** Our name in greetings, Received fields and EHLO. Default `localhost`. */
  readonly hostname?: string
  /** Which listeners to open, and where; 0 picks a free port. */
  readonly ports?: { readonly [K in ListenerName]?: number }
  /** The address to listen at; default: all. */
  readonly host?: string
  /** The default certificate; needed for `secure`, `imaps` and `pop3s`, and for STARTTLS on the others. */
  readonly tlsOptions?: TlsOptions | null
  /**
   * Another certificate for the name that a client asks for; what it finds is kept until `clearTlsCache`. Names that it has nothing for get the
   * certificate of their domain (`addDomain`), or the default one.
   */
  readonly SNICallback?: SniCallback | null
  /** Called after each TLS handshake. */
  readonly onSecure?: ((info: SecureInfo) => void) | null
  /** Largest message, in octets. Default 26,214,400 (25 MiB). */
  readonly maxSize?: number
  /** Recipients of one message. Default 100. */
  readonly maxRecipients?: number
  /** How long `close` waits for sessions to end by themselves, ms. Default 30,000. */
  readonly closeTimeout?: number
  /** Take passwords from clients without TLS? Default false. */
  readonly allowInsecureAuth?: boolean
  /**
   * Submission: take mail from those only who have logged in? False takes it from everybody who can connect: for servers of tests, never for one
   * that others can reach. Default true.
   */
  readonly requireAuth?: boolean
  /** Offer DSN (RFC 3461) in SMTP and LMTP: see `SmtpServerOptions`. Default false. */
  readonly dsn?: boolean
  /** SMTP extensions that promise something beyond the session. */
  readonly extensions?: SmtpExtensionOptions
  /** CR without LF and LF without CR in messages that come in: `refuse` (550 5.6.0) or `normalize` to CRLF. Default `refuse`. */
  readonly lineBreaks?: 'refuse' | 'normalize'
  /** Give submitted messages the Date and the Message-ID that they lack (RFC 6409 §8)? Default true. */
  readonly addMissingFields?: boolean
  /**
   * Check who sent inbound mail (SPF, DKIM, DMARC, ARC, reverse DNS) before `mail` fires? Default true, for all clients but this machine
   * itself; the results are in `mail.auth`, and nothing is refused because of them. The time for it is `limits.authTime`.
   */
  readonly mailAuth?: boolean | MailAuthOptions
  /** Who is asked about the DNS. Default: the servers of this machine, through a cache. */
  readonly resolver?: Resolver
  /**
   * Connections come through a proxy that says for whom (HAProxy's PROXY protocol, version 1 or 2), on all ports. True: from proxies on this
   * machine or in its private networks; a list: from these addresses and networks. Who connects from elsewhere, or says nothing, is cut off:
   * otherwise anybody could say that he is somebody else. Default false.
   */
  readonly useProxy?: boolean | readonly string[]
  /** Who may say in SMTP that he speaks for another client (Postfix's XCLIENT), by address or network. Default: nobody. */
  readonly xclient?: readonly string[]
  /** How often one address may connect. Default: as often as it likes. */
  readonly rateLimit?: RateLimitOptions | null
  /** Inbound: how long the greeting is held back, ms; who talks before it (as programs that only spam do) hears 554. Default 0. */
  readonly greetingDelay?: number
  /** Which ways to log in are offered; SCRAM and others need an `auth` listener that can answer them. */
  readonly auth?: AuthOptions
  /** POP3 only. */
  readonly pop3?: Pop3Options
  /** The server that takes all outgoing mail: host, port, login; or a URL. Default: the servers that the recipients' domains name. */
  readonly relay?: RelayOptions | string | null
  /** Limits of the connections on which mail leaves. */
  readonly pool?: PoolOptions
  /** The keys that sign mail of domains for which `addDomain` was given none. */
  readonly dkimCallback?: DkimCallback | null
  /** How mail leaves: queue, attempts, reports, TLS policies. */
  readonly delivery?: DeliveryOptions
  /** Every other limit; see `Limits`. */
  readonly limits?: Partial<Limits>
  /** The world that the server lives in; default: this machine. */
  readonly runtime?: Runtime
}

/** A finished TLS handshake, as `onSecure` and the event `secure` tell it. */
export interface SecureInfo extends TlsInfo {
  readonly listener: ListenerName
  readonly remoteAddress: string
}

export interface Pop3Resolved {
  readonly locks: MaildropLocks
  readonly expire?: 'NEVER' | number
}

export interface ResolvedOptions {
  readonly hostname: string
  readonly ports: ReadonlyMap<ListenerName, number>
  readonly host: string | undefined
  readonly tls: TlsStore
  readonly isProxy: ((address: string) => boolean) | null
  readonly mayXclient: (address: string) => boolean
  readonly rateLimit: RateLimit | null
  readonly greetingDelayMs: number
  readonly onSecure: ((info: SecureInfo) => void) | null
  readonly closeTimeoutMs: number
  readonly allowInsecureAuth: boolean
  readonly mailAuth: ResolvedMailAuth | null
  /** What SMTP and LMTP sessions are told besides. */
  readonly smtp: {
    readonly dsn: boolean
    readonly requireAuth: boolean
    readonly extensions: SmtpExtensionOptions
    readonly lineBreaks: 'refuse' | 'normalize'
    readonly addMissingFields: boolean
  }
  readonly resolver: Resolver
  readonly auth: AuthPolicy
  readonly pop3: Pop3Resolved
  readonly outbound: OutboundOptions
  readonly limits: Limits
  readonly runtime: Runtime
}

/** Which listeners speak what. */
export const LISTENERS: Readonly<
  Record<
    ListenerName,
    { readonly protocol: 'smtp' | 'imap' | 'pop3'; readonly role?: SmtpRole; readonly implicitTls: boolean }
  >
> = {
  inbound: { protocol: 'smtp', role: 'inbound', implicitTls: false },
  submission: { protocol: 'smtp', role: 'submission', implicitTls: false },
  secure: { protocol: 'smtp', role: 'submission', implicitTls: true },
  lmtp: { protocol: 'smtp', role: 'lmtp', implicitTls: false },
  imap: { protocol: 'imap', implicitTls: false },
  imaps: { protocol: 'imap', implicitTls: true },
  pop3: { protocol: 'pop3', implicitTls: false },
  pop3s: { protocol: 'pop3', implicitTls: true },
}

const KNOWN: Readonly<Record<keyof ServerOptions, true>> = {
  hostname: true,
  ports: true,
  host: true,
  tlsOptions: true,
  SNICallback: true,
  onSecure: true,
  maxSize: true,
  maxRecipients: true,
  closeTimeout: true,
  allowInsecureAuth: true,
  mailAuth: true,
  dsn: true,
  requireAuth: true,
  extensions: true,
  lineBreaks: true,
  addMissingFields: true,
  resolver: true,
  useProxy: true,
  xclient: true,
  rateLimit: true,
  greetingDelay: true,
  auth: true,
  pop3: true,
  relay: true,
  pool: true,
  dkimCallback: true,
  delivery: true,
  limits: true,
  runtime: true,
}

/** Throws a MailError (`ECONFIG`) that names the option. */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null)
    throw optionError('createServer(…)', 'an object', options)
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name)) throw new MailError('ECONFIG', `there is no option ${describe(name)}`)
  }
  const hostname = hostName('hostname', options.hostname ?? 'localhost')
  const ports = resolvePorts(options.ports ?? {})
  for (const name of ports.keys()) {
    if (LISTENERS[name].implicitTls && !options.tlsOptions) {
      throw new MailError('ECONFIG', `ports.${name} needs tlsOptions`)
    }
  }
  if (options.host !== undefined && (typeof options.host !== 'string' || options.host === '')) {
    throw optionError('host', 'an address or a host name', options.host)
  }
  for (const name of ['onSecure', 'SNICallback'] as const) {
    const value = options[name]
    if (value !== undefined && value !== null && typeof value !== 'function') {
      throw optionError(name, 'a function', value)
    }
  }
  const runtime = options.runtime ?? nodeRuntime
  const limits = resolveLimits(options.limits)
  const tls = new TlsStore({
    tls: options.tlsOptions ?? null,
    sni: options.SNICallback ?? null,
    runtime,
    most: limits.tlsNames,
  })
  return {
    hostname,
    ports,
    host: options.host,
    tls,
    isProxy: proxies(options.useProxy),
    mayXclient: networkMatcher('xclient', options.xclient ?? []),
    rateLimit: resolveRateLimit(options.rateLimit),
    greetingDelayMs: wholeNumber('greetingDelay', options.greetingDelay ?? 0, 0),
    onSecure: options.onSecure ?? null,
    closeTimeoutMs: wholeNumber('closeTimeout', options.closeTimeout ?? 30_000, 0),
    allowInsecureAuth: flag('allowInsecureAuth', options.allowInsecureAuth ?? false),
    mailAuth: resolveMailAuth(options.mailAuth, hostname),
    smtp: {
      dsn: flag('dsn', options.dsn ?? false),
      requireAuth: flag('requireAuth', options.requireAuth ?? true),
      extensions: checkedExtensions(options.extensions),
      lineBreaks: lineBreaks(options.lineBreaks),
      addMissingFields: flag('addMissingFields', options.addMissingFields ?? true),
    },
    resolver: resolveResolver(options.resolver, runtime),
    auth: new AuthPolicy(options.auth),
    pop3: resolvePop3(options.pop3),
    outbound: outboundOptions(options),
    limits: resolveLimits({
      ...limits,
      messageSize: wholeNumber('maxSize', options.maxSize ?? limits.messageSize, 1),
      recipients: wholeNumber('maxRecipients', options.maxRecipients ?? limits.recipients, 1),
    }),
    runtime,
  }
}

function resolvePop3(options: unknown = {}): Pop3Resolved {
  if (typeof options !== 'object' || options === null) throw optionError('pop3', 'an object', options)
  const { expire, ...locks } = options as Pop3Options
  if (expire !== undefined && expire !== 'NEVER' && !(Number.isSafeInteger(expire) && expire >= 0)) {
    throw optionError('pop3.expire', "'NEVER' or a whole number of days", expire)
  }
  return { locks: new MaildropLocks(locks), ...(expire !== undefined && { expire }) }
}

function outboundOptions(options: ServerOptions): OutboundOptions {
  const { dkimCallback = null, relay = null, pool = {}, delivery = {} } = options
  if (dkimCallback !== null && typeof dkimCallback !== 'function')
    throw optionError('dkimCallback', 'a function', dkimCallback)
  return { relay, pool, dkimCallback, delivery }
}

function resolvePorts(ports: unknown): Map<ListenerName, number> {
  if (typeof ports !== 'object' || ports === null) throw optionError('ports', 'an object', ports)
  const resolved = new Map<ListenerName, number>()
  for (const [name, port] of Object.entries(ports)) {
    if (!Object.hasOwn(LISTENERS, name)) {
      throw optionError(
        'ports',
        `an object of ${Object.keys(LISTENERS).join(', ')} (there is no ${name})`,
        ports,
      )
    }
    if (port === undefined) continue
    // RFC 2033 §5
    if (name === 'lmtp' && port === 25) throw optionError('ports.lmtp', 'any port but 25', port)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw optionError(`ports.${name}`, 'a port number from 0 to 65535', port)
    }
    resolved.set(name as ListenerName, port)
  }
  return resolved
}

/** Who may say in whose name a connection comes; null: nobody. */
function proxies(value: unknown): ((address: string) => boolean) | null {
  if (value === undefined || value === false) return null
  return networkMatcher('useProxy', value === true ? NEARBY : (value as readonly string[]))
}

function checkedExtensions(extensions: SmtpExtensionOptions = {}): SmtpExtensionOptions {
  resolveExtensions(extensions)
  return extensions
}

function lineBreaks(value: unknown = 'refuse'): 'refuse' | 'normalize' {
  if (value !== 'refuse' && value !== 'normalize')
    throw optionError('lineBreaks', "'refuse' or 'normalize'", value)
  return value
}
