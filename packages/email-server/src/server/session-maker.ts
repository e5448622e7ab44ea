// The session for a connection. What all sessions of a server are told alike is put together once, and each session's own options inherit it:
// an engine keeps an object that is spread out of several as one of a kind, which costs a kilobyte for each connection.
import type { Connection, TlsInfo } from '../base/runtime.ts'
import type { SendResult } from '../base/send-result.ts'
import type { ServerSessionOptions } from '../base/session.ts'
import { type ImapServerOptions, ImapServerSession } from '../imap/index.ts'
import { type Pop3ServerOptions, Pop3ServerSession } from '../pop3/index.ts'
import {
  type DeliverOptions,
  type IncomingMail,
  type SmtpRole,
  type SmtpServerOptions,
  SmtpServerSession,
  type SubmissionQuota,
} from '../smtp/index.ts'
import type { ListenerName, ResolvedOptions } from './options.ts'
import type { SenderChecks } from './sender-checks.ts'

export interface SessionMakerOptions {
  readonly options: ResolvedOptions
  /** Null: nobody asks who has sent a message. */
  readonly checks: SenderChecks | null
  readonly isLocalDomain: (domain: string) => boolean
  readonly isBanned: (address: string) => boolean
  readonly quota: SubmissionQuota
  readonly deliver: (mail: IncomingMail, options: DeliverOptions) => Promise<SendResult>
  readonly watchMail: (mail: IncomingMail) => void
  readonly onFailure: (message: string, error: unknown) => void
}

type Own = Required<
  Pick<ServerSessionOptions, 'remoteAddress' | 'localAddress' | 'tls' | 'canUpgrade' | 'now'>
> &
  Pick<ServerSessionOptions, 'watchHandlers'>

export class SessionMaker {
  readonly #options: SessionMakerOptions
  readonly #imap: ImapServerOptions
  readonly #pop3: Pop3ServerOptions
  readonly #smtp: Omit<SmtpServerOptions, 'role'>
  readonly #submission: Omit<SmtpServerOptions, 'role'>
  readonly #inbound: Omit<SmtpServerOptions, 'role'>
  readonly #xclient: (address: string) => boolean

  constructor(options: SessionMakerOptions) {
    const { hostname, allowInsecureAuth, limits, runtime, auth, smtp, pop3, greetingDelayMs } =
      options.options
    this.#options = options
    const common = {
      hostname,
      allowInsecureAuth,
      limits,
      auth,
      random: (length: number) => runtime.random(length),
      openSpool: () => runtime.openSpool(),
      onFailure: options.onFailure,
    }
    const { deliver, isLocalDomain, watchMail } = options
    this.#imap = { ...common, canDeflate: runtime.deflate !== undefined }
    this.#pop3 = { ...common, ...pop3 }
    this.#smtp = { ...common, ...smtp, deliver, isLocalDomain }
    this.#submission = { ...this.#smtp, quota: options.quota }
    this.#inbound = { ...this.#smtp, greetingDelayMs, watchMail }
    this.#xclient = address => !options.isBanned(address)
  }

  smtp(name: ListenerName, role: SmtpRole, connection: Connection, tls: TlsInfo | null): SmtpServerSession {
    const { checks, options } = this.#options
    const { remoteAddress } = connection
    const shared = { inbound: this.#inbound, submission: this.#submission, lmtp: this.#smtp }[role]
    return new SmtpServerSession(
      inherit(shared, {
        ...this.#own(connection, tls),
        role,
        ...(name === 'inbound' && checks && { checkMessage: checks.forSession(remoteAddress) }),
        ...(options.mayXclient(remoteAddress) && { xclient: this.#xclient }),
      }),
    )
  }

  imap(connection: Connection, tls: TlsInfo | null): ImapServerSession {
    return new ImapServerSession(inherit(this.#imap, this.#own(connection, tls)))
  }

  pop3(connection: Connection, tls: TlsInfo | null): Pop3ServerSession {
    return new Pop3ServerSession(inherit(this.#pop3, this.#own(connection, tls)))
  }

  #own({ remoteAddress, localAddress, watchHandlers }: Connection, tls: TlsInfo | null): Own {
    const { options } = this.#options
    const canUpgrade = options.tls.current !== null && !tls
    const own: Own = { remoteAddress, localAddress, tls, canUpgrade, now: options.runtime.now() }
    return watchHandlers ? { ...own, watchHandlers } : own
  }
}

function inherit<Shared extends object, Mine extends object>(shared: Shared, mine: Mine): Shared & Mine {
  return Object.assign(Object.create(shared) as Shared, mine)
}
