// The content of one transaction: what is known of it before it is sent, and how it leaves: with dots stuffed behind DATA (RFC 5321 §4.5.2),
// or in chunks (RFC 3030). Never more than a window of it is held; a server that does not read stops the source.
import { isAsciiBytes } from '../../base/bytes.ts'
import { MailError } from '../../base/errors.ts'
import { DotStuffer } from '../wire/dot-stuffer.ts'
import { LineBreakCheck } from '../wire/line-breaks.ts'
import { LineWriter } from '../wire/line-writer.ts'
import type { ClientCore } from './core.ts'
import { isPositive, replyError } from './faults.ts'
import type { CheckedTransaction, ContentFacts } from './parameters.ts'

/** Octets that are written before it is asked whether the server takes them. */
const STEP = 64 * 1024
/** Octets of a chunk: what of a stream has to be held, because its length stands before it. */
const CHUNK = 256 * 1024

const SOURCE: unique symbol = Symbol('source')

/** Throws EMESSAGE for bare CR or LF where they are refused. */
export function contentFacts(
  checked: CheckedTransaction,
  extensions: ReadonlyMap<string, string>,
): ContentFacts {
  const { content, params } = checked
  if (!(content instanceof Uint8Array)) {
    // who has not said can only be believed to have it all
    const body = params.body ?? (extensions.has('8BITMIME') ? '8BITMIME' : '7BIT')
    return { size: params.size ?? null, body }
  }
  const body = params.body ?? (isAsciiBytes(content) ? '7BIT' : '8BITMIME')
  if (checked.refuseBareBreaks && body !== 'BINARYMIME') {
    const check = new LineBreakCheck()
    check.push(content)
    check.end()
    if (check.bare) throw bareBreak()
  }
  return { size: params.size ?? content.length, body }
}

function bareBreak(): MailError {
  return new MailError('EMESSAGE', 'the message has a bare CR or LF', {
    enhancedCode: '5.6.0',
    permanent: true,
  })
}

/** One message on its way out. */
export class Content {
  readonly #core: ClientCore
  readonly #checked: CheckedTransaction
  readonly #facts: ContentFacts
  #source: AsyncIterator<Uint8Array> | null = null
  #bytes = 0
  #complete = false

  constructor(core: ClientCore, checked: CheckedTransaction, facts: ContentFacts) {
    this.#core = core
    this.#checked = checked
    this.#facts = facts
  }

  /** Octets of the message so far, as they were sent, stuffed dots not counted. */
  get bytes(): number {
    return this.#bytes
  }

  /** All of it has been written, its end included. */
  get complete(): boolean {
    return this.#complete
  }

  /** Nobody wants more of it. */
  release(): void {
    const source = this.#source
    this.#source = null
    // how a source fails that nobody reads any more is its own affair
    if (source?.return) Promise.resolve(source.return()).catch(() => {})
  }

  /**
   * Behind the reply to DATA; null: all has been written at once. Rejects with EMESSAGE or ESTREAM; nothing but the end of the connection
   * takes back what was written.
   */
  sendDotted(): Promise<void> | null {
    const { output } = this.#core
    const stuffer = new DotStuffer(piece => output.write(piece))
    const lines = this.#lines(piece => stuffer.push(piece))
    const end = (): void => {
      lines.end()
      output.write('.\r\n')
      this.#finish()
    }
    const pause = this.#read(chunk => lines.push(chunk))
    if (pause) return pause.then(end)
    end()
    return null
  }

  /**
   * In chunks; `last` is called when the last has been written, to expect its replies. Rejects as `sendDotted`, and with EMESSAGE when the
   * server refuses a chunk; replies to other chunks may then be owed still.
   */
  async sendChunks(last: () => void): Promise<void> {
    const { output, extensions, limits } = this.#core
    const binary = this.#facts.body === 'BINARYMIME'
    let pieces: Uint8Array[] = []
    let size = 0
    let refused: MailError | null = null
    const write = (end: string): void => {
      const command = `BDAT ${size}${end}`
      this.#core.note(() => command)
      output.write(`${command}\r\n`)
      for (const piece of pieces) output.write(piece)
      pieces = []
      size = 0
    }
    const add = (piece: Uint8Array): void => {
      pieces.push(piece)
      size += piece.length
    }
    const lines = this.#lines(add)
    const pause = this.#read(chunk => {
      if (refused) throw refused
      if (binary) {
        this.#bytes += chunk.length
        add(chunk)
      } else lines.push(chunk)
      if (size < CHUNK) return null
      write('')
      const judged = this.#core.owe('BDAT', limits.smtpReplyTime).then(given => {
        if (!isPositive(given)) {
          refused ??= replyError('EMESSAGE', 'the server refuses a part of the message', 'BDAT', given)
        }
      })
      // its rejection is the end of the session, which the whole transaction hears of
      judged.catch(() => {})
      return extensions.has('PIPELINING') ? null : judged
    })
    if (pause) await pause
    if (refused) throw refused
    if (!binary) lines.end()
    write(' LAST')
    this.#finish()
    last()
  }

  #finish(): void {
    this.#complete = true
    this.#core.note(() => `(${this.#bytes} octets of a message)`)
  }

  /** Counts, and mends or refuses bare CR and LF. */
  #lines(give: (piece: Uint8Array) => void): LineWriter {
    return new LineWriter(piece => {
      this.#bytes += piece.length
      give(piece)
    })
  }

  /**
   * Hands the content over in pieces, as fast as the server takes it and `take` wants it. Null: all of it has been taken at once.
   * Rejects with ESTREAM when the source fails, and with what `take` throws.
   */
  #read(take: (chunk: Uint8Array) => Promise<void> | null | void): Promise<void> | null {
    const { content } = this.#checked
    if (!(content instanceof Uint8Array)) return this.#readStream(content, take)
    if (content.length > STEP) return this.#readSteps(content, take)
    return take(content) ?? null
  }

  async #readSteps(
    content: Uint8Array,
    take: (chunk: Uint8Array) => Promise<void> | null | void,
  ): Promise<void> {
    for (let at = 0; at < content.length; at += STEP) {
      await take(content.subarray(at, at + STEP))
      await this.#core.output.ready()
      this.#stopWhenOver()
    }
  }

  async #readStream(
    content: AsyncIterable<Uint8Array>,
    take: (chunk: Uint8Array) => Promise<void> | null | void,
  ): Promise<void> {
    const { clock, limits, output } = this.#core
    const late = (): void => this.#core.end(new MailError('ESTREAM', 'the source of the message is silent'))
    const { refuseBareBreaks, params } = this.#checked
    const breaks = refuseBareBreaks && params.body !== 'BINARYMIME' ? new LineBreakCheck() : null
    const sevenBit = params.body === undefined && this.#facts.body === '7BIT'
    try {
      this.#source = content[Symbol.asyncIterator]()
      for (;;) {
        this.#core.wake()
        clock.set(SOURCE, limits.smtpBlockTime, late)
        const next = await this.#source.next().finally(() => clock.clear(SOURCE))
        this.#stopWhenOver()
        if (next.done) break
        if (!(next.value instanceof Uint8Array)) throw new Error('the source must give bytes')
        breaks?.push(next.value)
        if (breaks?.bare) throw bareBreak()
        if (sevenBit && !isAsciiBytes(next.value)) throw notSevenBit()
        await take(next.value)
        await output.ready()
        this.#stopWhenOver()
      }
      breaks?.end()
      if (breaks?.bare) throw bareBreak()
      this.#source = null
    } catch (error) {
      this.release()
      if (error instanceof MailError) throw error
      throw new MailError('ESTREAM', 'the source of the message failed', { cause: error })
    }
  }

  #stopWhenOver(): void {
    // its caller has been told already
    if (this.#core.closed) throw new MailError('ECONNECTION', 'the session is over')
  }
}

function notSevenBit(): MailError {
  return new MailError('EMESSAGE', 'the message is not 7-bit, and the server takes nothing else', {
    enhancedCode: '5.6.3',
    permanent: true,
  })
}
