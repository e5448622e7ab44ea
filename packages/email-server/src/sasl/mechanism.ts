// What a SASL mechanism is to the three protocols (RFC 4422): bytes in, bytes out, and at the end a claim that the
// `auth` handler judges.
import type { TlsInfo } from '../base/runtime.ts'

/** What the client claims to be and how it proves it. */
export interface Credentials {
  /** `plain`, `login`, `xoauth2`, …: the mechanism in lower case, as `info.authMethod` has it. */
  readonly authMethod: string
  readonly username: string
  /** The password, or the bearer token of XOAUTH2. */
  readonly password: string
  /** RFC 4422 §3.4.1: whom to act as; empty when the client named nobody. */
  readonly authorizationId: string
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly bytes: Uint8Array }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  /** The client's message breaks the mechanism's grammar. */
  | { readonly kind: 'malformed'; readonly reason: string }

export interface SaslExchange {
  /** The client's next message, decoded from base64; null when it has sent no initial response. */
  step(response: Uint8Array | null): SaslStep
  /**
   * What to send as a last challenge when the handler has said no, before the failure itself (XOAUTH2's and
   * OAUTHBEARER's error object, RFC 7628 §3.2.2); the client answers it with anything. Absent: fail at once.
   */
  refusal?(): Uint8Array
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
}

export interface SaslClientExchange {
  /** The initial response; null when the server has to speak first. */
  initial(): Uint8Array | null
  /** The answer to a challenge. Throws a MailError (`EAUTH`) when the server's message is wrong; the exchange is then given up. */
  step(challenge: Uint8Array): Uint8Array
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
}

export interface SaslMechanism {
  /** As it is advertised, e.g. `PLAIN`. */
  readonly name: string
  /** True: the password itself crosses the wire, so that TLS is needed. */
  readonly plaintext: boolean
  startServer(): SaslExchange
  /** Null: these credentials are not of the kind that this mechanism takes. */
  startClient(credentials: ClientCredentials, context: SaslClientContext): SaslClientExchange | null
}
