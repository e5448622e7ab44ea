// Replies as a client reads them (RFC 5321 §4.2, enhanced codes of RFC 2034).
//
//   Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
//   Reply-code = %x32-35 %x30-35 %x30-39
import { latin1, utf8 } from '../../base/bytes.ts'
import { PeerSyntaxError } from '../../base/errors.ts'
import { type InputQueue, TOO_LONG } from '../../base/input-queue.ts'
import { splitEnhancedCode } from './enhanced-codes.ts'

export interface SmtpReply {
  /** 200–599. */
  readonly code: number
  /** RFC 3463 code, e.g. `5.1.1`; null when the server gave none. */
  readonly enhancedCode: string | null
  /** The lines as they came, codes included, joined with LF; control characters are `\ufffd`. */
  readonly response: string
  /** The lines without their reply codes. */
  readonly lines: readonly string[]
}

const SP = 0x20
const HYPHEN = 0x2d
const ZERO = 0x30
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g

/** -1 when the line does not begin as a reply does. Servers in the field use second digits that RFC 5321 does not have. */
function codeOf(line: Uint8Array): number {
  if (line.length < 3 || (line.length > 3 && line[3] !== SP && line[3] !== HYPHEN)) return -1
  const [first, second, third] = [line[0]! - ZERO, line[1]! - ZERO, line[2]! - ZERO]
  if (first < 2 || first > 5 || second < 0 || second > 9 || third < 0 || third > 9) return -1
  return 100 * first + 10 * second + third
}

function textOf(line: Uint8Array): string {
  for (let i = 0; i < line.length; i++) {
    const octet = line[i]!
    if (octet < 0x20 || octet > 0x7e) return utf8(line).replace(CONTROLS, '\ufffd')
  }
  return latin1(line)
}

export class ReplyReader {
  readonly #limit: number
  #size = 0
  #code = 0
  #lines: string[] = []

  /** `limit`: octets of one reply, line ends included. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** True in the middle of a reply of several lines. */
  get begun(): boolean {
    return this.#lines.length > 0
  }

  /** The code of the reply that has begun. */
  get code(): number {
    return this.#code
  }

  /** The next reply; null when it has not arrived whole. Throws PeerSyntaxError for what is no reply, or too long. */
  read(input: InputQueue): SmtpReply | null {
    for (;;) {
      const line = input.takeLine(this.#limit - this.#size)
      if (line === null) return null
      if (line === TOO_LONG) throw new PeerSyntaxError('the reply has no end')
      this.#size += line.length + 2
      const code = codeOf(line)
      if (code < 0) throw new PeerSyntaxError('a line that is no reply')
      // MUST be the same in all lines (RFC 5321 §4.2.1): which of them would count?
      if (this.begun && code !== this.#code) throw new PeerSyntaxError('a reply with several codes')
      this.#code = code
      this.#lines.push(textOf(line))
      if (line[3] !== HYPHEN) return this.#finish()
      if (this.#size >= this.#limit) throw new PeerSyntaxError('the reply has no end')
    }
  }

  #finish(): SmtpReply {
    const reply = new ReadReply(this.#code, this.#lines)
    this.#size = 0
    this.#lines = []
    return reply
  }
}

/** What of a reply nobody asks for is not worked out: most say yes, and no more is wanted of them. */
class ReadReply implements SmtpReply {
  readonly code: number
  readonly #lines: readonly string[]

  constructor(code: number, lines: readonly string[]) {
    this.code = code
    this.#lines = lines
  }

  get enhancedCode(): string | null {
    return splitEnhancedCode(this.code, this.#lines[0]!.slice(4)).enhanced
  }

  get response(): string {
    return this.#lines.length === 1 ? this.#lines[0]! : this.#lines.join('\n')
  }

  get lines(): readonly string[] {
    return this.#lines.map(line => line.slice(4))
  }
}
