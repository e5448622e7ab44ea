// The form of a corpus case: a message that is hard in one way, what must come of it, and where others read it otherwise.

/** What a case says about the result; only the keys that it is about. */
export interface Expected {
  /** Types and bodies, as `outline` of the helpers writes them. */
  readonly outline?: string
  readonly subject?: string | undefined
  /** Address fields as `Name <address>`, groups as `Name: …;`. */
  readonly from?: string
  readonly to?: string
  readonly cc?: string
  readonly replyTo?: string
  /** ISO 8601, or null when there is none. */
  readonly date?: string | null
  readonly messageId?: string
  readonly inReplyTo?: string
  readonly references?: string | readonly string[]
  readonly priority?: string
  readonly text?: string | undefined
  readonly html?: string | false
  /** Each `filename type "content"`, `-` for no filename. */
  readonly attachments?: readonly string[]
  /** Values of `headers.get`, or of `getAll` for an array. */
  readonly headers?: Readonly<Record<string, unknown>>
  readonly truncated?: boolean
}

/** The results that are compared with mailparser's and Python's. */
export type Compared =
  | 'subject'
  | 'from'
  | 'to'
  | 'cc'
  | 'date'
  | 'messageId'
  | 'plain'
  | 'html'
  | 'attachments'
export type Reasons = Partial<Record<Compared, string>>

export interface Case {
  /** What it shows, as a sentence. */
  readonly name: string
  /** One character a byte. LF stands for CRLF, unless `eol` says that line endings are as they are. */
  readonly raw: string
  readonly eol?: 'as is'
  readonly expect: Expected
  /** Where mailparser's simpleParser has something else, and why we have not. */
  readonly mailparser?: Reasons
  /** The same for Python's `email` with its default policy. */
  readonly python?: Reasons
}

export function bytesOf({ raw, eol }: Case): Buffer {
  return Buffer.from(eol === 'as is' ? raw : raw.replace(/\n/g, '\r\n'), 'latin1')
}

/** A header in front of a plain body. */
export function withHeader(...lines: readonly string[]): string {
  return `${lines.join('\n')}\n\nbody\n`
}

/** A multipart/mixed of parts that are written out, delimiters added. */
export function mixed(...parts: readonly string[]): string {
  return `Content-Type: multipart/mixed; boundary=b\n\n${parts.map(part => `--b\n${part}\n`).join('')}--b--\n`
}
