// What the `auth` listeners have said, as the sessions see it.
import type { ScramKeys } from './scram-keys.ts'

export type AuthVerdict =
  | {
      readonly ok: true
      readonly username: string
      /** What the client's proof is checked against, for SCRAM. */
      readonly keys?: ScramKeys
      /** The password itself, for CRAM-MD5 and APOP. */
      readonly secret?: string
    }
  | {
      readonly ok: false
      /** True: nobody answered, or the handler failed; the client may try again later. */
      readonly temporary: boolean
      /** The text for the client; null for the protocol's own. */
      readonly message: string | null
    }
