// How many messages one command may look at (RFC 9738): the highest of the UIDs that it names, and a response code that says so.
import { type Limits, NO_MESSAGE_LIMIT } from '../base/limits.ts'
import { countOf, type FlatRanges, sliceOf } from '../base/ranges.ts'
import type { CommandContext } from './context.ts'
import type { Reply } from './extension.ts'

export type MessageLimitName = 'imapMessageLimit' | 'imapSaveLimit'

export function isLimited(limits: Limits, name: MessageLimitName): boolean {
  return limits[name] < NO_MESSAGE_LIMIT
}

export interface Allowed {
  readonly uids: FlatRanges
  /** What the client must be told; null: these are all that it has named. */
  readonly code: string | null
}

/** As many of these as one command may look at, the highest first (RFC 9738 §3.1). */
export function withinLimit(cx: CommandContext, uids: FlatRanges): Allowed {
  const limit = cx.limits.imapMessageLimit
  const count = countOf(uids)
  if (count <= limit) return { uids, code: null }
  const highest = sliceOf(uids, count - limit, count)
  return { uids: highest, code: `MESSAGELIMIT ${limit} ${highest[0]}` }
}

/** What COPY and APPEND say to more than they take at once; null: it is not too many. `uids` are those of messages that are there. */
export function tooManyToSave(
  { limits }: CommandContext,
  count: number,
  uids: FlatRanges = [],
): Reply | null {
  const limit = Math.min(limits.imapMessageLimit, limits.imapSaveLimit)
  if (count <= limit) return null
  const from = uids.length === 0 ? '' : ` ${sliceOf(uids, count - limit, count)[0]}`
  return { status: 'NO', code: `MESSAGELIMIT ${limit}${from}`, text: `One command takes ${limit} messages` }
}

/** What SORT and THREAD, which can not do with a part, say to more than one command may look at; null: it is not too many. */
export function tooManyToOrder({ limits }: CommandContext, uids: FlatRanges): Reply | null {
  const limit = limits.imapMessageLimit
  if (countOf(uids) <= limit) return null
  return { status: 'NO', code: `MESSAGELIMIT ${limit}`, text: `One command looks at ${limit} messages` }
}

/**
 * The reply of a command that has looked at a part. Another code goes before: this one is then told in an untagged NO (RFC 9738 §3.1,
 * of EXPUNGEISSUED).
 */
export function partly(
  cx: CommandContext,
  code: string | null,
  reply: Reply | undefined,
  name: string,
): Reply | undefined {
  if (code === null || cx.over) return reply
  const text = `${name} was limited to the last ${cx.limits.imapMessageLimit} messages`
  if (reply === undefined) return { status: 'OK', code, text }
  cx.untagged('NO', text, code)
  return reply
}
