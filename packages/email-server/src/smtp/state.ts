// What an SMTP server session may be in, what that state carries, and where it may go from there (RFC 5321 §4.1.4).
import type { Envelope } from './envelope.ts'
import type { ContentReceiver } from './wire/content-receiver.ts'
import { type Reply, reply } from './wire/reply.ts'

/** How the client introduced itself; `extended` by EHLO, which is what permits parameters. */
export interface Hello {
  readonly name: string
  readonly extended: boolean
}

/** Greeted (or just encrypted), and the client has not said who it is. */
export interface FreshState {
  readonly kind: 'fresh'
}

export interface ReadyState {
  readonly kind: 'ready'
  readonly hello: Hello
}

/** A message of which some chunks have come in, or of which all will be refused. */
export interface ChunksState {
  readonly kind: 'chunks'
  readonly hello: Hello
  readonly envelope: Envelope
  readonly receiver: ContentReceiver
  /** As in `content`. */
  readonly ends: number
}

export type SmtpState =
  /** Not greeted yet: whoever talks now does not listen. */
  | { readonly kind: 'silent' }
  | FreshState
  | ReadyState
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
  /** Octets of a BDAT are coming in (RFC 3030 §2); `before` is what they belong to: `chunks`, or a state in which nobody wants them. */
  | {
      readonly kind: 'chunk'
      readonly before: FreshState | ReadyState | ChunksState
      readonly size: number
      readonly last: boolean
      readonly ends: number
    }
  /** A part of the message has come in by BDAT; more is to come. */
  | ChunksState
  /** The TLS handshake is under way: nothing may arrive. */
  | { readonly kind: 'upgrading' }
  | { readonly kind: 'closed' }

export type StateKind = SmtpState['kind']

export const TRANSITIONS: Readonly<Record<StateKind, readonly StateKind[]>> = {
  silent: ['fresh', 'closed'],
  fresh: ['fresh', 'silent', 'ready', 'chunk', 'closed'],
  ready: ['fresh', 'ready', 'sasl', 'envelope', 'chunk', 'upgrading', 'closed'],
  sasl: ['ready', 'closed'],
  envelope: ['ready', 'content', 'chunk', 'closed'],
  content: ['ready', 'closed'],
  chunk: ['fresh', 'ready', 'chunks', 'closed'],
  chunks: ['ready', 'chunk', 'closed'],
  upgrading: ['fresh', 'closed'],
  closed: [],
}

/** What a known command hears in a state that has no place for it. */
export const OUT_OF_PLACE: Readonly<Record<StateKind, Reply>> = {
  silent: reply(503, '5.5.1', 'Bad sequence of commands'),
  fresh: reply(503, '5.5.1', 'Say EHLO first'),
  ready: reply(503, '5.5.1', 'Bad sequence of commands: no mail transaction is open'),
  sasl: reply(503, '5.5.1', 'Bad sequence of commands: an AUTH exchange is under way'),
  envelope: reply(503, '5.5.1', 'Bad sequence of commands: a mail transaction is open'),
  content: reply(503, '5.5.1', 'Bad sequence of commands'),
  chunk: reply(503, '5.5.1', 'Bad sequence of commands'),
  chunks: reply(503, '5.5.1', 'Bad sequence of commands: a message is coming in by BDAT'),
  upgrading: reply(503, '5.5.1', 'Bad sequence of commands'),
  closed: reply(503, '5.5.1', 'Bad sequence of commands'),
}

/** What the client said of itself; null before that. */
export function helloOf(state: SmtpState): Hello | null {
  if (state.kind === 'chunk') return helloOf(state.before)
  return 'hello' in state ? state.hello : null
}

/** The open transaction; null when there is none. */
export function envelopeOf(state: SmtpState): Envelope | null {
  if (state.kind === 'chunk') return envelopeOf(state.before)
  return 'envelope' in state ? state.envelope : null
}

/** The message that is coming in; null when there is none. */
export function receiverOf(state: SmtpState): ContentReceiver | null {
  if (state.kind === 'chunk') return receiverOf(state.before)
  return 'receiver' in state ? state.receiver : null
}
