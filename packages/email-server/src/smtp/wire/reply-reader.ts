// Replies as a client reads them (RFC 5321 §4.2, enhanced codes of RFC 2034).

export interface SmtpReply {
  /** 200–599. */
  readonly code: number
  /** RFC 3463 code, e.g. `5.1.1`; null when the server gave none. */
  readonly enhancedCode: string | null
  /** The lines as they came, codes included, joined with LF; control characters are `\ufffd`. */
  readonly response: string
  /** The lines without their codes. */
  readonly lines: readonly string[]
}
