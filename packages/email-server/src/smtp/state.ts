// What an SMTP server session may be in, what that state carries, and where it may go from there (RFC 5321 §4.1.4).
import type { Envelope } from './envelope.ts'
import type { ContentReceiver } from './wire/content-receiver.ts'
import { type Reply, reply } from './wire/reply.ts'

/** How the client introduced itself; `extended` by EHLO, which is what permits parameters. */
export interface Hello {
  readonly name: string
  readonly extended: boolean
}

export type SmtpState =
  /** Greeted (or just encrypted), and the client has not said who it is. */
  | { readonly kind: 'fresh' }
  | { readonly kind: 'ready'; readonly hello: Hello }
  /** Lines are SASL responses (RFC 4954 §4). */
  | { readonly kind: 'sasl'; readonly hello: Hello }
  /** MAIL has been taken; recipients may come. */
  | { readonly kind: 'envelope'; readonly hello: Hello; readonly envelope: Envelope }
  /** The message is coming in, or has come in and is being judged. */
  | {
      readonly kind: 'content'
      readonly hello: Hello
      readonly envelope: Envelope
      readonly receiver: ContentReceiver
      /** When the client must be done, ms since the epoch. */
      readonly ends: number
    }
  /** The TLS handshake is under way: nothing may arrive. */
  | { readonly kind: 'upgrading' }
  | { readonly kind: 'closed' }

export type StateKind = SmtpState['kind']

export const TRANSITIONS: Readonly<Record<StateKind, readonly StateKind[]>> = {
  fresh: ['ready', 'closed'],
  ready: ['ready', 'sasl', 'envelope', 'upgrading', 'closed'],
  sasl: ['ready', 'closed'],
  envelope: ['ready', 'content', 'closed'],
  content: ['ready', 'closed'],
  upgrading: ['fresh', 'closed'],
  closed: [],
}

/** What a known command hears in a state that has no place for it. */
export const OUT_OF_PLACE: Readonly<Record<StateKind, Reply>> = {
  fresh: reply(503, '5.5.1', 'Say EHLO first'),
  ready: reply(503, '5.5.1', 'Bad sequence of commands: no mail transaction is open'),
  sasl: reply(503, '5.5.1', 'Bad sequence of commands: an AUTH exchange is under way'),
  envelope: reply(503, '5.5.1', 'Bad sequence of commands: a mail transaction is open'),
  content: reply(503, '5.5.1', 'Bad sequence of commands'),
  upgrading: reply(503, '5.5.1', 'Bad sequence of commands'),
  closed: reply(503, '5.5.1', 'Bad sequence of commands'),
}
