// The handlers about folders (RFC 9051 §6.3): list, open, make, delete, rename, subscribe; those that others share among them.
import { Refusal } from 'email-server'
import type { MailboxHandlers } from 'email-server/mailbox'
import type { Transaction } from 'kysely'
import type { Account } from '../accounts/accounts.ts'
import type { Tables } from '../database/schema.ts'
import { noSuchFolder } from '../errors.ts'
import {
  demand,
  findPlace,
  getPlace,
  nameForOthers,
  ownerOf,
  sharedFolders,
  sharedName,
} from '../folders/access.ts'
import {
  createFolder,
  type FolderRow,
  listFolders,
  mailboxId,
  mayDelete,
  removeFolder,
  renameFolder,
  statusOf,
  subscribe,
  unsubscribe,
} from '../folders/folders.ts'
import { lockAccount, lockFolders } from '../folders/locks.ts'
import { DELIMITER, folderName, INBOX, OTHER_USERS, parentsOf } from '../folders/names.ts'
import { inheritRights } from '../folders/rights.ts'
import { copyMessages, removeMessages } from '../messages/changing.ts'
import { SYSTEM_FLAGS } from '../messages/flags.ts'
import { uidsIn } from '../messages/reading.ts'
import type { StoreSession } from './session.ts'

const EVERYTHING = [[1, Number.POSITIVE_INFINITY]] as const
/** Who has none of these can only look (RFC 4314 §5.2). */
const CHANGING = 'swite'

export function folderHandlers(session: StoreSession): MailboxHandlers {
  const { database, changes, sweeper } = session.parts
  return {
    folders: async () => {
      const user = await session.user()
      return database.read(async db => {
        const shared = await sharedFolders(db, user)
        return [
          ...(await listFolders(db, user.id)),
          ...shared.map(({ id, ...folder }) => ({
            ...folder,
            delimiter: DELIMITER,
            mailboxId: mailboxId(id),
          })),
        ]
      })
    },

    namespace: async () => ({
      personal: [{ prefix: '', delimiter: DELIMITER }],
      otherUsers: [{ prefix: `${OTHER_USERS}${DELIMITER}`, delimiter: DELIMITER }],
      shared: null,
    }),

    openFolder: name => openFolder(session, name),

    status: async name => {
      const user = await session.user()
      const { folder } = await database.read(db => getPlace(db, user, name, 'r'))
      return statusOf(folder)
    },

    createFolder: async (name, context) => {
      const [use = null, ...others] = context?.specialUse ?? []
      if (others.length > 0) throw new Refusal('CANNOT', 'a folder has one special use here')
      const user = await session.user()
      const made = await database.write(trx => makeFolder(trx, user, name, use))
      const news = { kind: 'created', folder: made.name } as const
      session.publishNames(made.account_id, { news, folderId: made.id })
      return { mailboxId: mailboxId(made.id) }
    },

    deleteFolder: async name => {
      const user = await session.user()
      const { deleted, uids } = await database.write(async trx => {
        const owner = await ownerOf(trx, user, name)
        if (owner) await lockAccount(trx, owner.accountId)
        const { folder } = await getPlace(trx, user, name, 'x')
        await mayDelete(trx, folder)
        await lockFolders(trx, [folder.id])
        const all = await uidsIn(trx, database.dialect, folder.id, EVERYTHING)
        const { uids: removed } = await removeMessages(trx, database.dialect, folder.id, all)
        await removeFolder(trx, folder)
        return { deleted: folder, uids: removed }
      })
      const news = { kind: 'deleted', folder: deleted.name } as const
      session.publishNames(deleted.account_id, { news, folderId: deleted.id })
      if (uids.length === 0) return
      changes.publish({ kind: 'vanished', folderId: deleted.id, uids }, null)
      sweeper.wake()
    },

    renameFolder: async (from, to) => {
      const user = await session.user()
      const { folder, name, named, uids } = await database.write(trx =>
        moveFolder(session, trx, user, from, to),
      )
      const news = { kind: 'renamed', folder: name, from: folder.name } as const
      session.publishNames(folder.account_id, { news, folderId: named })
      // the session's own INBOX is emptied behind its back as well
      if (uids.length > 0) changes.publish({ kind: 'vanished', folderId: folder.id, uids }, null)
    },

    subscribe: async name => {
      const user = await session.user()
      await database.write(async trx => {
        const { folder } = await getPlace(trx, user, name, 'l')
        const shared = sharedName(name)
        await subscribe(trx, user.id, shared ? nameForOthers(shared.owner, folder.name) : folder.name)
      })
      session.publishNames(user.id, { news: { kind: 'subscription', folder: name }, folderId: 0 })
    },

    unsubscribe: async name => {
      const user = await session.user()
      await database.write(trx => unsubscribe(trx, user.id, name))
      session.publishNames(user.id, { news: { kind: 'subscription', folder: name }, folderId: 0 })
    },
  }
}

async function openFolder(
  session: StoreSession,
  name: string,
): Promise<Awaited<ReturnType<NonNullable<MailboxHandlers['openFolder']>>>> {
  const { database } = session.parts
  session.leave()
  const user = await session.user()
  const place = await database.read(db => getPlace(db, user, name, 'r'))
  const { id } = place.folder
  // listens first and looks then, so that nothing comes between
  session.open(id)
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
    session.leave()
    throw noSuchFolder()
  }
  const { folder, keywords } = opened
  session.parts.changes.known(id, folder.highest_modseq, folder.uid_next)
  return {
    uidValidity: folder.uid_validity,
    uidNext: folder.uid_next,
    total: folder.total,
    unread: folder.unread,
    flags: [...SYSTEM_FLAGS, ...keywords],
    newKeywords: place.rights.includes('w'),
    highestModseq: folder.highest_modseq,
    mailboxId: mailboxId(folder.id),
    ...([...CHANGING].some(right => place.rights.includes(right)) ? {} : { readOnly: true }),
  }
}

/** Makes a folder, of another user too where his folder above it allows that (RFC 4314 §4 CREATE). */
async function makeFolder(
  trx: Transaction<Tables>,
  user: Account,
  name: string,
  use: string | null,
): Promise<FolderRow> {
  const owner = await ownerOf(trx, user, name)
  if (!owner) throw noSuchFolder()
  const parent = await nearestParent(trx, user, name)
  if (owner.accountId !== user.id) {
    if (!parent) throw new Refusal('NOPERM', 'you may not make folders there')
    demand(parent.rights, 'k')
  }
  const made = await createFolder(trx, owner.accountId, owner.name, use)
  if (parent) await inheritRights(trx, made.id, parent.folder.id)
  return made
}

async function nearestParent(
  trx: Transaction<Tables>,
  user: Account,
  name: string,
): Promise<Awaited<ReturnType<typeof findPlace>>> {
  for (const parent of parentsOf(folderName(name)).reverse()) {
    const place = await findPlace(trx, user, parent)
    if (place) return place
  }
  return undefined
}

/** Renames; what was in INBOX moves out of it instead (RFC 9051 §6.3.6), and its UIDs are answered. `named`: the folder that has the new name. */
async function moveFolder(
  session: StoreSession,
  trx: Transaction<Tables>,
  user: Account,
  from: string,
  to: string,
): Promise<{
  readonly folder: FolderRow
  readonly name: string
  readonly named: number
  readonly uids: readonly number[]
}> {
  const { dialect } = session.parts.database
  const owner = await ownerOf(trx, user, from)
  if (owner) await lockAccount(trx, owner.accountId)
  const { folder, isOwn } = await getPlace(trx, user, from, 'x')
  const target = await ownerOf(trx, user, to)
  if (target?.accountId !== folder.account_id) {
    throw new Refusal('CANNOT', 'a folder stays with its owner')
  }
  if (!isOwn) {
    const parent = await nearestParent(trx, user, to)
    if (!parent) throw new Refusal('NOPERM', 'you may not put folders there')
    demand(parent.rights, 'k')
  }
  if (folder.name !== INBOX) {
    await renameFolder(trx, folder, target.name)
    return { folder, name: target.name, named: folder.id, uids: [] }
  }
  if (!isOwn) throw new Refusal('NOPERM', 'the INBOX of another stays where it is')
  const made = await createFolder(trx, folder.account_id, target.name)
  await lockFolders(trx, [folder.id])
  const uids = await uidsIn(trx, dialect, folder.id, EVERYTHING)
  if (uids.length > 0) {
    await copyMessages(trx, dialect, folder.id, uids, made.id)
    await removeMessages(trx, dialect, folder.id, uids)
  }
  return { folder, name: target.name, named: made.id, uids }
}
