// Envelopes for people (RFC 3501 §7.4.2): encoded words decoded, addresses whole, the date as a Date.
import type { Envelope, EnvelopeAddress } from '../../mime/index.ts'
import { decodeEncodedWords, readMailDate } from '../../text/index.ts'

export interface ImapAddress {
  /** Decoded; '' when there is none. */
  readonly name: string
  /** `user@example.com`; a name without a domain as it stands; '' when there is none. */
  readonly address: string
  /** The group that it stands in; absent: none. */
  readonly group?: string
}

/** Lists are empty when the message has no such field; texts are null. */
export interface ImapEnvelope {
  readonly date: Date | null
  readonly subject: string | null
  readonly from: readonly ImapAddress[]
  readonly sender: readonly ImapAddress[]
  readonly replyTo: readonly ImapAddress[]
  readonly to: readonly ImapAddress[]
  readonly cc: readonly ImapAddress[]
  readonly bcc: readonly ImapAddress[]
  /** As it stands: one message id or more. */
  readonly inReplyTo: string | null
  readonly messageId: string | null
}

/** Decodes each part when it is first looked at: whoever lists subjects does not pay for dates. */
export class LazyEnvelope implements ImapEnvelope {
  readonly #raw: Envelope
  constructor(raw: Envelope) {
    this.#raw = raw
  }

  get date(): Date | null {
    const date = this.#raw.date === null ? null : readMailDate(this.#raw.date)
    return date ? new Date(date.time) : null
  }

  get subject(): string | null {
    return decoded(this.#raw.subject)
  }

  get from(): readonly ImapAddress[] {
    return addresses(this.#raw.from)
  }

  get sender(): readonly ImapAddress[] {
    return addresses(this.#raw.sender)
  }

  get replyTo(): readonly ImapAddress[] {
    return addresses(this.#raw.replyTo)
  }

  get to(): readonly ImapAddress[] {
    return addresses(this.#raw.to)
  }

  get cc(): readonly ImapAddress[] {
    return addresses(this.#raw.cc)
  }

  get bcc(): readonly ImapAddress[] {
    return addresses(this.#raw.bcc)
  }

  get inReplyTo(): string | null {
    return this.#raw.inReplyTo
  }

  get messageId(): string | null {
    return this.#raw.messageId
  }

  /** The envelope as the server wrote it: nothing decoded. */
  get raw(): Envelope {
    return this.#raw
  }

  toJSON(): ImapEnvelope {
    const { date, subject, from, sender, replyTo, to, cc, bcc, inReplyTo, messageId } = this
    return { date, subject, from, sender, replyTo, to, cc, bcc, inReplyTo, messageId }
  }
}

function decoded(text: string | null): string | null {
  return text === null || !text.includes('=?') ? text : decodeEncodedWords(text)
}

function addresses(list: readonly EnvelopeAddress[]): readonly ImapAddress[] {
  const out: ImapAddress[] = []
  let group: string | null = null
  for (const { name, mailbox, host } of list) {
    if (host === null) {
      group = mailbox === null ? null : decoded(mailbox)
      continue
    }
    const address = mailbox === null ? '' : host === '' ? mailbox : `${mailbox}@${host}`
    out.push({ name: decoded(name) ?? '', address, ...(group !== null && { group }) })
  }
  return out
}
