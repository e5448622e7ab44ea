// Sends a message as a multi-line response, in pieces, no faster than the peer reads. When the bytes do not come as they
// were announced there is no way to say so (RFC 1939 knows no reply inside a response): the connection is closed without
// the end of the response, so that the client does not take half a message for a whole one.
import { MailError } from '../base/errors.ts'
import type { OpenBody } from '../mailbox/index.ts'
import type { CommandContext } from './registry.ts'
import { DotStuffer } from './wire/dot-stuffing.ts'
import { TopLines } from './wire/top-lines.ts'

/** Bytes given to the output before the peer is looked at again. */
const WINDOW = 64 * 1024

/** @param bodyLines how many lines of the body (TOP); null for all */
export async function sendBody(cx: CommandContext, body: OpenBody, bodyLines: number | null): Promise<void> {
  const stuffer = new DotStuffer(piece => cx.output.write(piece))
  const top = bodyLines === null ? null : new TopLines(bodyLines)
  try {
    if (body.bytes !== null) await sendChunk(cx, body.bytes, stuffer, top)
    else await sendStream(cx, body.stream, body.length, stuffer, top)
  } catch (error) {
    if (cx.closed) return
    cx.failed('sending a message', error)
    cx.end(new MailError('ESTREAM', 'the message could not be read to its end', { cause: error }))
    return
  }
  if (!cx.closed) stuffer.end()
}

async function sendStream(
  cx: CommandContext,
  stream: AsyncIterable<Uint8Array>,
  length: number,
  stuffer: DotStuffer,
  top: TopLines | null,
): Promise<void> {
  const chunks = stream[Symbol.asyncIterator]()
  let sent = 0
  try {
    for (;;) {
      const next = await inTime(cx, chunks.next())
      if (next === null || cx.closed) return
      if (next.done) break
      if (!(next.value instanceof Uint8Array))
        throw new MailError('ESTREAM', 'a message is a stream of bytes')
      sent += next.value.length
      if (sent > length) throw new MailError('ESTREAM', `more than the ${length} octets announced`)
      await sendChunk(cx, next.value, stuffer, top)
      if (cx.closed || top?.complete) return
    }
  } finally {
    // lets the store free what it holds; what it says to that no longer matters
    chunks.return?.().then(undefined, () => {})
  }
  if (sent < length) throw new MailError('ESTREAM', `${sent} octets instead of the ${length} announced`)
}

async function sendChunk(
  cx: CommandContext,
  chunk: Uint8Array,
  stuffer: DotStuffer,
  top: TopLines | null,
): Promise<void> {
  for (let at = 0; at < chunk.length && !top?.complete; at += WINDOW) {
    const wait = cx.output.ready()
    if (wait) await wait
    if (cx.closed) return
    const piece = chunk.subarray(at, at + WINDOW)
    stuffer.push(top ? piece.subarray(0, top.take(piece)) : piece)
  }
}

/** The promise's value; null when the session has ended. Rejects when it takes longer than a handler may. */
function inTime<T>(cx: CommandContext, promise: Promise<T>): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const { clock, limits } = cx
    const deadline = Symbol('chunk')
    const leave = cx.onClosed(() => resolve(null))
    const settle = (): void => {
      clock.clear(deadline)
      leave()
    }
    clock.refresh()
    clock.set(deadline, limits.handlerTime, () => {
      settle()
      reject(new MailError('ETIMEDOUT', `no piece of the message for ${limits.handlerTime} ms`))
    })
    promise.then(
      value => {
        settle()
        resolve(value)
      },
      (error: unknown) => {
        settle()
        reject(error as Error)
      },
    )
  })
}
