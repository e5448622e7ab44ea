// The port through which the messages of a session are checked (SPF, DKIM, DMARC, …), and what of it a `mail` listener sees.
import type { MessageOrigin, MessageVerdict } from '../../trust/index.ts'

/** The check of one message; `MessageCheck` of `trust/` is one. */
export interface MailCheck {
  /** The message as it comes, dots unstuffed; whatever may be thrown counts as a failure of `finish`. */
  push(bytes: Uint8Array): void
  /** The message is whole. A rejection is a failure of ours: the client hears 451. */
  finish(): Promise<MessageVerdict>
  /** Nobody wants to know any more. May be called at any time, also after `finish`. */
  abandon(): void
}

/** Begins the check of a message, at MAIL; null: this one is not checked. */
export type CheckMessage = (origin: MessageOrigin) => MailCheck | null

/** What was found out about the sender, in the words of RFC 8601 §2.7; null: not checked. Nothing was done about it. */
export interface MailAuth {
  /** That of the best signature: `pass`, `fail`, `neutral`, `policy`, `temperror`, `permerror`, or `none` when there is no signature. */
  readonly dkim: string | null
  /** `pass`, `fail`, `softfail`, `neutral`, `none`, `temperror` or `permerror`. */
  readonly spf: string | null
  /** `pass`, `fail`, `none` (no policy) or `temperror`. */
  readonly dmarc: string | null
  /** Reverse DNS: `pass` (a name of the address has the address), `fail`, `permerror` (it has no name) or `temperror`. */
  readonly rdns: string | null
  /** What the domain of the From field asks to do with mail that fails: `none`, `quarantine` or `reject`; null without a policy. */
  readonly dmarcPolicy: string | null
  /** The chain of those who have forwarded it (RFC 8617): `pass`, `fail`, or `none` when there is no chain. */
  readonly arc: string | null
  /** All that is behind it, with the reasons. */
  readonly details: MailAuthDetails | null
}

/** Each result whole; `results` is what Authentication-Results says, as `arcSeal` wants it. */
export type MailAuthDetails = Pick<MessageVerdict, 'spf' | 'rdns' | 'dkim' | 'dmarc' | 'arc' | 'results'>

export const NOT_CHECKED: MailAuth = {
  dkim: null,
  spf: null,
  dmarc: null,
  rdns: null,
  dmarcPolicy: null,
  arc: null,
  details: null,
}

export function mailAuth({ spf, rdns, dkim, dmarc, arc, results }: MessageVerdict): MailAuth {
  return {
    dkim: dkim.result,
    spf: spf.result,
    dmarc: dmarc.result,
    rdns: rdns.result,
    dmarcPolicy: dmarc.policy,
    arc: arc.result,
    details: { spf, rdns, dkim, dmarc, arc, results },
  }
}
