// The octets of a message while it waits: in memory when it is small, else in the spool; read as often as there are servers to send it to.
// Line breaks are made CRLF here, so that what is signed is what is sent (RFC 5321 §2.3.8).
import { concat, isAsciiBytes, LF } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import type { Runtime, SpoolFile } from '../base/runtime.ts'
import { type HeaderBlock, splitHeader } from '../mime/index.ts'
import { LineWriter } from '../smtp/index.ts'
import { longestLine } from './downgrade.ts'

export type ContentSource = Uint8Array | AsyncIterable<Uint8Array>

export interface Content {
  readonly size: number
  /** From the start; as often as wanted. */
  read(): ContentSource
  /** All of it, in memory. */
  bytes(): Uint8Array
  discard(): void
}

/** What had to be looked for while the message went by. */
export interface ContentFacts {
  readonly header: HeaderBlock
  /** An octet above 0x7F in the body. */
  readonly eightBit: boolean
  /** An octet above 0x7F in the header: UTF-8 (RFC 6532). */
  readonly utf8Header: boolean
  /** Octets of the longest line, CRLF not counted. */
  readonly longestLine: number
}

export interface CollectOptions {
  readonly openSpool: Runtime['openSpool']
  /** Octets that are held in memory; beyond that the spool has them. */
  readonly inMemory: number
  /** Octets of the whole message. → EMESSAGE 5.3.4 */
  readonly mostBytes: number
}

/** Octets in which the header must end. */
const HEADER_LIMIT = 1024 * 1024

export async function collect(
  source: ContentSource,
  options: CollectOptions,
): Promise<{ readonly content: Content; readonly facts: ContentFacts }> {
  const collector = new Collector(options)
  try {
    if (source instanceof Uint8Array) await collector.push(source)
    else for await (const chunk of source) await collector.push(chunk)
    return await collector.end()
  } catch (error) {
    collector.discard()
    if (error instanceof MailError) throw error
    throw new MailError('ESTREAM', 'the source of the message failed', { cause: error })
  }
}

class Collector {
  readonly #options: CollectOptions
  #chunks: Uint8Array[] = []
  #size = 0
  #spool: SpoolFile | null = null
  #head: Uint8Array[] = []
  #headSize = 0
  #ascii = true
  #longest = 0
  /** Octets of the line that is open. */
  #line = 0
  /** Mended, and not yet kept. */
  #mended: Uint8Array[] = []
  readonly #lines = new LineWriter(piece => this.#mended.push(piece))

  constructor(options: CollectOptions) {
    this.#options = options
  }

  async push(chunk: Uint8Array): Promise<void> {
    if (!(chunk instanceof Uint8Array)) throw new Error('the source must give bytes')
    this.#lines.push(chunk)
    await this.#keepMended()
  }

  async #keepMended(): Promise<void> {
    for (const bytes of this.#mended.splice(0)) await this.#keep(bytes)
  }

  async #keep(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length
    if (this.#size > this.#options.mostBytes) {
      throw new MailError('EMESSAGE', `the message has more than ${this.#options.mostBytes} octets`, {
        responseCode: 552,
        enhancedCode: '5.3.4',
        permanent: true,
      })
    }
    this.#look(bytes)
    if (this.#size <= this.#options.inMemory) {
      this.#chunks.push(bytes)
      return
    }
    this.#spool ??= await this.#options.openSpool()
    for (const held of this.#chunks.splice(0)) await this.#spool.append(held)
    await this.#spool.append(bytes)
  }

  async end(): Promise<{ content: Content; facts: ContentFacts }> {
    this.#lines.end()
    await this.#keepMended()
    const head = concat(this.#head.length > 0 ? this.#head : [new Uint8Array(0)])
    const header = splitHeader(head)
    const bodyStart = header.text.length
    const spool = this.#spool
    const whole = spool ? null : concat(this.#chunks.length > 0 ? this.#chunks : [new Uint8Array(0)])
    const eightBit = this.#ascii ? false : whole ? !isAsciiBytes(whole.subarray(bodyStart)) : true
    const content: Content = {
      size: this.#size,
      read: () => whole ?? spool!.stream(),
      bytes: () => whole ?? spool!.readAll(),
      discard: () => spool?.discard(),
    }
    return { content, facts: { header, eightBit, utf8Header: !header.ascii, longestLine: this.#longest } }
  }

  discard(): void {
    this.#spool?.discard()
  }

  #look(bytes: Uint8Array): void {
    if (this.#ascii && !isAsciiBytes(bytes)) this.#ascii = false
    if (this.#headSize < HEADER_LIMIT) {
      this.#head.push(bytes.subarray(0, HEADER_LIMIT - this.#headSize))
      this.#headSize += bytes.length
    }
    const first = bytes.indexOf(LF)
    if (first < 0) {
      this.#line += bytes.length
      this.#longest = Math.max(this.#longest, this.#line)
      return
    }
    const last = bytes.lastIndexOf(LF)
    this.#longest = Math.max(this.#longest, this.#line + first - 1, longestLine(bytes.subarray(first + 1)))
    this.#line = bytes.length - last - 1
  }
}
