// Framing: bytes become commands, that is lines with the literals in them (RFC 3501 §4.3, RFC 7888, RFC 3516 §4.4
// literal8), before anything is parsed. Nothing is allocated by announcement, and every literal is put to its owner
// before it is read.
import { EMPTY } from '../../base/bytes.ts'
import { type InputQueue, TOO_LONG } from '../../base/input-queue.ts'

export interface Literal {
  readonly bytes: Uint8Array
  /** `~{n}`: may hold NUL. */
  readonly binary: boolean
}

/** One framed command or response: `lines[0] literals[0] lines[1] … lines[n]`, without the announcements and CRLFs. */
export interface Framed {
  readonly lines: readonly Uint8Array[]
  readonly literals: readonly Literal[]
}

export interface Announcement {
  /** Octets; Infinity when the number has more digits than any literal could. */
  readonly size: number
  /** `{n+}`: the sender does not wait for our word. */
  readonly nonSync: boolean
  readonly binary: boolean
}

export type Frame =
  | { readonly kind: 'complete'; readonly framed: Framed }
  /** A literal is announced; `accept`, `skip` or `abandon` must be called before `next`. */
  | {
      readonly kind: 'literal'
      readonly head: Uint8Array
      readonly literal: Announcement
      /** Literals before this one, and their octets. */
      readonly count: number
      readonly octets: number
    }
  /** What `skip` was told to swallow is swallowed, and the rest of its command. */
  | { readonly kind: 'skipped' }
  /** More octets outside literals than allowed; when `ended`, the command is gone, else its end is not in sight. */
  | { readonly kind: 'too-long'; readonly head: Uint8Array; readonly ended: boolean }

const FIRST_BUFFER = 64 * 1024
/** A literal of so many octets that is there already is not copied; a smaller one would hold a whole packet. */
const SHARED_FROM = 4096
const MOST_DIGITS = 15

export class Framer {
  readonly #input: InputQueue
  #lines: Uint8Array[] = []
  #literals: Literal[] = []
  /** Octets of lines so far, CRLF included; octets of literals so far. */
  #lineOctets = 0
  #literalOctets = 0
  #announced: Announcement | null = null
  #buffer: Uint8Array | null = null
  #filled = 0
  #skipping = false
  #toSkip = 0
  /** Octets of a streamed literal that are still to come. */
  #streamed = 0
  /** The line at hand with its announcement. */
  #announcing: Uint8Array | null = null

  constructor(input: InputQueue) {
    this.#input = input
  }

  /** True while a literal's octets are awaited. */
  get inLiteral(): boolean {
    return this.#announced !== null
  }

  /** True when part of a command has been seen. */
  get begun(): boolean {
    return this.#lines.length > 0 || this.#skipping || this.#input.length > 0
  }

  /** The next event, or null when more input is needed. `limit`: octets that one command may have outside its literals. */
  next(limit: number): Frame | null {
    for (;;) {
      if (this.#streamed > 0) return null
      if (this.#buffer && !this.#collect()) return null
      if (this.#toSkip > 0) {
        const some = Math.min(this.#toSkip, this.#input.length)
        this.#input.drop(some)
        this.#toSkip -= some
        if (this.#toSkip > 0) return null
      }
      const line = this.#input.takeLine(Math.max(2, limit - this.#lineOctets))
      if (line === null) return null
      if (line === TOO_LONG) {
        const rest = this.#input.takeLine(Number.POSITIVE_INFINITY)
        const head = this.#lines[0] ?? (rest instanceof Uint8Array ? rest : new Uint8Array(0))
        this.abandon()
        return { kind: 'too-long', head, ended: rest instanceof Uint8Array }
      }
      this.#lineOctets += line.length + 2
      const literal = announcement(line)
      if (this.#skipping) {
        if (literal?.nonSync) {
          this.#toSkip = literal.size
          continue
        }
        this.abandon()
        return { kind: 'skipped' }
      }
      if (!literal) {
        this.#lines.push(line)
        const framed: Framed = { lines: this.#lines, literals: this.#literals }
        this.abandon()
        return { kind: 'complete', framed }
      }
      this.#lines.push(line.subarray(0, line.lastIndexOf(literal.binary ? 0x7e : 0x7b)))
      this.#announced = literal
      this.#announcing = line
      const [count, octets] = [this.#literals.length, this.#literalOctets]
      return { kind: 'literal', head: this.#lines[0]!, literal, count, octets }
    }
  }

  /** The announced literal is welcome: `next` reads it. */
  accept(): void {
    this.#buffer = EMPTY
    this.#filled = 0
  }

  /** The announced literal is given out by `takeStreamed`; in its response it stands as an empty one. Call `next` when all of it is taken. */
  stream(): void {
    const { size, binary } = this.#announced!
    this.#literals.push({ bytes: EMPTY, binary })
    this.#streamed = size
    this.#announced = null
  }

  /** What has come of the response at hand, up to the announced literal. */
  soFar(): Framed {
    return { lines: this.#lines, literals: this.#literals }
  }

  /** Octets of the streamed literal that nobody has taken yet. */
  get streamed(): number {
    return this.#streamed
  }

  /** A piece of the streamed literal; null when more input is needed. */
  takeStreamed(): Uint8Array | null {
    const piece = this.#input.takeSome(this.#streamed)
    if (piece) this.#streamed -= piece.length
    return piece
  }

  /** What looks like an announcement ends a line of plain text: the response is complete. */
  asText(): Framed {
    const lines = [...this.#lines.slice(0, -1), this.#announcing!]
    const framed: Framed = { lines, literals: this.#literals }
    this.abandon()
    return framed
  }

  /** The announced literal comes without being welcome: `next` swallows it and the rest of its command. */
  skip(): void {
    this.#skipping = true
    this.#toSkip = this.#announced!.size
    this.#announced = null
  }

  /** Forgets the command at hand: its sender will not send the announced literal, or the command is done. */
  abandon(): void {
    this.#lines = []
    this.#literals = []
    this.#lineOctets = 0
    this.#literalOctets = 0
    this.#announced = null
    this.#buffer = null
    this.#skipping = false
    this.#toSkip = 0
    this.#streamed = 0
    this.#announcing = null
  }

  /** Moves octets into the literal; true when it is whole. The buffer grows with what has come, not with what was said. */
  #collect(): boolean {
    const { size, binary } = this.#announced!
    let buffer = this.#buffer!
    if (this.#filled === 0 && size >= SHARED_FROM && this.#input.length >= size) {
      buffer = this.#input.take(size)
      this.#filled = size
    } else if (buffer.length === 0) buffer = Buffer.allocUnsafe(Math.min(size, FIRST_BUFFER))
    while (this.#filled < size) {
      const piece = this.#input.takeSome(size - this.#filled)
      if (!piece) {
        this.#buffer = buffer
        return false
      }
      if (this.#filled + piece.length > buffer.length) {
        const larger = Buffer.allocUnsafe(
          Math.min(size, Math.max(buffer.length * 2, this.#filled + piece.length)),
        )
        larger.set(buffer.subarray(0, this.#filled))
        buffer = larger
      }
      buffer.set(piece, this.#filled)
      this.#filled += piece.length
    }
    this.#literals.push({ bytes: buffer.subarray(0, size), binary })
    this.#literalOctets += size
    this.#announced = null
    this.#buffer = null
    return true
  }
}

// literal = "{" number64 ["+"] "}" CRLF *CHAR8      literal8 = "~{" number64 ["+"] "}" CRLF *OCTET
function announcement(line: Uint8Array): Announcement | null {
  let at = line.length - 1
  if (line[at] !== 0x7d) return null
  at--
  const nonSync = line[at] === 0x2b
  if (nonSync) at--
  const last = at
  while (at >= 0 && line[at]! >= 0x30 && line[at]! <= 0x39) at--
  if (at === last || line[at] !== 0x7b) return null
  const digits = Buffer.from(line.subarray(at + 1, last + 1)).toString('latin1')
  const size = digits.length > MOST_DIGITS ? Number.POSITIVE_INFINITY : Number(digits)
  return { size, nonSync, binary: at > 0 && line[at - 1] === 0x7e }
}

/** Frames bytes that are there as a whole, CRLF included; null when they are not one whole command or response. */
export function frameWhole(bytes: Uint8Array, input: InputQueue): Framed | null {
  input.push(bytes)
  const framer = new Framer(input)
  for (;;) {
    const frame = framer.next(Number.POSITIVE_INFINITY)
    if (frame?.kind === 'complete') return input.length === 0 ? frame.framed : null
    if (frame?.kind !== 'literal') return null
    framer.accept()
  }
}
