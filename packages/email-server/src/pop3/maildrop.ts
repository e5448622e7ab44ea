// The maildrop of one session (RFC 1939 §4, §5): the messages of INBOX as they were at login, numbered from 1, and the
// marks that DELE sets. What is numbered stays so until the session ends, whatever happens to the folder.
import {
  badAnswer,
  type MailboxSession,
  type MessageId,
  type MessageRef,
  metas,
  resolve,
} from '../mailbox/index.ts'

export interface MaildropMessage {
  readonly id: MessageId
  readonly uid: number
  /** Octets. */
  readonly size: number
}

const FOLDER = 'INBOX'
const ALL = [[1, Number.POSITIVE_INFINITY]] as const
/** Messages asked for at a time. */
const BATCH = 1000

export class Maildrop {
  readonly uidValidity: number
  /** May messages be deleted? */
  readonly readOnly: boolean
  readonly #messages: readonly MaildropMessage[]
  readonly #deleted = new Set<number>()

  constructor(messages: readonly MaildropMessage[], uidValidity: number, readOnly: boolean) {
    this.#messages = messages
    this.uidValidity = uidValidity
    this.readOnly = readOnly
  }

  /** The highest number, deleted messages included. */
  get highest(): number {
    return this.#messages.length
  }

  /** The message of this number; null when there is none, or when it is marked as deleted. */
  get(number: number): MaildropMessage | null {
    return this.#deleted.has(number) ? null : (this.#messages[number - 1] ?? null)
  }

  /** Messages that are not marked, and their octets. */
  total(): { readonly count: number; readonly octets: number } {
    let octets = 0
    for (const message of this.#messages) octets += message.size
    for (const number of this.#deleted) octets -= this.#messages[number - 1]!.size
    return { count: this.#messages.length - this.#deleted.size, octets }
  }

  delete(number: number): void {
    this.#deleted.add(number)
  }

  undelete(): void {
    this.#deleted.clear()
  }

  /** The marked ones, in ascending order. */
  deleted(): MessageId[] {
    return [...this.#deleted].sort((a, b) => a - b).map(number => this.#messages[number - 1]!.id)
  }
}

/** Asks the handlers for INBOX and what is in it. Rejects as `MailboxSession.ask` does, or when an answer is none. */
export async function openMaildrop(session: MailboxSession): Promise<Maildrop> {
  const canExpunge = session.handles('expunge')
  const opened = await session.ask('openFolder', [FOLDER], { readOnly: !canExpunge })
  const { uidValidity, readOnly } = opened ?? {}
  if (!Number.isSafeInteger(uidValidity)) throw badAnswer('openFolder', '{ uidValidity, total, … }', opened)
  session.currentFolder = FOLDER
  const refs: MessageRef[] = []
  await resolve(session, ALL, (uid, id) => refs.push({ id, uid }))
  const messages: MaildropMessage[] = []
  for (let at = 0; at < refs.length; at += BATCH) {
    const batch = refs.slice(at, at + BATCH)
    for (const [i, meta] of (await metas(session, batch)).entries()) {
      // what is gone meanwhile never was in this maildrop
      if (meta) messages.push({ id: batch[i]!.id, uid: batch[i]!.uid, size: meta.size })
    }
  }
  return new Maildrop(messages, uidValidity, readOnly === true || !canExpunge)
}
