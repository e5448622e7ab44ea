// The storage contract for one session: the account's folders, and the messages of the folder that is open. A message's
// id is its UID. Copies and moves share the body; nothing of it is read.
import { Refusal } from 'email-server'
import type { MailboxHandlers, PlacedMessages, Supply } from 'email-server/mailbox'
import type { Transaction } from 'kysely'
import type { Bodies } from './bodies/bodies.ts'
import type { Sweeper } from './bodies/sweeper.ts'
import type { ChangeFeed, Watcher } from './changes.ts'
import type { Database } from './database/database.ts'
import type { Tables } from './database/schema.ts'
import { noSuchFolder } from './errors.ts'
import {
  createFolder,
  type FolderRow,
  findFolder,
  getFolder,
  listFolders,
  mailboxId,
  mayDelete,
  removeFolder,
  renameFolder,
  statusOf,
  subscribe,
  unsubscribe,
} from './folders/folders.ts'
import { INBOX } from './folders/names.ts'
import type { Gate } from './gate.ts'
import { type Copied, copyMessages, type Removed, removeMessages, storeFlags } from './messages/changing.ts'
import { type PlacedMessage, placeMessage, publishPlaced, storeMessage } from './messages/delivering.ts'
import { flagSet, SYSTEM_FLAGS } from './messages/flags.ts'
import { envelopesOf, metaOf, structuresOf, uidsIn } from './messages/reading.ts'
import { queryHandlers } from './query-handlers.ts'

export interface StoreParts {
  readonly database: Database
  readonly bodies: Bodies
  readonly sweeper: Sweeper
  readonly changes: ChangeFeed
  readonly gate: Gate
}

/** What these handlers promise beyond the bare contract. */
export const SUPPLIES: readonly Supply[] = [
  'modseq',
  'vanished',
  'size',
  'deleted',
  'emailId',
  'mailboxId',
  'saveDate',
  'preview',
]

export interface MailboxAccess {
  readonly handlers: MailboxHandlers
  /** The session is over: no more news. */
  close(): void
}

const EVERYTHING = [[1, Number.POSITIVE_INFINITY]] as const

/**
 * @param account the id of the account, asked for when it is first needed
 * @param onChange hears of what changes in the open folder by others; see ChangeFeed.publish
 */
export function openMailbox(
  parts: StoreParts,
  account: () => Promise<number>,
  onChange: Watcher,
): MailboxAccess {
  const { database, bodies, sweeper, changes, gate } = parts
  const { dialect } = database
  // a function of its own for each session: it is also who the origin of a change is
  const watcher: Watcher = change => onChange(change)
  let openId: number | null = null

  const leave = (): void => {
    if (openId !== null) changes.unwatch(openId, watcher)
    openId = null
  }
  const folderId = (): number => {
    if (openId === null) throw new Refusal('CLIENTBUG', 'no folder is open')
    return openId
  }
  const place = async (
    work: (
      trx: Transaction<Tables>,
      source: number,
      destination: FolderRow,
    ) => Promise<Copied & { removed?: Removed }>,
    destination: string,
  ): Promise<PlacedMessages> => {
    const source = folderId()
    const accountId = await account()
    const done = await database.write(async trx => {
      const target = await folderFor(trx, accountId, destination)
      return { ...(await work(trx, source, target)), targetId: target.id }
    })
    const gone = done.removed?.uids ?? []
    if (gone.length > 0) changes.publish({ kind: 'vanished', folderId: source, uids: gone }, watcher)
    if (done.uids.length > 0) {
      const moved = done.targetId === source ? gone.length : 0
      changes.publish({ kind: 'exists', folderId: done.targetId, total: done.total - moved }, watcher)
    }
    return { uidValidity: done.uidValidity, uids: done.uids, ...withModseq(done.removed) }
  }

  const handlers: MailboxHandlers = {
    folders: async () => {
      const accountId = await account()
      return database.read(db => listFolders(db, accountId))
    },

    openFolder: async name => {
      leave()
      const accountId = await account()
      const { id } = await database.read(db => getFolder(db, accountId, name))
      // listens first and looks then, so that nothing comes between
      openId = id
      changes.watch(id, watcher)
      const opened = await database.read(async db => {
        const folder = await db.selectFrom('folders').selectAll().where('id', '=', id).executeTakeFirst()
        const keywords = await db
          .selectFrom('folder_keywords')
          .select('name')
          .where('folder_id', '=', id)
          .execute()
        return folder && { folder, keywords: keywords.map(row => row.name) }
      })
      if (!opened) {
        leave()
        throw noSuchFolder()
      }
      const { folder, keywords } = opened
      return {
        uidValidity: folder.uid_validity,
        uidNext: folder.uid_next,
        total: folder.total,
        unread: folder.unread,
        flags: [...SYSTEM_FLAGS, ...keywords],
        newKeywords: true,
        highestModseq: folder.highest_modseq,
        mailboxId: mailboxId(folder.id),
      }
    },

    status: async name => {
      const accountId = await account()
      return statusOf(await database.read(db => getFolder(db, accountId, name)))
    },

    resolveMessages: async range => database.read(db => uidsIn(db, dialect, folderId(), range.ranges)),

    messageMeta: async ids => database.read(db => metaOf(db, dialect, folderId(), ids as number[])),

    messageEnvelope: async ids => database.read(db => envelopesOf(db, dialect, folderId(), ids as number[])),

    messageBodyStructure: async ids =>
      database.read(db => structuresOf(db, dialect, folderId(), ids as number[])),

    messageBody: async id => database.read(db => bodies.read(db, folderId(), id as number)),

    setFlags: async (ids, flags, context) => {
      const source = folderId()
      const { answer, changed } = await database.write(trx =>
        storeFlags(trx, dialect, source, ids as number[], flags, context),
      )
      if (changed.length > 0) changes.publish({ kind: 'flags', folderId: source, messages: changed }, watcher)
      return answer
    },

    append: async (folder, raw, flags, context) => {
      const accountId = await account()
      const flagsOfMessage = flagSet(flags)
      const internalDate = arrivalOf(context)
      const placed = await storeMessage(database, bodies, changes, bodies.prepare(raw), async trx => {
        const target = await folderFor(trx, accountId, folder)
        return [{ folderId: target.id, flags: flagsOfMessage, internalDate }]
      })
      return placedAs(placed)
    },

    appendAll: async (folder, messages) => {
      const accountId = await account()
      const prepared = messages.map(({ raw, flags, internalDate }) => ({
        body: bodies.prepare(raw),
        flags: flagSet(flags),
        internalDate: arrivalOf({ internalDate }),
      }))
      const placed = await bodies.holding(
        prepared.map(({ body }) => body),
        () =>
          database.write(async trx => {
            const { id } = await folderFor(trx, accountId, folder)
            const all: PlacedMessage[] = []
            for (const { body, ...rest } of prepared) {
              all.push(...(await placeMessage(trx, bodies, body, [{ folderId: id, ...rest }])))
            }
            return all
          }),
      )
      publishPlaced(changes, placed)
      return placedAs(placed)
    },

    replace: async (uid, folder, raw, flags, context) => {
      const source = folderId()
      const accountId = await account()
      const body = bodies.prepare(raw)
      const placement = { flags: flagSet(flags), internalDate: arrivalOf(context) }
      const { placed, removed } = await bodies.holding([body], () =>
        database.write(async trx => {
          const { id } = await folderFor(trx, accountId, folder)
          const added = await placeMessage(trx, bodies, body, [{ folderId: id, ...placement }])
          const gone = await removeMessages(trx, dialect, source, [uid as number])
          if (gone.uids.length === 0) throw new Refusal('NONEXISTENT', 'the message is gone')
          const [one] = added as [PlacedMessage]
          return { placed: [{ ...one, total: one.total - (id === source ? 1 : 0) }], removed: gone }
        }),
      )
      changes.publish({ kind: 'vanished', folderId: source, uids: removed.uids }, watcher)
      publishPlaced(changes, placed)
      sweeper.wake()
      return { ...placedAs(placed), ...withModseq(removed) }
    },

    copyMessages: async (ids, destination) =>
      place(
        (trx, source, target) => copyMessages(trx, dialect, source, ids as number[], target.id),
        destination,
      ),

    move: async (ids, destination) =>
      place(async (trx, source, target) => {
        const copied = await copyMessages(trx, dialect, source, ids as number[], target.id)
        return { ...copied, removed: await removeMessages(trx, dialect, source, ids as number[]) }
      }, destination),

    expunge: async ids => {
      const source = folderId()
      const { uids, modseq } = await database.write(trx =>
        removeMessages(trx, dialect, source, ids as number[]),
      )
      if (modseq === null) return undefined
      changes.publish({ kind: 'vanished', folderId: source, uids }, watcher)
      sweeper.wake()
      return { modseq }
    },

    createFolder: async (name, context) => {
      const [use = null, ...others] = context?.specialUse ?? []
      if (others.length > 0) throw new Refusal('CANNOT', 'a folder has one special use here')
      const accountId = await account()
      const made = await database.write(trx => createFolder(trx, accountId, name, use))
      return { mailboxId: mailboxId(made.id) }
    },

    deleteFolder: async name => {
      const accountId = await account()
      const { folderId: deleted, uids } = await database.write(async trx => {
        const folder = await getFolder(trx, accountId, name)
        await mayDelete(trx, folder)
        const all = await uidsIn(trx, dialect, folder.id, EVERYTHING)
        const { uids: removed } = await removeMessages(trx, dialect, folder.id, all)
        await removeFolder(trx, folder)
        return { folderId: folder.id, uids: removed }
      })
      if (uids.length === 0) return
      changes.publish({ kind: 'vanished', folderId: deleted, uids }, null)
      sweeper.wake()
    },

    renameFolder: async (from, to) => {
      const accountId = await account()
      const news = await database.write(async trx => {
        const folder = await getFolder(trx, accountId, from)
        if (folder.name !== INBOX) {
          await renameFolder(trx, folder, to)
          return null
        }
        const target = await createFolder(trx, accountId, to)
        const uids = await uidsIn(trx, dialect, folder.id, EVERYTHING)
        if (uids.length === 0) return null
        await copyMessages(trx, dialect, folder.id, uids, target.id)
        return { folderId: folder.id, ...(await removeMessages(trx, dialect, folder.id, uids)) }
      })
      // the session's own INBOX is emptied behind its back as well
      if (news) changes.publish({ kind: 'vanished', folderId: news.folderId, uids: news.uids }, null)
    },

    subscribe: async name => {
      const accountId = await account()
      await database.write(trx => subscribe(trx, accountId, name))
    },

    unsubscribe: async name => {
      const accountId = await account()
      await database.write(trx => unsubscribe(trx, accountId, name))
    },
  }
  const more = queryHandlers({ database, bodies, account, folderId })
  return { handlers: guarded({ ...handlers, ...more }, gate), close: leave }
}

/** Refuses with TRYCREATE: the client may make the folder and try again (RFC 9051 §6.3.12). */
async function folderFor(trx: Transaction<Tables>, accountId: number, name: string): Promise<FolderRow> {
  const folder = await findFolder(trx, accountId, name)
  if (!folder) throw new Refusal('TRYCREATE', 'there is no folder of that name')
  return folder
}

/** ms */
function arrivalOf(context: { readonly internalDate?: Date | undefined } | undefined): number {
  return context?.internalDate?.getTime() ?? Date.now()
}

/** Messages that all went into one folder; at least one. */
function placedAs(placed: readonly PlacedMessage[]): PlacedMessages {
  return { uidValidity: placed[0]?.uidValidity ?? 0, uids: placed.map(({ uid }) => uid) }
}

function withModseq(removed: Removed | undefined): { readonly modseq?: number } {
  return typeof removed?.modseq === 'number' ? { modseq: removed.modseq } : {}
}

/** The same handlers, each through the gate. */
function guarded(handlers: MailboxHandlers, gate: Gate): MailboxHandlers {
  const entries = Object.entries(handlers).map(([name, handler]) => {
    const work = handler as (...args: unknown[]) => Promise<unknown>
    return [name, (...args: unknown[]) => gate.pass(() => work(...args))]
  })
  return Object.fromEntries(entries) as MailboxHandlers
}
