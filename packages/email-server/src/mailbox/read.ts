// What the protocols read of an open folder: the reading handlers, asked with their answers looked at. A wrong answer
// fails here with `EHANDLER`, before any of it can reach a client.
import { describe, MailError } from '../base/errors.ts'
import type { ClosedRange } from '../base/ranges.ts'
import type { BodyStructure, Envelope } from '../mime/index.ts'
import type { MailboxHandlerName, MessageBody, MessageId, MessageMeta, MessageRef } from './contract.ts'
import { cleanFlag } from './flags.ts'
import type { MailboxSession } from './session.ts'

const MOST_UID = 4294967295

/** A handler's answer is not what the contract says. */
export function badAnswer(name: MailboxHandlerName, expected: string, got: unknown): MailError {
  return new MailError('EHANDLER', `the handler '${name}' must answer ${expected}, not ${describe(got)}`)
}

/**
 * Visits the messages of these ranges in ascending UID order.
 * @returns true when every id was its UID
 */
export async function resolve(
  session: MailboxSession,
  ranges: readonly ClosedRange[],
  visit: (uid: number, id: MessageId) => void,
): Promise<boolean> {
  const name = 'resolveMessages'
  const answer: unknown = await session.ask(name, [{ type: 'uid', ranges }], {})
  return visitRefs(name, answer, visit)
}

/** The same for the answer of any handler that names messages. */
export function visitRefs(
  name: MailboxHandlerName,
  answer: unknown,
  visit: (uid: number, id: MessageId) => void,
): boolean {
  let last = 0
  return visitIds(name, answer, (uid, id) => {
    if (uid <= last) throw badAnswer(name, 'ascending UIDs', uid)
    last = uid
    visit(uid, id)
  })
}

/** The same in whatever order the answer has them. */
export function visitIds(
  name: MailboxHandlerName,
  answer: unknown,
  visit: (uid: number, id: MessageId) => void,
): boolean {
  if (!Array.isArray(answer)) throw badAnswer(name, 'an array of message ids', answer)
  let plain = true
  for (const entry of answer as readonly unknown[]) {
    let uid: unknown = entry
    let id: unknown = entry
    if (typeof entry === 'object' && entry !== null) {
      ;({ uid, id } = entry as { uid?: unknown; id?: unknown })
      if (typeof id !== 'string' && typeof id !== 'number')
        throw badAnswer(name, 'ids with each { id, uid }', id)
      if (id !== uid) plain = false
    }
    if (!isUid(uid)) throw badAnswer(name, 'UIDs from 1 to 4294967295 (or { id, uid })', uid)
    visit(uid, id as MessageId)
  }
  return plain
}

/**
 * What is known of these messages; `null` for one that is gone. As many entries as refs.
 * @param bare nobody looks at `preview` and `threadId`
 */
export async function metas(
  session: MailboxSession,
  refs: readonly MessageRef[],
  bare = false,
): Promise<readonly (MessageMeta | null)[]> {
  const name = 'messageMeta'
  const answer: unknown = await session.ask(name, [refs.map(ref => ref.id)], bare ? { bare } : {})
  if (!Array.isArray(answer)) throw badAnswer(name, 'an array', answer)
  const out: (MessageMeta | null)[] = []
  let at = 0
  for (const ref of refs) {
    const meta: unknown = answer[at]
    if (meta === null) at++
    if (typeof meta !== 'object' || meta === null || (meta as MessageMeta).uid !== ref.uid) {
      out.push(null)
      continue
    }
    at++
    out.push(checkedMeta(session, meta as MessageMeta))
  }
  if (at < answer.length) {
    throw badAnswer(name, 'one entry for each id that exists, in the order asked', answer[at])
  }
  return out
}

function checkedMeta(session: MailboxSession, meta: MessageMeta): MessageMeta {
  const name = 'messageMeta'
  if (!Number.isSafeInteger(meta.size) || meta.size < 0) throw badAnswer(name, 'a size in octets', meta.size)
  if (!isDate(meta.internalDate))
    throw badAnswer(name, 'a Date or milliseconds as internalDate', meta.internalDate)
  const flags = checkedFlags(session, name, meta.flags)
  return flags === meta.flags ? meta : { ...meta, flags }
}

/** Flags from a handler, without backslashes and in their one spelling; the same array when there was nothing to do. */
export function checkedFlags(
  session: MailboxSession,
  name: MailboxHandlerName,
  flags: unknown,
): readonly string[] {
  if (!Array.isArray(flags)) throw badAnswer(name, 'an array of flags', flags)
  let clean: string[] | null = null
  for (let i = 0; i < flags.length; i++) {
    const flag: unknown = flags[i]
    if (typeof flag !== 'string') throw badAnswer(name, 'flags that are strings', flag)
    const known = flag === 'Seen' ? flag : cleanFlag(flag)
    if (known !== flag) {
      if (flag.startsWith('\\'))
        session.warnOnce('flags', `the handler '${name}' gives flags with a backslash: '${known}' is enough`)
      clean ??= [...(flags as string[])]
      clean[i] = known
    }
  }
  return clean ? [...new Set(clean)] : (flags as string[])
}

/** Envelopes that the backend keeps; all null when it keeps none. */
export async function envelopes(
  session: MailboxSession,
  refs: readonly MessageRef[],
): Promise<readonly (Envelope | null)[] | null> {
  if (!session.handles('messageEnvelope')) return null
  return oneEach('messageEnvelope', refs, await session.ask('messageEnvelope', [refs.map(ref => ref.id)], {}))
}

/** Body structures that the backend keeps; all null when it keeps none. */
export async function structures(
  session: MailboxSession,
  refs: readonly MessageRef[],
): Promise<readonly (BodyStructure | null)[] | null> {
  if (!session.handles('messageBodyStructure')) return null
  const name = 'messageBodyStructure'
  return oneEach(name, refs, await session.ask(name, [refs.map(ref => ref.id)], {}))
}

function oneEach<T>(
  name: MailboxHandlerName,
  refs: readonly MessageRef[],
  answer: unknown,
): readonly (T | null)[] {
  if (!Array.isArray(answer) || answer.length !== refs.length) {
    throw badAnswer(name, 'one entry for each id, null where there is none', answer)
  }
  return answer as (T | null)[]
}

/** A message's bytes: at once, or in pieces that come to `length` if all is well. */
export type OpenBody =
  | { readonly length: number; readonly bytes: Uint8Array; readonly stream: null }
  | { readonly length: number; readonly bytes: null; readonly stream: AsyncIterable<Uint8Array> }

export async function openBody(session: MailboxSession, id: MessageId): Promise<OpenBody> {
  const name = 'messageBody'
  const body: unknown = (await session.ask(name, [id], {})) as MessageBody
  if (body instanceof Uint8Array) return { length: body.length, bytes: body, stream: null }
  if (typeof body !== 'object' || body === null) throw badAnswer(name, 'bytes or { length, stream }', body)
  const { length, stream } = body as { length?: unknown; stream?: unknown }
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
    throw badAnswer(name, 'a length in octets beside the stream', length)
  }
  if (stream instanceof Uint8Array) {
    if (stream.length !== length)
      throw badAnswer(name, `the ${length} octets that it announces`, stream.length)
    return { length, bytes: stream, stream: null }
  }
  if (typeof stream === 'object' && stream !== null && Symbol.asyncIterator in stream) {
    return { length, bytes: null, stream: stream as AsyncIterable<Uint8Array> }
  }
  throw badAnswer(name, 'a stream that is an AsyncIterable of bytes', stream)
}

function isUid(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_UID
}

function isDate(value: unknown): value is Date | number {
  return Number.isFinite(value instanceof Date ? value.getTime() : value)
}

/** Milliseconds since the epoch. */
export function timeOf(date: Date | number): number {
  return typeof date === 'number' ? date : date.getTime()
}
