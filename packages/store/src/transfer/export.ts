// What leaves a store: the messages of a folder, one after the other, by the handlers that every mailbox has.
import type { MailboxHandlers, MessageBody } from 'email-server/mailbox'
import type { NamedMessage } from './maildir.ts'

type MessageId = Parameters<NonNullable<MailboxHandlers['messageBody']>>[0]

/** Messages that are described at a time. */
const PAGE = 200

export interface ExportedMessage extends NamedMessage {
  readonly uid: number
}

/** The messages of a folder as it is now, ascending by UID; what is removed meanwhile is left out. */
export async function* exportFolder(
  handlers: MailboxHandlers,
  folder: string,
): AsyncGenerator<ExportedMessage> {
  const { uidValidity, ids } = await idsIn(handlers, folder)
  yield* exportMessages(handlers, folder, uidValidity, ids)
}

/** Opens the folder. */
export async function idsIn(
  handlers: MailboxHandlers,
  folder: string,
): Promise<{ readonly uidValidity: number; readonly ids: readonly MessageId[] }> {
  const { uidValidity } = await handlers.openFolder!(folder, { readOnly: true })
  const everything = { type: 'uid', ranges: [[1, Number.POSITIVE_INFINITY]] } as const
  const refs = await handlers.resolveMessages!(everything, {})
  return { uidValidity, ids: refs.map(ref => (typeof ref === 'object' ? ref.id : ref)) }
}

/** These messages of the folder that is open. */
export async function* exportMessages(
  handlers: MailboxHandlers,
  folder: string,
  uidValidity: number,
  ids: readonly MessageId[],
): AsyncGenerator<ExportedMessage> {
  for (let at = 0; at < ids.length; at += PAGE) {
    const metas = await handlers.messageMeta!(ids.slice(at, at + PAGE), { bare: true })
    for (const meta of metas) {
      const raw = await bytesOf(handlers, meta.id)
      if (!raw) continue
      yield {
        uid: meta.uid,
        id: `V${uidValidity}U${meta.uid}`,
        raw,
        flags: meta.flags ?? [],
        internalDate: meta.internalDate === undefined ? null : new Date(meta.internalDate),
        folder,
      }
    }
  }
}

/** Null: it is gone. */
async function bytesOf(handlers: MailboxHandlers, id: MessageId): Promise<Uint8Array | null> {
  let body: MessageBody
  try {
    body = await handlers.messageBody!(id, {})
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EXPUNGEISSUED') return null
    throw error
  }
  if (body instanceof Uint8Array) return body
  if (body.stream instanceof Uint8Array) return body.stream
  const pieces: Uint8Array[] = []
  for await (const piece of body.stream) pieces.push(piece)
  return Buffer.concat(pieces)
}
