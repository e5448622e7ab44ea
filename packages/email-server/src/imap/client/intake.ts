// What comes in, as responses (RFC 3501 §7): framed, within limits, bodies that an iteration streams passed on piece by piece, and held back
// where nobody has room.
import { MailError, PeerSyntaxError } from '../../base/errors.ts'
import { InputQueue } from '../../base/input-queue.ts'
import type { Limits } from '../../base/limits.ts'
import { type Frame, Framer } from '../wire/framer.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { BodyStream } from './body-stream.ts'
import { protocolError } from './faults.ts'
import type { FetchFlow } from './fetch-flow.ts'
import { MessageRecord, readFetch } from './fetched.ts'
import { isFetchHead, isStatusHead, readResponse, type ServerResponse } from './responses.ts'

/** Literals in one response. */
const MOST_LITERALS = 10_000

export interface IntakePort {
  readonly limits: Limits
  readonly readerLimits: ReaderLimits
  readonly utf8: boolean
  readonly authenticated: boolean
  /** May be read: nobody is at the end, in a handshake, or in want of room. */
  readonly listens: boolean
  /** The iteration whose bodies come next as streams. */
  streaming(): FetchFlow | undefined
  response(response: ServerResponse): void
  broken(error: unknown): void
}

export class Intake {
  readonly #port: IntakePort
  readonly #input = new InputQueue()
  readonly #framer = new Framer(this.#input)
  #pumping = false
  #streamed: { readonly message: MessageRecord; readonly stream: BodyStream | null } | null = null

  constructor(port: IntakePort) {
    this.#port = port
  }

  /** Octets that nobody has read. */
  get length(): number {
    return this.#input.length
  }

  push(bytes: Uint8Array): void {
    this.#input.push(bytes)
  }

  /** All of what nobody has read. */
  takeRest(): Uint8Array {
    return this.#input.take(this.#input.length)
  }

  /** The message at hand, when its body was streamed. */
  takeStreamed(): MessageRecord | null {
    const message = this.#streamed?.message ?? null
    this.#streamed = null
    return message
  }

  /** Reads what is here. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#port.listens && this.#step());
    } catch (error) {
      this.#port.broken(error instanceof PeerSyntaxError ? unreadable(error) : error)
    } finally {
      this.#pumping = false
    }
  }

  end(error: MailError): void {
    this.#input.clear()
    this.#framer.abandon()
    this.#streamed?.stream?.end(error)
  }

  /** False: more input is needed. */
  #step(): boolean {
    if (this.#framer.streamed > 0) {
      const piece = this.#framer.takeStreamed()
      if (!piece) return false
      const stream = this.#streamed?.stream
      stream?.push(piece)
      if (this.#framer.streamed === 0) stream?.end(null)
      return true
    }
    const { limits, readerLimits, utf8 } = this.#port
    const frame = this.#framer.next(limits.imapResponse)
    if (!frame) return false
    if (frame.kind === 'complete') this.#port.response(readResponse(frame.framed, readerLimits, utf8))
    else if (frame.kind === 'too-long') throw protocolError('a response of the server is too long')
    else if (frame.kind === 'literal') this.#literal(frame)
    return true
  }

  #literal({ head, literal, octets, count }: Extract<Frame, { kind: 'literal' }>): void {
    const { limits, readerLimits, utf8, authenticated } = this.#port
    if (isStatusHead(head)) {
      this.#port.response(readResponse(this.#framer.asText(), readerLimits, utf8))
      return
    }
    const isFetch = authenticated && isFetchHead(head)
    if (isFetch && this.#stream(literal.size)) return
    const most = isFetch ? limits.imapBody : limits.imapResponse
    if (octets + literal.size > most || count >= MOST_LITERALS)
      throw new MailError('ELIMIT', `the server sends a literal of ${literal.size} octets`)
    this.#framer.accept()
  }

  /** Is this literal the body that an iteration streams? */
  #stream(size: number): boolean {
    const flow = this.#port.streaming()
    if (!flow || this.#streamed) return false
    const response = readResponse(this.#framer.soFar(), this.#port.readerLimits, this.#port.utf8)
    if (response.kind !== 'data') return false
    const message = new MessageRecord(response.number ?? 0)
    if (!readFetch(response.reader, message, true)) return false
    const stream = flow.begin(message, size)
    this.#streamed = { message, stream }
    this.#framer.stream()
    if (size === 0) stream?.end(null)
    return true
  }
}

function unreadable(error: PeerSyntaxError): MailError {
  return protocolError(`the server does not speak IMAP: ${error.message}`, { cause: error })
}
