// What a command and an extension are, and the table of all of them. The session knows this table and no command by
// name; EHLO's lines and what is accepted both come from an extension's gate.
import type { Limits } from '../base/limits.ts'
import type { TlsInfo } from '../base/runtime.ts'
import type { AuthPolicy, SaslMechanism } from '../sasl/index.ts'
import type { Envelope, MailParams, RcptParams } from './envelope.ts'
import type { SmtpState, StateKind } from './state.ts'
import type { Reply } from './wire/reply.ts'

/** `inbound`: from other servers, for our domains (port 25). `submission`: from our users, for anybody (587, 465). */
export type SmtpRole = 'inbound' | 'submission'

/** What gates, capability lines and parameters look at. */
export interface ServerFacts {
  readonly role: SmtpRole
  readonly hostname: string
  readonly limits: Limits
  readonly tls: TlsInfo | null
  readonly canUpgrade: boolean
  readonly allowInsecureAuth: boolean
  /** Who takes the messages promises to report on them (RFC 3461). */
  readonly dsn: boolean
  /** The mechanisms on offer. */
  readonly auth: AuthPolicy
  /** The authenticated user; null before that. */
  readonly username: string | null
}

/** What a command may do to its session. */
export interface ServerContext extends ServerFacts {
  readonly state: SmtpState
  /** Goes to another state; throws when the table of transitions has no such way. */
  enter(next: SmtpState): void
  /** The lines of the EHLO reply after the first. */
  capabilities(): string[]
  /** Names of the commands that are open now. */
  commandNames(): string[]
  mailParam(keyword: string): ParamSpec<MailParams> | null
  rcptParam(keyword: string): ParamSpec<RcptParams> | null
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
  /** Begins an exchange with the client's initial response (null: none), and answers it. */
  authenticate(mechanism: SaslMechanism, initial: Uint8Array | null): void
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
  /** The limit of its line; `smtpCommandLine` when absent. */
  readonly lineLimit?: 'authLine'
  /** HELP does not tell of it. */
  readonly unlisted?: true
  /** The reply to an argument that breaks the grammar; 501 5.5.4 when absent. */
  readonly malformed?: Reply
  /** Null: the command answers by itself, or another time. Throws `PeerSyntaxError` for a bad argument. */
  run(cx: ServerContext, argument: string): Reply | null | Promise<Reply | null>
}

/** A parameter of MAIL or RCPT. */
export interface ParamSpec<Params> {
  readonly keyword: string
  /**
   * Puts the value into `draft`. Returns a reply to refuse the command, throws `PeerSyntaxError` (501 5.5.4) for a value
   * that breaks the grammar.
   */
  read(
    value: string | null,
    draft: { -readonly [K in keyof Params]: Params[K] },
    facts: ServerFacts,
  ): Reply | null
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

  constructor(commands: readonly CommandSpec[], extensions: readonly SmtpExtension[]) {
    this.extensions = extensions
    for (const spec of commands) this.#commands.set(spec.name, { spec, owner: null })
    for (const owner of extensions) {
      for (const spec of owner.commands ?? []) this.#commands.set(spec.name, { spec, owner })
      for (const spec of owner.mailParams ?? []) this.#mailParams.set(spec.keyword, { spec, owner })
      for (const spec of owner.rcptParams ?? []) this.#rcptParams.set(spec.keyword, { spec, owner })
    }
  }

  command(verb: string, facts: ServerFacts): CommandSpec | null {
    return openOne(this.#commands.get(verb), facts)
  }

  /** Is there such a command at all, open or not? */
  knows(verb: string): boolean {
    return this.#commands.has(verb)
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
      .filter(({ spec, owner }) => !spec.unlisted && isOpen(owner, facts))
      .map(({ spec }) => spec.name)
  }
}

function isOpen(extension: SmtpExtension | null, facts: ServerFacts): boolean {
  return extension?.gate?.(facts) ?? true
}

function openOne<T>(owned: Owned<T> | undefined, facts: ServerFacts): T | null {
  return owned && isOpen(owned.owner, facts) ? owned.spec : null
}
