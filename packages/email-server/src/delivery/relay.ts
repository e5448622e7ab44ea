// One server that takes everything: a smarthost, a provider's submission service, an LMTP server. RFC 6409, RFC 8314 §3, RFC 2033.
import { hasLineBreak } from '../base/bytes.ts'
import { describe, MailError, optionError } from '../base/errors.ts'
import type { TlsOptions } from '../base/runtime.ts'
import type { ClientCredentials } from '../sasl/index.ts'
import type { Relay } from './hosts.ts'

/** Asked before each login; a second time, with `refresh`, when the server has said no: an access token may have run out. */
export type CredentialsProvider = (wanted: {
  readonly refresh: boolean
}) => Promise<ClientCredentials> | ClientCredentials

export interface RelayOptions {
  /** A well-known service by its name or a domain of its users (`gmail`); gives host, port and secure. */
  readonly service?: string
  readonly host?: string
  /** Default 587; 465 with `secure`; 24 with `lmtp`. */
  readonly port?: number
  /** TLS from the first byte. Default: true for port 465. */
  readonly secure?: boolean
  readonly auth?: ClientCredentials | CredentialsProvider
  /** No message and no password without TLS. Default: true with `auth` when the host is not this machine. */
  readonly requireTLS?: boolean
  /** TLS is never asked for. Default false. */
  readonly ignoreTLS?: boolean
  /** For the handshake; the certificate is verified against the host unless `rejectUnauthorized` is false. */
  readonly tls?: TlsOptions
  /** Say passwords without TLS. Default: only to this machine. */
  readonly allowInsecureAuth?: boolean
  /** LMTP (RFC 2033): the server says for each recipient whether the message lies in the mailbox. Default false. */
  readonly lmtp?: boolean
}

export type ServiceLookup = (
  name: string,
) => { readonly host: string; readonly port: number; readonly secure: boolean } | null

/** An address of a server as one text: `smtp://user:pass@host:587`, `smtps://…`, `lmtp://…`. Throws ECONFIG. */
export function relayFromUrl(url: string): RelayOptions {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw optionError('relay', 'a URL such as smtp://user:password@host:587', url.replace(/\/\/.*@/, '//…@'))
  }
  const { protocol, hostname, port, username, password } = parsed
  if (!['smtp:', 'smtps:', 'lmtp:', 'direct:'].includes(protocol))
    throw optionError('relay', 'a URL of smtp:, smtps: or lmtp:', protocol)
  const flag = (name: string): boolean => parsed.searchParams.get(name) === 'true'
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    ...(port !== '' && { port: Number(port) }),
    ...(protocol === 'smtps:' && { secure: true }),
    ...(protocol === 'lmtp:' && { lmtp: true }),
    ...(username !== '' && {
      auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    }),
    ...(flag('requireTLS') && { requireTLS: true }),
    ...(flag('ignoreTLS') && { ignoreTLS: true }),
  }
}

/** Throws ECONFIG that names the option. */
export function resolveRelay(options: RelayOptions | string, services: ServiceLookup, path = 'relay'): Relay {
  const given = typeof options === 'string' ? relayFromUrl(options) : options
  if (typeof given !== 'object' || given === null) throw optionError(path, 'an object or a URL', given)
  const service = given.service === undefined ? null : services(String(given.service))
  if (given.service !== undefined && !service)
    throw optionError(`${path}.service`, 'a well-known service', given.service)
  const host = given.host ?? service?.host
  if (typeof host !== 'string' || !/^[\x21-\x7e\u0080-\u{10ffff}]{1,255}$/u.test(host) || hasLineBreak(host))
    throw optionError(`${path}.host`, 'a name or an address', host)
  const { port: givenPort, tls = {} } = given
  const secure = given.secure ?? (givenPort === undefined ? (service?.secure ?? false) : givenPort === 465)
  const usual = given.host === undefined ? service?.port : undefined
  const port = givenPort ?? usual ?? (given.lmtp ? 24 : secure ? 465 : 587)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw optionError(`${path}.port`, 'a whole number from 1 to 65535', port)
  if (typeof tls !== 'object' || tls === null) throw optionError(`${path}.tls`, 'an object', tls)
  if (given.requireTLS && given.ignoreTLS)
    throw new MailError('ECONFIG', `options ${path}.requireTLS and ${path}.ignoreTLS exclude each other`)
  const local = isThisMachine(host)
  return {
    host,
    port,
    secure,
    demand: demandOf(given, secure, local),
    tls,
    credentials: credentialsOf(given, path),
    allowInsecureAuth: given.allowInsecureAuth ?? local,
    lmtp: given.lmtp ?? false,
  }
}

/** A name for what has its own connections: other logins at the same server are other destinations. */
export function relayKey(relay: Relay, auth: unknown): string {
  const user =
    typeof auth === 'object' && auth !== null ? String((auth as { user?: unknown }).user ?? '') : ''
  return `${relay.lmtp ? 'lmtp' : 'smtp'}:${relay.host}:${relay.port} ${user}`
}

function demandOf(given: RelayOptions, secure: boolean, local: boolean): Relay['demand'] {
  if (given.ignoreTLS && !secure) return 'none'
  const required = given.requireTLS ?? (given.auth !== undefined && !local)
  if (given.tls?.rejectUnauthorized === false) return required || secure ? 'encrypted' : 'opportunistic'
  // TLS without being asked for it is a gift; with this machine nobody is in between
  return required || secure ? 'verified' : 'opportunistic'
}

function credentialsOf({ auth }: RelayOptions, path: string): Relay['credentials'] {
  if (auth === undefined || auth === null) return null
  if (typeof auth === 'function') return async wanted => checkCredentials(await auth(wanted), path)
  const credentials = checkCredentials(auth, path)
  return async ({ refresh }) => (refresh ? null : credentials)
}

function checkCredentials(auth: ClientCredentials, path: string): ClientCredentials {
  if (typeof auth !== 'object' || auth === null) throw optionError(`${path}.auth`, 'an object', auth)
  const { user, pass, accessToken } = auth
  if (typeof user !== 'string') throw optionError(`${path}.auth.user`, 'a string', user)
  if (typeof (accessToken ?? pass) !== 'string') {
    throw new MailError(
      'ECONFIG',
      `option ${path}.auth needs pass or accessToken (there is ${describe(Object.keys(auth).join(', '))})`,
    )
  }
  return auth
}

export function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(host)
}
