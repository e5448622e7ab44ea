// What an Authentication-Results field says (RFC 8601 §2.2), as plain data.

/** One property that was looked at: `smtp.mailfrom=joe@example.com`. */
export interface AuthProperty {
  /** `smtp`, `header`, `body`, `policy`, … */
  readonly type: string
  readonly name: string
  /** Unquoted. */
  readonly value: string
}

/** The result of one method. */
export interface AuthMethod {
  /** `spf`, `dkim`, `dmarc`, `arc`, `iprev`, … in lower case. */
  readonly method: string
  /** In lower case: `pass`, `fail`, … */
  readonly result: string
  /** Why, unquoted. */
  readonly reason?: string
  readonly properties?: readonly AuthProperty[]
}

export interface AuthenticationResults {
  /** Who says so. */
  readonly authservId: string
  /** Empty: nothing was checked (`none`). */
  readonly results: readonly AuthMethod[]
}
