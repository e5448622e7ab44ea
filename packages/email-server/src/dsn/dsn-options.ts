// What a delivery status notification is made of, as its maker says it. RFC 3464 §2.2 (the message), §2.3 (each recipient).
import type { AddressInput } from '../address/index.ts'
import type { SmtpProfile } from '../mime/index.ts'

/** What became of the message (RFC 3464 §2.3.3). */
export type DsnAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'

/** One recipient of the message that is reported on. */
export interface DsnRecipient {
  /** The address of the envelope, as it was when the message was accepted. Other types than Internet mail: `type;address`. */
  readonly finalRecipient: string
  /** ORCPT, decoded: `bob@example.org` or `rfc822;bob@example.org`. Only when the envelope had one (RFC 3461 §6.3 (d)). */
  readonly originalRecipient?: string | undefined
  readonly action: DsnAction
  /** RFC 3463. Default: `5.0.0` for `failed`, `4.0.0` for `delayed`, else `2.0.0`. */
  readonly status?: string | undefined
  /**
   * What was said of it: an SMTP reply (`550 5.1.2 Host unknown`; an array has the lines of one that has several), or an
   * explanation of our own. It is cut behind 4,000 characters.
   */
  readonly diagnostic?: string | readonly string[] | undefined
  /** The server that said so: its name or IP address. Only when there was one. */
  readonly remoteMta?: string | undefined
  /** When delivery was last attempted. */
  readonly lastAttempt?: Date | undefined
  /** The name of the message in the last server's log. */
  readonly finalLogId?: string | undefined
  /** When we shall give up; for `delayed` only (RFC 3464 §2.3.9). */
  readonly willRetryUntil?: Date | undefined
}

/** The options of buildDsn. Text in any of them may not hold CR, LF or NUL: EMESSAGE, naming the option. */
export interface DsnOptions {
  /** Our own name: a domain; `type;name` for a name that is none. A name without a dot is `x-local-hostname` (RFC 3461 §6.3 (b)). */
  readonly reportingMta: string
  /** The sender of the envelope: one address. There is no report to the null sender (RFC 5321 §6.1). */
  readonly to: AddressInput
  /** Default: `Mail Delivery System <postmaster@…>` at `reportingMta`. */
  readonly from?: AddressInput | undefined
  readonly recipients: readonly DsnRecipient[]
  /** ENVID, decoded: printable ASCII. Only when the envelope had one. */
  readonly originalEnvelopeId?: string | undefined
  /** Who translated a foreign report into this one. */
  readonly dsnGateway?: string | undefined
  /** Who brought the message: the name given with EHLO, and the IP address. */
  readonly receivedFromMta?:
    | string
    | { readonly name: string; readonly address?: string | undefined }
    | undefined
  /** When the message arrived. */
  readonly arrivalDate?: Date | undefined
  /** The message, or as much of it as is there. */
  readonly originalMessage?: Uint8Array | string | undefined
  /**
   * RET: `full` gives the whole message back, but only in reports of failure (RFC 3461 §4.3) and up to `maxReturnedSize`. Default `headers`, which
   * is what messages with REQUIRETLS must have (RFC 8689 §5).
   */
  readonly returnContent?: 'headers' | 'full' | undefined
  /** Octets of the original that are given back; of a longer message the header, as many whole fields of it as fit. Default 65,536. */
  readonly maxReturnedSize?: number | undefined
  /** Default: says what happened, and the subject of the original. */
  readonly subject?: string | undefined
  /** The part for people, instead of ours. */
  readonly text?: string | undefined
  /** Default: now. */
  readonly date?: Date | undefined
  /** Default: random, at the domain of From. */
  readonly messageId?: string | undefined
  /**
   * What the way back can carry, as for `composeMessage`. `smtputf8`: reports in UTF-8 (RFC 6533); default: when `to` needs it. `eightBitMime: false`:
   * of an original with octets above 0x7F only the header is given back.
   */
  readonly smtpProfile?: SmtpProfile | undefined
}
