// What a message is made of, as its writer says it: nodemailer's option names, with types. Nothing here does anything.
import type { AddressInput } from '../address/index.ts'
import type { Runtime } from '../base/runtime.ts'

/**
 * Content as it is given: text (sent as UTF-8), bytes, or a stream of either, read once and only when the message is
 * read. Node's Readable and the web's ReadableStream are streams of this kind.
 */
export type MessageContent = string | Uint8Array | AsyncIterable<Uint8Array | string>

/** A header value that is written as it stands: ASCII, no encoding; CRLF only where a space or tab follows. */
export interface PreparedHeaderValue {
  readonly value: string
  readonly prepared?: boolean | undefined
  /** Fold a prepared value at its spaces; without it the value must bring its own folding. */
  readonly foldLines?: boolean | undefined
}

/** A header value; null, undefined and '' write nothing, an array writes one field for each of its values. */
export type HeaderValue =
  | string
  | number
  | boolean
  | Date
  | PreparedHeaderValue
  | AddressInput
  | null
  | undefined
  | readonly HeaderValue[]

/** Header fields by name, or in order. */
export type HeadersInput =
  | { readonly [name: string]: HeaderValue }
  | { readonly key: string; readonly value: HeaderValue }
  | readonly { readonly key: string; readonly value: HeaderValue }[]

/** `base64` and `quoted-printable` encode; the other three say that the content may travel as it is. */
export type TransferEncoding = '7bit' | '8bit' | 'binary' | 'quoted-printable' | 'base64'

/** A piece of content and what is said of it: the object form of `text`, `html` and the like, and of `alternatives`. */
export interface PartOptions {
  readonly content?: MessageContent | undefined
  /** A file's path, for `reader`; `data:` URIs need none. */
  readonly path?: string | false | undefined
  /** A URL, for `reader`; `data:` URIs need none. */
  readonly href?: string | false | undefined
  /** A whole MIME part with its header, used as it is (line breaks become CRLF); other options of the part are not used. */
  readonly raw?: MessageContent | undefined
  /** How a string `content` is to be turned into bytes: `base64`, `hex`, `latin1`, … Default: it is text, UTF-8. */
  readonly encoding?: string | undefined
  /** Default: by the file name's extension. */
  readonly contentType?: string | undefined
  /** Default (and `false`): the smallest safe one. The content must fit it. */
  readonly contentTransferEncoding?: TransferEncoding | false | undefined
  /** `false`: no name at all. Default: for attachments `attachment-N.ext`. */
  readonly filename?: string | false | undefined
  /** Further header fields of the part. */
  readonly headers?: HeadersInput | undefined
  /** What a stream will yield, in bytes; with it the length of the whole message is known beforehand, and it is checked. */
  readonly size?: number | undefined
}

export interface AttachmentOptions extends PartOptions {
  /** Default `attachment`; `inline` for images with a `cid` and for messages. */
  readonly contentDisposition?: 'attachment' | 'inline' | undefined
  /** Content-ID without brackets: the part goes beside the HTML, which refers to it as `cid:…` (RFC 2387). */
  readonly cid?: string | undefined
}

/** A calendar object (RFC 5545) as an invitation: an alternative of type text/calendar (RFC 6047), and a file. */
export interface CalendarOptions extends PartOptions {
  /** The iTIP method. Default: what the calendar's own METHOD says, else `PUBLISH`. It must not contradict the calendar. */
  readonly method?: string | undefined
  /** Also attach it as application/ics, by the name of `filename` (default `invite.ics`). Default true. */
  readonly attachment?: boolean | undefined
}

export type PartInput = MessageContent | PartOptions

/** A URL of a List field; `comment` stands behind it in parentheses (for List-ID before it). */
export type ListValue = string | { readonly url: string; readonly comment?: string | undefined }

/**
 * List fields (RFC 2369, RFC 2919) by the part of their name behind `List-`: `help`, `unsubscribe`, `subscribe`, `post`,
 * `owner`, `archive`, `id`. A URL without scheme becomes `mailto:` or `http:`. An array writes one field for each value;
 * an array in it joins its values in one field. `post: 'NO'` says that nobody may post.
 */
export interface ListOptions {
  /** One-click unsubscribing (RFC 8058): `unsubscribe` must have an https URL; sign the message with DKIM. */
  readonly oneClick?: boolean | undefined
  readonly [name: string]: ListValue | readonly (ListValue | readonly ListValue[])[] | boolean | undefined
}

/** The SMTP envelope when it differs from the header. */
export interface EnvelopeInput {
  /** `false` or '' is the null sender of bounces. */
  readonly from?: AddressInput | false | undefined
  readonly to?: AddressInput | undefined
  readonly cc?: AddressInput | undefined
  readonly bcc?: AddressInput | undefined
}

/**
 * What the way that the message will take can carry. Each is true (use it freely), false (never: what cannot be written
 * without it is refused with EMESSAGE), or absent: only where there is no other way, and the composed message says so in
 * `smtputf8` and `bodyType`.
 */
export interface SmtpProfile {
  /** SMTPUTF8 (RFC 6531): header text as UTF-8 (RFC 6532) instead of encoded words. Implies `eightBitMime`. */
  readonly smtputf8?: boolean | undefined
  /** 8BITMIME (RFC 6152): text as it is, when its lines are of at most 998 octets. */
  readonly eightBitMime?: boolean | undefined
  /** BINARYMIME (RFC 3030): contents as they are. */
  readonly binaryMime?: boolean | undefined
}

/**
 * The message, in nodemailer's words. Text in any option that ends up in a header field may not contain CR, LF or NUL:
 * such a message is refused with EMESSAGE, and the error names the option.
 */
export interface MessageOptions {
  readonly from?: AddressInput | undefined
  /** Who sent it, when From says otherwise or has several mailboxes (RFC 5322 §3.6.2). */
  readonly sender?: AddressInput | undefined
  readonly to?: AddressInput | undefined
  readonly cc?: AddressInput | undefined
  /** In the envelope only, never in the message. */
  readonly bcc?: AddressInput | undefined
  readonly replyTo?: AddressInput | undefined
  /** Message-IDs, with or without angle brackets. */
  readonly inReplyTo?: string | readonly string[] | undefined
  readonly references?: string | readonly string[] | undefined
  readonly subject?: string | undefined
  /** With or without angle brackets. Default: random, at the domain of From. */
  readonly messageId?: string | undefined
  /** A Date, ms since the epoch, or text (RFC 5322 or ISO 8601). Default: the context's `now()`. */
  readonly date?: Date | number | string | undefined
  readonly text?: PartInput | undefined
  readonly html?: PartInput | undefined
  readonly watchHtml?: PartInput | undefined
  /** AMP for Email; stands between text and HTML. */
  readonly amp?: PartInput | undefined
  readonly icalEvent?: MessageContent | CalendarOptions | undefined
  readonly attachments?: readonly AttachmentOptions[] | undefined
  /** Further alternatives, each preferred to those before (RFC 2046 §5.1.4). */
  readonly alternatives?: readonly PartOptions[] | undefined
  /** Further header fields. An option of its own (`subject`, …) wins over a field of the same name. */
  readonly headers?: HeadersInput | undefined
  readonly list?: ListOptions | undefined
  readonly priority?: 'high' | 'normal' | 'low' | undefined
  readonly xMailer?: string | false | undefined
  readonly envelope?: EnvelopeInput | undefined
  /**
   * A whole message, used as it is (line breaks become CRLF; a Bcc field in it stays); of the other options only addresses and `envelope` are used,
   * for the envelope.
   */
  readonly raw?: MessageContent | PartOptions | undefined
  /** Transfer encoding of all text parts that do not set their own. */
  readonly encoding?: TransferEncoding | undefined
  /** Encoded words by `Q` or `B`, and text by quoted-printable or base64. Default: whatever is shorter. */
  readonly textEncoding?: 'Q' | 'B' | 'quoted-printable' | 'base64' | undefined
  /** Send `text` as format=flowed (RFC 3676). Lines that begin with `>` are quotes. */
  readonly flowed?: boolean | undefined
  /** Turn the `data:` images of `html` into inline attachments; not those of a stream. */
  readonly attachDataUrls?: boolean | undefined
  readonly smtpProfile?: SmtpProfile | undefined
  /** Opens what `path` and `href` name. Without it both are refused: nothing here reads files or URLs by itself. */
  readonly reader?: ((source: ContentSource) => MessageContent | Promise<MessageContent>) | undefined
  /** Refuse `path` even with a `reader`. */
  readonly disableFileAccess?: boolean | undefined
  /** Refuse `href`, and URLs in `path`, even with a `reader`. */
  readonly disableUrlAccess?: boolean | undefined
  /** Beginning and middle of the multipart boundaries, which are random otherwise. */
  readonly boundaryPrefix?: string | undefined
  readonly baseBoundary?: string | undefined
  /** Another spelling for the name of a header field. */
  readonly normalizeHeaderKey?: ((key: string, value: string) => string) | undefined
  /** Accepted for nodemailer's sake: lines end in CRLF, always. */
  readonly newline?: 'win' | 'windows' | 'dos' | '\r\n' | undefined
}

/** What a `reader` is asked for: exactly one of the two is a string. */
export interface ContentSource {
  readonly path: string | null
  readonly href: string | null
}

/** The clock and the dice; a Runtime is one. */
export type ComposeContext = Partial<Pick<Runtime, 'now' | 'random'>>

/** Who sends and who receives, as SMTP says it. */
export interface MessageEnvelope {
  /** '' is the null sender (asked for by `envelope.from`); null: the message names nobody. */
  readonly from: string | null
  /** Without duplicates, in the order To, Cc, Bcc. */
  readonly to: readonly string[]
}

/** A message that is ready to go. */
export interface ComposedMessage {
  readonly envelope: MessageEnvelope
  /** With its angle brackets; null for a `raw` message whose header has none (or is a stream). */
  readonly messageId: string | null
  /** Octets of the message, known before anything is read; null when a stream of unknown length is part of it. */
  readonly size: number | null
  /** True when the header holds UTF-8: the way must support SMTPUTF8 (RFC 6531). Look at the envelope, too. */
  readonly smtputf8: boolean
  /** What MAIL FROM must declare as BODY= (RFC 6152, RFC 3030). */
  readonly bodyType: '7BIT' | '8BITMIME' | 'BINARYMIME'
  /** False when a stream is part of it. */
  readonly inMemory: boolean
  /** The message. Throws EUSAGE when a stream is part of it: then `bytes()` or `stream()` have it. */
  bytesSync(): Uint8Array
  /** The message; streams are read. Rejects with ESTREAM when one fails. */
  bytes(): Promise<Uint8Array>
  /**
   * The message in pieces of up to about 80 KiB, `size` octets in all. A message with streams can be read once; leaving early
   * releases them. Throws ESTREAM when a stream fails, yields something else than bytes, or not what its `size` promised.
   */
  stream(): AsyncIterable<Uint8Array>
  /** Releases the streams of a message that will not be read. */
  discard(): void
}
