// What a SASL mechanism is to the three protocols (RFC 4422): bytes in, bytes out, and at the end a claim that the
// `auth` handler judges, or a proof of what it has said before.
import type { TlsInfo } from '../base/runtime.ts'
import type { ScramKeys } from './scram-keys.ts'
import type { AuthVerdict } from './verdict.ts'

/** What the client claims to be and how it proves it. */
export interface Credentials {
  /** `plain`, `login`, `xoauth2`, …: the mechanism in lower case, as `info.authMethod` has it; `-plus` is left off. */
  readonly authMethod: string
  readonly username: string
  /** The password, or the bearer token of XOAUTH2 and OAUTHBEARER; empty for mechanisms that send neither. */
  readonly password: string
  /** RFC 4422 §3.4.1: whom to act as; empty when the client named nobody. */
  readonly authorizationId: string
  /** What the handler has to bring itself, because the client's proof is made from it; absent: nothing. */
  readonly needs?: 'keys' | 'secret'
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly bytes: Uint8Array }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  /** The handler is asked before the client has proven anything; its verdict is not told yet. */
  | { readonly kind: 'lookup'; readonly credentials: Credentials; resume(verdict: AuthVerdict): SaslStep }
  /** The client has proven who it is, against what the handler had said; `data` goes with the success. */
  | { readonly kind: 'proven'; readonly username: string; readonly data: Uint8Array | null }
  /** The proof is wrong, or there was nobody to prove to be; `message` is the handler's text, if it had one. */
  | { readonly kind: 'refused'; readonly message: string | null }
  /** The client's message breaks the mechanism's grammar. */
  | { readonly kind: 'malformed'; readonly reason: string }

export interface SaslExchange {
  /** The client's next message, decoded from base64; null when it has sent no initial response. Never throws. */
  step(response: Uint8Array | null): SaslStep
  /**
   * What to send as a last challenge when the handler has said no, before the failure itself (XOAUTH2's and
   * OAUTHBEARER's error object, RFC 7628 §3.2.2); the client answers it with anything. Absent: fail at once.
   */
  refusal?(): Uint8Array
}

/** What the connection and the server's owner add to an exchange. */
export interface SaslServerContext {
  readonly tls: TlsInfo | null
  /** Text that nobody can guess and that never comes twice, in base64 (RFC 5802 §5.1, RFC 2195 §2). */
  readonly nonce: () => string
  /** Our name, for challenges that carry one. */
  readonly hostname: string
  /** Is there a mechanism on offer that is bound to this connection (`-PLUS`)? RFC 5802 §6 asks for it. */
  readonly bindingOffered: boolean
  /** What a user that does not exist has: the same at every attempt, and unlike anything real. */
  readonly decoyKeys: (username: string, keyLength: number) => ScramKeys
}

/** What a client has to prove who it is. */
export interface ClientCredentials {
  readonly user: string
  /** The password. */
  readonly pass?: string
  /** The bearer token of XOAUTH2 and OAUTHBEARER. */
  readonly accessToken?: string
  /** RFC 4422 §3.4.1: whom to act as; absent when it is the user. */
  readonly authorizationId?: string
  /** This mechanism and no other, e.g. `PLAIN`, `EXTERNAL`; absent: the strongest that the server offers. */
  readonly method?: string
}

export interface SaslClientExchange {
  /** The initial response; null when the server has to speak first. */
  initial(): Uint8Array | null
  /**
   * The answer to a challenge; a promise where it has to be computed. Throws, or rejects with, a MailError (`EAUTH`) when the
   * server's message is wrong; the exchange is then given up.
   */
  step(challenge: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** The server says that we are in, with its last data (null: none). Throws `EAUTH` when it has not proven itself as the mechanism asks. */
  finish(data: Uint8Array | null): void
}

/** What the connection adds to an exchange. */
export interface SaslClientContext {
  readonly tls: TlsInfo | null
  readonly random: (length: number) => Uint8Array
  /** Names that OAUTHBEARER tells (RFC 7628 §3.1). */
  readonly host?: string
  readonly port?: number
  /** The mechanisms that the server has advertised; SCRAM tells the server what it saw of them (RFC 5802 §6). */
  readonly offered?: readonly string[]
}

export interface SaslMechanism {
  /** As it is advertised, e.g. `PLAIN`. */
  readonly name: string
  /** True: the password itself crosses the wire, so that TLS is needed. */
  readonly plaintext: boolean
  /** Can it be used on a server's connection of this kind, clear text aside? Absent: on any. */
  possible?(tls: TlsInfo | null): boolean
  startServer(context: SaslServerContext): SaslExchange
  /** Null: these credentials are not of the kind that this mechanism takes. Throws `EAUTH` for ones that it cannot carry. */
  startClient(credentials: ClientCredentials, context: SaslClientContext): SaslClientExchange | null
}
