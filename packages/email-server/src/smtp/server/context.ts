// What commands see of their session, put together from its parts.
import type { Limits } from '../../base/limits.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import { AuthPolicy } from '../../sasl/index.ts'
import { resolveExtensions } from '../extension-options.ts'
import type { NamedClient, Registry, ServerContext } from '../registry.ts'
import type { SmtpState } from '../state.ts'
import type { Reply } from '../wire/reply.ts'
import type { SmtpServerOptions } from './options.ts'
import type { Reception } from './reception.ts'
import type { RecipientPolicy } from './recipient-policy.ts'
import type { SaslDialogue } from './sasl-dialogue.ts'

/** The parts as they are when they are asked for: some are made later than the context. */
export interface SessionParts {
  readonly options: SmtpServerOptions
  readonly limits: Limits
  readonly clock: SessionClock
  readonly registry: Registry
  readonly state: SmtpState
  readonly tls: TlsInfo | null
  readonly username: string | null
  readonly recipients: RecipientPolicy
  readonly sasl: SaslDialogue
  readonly reception: Reception
  enter(next: SmtpState): void
  upgrade(last: Reply): void
  leave(last: Reply): void
  become(named: NamedClient): void
}

export function makeContext(parts: SessionParts): ServerContext {
  const { options, registry } = parts
  const context: ServerContext = {
    role: options.role,
    hostname: options.hostname ?? 'localhost',
    limits: parts.limits,
    canUpgrade: options.canUpgrade ?? false,
    allowInsecureAuth: options.allowInsecureAuth ?? false,
    auth: AuthPolicy.of(options.auth),
    dsn: options.dsn ?? false,
    xclient: options.xclient !== undefined,
    extensions: resolveExtensions(options.extensions),
    tally: { mails: 0, domains: new Set() },
    get now() {
      return parts.clock.now
    },
    get tls() {
      return parts.tls
    },
    get username() {
      return parts.username
    },
    get state() {
      return parts.state
    },
    get takesMail() {
      return parts.reception.hasListener
    },
    enter: parts.enter,
    capabilities: () => registry.capabilities(context),
    commandNames: () => registry.commandNames(context),
    mailParam: keyword => registry.mailParam(keyword, context),
    rcptParam: keyword => registry.rcptParam(keyword, context),
    admitMail: () => registry.admitMail(context),
    settleMail: draft => registry.settleMail(draft, context),
    admitDomain: domain => registry.admitDomain(domain, context),
    judgeRecipient: (envelope, recipient, params) => parts.recipients.judge(envelope, recipient, params),
    receiveContent: () => parts.reception.begin(),
    receiveChunk: (size, last, refusal) => parts.reception.beginChunk(size, last, refusal),
    authenticate: (mechanism, initial) => parts.sasl.begin(mechanism, initial),
    upgrade: parts.upgrade,
    leave: parts.leave,
    becomeClient: parts.become,
  }
  return context
}
