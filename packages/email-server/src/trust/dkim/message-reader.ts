// A message in chunks, for those who sign and verify: its header once it is whole, then the body to the hashes that were asked for.
// One pass, whoever listens. A message whose header ends its lines with LF alone (a file on a Unix disk) is read as it is sent: with CRLF.
import { CR, LF } from '../../base/bytes.ts'
import { MailError } from '../../base/errors.ts'
import { type HeaderBlock, IncomingHeader, type ReceivedHeader } from '../../mime/index.ts'
import { BodyHashes } from './body-hash.ts'

/** A whole message, or its chunks as they come. */
export type MessageInput = Uint8Array | AsyncIterable<Uint8Array>

/** Who wants to see a message go by. */
export interface MessageListener {
  /** The header is whole, nothing of the body was seen. `cut`: a limit ended it, so that nothing in it can be trusted. */
  header(block: HeaderBlock, cut: boolean, bodies: BodyHashes): void
}

export class MessageReader {
  readonly #listeners: readonly MessageListener[]
  readonly #bodies = new BodyHashes()
  #header: IncomingHeader | null = new IncomingHeader()
  #bareLf = false
  #lastCr = false

  constructor(listeners: readonly MessageListener[]) {
    this.#listeners = listeners
  }

  /** Takes the next bytes; they may be overwritten when it returns. Throws EMESSAGE for what is no bytes. */
  write(chunk: Uint8Array): void {
    checkChunk(chunk)
    const header = this.#header === null ? null : this.#header.push(chunk)
    if (header !== null) this.#begin(header)
    else if (this.#header === null) this.#body(chunk)
  }

  end(): void {
    if (this.#header !== null) this.#begin(this.#header.end())
    this.#bodies.end()
  }

  #begin({ block, truncated, rest }: ReceivedHeader): void {
    this.#header = null
    const lf = block.text.indexOf('\n')
    this.#bareLf = lf !== -1 && block.text.charCodeAt(lf - 1) !== CR
    for (const listener of this.#listeners) listener.header(block, truncated, this.#bodies)
    if (rest.length > 0) this.#body(rest)
  }

  #body(chunk: Uint8Array): void {
    this.#bodies.write(this.#bareLf ? this.#withCrlf(chunk) : chunk)
  }

  #withCrlf(chunk: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(chunk.length * 2)
    let size = 0
    let last = this.#lastCr ? CR : 0
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i]!
      if (c === LF && last !== CR) out[size++] = CR
      out[size++] = last = c
    }
    this.#lastCr = last === CR
    return out.subarray(0, size)
  }
}

/** Reads all of a message. Throws EMESSAGE for what is none; what the stream throws passes. */
export async function readMessage(
  message: MessageInput,
  listeners: readonly MessageListener[],
): Promise<void> {
  const reader = new MessageReader(listeners)
  await readChunks(message, chunk => reader.write(chunk))
  reader.end()
}

/** Gives all chunks of a message to `write`. Throws EMESSAGE for what is no message; what the stream throws passes. */
export async function readChunks(message: MessageInput, write: (chunk: Uint8Array) => void): Promise<void> {
  if (message instanceof Uint8Array) write(message)
  else if (typeof message === 'object' && message !== null && Symbol.asyncIterator in message) {
    for await (const chunk of message) write(checkChunk(chunk))
  } else throw new MailError('EMESSAGE', 'a message must be a Uint8Array or an async iterable of them')
}

function checkChunk(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  throw new MailError('EMESSAGE', 'a message comes as Uint8Array chunks')
}
