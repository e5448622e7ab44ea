// Reading messages' bytes from the backend: collected, or passed on piece by piece while the client reads. A stream that
// stalls is given up after the handlers' time; one that does not keep its length is an error of the backend.
import { concat, indexOf } from '../base/bytes.ts'
import { describe, MailError, Refusal } from '../base/errors.ts'
import type { SessionClock } from '../base/session-clock.ts'
import type { OpenBody } from './read.ts'

export interface SourceLimits {
  readonly clock: SessionClock
  /** Time for one piece of a stream, ms. */
  readonly pieceTime: number
  /** Octets that are held in memory at most. */
  readonly inMemory: number
}

/** All octets of the message. */
export async function collect(body: OpenBody, limits: SourceLimits): Promise<Uint8Array> {
  if (body.bytes) return body.bytes
  if (body.length > limits.inMemory) throw new Refusal('LIMIT', 'The message is too large for that')
  const chunks: Uint8Array[] = []
  let got = 0
  await eachPiece(body.stream, limits, piece => {
    got += piece.length
    if (got > body.length) throw wrongLength(body.length, 'more')
    chunks.push(piece)
    return null
  })
  if (got < body.length) throw wrongLength(body.length, 'less')
  return chunks.length === 0 ? new Uint8Array(0) : concat(chunks)
}

/** The octets of the header with its blank line. */
export async function collectHeader(body: OpenBody, limits: SourceLimits): Promise<Uint8Array> {
  if (body.bytes) {
    const end = headerEnd(body.bytes, true)
    return end < 0 ? body.bytes : body.bytes.subarray(0, end)
  }
  const chunks: Uint8Array[] = []
  let got = 0
  /** The last two octets so far: a blank line may lie across two pieces. */
  let tail: Uint8Array = new Uint8Array(0)
  await eachPiece(body.stream, limits, piece => {
    const searched = concat([tail, piece])
    const end = headerEnd(searched, got === tail.length)
    const taken = end < 0 ? piece.length : end - tail.length
    chunks.push(piece.subarray(0, taken))
    got += taken
    if (got > limits.inMemory) throw new Refusal('LIMIT', 'The header is too large for that')
    tail = searched.subarray(-2)
    return end < 0 ? null : 'enough'
  })
  return chunks.length === 0 ? tail : concat(chunks)
}

const LF_CR_LF = Uint8Array.of(10, 13, 10)
const LF_LF = Uint8Array.of(10, 10)

/** Behind the first blank line, -1 when there is none. `first`: the bytes begin where the message begins. */
function headerEnd(bytes: Uint8Array, first: boolean): number {
  if (first && bytes[0] === 10) return 1
  if (first && bytes[0] === 13 && bytes[1] === 10) return 2
  const crlf = indexOf(bytes, LF_CR_LF)
  const lf = indexOf(crlf < 0 ? bytes : bytes.subarray(0, crlf + 1), LF_LF)
  if (lf >= 0) return lf + 2
  return crlf < 0 ? -1 : crlf + 3
}

/**
 * Passes the octets `start`…`start + size` on. What the stream has beyond them is read only when they are the message's
 * last, to see that it ends there.
 */
export async function passOn(
  body: OpenBody,
  run: { readonly start: number; readonly size: number },
  limits: SourceLimits,
  take: (piece: Uint8Array) => Promise<void> | null,
): Promise<void> {
  const end = run.start + run.size
  let at = 0
  if (!body.stream) throw new MailError('EUSAGE', 'only streams are passed on')
  if (run.size === 0 && body.length > 0) return leave(body.stream[Symbol.asyncIterator]())
  await eachPiece(body.stream, limits, piece => {
    const from = Math.max(0, run.start - at)
    const to = Math.min(piece.length, end - at)
    at += piece.length
    if (at > body.length) throw wrongLength(body.length, 'more')
    const wait = from < to ? take(piece.subarray(from, to)) : null
    if (at >= end && end < body.length) return 'enough'
    return wait
  })
  if (at < end) throw wrongLength(body.length, 'less')
}

async function eachPiece(
  stream: AsyncIterable<Uint8Array>,
  { clock, pieceTime }: SourceLimits,
  visit: (piece: Uint8Array) => Promise<void> | 'enough' | null,
): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]()
  const stalled = Symbol('stalled')
  let done = false
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        clock.set(stalled, pieceTime, () =>
          reject(new MailError('EHANDLER', `a message's stream has given nothing for ${pieceTime} ms`)),
        )
        iterator.next().then(resolve, reject)
      })
      clock.clear(stalled)
      if (next.done) {
        done = true
        return
      }
      const piece: unknown = next.value
      if (!(piece instanceof Uint8Array)) {
        throw new MailError('EHANDLER', `a message's stream must give bytes, not ${describe(piece)}`)
      }
      const wait = piece.length === 0 ? null : visit(piece)
      if (wait === 'enough') return
      if (wait) await wait
    }
  } finally {
    clock.clear(stalled)
    if (!done) leave(iterator)
  }
}

/** A stream that is left early is told so, and not waited for: what it still says is for nobody. */
function leave(iterator: AsyncIterator<Uint8Array>): void {
  const returned = async (): Promise<unknown> => iterator.return?.()
  returned().catch(() => {})
}

function wrongLength(length: number, than: 'more' | 'less'): MailError {
  return new MailError('EHANDLER', `a message's stream has ${than} than the ${length} octets announced`)
}
