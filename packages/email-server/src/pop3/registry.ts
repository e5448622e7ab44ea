// What a POP3 command is, and what CAPA says because of it: advertisement and dispatch come from the same table.
import type { MailError } from '../base/errors.ts'
import type { LimitName, Limits } from '../base/limits.ts'
import type { OutputQueue } from '../base/output-queue.ts'
import type { TlsInfo } from '../base/runtime.ts'
import type { SessionClock } from '../base/session-clock.ts'
import type { AuthPolicy, Credentials, SaslExchange, SaslMechanism } from '../sasl/index.ts'
import type { Authorization, State, Transaction } from './state.ts'
import type { ResponseCode } from './wire/reply.ts'

/** What the gates of capabilities and commands are decided by. */
export interface Facts {
  readonly state: State['kind']
  /** Can this connection still become a TLS one? */
  readonly canUpgrade: boolean
  readonly tls: TlsInfo | null
  readonly allowInsecureAuth: boolean
  /** The mechanisms on offer. */
  readonly auth: AuthPolicy
  /** The greeting's, for APOP; null: APOP is closed. */
  readonly timestamp: string | null
  /** UTF8 was said. */
  readonly utf8: boolean
  /** RFC 2449 §6.7: `NEVER`, or days; null: the owner says nothing of it. */
  readonly expire: 'NEVER' | number | null
  /** RFC 2449 §6.5, s; 0: none. */
  readonly loginDelay: number
  /** May a password cross this connection as it is, and is one taken? */
  readonly passwordsAllowed: boolean
}

/** What a command may do with its session. */
export interface CommandContext {
  readonly facts: Facts
  readonly limits: Limits
  readonly clock: SessionClock
  readonly output: OutputQueue
  /** True when nobody listens any more: stop what takes long. */
  readonly closed: boolean
  /** Calls `listener` when the session ends, unless the function that it returns is called before. */
  onClosed(listener: () => void): () => void
  ok(text: string): void
  err(text: string, code?: ResponseCode): void
  /** As `err`, for what only a broken or hostile client says; counted. */
  bad(text: string): void
  enter(state: State): void
  /** Everything that CAPA lists now. */
  capabilities(): readonly string[]
  /** Asks whether these credentials may come in, opens the maildrop, and answers. */
  signIn(credentials: Credentials): Promise<void>
  /** The same by a SASL exchange, with the client's initial response; null: it has sent none. */
  authenticate(mechanism: SaslMechanism, initial: Uint8Array | null): Promise<void>
  /** The same by a proof that is complete. */
  prove(exchange: SaslExchange): Promise<void>
  useUtf8(): void
  /** What is wrong here and not with the client. */
  failed(what: string, error: unknown): void
  /** What the client has said ahead is lost, and the next thing that it says is a TLS handshake. */
  startTls(): void
  /** Says nothing more. The error tells the driver why, when not in order. */
  end(error?: MailError): void
}

interface CommandFacts {
  readonly name: string
  /** How long its line may be; absent: `pop3CommandLine`. */
  readonly lineLimit?: LimitName
  /** The lines of CAPA that this command is the reason for. */
  capabilities?(facts: Facts): readonly string[]
}

type Run<S> = (cx: CommandContext, rest: string, state: S) => void | Promise<void>

export type CommandSpec =
  | (CommandFacts & { readonly state: 'authorization'; readonly run: Run<Authorization> })
  | (CommandFacts & { readonly state: 'transaction'; readonly run: Run<Transaction> })
  | (CommandFacts & { readonly state: 'any'; readonly run: Run<State> })

export class Registry {
  readonly #commands: ReadonlyMap<string, CommandSpec>

  constructor(commands: readonly CommandSpec[]) {
    this.#commands = new Map(commands.map(command => [command.name, command]))
  }

  find(name: string): CommandSpec | null {
    return this.#commands.get(name) ?? null
  }

  capabilities(facts: Facts): string[] {
    return [...this.#commands.values()].flatMap(command => command.capabilities?.(facts) ?? [])
  }
}

/** Runs a command whose state was looked at: the compiler cannot follow that from one table to the other. */
export function runCommand(
  command: CommandSpec,
  cx: CommandContext,
  rest: string,
  state: State,
): void | Promise<void> {
  switch (command.state) {
    case 'authorization':
      return state.kind === 'authorization' ? command.run(cx, rest, state) : undefined
    case 'transaction':
      return state.kind === 'transaction' ? command.run(cx, rest, state) : undefined
    case 'any':
      return command.run(cx, rest, state)
  }
}
