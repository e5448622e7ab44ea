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

/** The octets up to the end of the header, and perhaps some more. */
export async function collectHeader(body: OpenBody, limits: SourceLimits): Promise<Uint8Array> {
  if (body.bytes) return body.bytes
  const chunks: Uint8Array[] = []
  let got = 0
  let tail = new Uint8Array(0)
  await eachPiece(body.stream, limits, piece => {
    got += piece.length
    chunks.push(piece)
    if (got > limits.inMemory) throw new Refusal('LIMIT', 'The header is too large for that')
    // the blank line may lie across two pieces
    const seam = concat([tail, piece.subarray(0, 3)])
    if (hasBlankLine(seam, got === piece.length) || hasBlankLine(piece, got === piece.length)) return 'enough'
    tail = Uint8Array.from(concat([tail, piece.subarray(-3)]).subarray(-3))
    return null
  })
  return chunks.length === 0 ? new Uint8Array(0) : concat(chunks)
}

const CRLF_LF = Uint8Array.of(10, 13, 10)
const LF_LF = Uint8Array.of(10, 10)

function hasBlankLine(bytes: Uint8Array, first: boolean): boolean {
  if (first && (bytes[0] === 10 || (bytes[0] === 13 && bytes[1] === 10))) return true
  return indexOf(bytes, CRLF_LF) >= 0 || indexOf(bytes, LF_LF) >= 0
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
    // a stream that is left early is told so, and not waited for
    if (!done) Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

function wrongLength(length: number, than: 'more' | 'less'): MailError {
  return new MailError('EHANDLER', `a message's stream has ${than} than the ${length} octets announced`)
}
