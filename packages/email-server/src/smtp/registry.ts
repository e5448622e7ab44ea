// What a command and an extension are, and the table of all of them. The session knows this table and no command by
// name; EHLO's lines and what is accepted both come from an extension's gate.
import type { Limits } from '../base/limits.ts'
import type { TlsInfo } from '../base/runtime.ts'
import type { AuthPolicy, SaslMechanism } from '../sasl/index.ts'
import type { Envelope, MailParams, RcptParams } from './envelope.ts'
import type { ResolvedExtensions } from './extension-options.ts'
import type { SmtpState, StateKind } from './state.ts'
import type { Reply } from './wire/reply.ts'

/**
 * `inbound`: from other servers, for our domains (port 25). `submission`: from our users, for anybody (587, 465). `lmtp`:
 * from a queue of our own, for our domains, with a reply for each recipient (RFC 2033; never port 25).
 */
export type SmtpRole = 'inbound' | 'submission' | 'lmtp'

/** What gates, capability lines and parameters look at. */
export interface ServerFacts {
  readonly role: SmtpRole
  readonly hostname: string
  readonly limits: Limits
  readonly tls: TlsInfo | null
  readonly canUpgrade: boolean
  readonly allowInsecureAuth: boolean
  /** Submission: is mail taken from those only who have logged in? */
  readonly requireAuth: boolean
  /** Who takes the messages promises to report on them (RFC 3461). */
  readonly dsn: boolean
  /** This client may say that it speaks for another. */
  readonly xclient: boolean
  /** The mechanisms on offer. */
  readonly auth: AuthPolicy
  /** What the extensions that have options were told. */
  readonly extensions: ResolvedExtensions
  /** ms since the epoch. */
  readonly now: number
  /** The authenticated user; null before that. */
  readonly username: string | null
}

/** Whom a trusted client speaks for; absent: as before. */
export interface NamedClient {
  /** '' when it is not known. */
  readonly address?: string
  /** Who has logged in elsewhere; null: nobody. */
  readonly username?: string | null
  /** What he said in EHLO or HELO: it need not be said again; null: he has to say it. */
  readonly helo?: string | null
  /** Did he say EHLO? */
  readonly extended?: boolean
}

/** What has been counted since the connection was made. */
export interface Tally {
  /** MAIL commands, refused ones too. */
  mails: number
  /** Domains of recipients that were accepted, in lower case; kept only where they are limited. */
  readonly domains: Set<string>
}

/** What a command may do to its session. */
export interface ServerContext extends ServerFacts {
  readonly state: SmtpState
  readonly tally: Tally
  /** Goes to another state; throws when the table of transitions has no such way. */
  enter(next: SmtpState): void
  /** The lines of the EHLO reply after the first. */
  capabilities(): string[]
  /** Names of the commands that are open now. */
  commandNames(): string[]
  mailParam(keyword: string): ParamSpec<MailParams> | null
  rcptParam(keyword: string): ParamSpec<RcptParams> | null
  /** The extensions' word on MAIL, on its parameters when all have been read, and on a recipient's domain; null: no objection. */
  admitMail(): Reply | null
  settleMail(draft: Draft<MailParams>): Reply | null
  admitDomain(domain: string): Reply | null
  /** May this recipient be written to? An empty domain is this host itself. */
  judgeRecipient(
    envelope: Envelope,
    recipient: { readonly address: string; readonly domain: string },
    params: RcptParams,
  ): Reply | Promise<Reply>
  /** Does anybody take messages here? */
  readonly takesMail: boolean
  /** Reads the message, framed by dots; its end is answered by the session. */
  receiveContent(): void
  /**
   * Reads so many octets of the message (RFC 3030); their end is answered by the session. `refusal`: why none of this
   * message will be taken.
   */
  receiveChunk(size: number, last: boolean, refusal: Reply | null): void
  /** Begins an exchange with the client's initial response (null: none), and answers it. */
  authenticate(mechanism: SaslMechanism, initial: Uint8Array | null): void
  /** From now on the client is another: greets him, or turns him away. */
  becomeClient(named: NamedClient): void
  /** Says `last` in clear, then starts TLS. */
  upgrade(last: Reply): void
  /** Says `last` and ends the session. */
  leave(last: Reply): void
}

export interface CommandSpec {
  /** The verb in upper case. */
  readonly name: string
  readonly rfc: string
  /** Where it may be given; elsewhere it is out of place (503). */
  readonly states: readonly StateKind[]
  /** Who speaks it; absent: everybody. To others it is an unknown command (500). */
  readonly roles?: readonly SmtpRole[]
  /** The limit of its line; `smtpCommandLine` when absent. */
  readonly lineLimit?: 'authLine'
  /** HELP does not tell of it. */
  readonly unlisted?: true
  /** The reply to an argument that breaks the grammar; 501 5.5.4 when absent. */
  readonly malformed?: Reply
  /** Null: the command answers by itself, or another time. Throws `PeerSyntaxError` for a bad argument. */
  run(cx: ServerContext, argument: string): Reply | null | Promise<Reply | null>
}

export type Draft<Params> = { -readonly [K in keyof Params]: Params[K] }

/** A parameter of MAIL or RCPT. */
export interface ParamSpec<Params> {
  readonly keyword: string
  /**
   * Puts the value into `draft`. Returns a reply to refuse the command, throws `PeerSyntaxError` (501 5.5.4) for a value
   * that breaks the grammar.
   */
  read(value: string | null, draft: Draft<Params>, facts: ServerFacts): Reply | null
}

export interface SmtpExtension {
  readonly name: string
  readonly rfc: string
  /** Closed: not advertised, and its commands and parameters are unknown. Absent: always open. */
  gate?(facts: ServerFacts): boolean
  /** Its lines in the EHLO reply. */
  ehlo(facts: ServerFacts): readonly string[]
  readonly mailParams?: readonly ParamSpec<MailParams>[]
  readonly rcptParams?: readonly ParamSpec<RcptParams>[]
  readonly commands?: readonly CommandSpec[]
  /** Before MAIL is read: a reply refuses it, 421 ends the session. */
  admitMail?(cx: ServerContext): Reply | null
  /** All parameters of MAIL have been read: a reply of 250 takes the place of the usual one, any other refuses. */
  settleMail?(draft: Draft<MailParams>, facts: ServerFacts): Reply | null
  /** May there be a recipient in this domain (as the client wrote it)? */
  admitDomain?(domain: string, cx: ServerContext): Reply | null
}

interface Owned<T> {
  readonly spec: T
  /** Null: of the base protocol. */
  readonly owner: SmtpExtension | null
}

export class Registry {
  readonly extensions: readonly SmtpExtension[]
  readonly #commands = new Map<string, Owned<CommandSpec>>()
  readonly #mailParams = new Map<string, Owned<ParamSpec<MailParams>>>()
  readonly #rcptParams = new Map<string, Owned<ParamSpec<RcptParams>>>()
  readonly #onMail: readonly SmtpExtension[]
  readonly #onParams: readonly SmtpExtension[]
  readonly #onDomain: readonly SmtpExtension[]

  constructor(commands: readonly CommandSpec[], extensions: readonly SmtpExtension[]) {
    this.extensions = extensions
    this.#onMail = extensions.filter(({ admitMail }) => admitMail)
    this.#onParams = extensions.filter(({ settleMail }) => settleMail)
    this.#onDomain = extensions.filter(({ admitDomain }) => admitDomain)
    for (const spec of commands) this.#commands.set(spec.name, { spec, owner: null })
    for (const owner of extensions) {
      for (const spec of owner.commands ?? []) this.#commands.set(spec.name, { spec, owner })
      for (const spec of owner.mailParams ?? []) this.#mailParams.set(spec.keyword, { spec, owner })
      for (const spec of owner.rcptParams ?? []) this.#rcptParams.set(spec.keyword, { spec, owner })
    }
  }

  command(verb: string, facts: ServerFacts): CommandSpec | null {
    const spec = openOne(this.#commands.get(verb), facts)
    return spec && speaks(facts.role, spec) ? spec : null
  }

  /** Is there such a command in what this role speaks, open or not? */
  knows(verb: string, role: SmtpRole): boolean {
    const owned = this.#commands.get(verb)
    return owned !== undefined && speaks(role, owned.spec)
  }

  mailParam(keyword: string, facts: ServerFacts): ParamSpec<MailParams> | null {
    return openOne(this.#mailParams.get(keyword), facts)
  }

  rcptParam(keyword: string, facts: ServerFacts): ParamSpec<RcptParams> | null {
    return openOne(this.#rcptParams.get(keyword), facts)
  }

  capabilities(facts: ServerFacts): string[] {
    return this.extensions.flatMap(extension => (isOpen(extension, facts) ? extension.ehlo(facts) : []))
  }

  commandNames(facts: ServerFacts): string[] {
    return [...this.#commands.values()]
      .filter(({ spec, owner }) => !spec.unlisted && speaks(facts.role, spec) && isOpen(owner, facts))
      .map(({ spec }) => spec.name)
  }

  admitMail(cx: ServerContext): Reply | null {
    for (const extension of this.#onMail) {
      const word = isOpen(extension, cx) ? (extension.admitMail?.(cx) ?? null) : null
      if (word) return word
    }
    return null
  }

  /** One that refuses is heard before one that only says yes in other words. */
  settleMail(draft: Draft<MailParams>, facts: ServerFacts): Reply | null {
    let yes: Reply | null = null
    for (const extension of this.#onParams) {
      const word = isOpen(extension, facts) ? (extension.settleMail?.(draft, facts) ?? null) : null
      if (word && word.code !== 250) return word
      yes ??= word
    }
    return yes
  }

  admitDomain(domain: string, cx: ServerContext): Reply | null {
    for (const extension of this.#onDomain) {
      const word = isOpen(extension, cx) ? (extension.admitDomain?.(domain, cx) ?? null) : null
      if (word) return word
    }
    return null
  }
}

function speaks(role: SmtpRole, spec: CommandSpec): boolean {
  return spec.roles?.includes(role) ?? true
}

function isOpen(extension: SmtpExtension | null, facts: ServerFacts): boolean {
  return extension?.gate?.(facts) ?? true
}

function openOne<T>(owned: Owned<T> | undefined, facts: ServerFacts): T | null {
  return owned && isOpen(owned.owner, facts) ? owned.spec : null
}
