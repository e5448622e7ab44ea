// The handlers about messages: those of the open folder, and those that are put into folders. A message's id is its UID. Copies and
// moves share the body; nothing of it is read.
import { Refusal } from 'email-server'
import type { MailboxHandlers, NewMessage, PlacedMessages } from 'email-server/mailbox'
import { destinationFor, placeById } from '../folders/access.ts'
import { lockFolders, lockLimited } from '../folders/locks.ts'
import { refuseOverQuota } from '../folders/quota.ts'
import { copyMessages, type Removed, removeMessages, storeFlags } from '../messages/changing.ts'
import { type PlacedMessage, placeMessage, publishPlaced } from '../messages/delivering.ts'
import { flagMask, flagSet, masked } from '../messages/flags.ts'
import { envelopesOf, metaOf, structuresOf, uidsIn } from '../messages/reading.ts'
import type { StoreSession } from './session.ts'

export function readingHandlers(session: StoreSession): MailboxHandlers {
  const { database, bodies } = session.parts
  const { dialect } = database
  return {
    resolveMessages: async ({ ranges }) => database.read(db => uidsIn(db, dialect, session.folderId, ranges)),

    messageMeta: async (ids, context) =>
      database.read(db => metaOf(db, dialect, session.folderId, ids as number[], context?.bare)),

    messageEnvelope: async ids =>
      database.read(db => envelopesOf(db, dialect, session.folderId, ids as number[])),

    messageBodyStructure: async ids =>
      database.read(db => structuresOf(db, dialect, session.folderId, ids as number[])),

    messageBody: async id => database.read(db => bodies.read(db, session.folderId, id as number)),
  }
}

export function changingHandlers(session: StoreSession): MailboxHandlers {
  const { database, sweeper } = session.parts
  const { dialect } = database
  return {
    setFlags: async (ids, flags, context) => {
      const folderId = session.folderId
      const user = await session.user()
      const { answer, changed } = await database.write(async trx => {
        const mask = flagMask((await placeById(trx, user, folderId, '', true)).rights)
        // RFC 4314 §4: NO to who may change none of the flags; else what he may not change stays as it is
        const named = masked(flagSet(context?.changed ?? flags), mask)
        const mayNothing = mask.bits === 0 && !mask.keywords
        const isIdle = context?.mode !== 'set' && named.bits === 0 && named.keywords.size === 0
        if (mayNothing || (isIdle && (context?.changed ?? flags).length > 0)) {
          throw new Refusal('NOPERM', 'you may not change these flags here')
        }
        return storeFlags(trx, dialect, folderId, ids as number[], flags, context, mask)
      })
      if (changed.length > 0) session.publish({ kind: 'flags', folderId, messages: changed })
      return answer
    },

    copyMessages: async (ids, destination) => placeCopies(session, ids as number[], destination, false),

    move: async (ids, destination) => placeCopies(session, ids as number[], destination, true),

    expunge: async ids => {
      const folderId = session.folderId
      const user = await session.user()
      const { uids, modseq } = await database.write(async trx => {
        await placeById(trx, user, folderId, 'e', true)
        return removeMessages(trx, dialect, folderId, ids as number[])
      })
      if (modseq === null) return undefined
      session.publish({ kind: 'vanished', folderId, uids })
      sweeper.wake()
      return { modseq }
    },
  }
}

export function appendingHandlers(session: StoreSession): MailboxHandlers {
  return {
    append: (folder, raw, flags, context) =>
      append(session, folder, [{ raw, flags, ...withDate(context?.internalDate) }]),

    appendAll: (folder, messages) => append(session, folder, messages),

    replace: (id, folder, raw, flags, context) =>
      replace(session, id as number, folder, { raw, flags, ...withDate(context?.internalDate) }),
  }
}

function withDate(internalDate: Date | undefined): { readonly internalDate?: Date } {
  return internalDate === undefined ? {} : { internalDate }
}

async function append(
  session: StoreSession,
  folder: string,
  messages: readonly NewMessage[],
): Promise<PlacedMessages> {
  const { database, bodies } = session.parts
  const user = await session.user()
  const prepared = messages.map(({ raw, flags, internalDate }) => ({
    body: bodies.prepare(raw),
    flags: flagSet(flags),
    internalDate: internalDate?.getTime() ?? Date.now(),
  }))
  const placed = await bodies.holding(
    prepared.map(({ body }) => body),
    () =>
      database.write(async trx => {
        const { folder: target, rights } = await destinationFor(trx, user, folder)
        const mask = flagMask(rights)
        const limited = await lockLimited(trx, [target.account_id])
        const all: PlacedMessage[] = []
        for (const { body, flags, internalDate } of prepared) {
          const placement = { folderId: target.id, flags: masked(flags, mask), internalDate }
          all.push(...(await placeMessage(trx, bodies, body, [placement])))
        }
        for (const accountId of limited) await refuseOverQuota(trx, accountId)
        return all
      }),
  )
  publishPlaced(session.own, placed)
  return placedAs(placed)
}

async function replace(
  session: StoreSession,
  uid: number,
  folder: string,
  { raw, flags, internalDate }: NewMessage,
): Promise<PlacedMessages> {
  const { database, bodies, sweeper } = session.parts
  const source = session.folderId
  const user = await session.user()
  const body = bodies.prepare(raw)
  const given = { flags: flagSet(flags), internalDate: internalDate?.getTime() ?? Date.now() }
  const { placed, removed } = await bodies.holding([body], () =>
    database.write(async trx => {
      // RFC 8508 §3.2: what EXPUNGE needs of the one, and APPEND of the other
      await placeById(trx, user, source, 'te')
      const { folder: target, rights } = await destinationFor(trx, user, folder)
      const limited = await lockLimited(trx, [target.account_id])
      await lockFolders(trx, [source, target.id])
      const placement = { ...given, folderId: target.id, flags: masked(given.flags, flagMask(rights)) }
      const [added] = (await placeMessage(trx, bodies, body, [placement])) as [PlacedMessage]
      const gone = await removeMessages(trx, database.dialect, source, [uid])
      if (gone.uids.length === 0) throw new Refusal('NONEXISTENT', 'the message is gone')
      for (const accountId of limited) await refuseOverQuota(trx, accountId)
      return { placed: [{ ...added, total: added.total - (target.id === source ? 1 : 0) }], removed: gone }
    }),
  )
  session.publish({ kind: 'vanished', folderId: source, uids: removed.uids })
  publishPlaced(session.own, placed)
  sweeper.wake()
  return { ...placedAs(placed), ...withModseq(removed) }
}

/** COPY and MOVE. */
async function placeCopies(
  session: StoreSession,
  uids: readonly number[],
  destination: string,
  isMove: boolean,
): Promise<PlacedMessages> {
  const { database } = session.parts
  const { dialect } = database
  const source = session.folderId
  const user = await session.user()
  const done = await database.write(async trx => {
    const { folder: left } = await placeById(trx, user, source, isMove ? 'te' : '')
    const { folder: target, rights } = await destinationFor(trx, user, destination)
    // what moves between folders of one user takes no more room than before
    const takesRoom = !isMove || left.account_id !== target.account_id
    const limited = takesRoom ? await lockLimited(trx, [target.account_id]) : []
    await lockFolders(trx, [source, target.id])
    const copied = await copyMessages(trx, dialect, source, uids, target.id, flagMask(rights))
    const removed = isMove ? await removeMessages(trx, dialect, source, uids) : undefined
    for (const accountId of limited) await refuseOverQuota(trx, accountId)
    return { ...copied, removed, targetId: target.id }
  })
  const gone = done.removed?.uids ?? []
  if (gone.length > 0) session.publish({ kind: 'vanished', folderId: source, uids: gone })
  if (done.uids.length > 0) {
    const moved = done.targetId === source ? gone.length : 0
    session.publish({ kind: 'exists', folderId: done.targetId, total: done.total - moved })
  }
  return { uidValidity: done.uidValidity, uids: done.uids, ...withModseq(done.removed) }
}

/** Messages that all went into one folder; at least one. */
function placedAs(placed: readonly PlacedMessage[]): PlacedMessages {
  return { uidValidity: placed[0]?.uidValidity ?? 0, uids: placed.map(({ uid }) => uid) }
}

function withModseq(removed: Removed | undefined): { readonly modseq?: number } {
  return typeof removed?.modseq === 'number' ? { modseq: removed.modseq } : {}
}
