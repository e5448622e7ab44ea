// What POP3 reads of an open folder: the handlers' answers are looked at before anything is made of them.
import { describe, MailError } from '../base/errors.ts'
import type { ClosedRange } from '../base/ranges.ts'
import type {
  MailboxHandlerName,
  MailboxSession,
  MessageId,
  MessageMeta,
  MessageRef,
} from '../mailbox/index.ts'

const MOST_UID = 4294967295

/** A handler's answer is not what the contract says. */
export function badAnswer(name: MailboxHandlerName, expected: string, got: unknown): MailError {
  return new MailError('EHANDLER', `the handler '${name}' must answer ${expected}, not ${describe(got)}`)
}

/** Visits the messages of these ranges in ascending UID order. */
export async function resolve(
  session: MailboxSession,
  ranges: readonly ClosedRange[],
  visit: (uid: number, id: MessageId) => void,
): Promise<void> {
  const name = 'resolveMessages'
  const answer: unknown = await session.ask(name, [{ type: 'uid', ranges }], {})
  if (!Array.isArray(answer)) throw badAnswer(name, 'an array of message ids', answer)
  let last = 0
  for (const entry of answer as readonly unknown[]) {
    const { uid, id } = typeof entry === 'number' ? { uid: entry, id: entry } : ((entry ?? {}) as MessageRef)
    if (!Number.isInteger(uid) || uid <= last || uid > MOST_UID) {
      throw badAnswer(name, 'ascending UIDs (or { id, uid })', uid)
    }
    last = uid
    visit(uid, id)
  }
}

/** What is known of these messages; `null` for one that is gone. As many entries as refs. */
export async function metas(
  session: MailboxSession,
  refs: readonly MessageRef[],
): Promise<readonly (MessageMeta | null)[]> {
  const name = 'messageMeta'
  const answer: unknown = await session.ask(name, [refs.map(ref => ref.id)], {})
  if (!Array.isArray(answer)) throw badAnswer(name, 'an array', answer)
  let at = 0
  return refs.map(ref => {
    const meta = answer[at] as MessageMeta | null | undefined
    if (meta?.uid !== ref.uid) return null
    at++
    if (!Number.isSafeInteger(meta.size) || meta.size < 0)
      throw badAnswer(name, 'a size in octets', meta.size)
    return meta
  })
}

/** A message's bytes: at once, or in pieces that come to `length` if all is well. */
export type OpenBody =
  | { readonly length: number; readonly bytes: Uint8Array; readonly stream: null }
  | { readonly length: number; readonly bytes: null; readonly stream: AsyncIterable<Uint8Array> }

export async function openBody(session: MailboxSession, id: MessageId): Promise<OpenBody> {
  const name = 'messageBody'
  const body: unknown = await session.ask(name, [id], {})
  if (body instanceof Uint8Array) return { length: body.length, bytes: body, stream: null }
  const { length, stream } = (body ?? {}) as { length?: unknown; stream?: unknown }
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
    throw badAnswer(name, 'bytes or { length, stream }', body)
  }
  if (stream instanceof Uint8Array) return { length: stream.length, bytes: stream, stream: null }
  if (typeof stream === 'object' && stream !== null && Symbol.asyncIterator in stream) {
    return { length, bytes: null, stream: stream as AsyncIterable<Uint8Array> }
  }
  throw badAnswer(name, 'a stream that is an AsyncIterable of bytes', stream)
}
