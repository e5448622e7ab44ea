// A message that has arrived, as a test wants to look at it: who, what, which links, which code.
import { type AddressField, type Attachment, type ParsedMessage, parseMessage } from '../mime/index.ts'
import type { MailAuth } from '../smtp/index.ts'

export interface ReceivedFacts {
  readonly raw: Uint8Array
  /** The envelope sender; '' for reports. */
  readonly from: string
  /** The recipient whose mailbox this is. */
  readonly to: string
  /** ms since the epoch. */
  readonly at: number
  readonly auth: MailAuth
}

/** Longest text that is searched for links and codes, characters. */
const SEARCHED = 1_000_000
/** Words near which a number is a code, in lower case. */
const CODE_WORDS = [
  'code',
  'pin',
  'otp',
  'passcode',
  'password',
  'verif',
  'confirm',
  'token',
  'einmal',
  'login',
]

/** Everything inside is parsed when it is read. */
export class ReceivedMessage {
  /** As it arrived, our Received field in front. */
  readonly raw: Uint8Array
  readonly envelope: { readonly from: string; readonly to: string }
  /** When it arrived, ms since the epoch. */
  readonly at: number
  /** SPF, DKIM, DMARC, ARC and reverse DNS, in the words of RFC 8601; all null when nothing was checked. */
  readonly auth: MailAuth
  #parsed: ParsedMessage | null = null

  constructor({ raw, from, to, at, auth }: ReceivedFacts) {
    this.raw = raw
    this.envelope = { from, to }
    this.at = at
    this.auth = auth
  }

  /** The whole message, parsed: headers, parts, attachments. */
  get parsed(): ParsedMessage {
    this.#parsed ??= parseMessage(this.raw)
    return this.#parsed
  }

  /** '' when there is none. */
  get subject(): string {
    return this.parsed.subject ?? ''
  }

  /** The address in the From field, in lower case; '' when there is none. */
  get from(): string {
    return addressOf(this.parsed.from)
  }

  get messageId(): string | undefined {
    return this.parsed.messageId
  }

  /** The plain text, made from the HTML when there is no other. */
  get text(): string {
    return this.parsed.text ?? ''
  }

  /** '' when there is none. */
  get html(): string {
    return this.parsed.html || ''
  }

  get attachments(): readonly Attachment[] {
    return this.parsed.attachments
  }

  /** The value of a header field as text, decoded; undefined when it is not there. */
  header(name: string): string | undefined {
    const value: unknown = this.parsed.headers.get(name.toLowerCase())
    if (value === undefined) return undefined
    return typeof value === 'string' ? value : ((value as { text?: string }).text ?? String(value))
  }

  /** Every http, https and mailto link: those of the HTML first, then those of the text; each once. */
  links(): string[] {
    return [
      ...new Set([...htmlLinks(this.html.slice(0, SEARCHED)), ...textLinks(this.text.slice(0, SEARCHED))]),
    ]
  }

  /** The one link that has this text in it or fits this pattern. Throws when there is none, naming those there are. */
  link(wanted: string | RegExp): string {
    const links = this.links()
    const found = links.find(link =>
      typeof wanted === 'string' ? link.includes(wanted) : link.match(wanted),
    )
    if (found === undefined) throw new Error(`no link has ${wanted}; there are: ${links.join(' ') || 'none'}`)
    return found
  }

  /**
   * The one-time code: four to eight digits (`123456`, `123 456`, `123-456`), or letters and digits in upper case, nearest to a word
   * such as "code". Null when there is none.
   */
  code(): string | null {
    return findCode(`${this.subject}\n${this.text}`.slice(0, SEARCHED))
  }
}

function addressOf(field: AddressField | undefined): string {
  return (field?.value?.[0]?.address ?? '').toLowerCase()
}

function htmlLinks(html: string): string[] {
  const links: string[] = []
  for (const match of html.matchAll(/\shref\s{0,9}=\s{0,9}(?:"([^"]{1,4000})"|'([^']{1,4000})')/gi)) {
    const link = (match[1] ?? match[2]!)
      .trim()
      .replace(/&(amp|#38|#x26|quot|#39|lt|gt);/gi, entity => ENTITIES[entity.toLowerCase()]!)
    if (/^(?:https?|mailto):/i.test(link)) links.push(link)
  }
  return links
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&amp;': '&', '&#38;': '&', '&#x26;': '&', '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>' },
}

function textLinks(text: string): string[] {
  const links: string[] = []
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"]{1,4000}/gi)) {
    // what ends a sentence does not belong to the link
    links.push(match[0].replace(/[.,;:!?)\]}'*]{1,9}$/, ''))
  }
  return links
}

interface Candidate {
  readonly code: string
  /** The lower, the likelier. */
  readonly score: number
}

function findCode(text: string): string | null {
  let best: Candidate | null = null
  let sinceWord = Number.POSITIVE_INFINITY
  for (const line of text.split(/\r?\n/)) {
    const words = line.split(/\s+/).filter(word => word !== '')
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!
      sinceWord++
      if (CODE_WORDS.some(known => word.toLowerCase().includes(known))) sinceWord = 0
      const code = codeAt(words, i)
      if (code === null) continue
      // a code stands behind its word, or before it ("123456 is your code"), or alone in its line
      const later = words
        .slice(i + 1, i + 7)
        .some(next => CODE_WORDS.some(known => next.toLowerCase().includes(known)))
      const isAlone = words.length <= 2
      const score = Math.min(sinceWord, later ? 5 : Number.POSITIVE_INFINITY, 60) - (isAlone ? 10 : 0)
      if (!best || score < best.score) best = { code, score }
    }
  }
  return best?.code ?? null
}

/** The code that begins with this word; null: none does. */
function codeAt(words: readonly string[], at: number): string | null {
  const word = bare(words[at]!)
  if (/^\d{4,8}$/.test(word)) return word
  if (/^\d{3,4}-\d{3,4}$/.test(word)) return word.replace('-', '')
  if (/^\d{3}$/.test(word) && /^\d{3}$/.test(bare(words[at + 1] ?? ''))) return word + bare(words[at + 1]!)
  if (/^[A-Z0-9]{5,10}$/.test(word) && /\d/.test(word) && /[A-Z]/.test(word)) return word
  return null
}

/** Without what may stand around it. */
function bare(word: string): string {
  return word.replace(/^[("'*[:#]{1,9}/, '').replace(/[)"'*\].,;:!?]{1,9}$/, '')
}
