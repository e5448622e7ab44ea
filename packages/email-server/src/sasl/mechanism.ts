// What a SASL mechanism is to the three protocols (RFC 4422): bytes in, bytes out, and at the end a claim that the
// `auth` handler judges.

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

export interface SaslMechanism {
  /** As it is advertised, e.g. `PLAIN`. */
  readonly name: string
  /** True: the password itself crosses the wire, so that TLS is needed. */
  readonly plaintext: boolean
  startServer(): SaslExchange
}
