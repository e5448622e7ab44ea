// What commands see of their session, put together from its parts.
import type { Limits } from '../../base/limits.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import { AuthPolicy, type SaslMechanism } from '../../sasl/index.ts'
import type { Envelope, MailParams, RcptParams } from '../envelope.ts'
import { type ResolvedExtensions, resolveExtensions } from '../extension-options.ts'
import type { Draft, NamedClient, ParamSpec, Registry, ServerContext, SmtpRole, Tally } from '../registry.ts'
import type { SmtpState } from '../state.ts'
import { type Reply, reply } from '../wire/reply.ts'
import type { SmtpServerOptions } from './options.ts'
import type { Reception } from './reception.ts'
import type { RecipientPolicy } from './recipient-policy.ts'
import type { SaslDialogue } from './sasl-dialogue.ts'

const TOO_MANY_MESSAGES = reply(450, '4.7.1', 'Too many messages from you lately; try again later')
const TOO_MANY_RECIPIENTS = reply(450, '4.7.1', 'Too many recipients from you lately; try again later')

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

/** A class: an engine keeps a literal with accessors as a dictionary of its own for every session, which costs kilobytes. */
export class SessionContext implements ServerContext {
  readonly role: SmtpRole
  readonly hostname: string
  readonly limits: Limits
  readonly canUpgrade: boolean
  readonly allowInsecureAuth: boolean
  readonly requireAuth: boolean
  readonly auth: AuthPolicy
  readonly dsn: boolean
  readonly xclient: boolean
  readonly extensions: ResolvedExtensions
  readonly tally: Tally = { mails: 0, domains: new Set() }
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    const { options } = parts
    this.#parts = parts
    this.role = options.role
    this.hostname = options.hostname ?? 'localhost'
    this.limits = parts.limits
    this.canUpgrade = options.canUpgrade ?? false
    this.allowInsecureAuth = options.allowInsecureAuth ?? false
    this.requireAuth = options.requireAuth ?? true
    this.auth = AuthPolicy.of(options.auth)
    this.dsn = options.dsn ?? false
    this.xclient = options.xclient !== undefined
    this.extensions = resolveExtensions(options.extensions)
  }

  get now(): number {
    return this.#parts.clock.now
  }

  get tls(): TlsInfo | null {
    return this.#parts.tls
  }

  get username(): string | null {
    return this.#parts.username
  }

  get state(): SmtpState {
    return this.#parts.state
  }

  get takesMail(): boolean {
    return this.#parts.reception.hasListener
  }

  enter(next: SmtpState): void {
    this.#parts.enter(next)
  }

  capabilities(): string[] {
    return this.#parts.registry.capabilities(this)
  }

  commandNames(): string[] {
    return this.#parts.registry.commandNames(this)
  }

  mailParam(keyword: string): ParamSpec<MailParams> | null {
    return this.#parts.registry.mailParam(keyword, this)
  }

  rcptParam(keyword: string): ParamSpec<RcptParams> | null {
    return this.#parts.registry.rcptParam(keyword, this)
  }

  admitMail(): Reply | null {
    const objection = this.#parts.registry.admitMail(this)
    const { username } = this
    if (objection || username === null) return objection
    return this.#parts.options.quota?.maySend(username) === false ? TOO_MANY_MESSAGES : null
  }

  settleMail(draft: Draft<MailParams>): Reply | null {
    return this.#parts.registry.settleMail(draft, this)
  }

  admitDomain(domain: string): Reply | null {
    return this.#parts.registry.admitDomain(domain, this)
  }

  judgeRecipient(
    envelope: Envelope,
    recipient: { readonly address: string; readonly domain: string },
    params: RcptParams,
  ): Reply | Promise<Reply> {
    const { username } = this
    if (username !== null && this.#parts.options.quota?.mayWriteTo(username) === false) {
      return TOO_MANY_RECIPIENTS
    }
    return this.#parts.recipients.judge(envelope, recipient, params)
  }

  receiveContent(): void {
    this.#parts.reception.begin()
  }

  receiveChunk(size: number, last: boolean, refusal: Reply | null): void {
    this.#parts.reception.beginChunk(size, last, refusal)
  }

  authenticate(mechanism: SaslMechanism, initial: Uint8Array | null): void {
    this.#parts.sasl.begin(mechanism, initial)
  }

  upgrade(last: Reply): void {
    this.#parts.upgrade(last)
  }

  leave(last: Reply): void {
    this.#parts.leave(last)
  }

  becomeClient(named: NamedClient): void {
    this.#parts.become(named)
  }
}
