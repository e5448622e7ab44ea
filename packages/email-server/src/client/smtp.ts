// connectSMTP: a server that is connected to, greeted, secured and logged in at.
import { type Callback, settle } from '../base/callback.ts'
import { optionError } from '../base/errors.ts'
import {
  addressName,
  drivenLimits,
  SmtpClientSession,
  type SmtpReply,
  type SmtpSendResult,
  type SmtpTransaction,
} from '../smtp/index.ts'
import {
  ClientConnection,
  type ConnectOptions,
  type ConnectPlace,
  checkConnectOptions,
  connect,
} from './connect.ts'
import { wellKnownService } from './services.ts'

export interface ConnectSmtpOptions extends ConnectOptions {
  /** A well-known service by its name or a domain of its users (`gmail`, `jo@outlook.com`); gives host, port and secure. */
  readonly service?: string
  /** Default 587; 465 with `secure`; 24 with `lmtp`. */
  readonly port?: number
  /** TLS from the first byte. Default: true for port 465, else false. */
  readonly secure?: boolean
  /** What we say in EHLO. Default: our address, as `[192.0.2.1]` (RFC 5321 §4.1.4). */
  readonly hostname?: string
  /** LMTP (RFC 2033) instead of SMTP. Default false. */
  readonly lmtp?: boolean
}

/** A connection that is ready to send. `close` never rejects. */
export class SmtpConnection extends ClientConnection<SmtpClientSession> {
  /** What the server offers: EHLO keyword in upper case → its parameters. */
  get extensions(): ReadonlyMap<string, string> {
    return this.session.extensions
  }

  /** See `SmtpClientSession.send`. */
  send(transaction: SmtpTransaction): Promise<SmtpSendResult>
  send(transaction: SmtpTransaction, callback: Callback<SmtpSendResult>): void
  send(
    transaction: SmtpTransaction,
    callback?: Callback<SmtpSendResult>,
  ): Promise<SmtpSendResult> | undefined {
    return settle(this.session.send(transaction), callback)
  }

  verify(address: string): Promise<SmtpReply> {
    return this.session.verify(address)
  }
}

/**
 * Connects, hears the greeting, secures the connection as asked, and logs in.
 *
 *     const smtp = await connectSMTP({ service: 'gmail', auth: { user, accessToken } })
 *     await smtp.send({ from, to: [bob], content: raw })
 *     await smtp.close()
 *
 * Rejects with a MailError: ECONFIG for a bad option, ECONNECTION, ETIMEDOUT, ETLS, EAUTH, ENOAUTH, EPROTOCOL, EABORT; the connection is
 * closed then.
 */
export function connectSMTP(options: ConnectSmtpOptions): Promise<SmtpConnection>
export function connectSMTP(options: ConnectSmtpOptions, callback: Callback<SmtpConnection>): void
export function connectSMTP(
  options: ConnectSmtpOptions,
  callback?: Callback<SmtpConnection>,
): Promise<SmtpConnection> | undefined {
  return settle(open(options), callback)
}

async function open(options: ConnectSmtpOptions): Promise<SmtpConnection> {
  checkConnectOptions(options)
  const place = resolvePlace(options)
  const driven = await connect(options, place, {
    limits: drivenLimits,
    start: (facts, localAddress) =>
      new SmtpClientSession({
        ...facts,
        hostname: options.hostname ?? addressName(localAddress),
        lmtp: options.lmtp ?? false,
      }),
    offersTls: session => session.extensions.has('STARTTLS'),
    startTls: session => session.startTls(),
    leave: session => session.quit(),
  })
  return new SmtpConnection(driven, place)
}

function resolvePlace(options: ConnectSmtpOptions): ConnectPlace {
  const service = options.service === undefined ? null : wellKnownService(String(options.service))
  if (options.service !== undefined && !service) {
    throw optionError('service', 'a well-known service', options.service)
  }
  const secure = options.secure ?? (options.port === undefined ? service?.secure : options.port === 465)
  const port = options.port ?? (options.host === undefined ? service?.port : undefined)
  const usual = options.lmtp ? 24 : secure ? 465 : 587
  return {
    host: options.host ?? service?.host ?? 'localhost',
    port: port ?? usual,
    secure: secure ?? false,
  }
}
