// Replies as a client reads them (RFC 5321 §4.2, enhanced codes of RFC 2034).
//
//   Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
//   Reply-code = %x32-35 %x30-35 %x30-39
import { utf8 } from '../../base/bytes.ts'
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

/** Servers in the field use second digits that RFC 5321 does not have. */
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g

export class ReplyReader {
  readonly #limit: number
  #size = 0
  #code = 0
  #lines: string[] = []
  #texts: string[] = []

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
      const text = utf8(line).replace(CONTROLS, '\ufffd')
      const match = LINE.exec(text)
      if (!match) throw new PeerSyntaxError('a line that is no reply')
      const code = Number(match[1])
      // MUST be the same in all lines (RFC 5321 §4.2.1): which of them would count?
      if (this.begun && code !== this.#code) throw new PeerSyntaxError('a reply with several codes')
      this.#code = code
      this.#lines.push(text)
      this.#texts.push(match[3] ?? '')
      if (match[2] !== '-') return this.#finish()
      if (this.#size >= this.#limit) throw new PeerSyntaxError('the reply has no end')
    }
  }

  #finish(): SmtpReply {
    const reply: SmtpReply = {
      code: this.#code,
      enhancedCode: splitEnhancedCode(this.#code, this.#texts[0]!).enhanced,
      response: this.#lines.join('\n'),
      lines: this.#texts,
    }
    this.#size = 0
    this.#lines = []
    this.#texts = []
    return reply
  }
}
