// Where messages went, for APPENDUID and COPYUID (RFC 4315 §3, §4).
import type { MailboxHandlerName, PlacedMessages } from '../../mailbox/index.ts'
import { badAnswer } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'

const MOST = 4294967295

/**
 * `uidvalidity uid-set` of the new messages, or undefined when the backend does not say. A wrong answer is told to the log
 * and not to the client: its messages are where it wanted them.
 */
export function placedUids(
  cx: CommandContext,
  handler: MailboxHandlerName,
  placed: PlacedMessages | undefined,
  count: number,
): string | undefined {
  if (placed === undefined || placed === null) return undefined
  const { uidValidity, uids } = placed as Partial<PlacedMessages>
  const good = Array.isArray(uids) && uids.length === count && uids.every(isNumber) && isNumber(uidValidity)
  if (good) return count === 0 ? undefined : `${uidValidity} ${inOrder(uids)}`
  cx.failed(
    `the answer of '${handler}'`,
    badAnswer(handler, 'a uidValidity and one UID for each message', uids),
  )
  return undefined
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST
}

/** A uid-set that keeps the order: what stands at one place in both sets of COPYUID is one message. */
export function inOrder(uids: Iterable<number>): string {
  let out = ''
  let first = 0
  let last = 0
  const close = (): void => {
    if (first > 0) out += `${out === '' ? '' : ','}${first === last ? first : `${first}:${last}`}`
  }
  for (const uid of uids) {
    if (uid === last + 1 && first > 0) last = uid
    else {
      close()
      first = uid
      last = uid
    }
  }
  close()
  return out
}
