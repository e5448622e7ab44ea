// The handlers about what stands beside the messages: quotas (RFC 9208), notes (METADATA, RFC 5464), rights (ACL, RFC 4314).
import { Refusal } from 'email-server'
import type { MailboxHandlers } from 'email-server/mailbox'
import type { Kysely } from 'kysely'
import type { Account } from '../accounts/accounts.ts'
import { localAddress } from '../accounts/address.ts'
import { idOfAccount } from '../accounts/finding.ts'
import type { Tables } from '../database/schema.ts'
import { demand, getPlace, ownerOf } from '../folders/access.ts'
import { readMetadata, SERVER, writeMetadata } from '../folders/metadata.ts'
import { quotaOf, setLimits } from '../folders/quota.ts'
import { grant, grantable, listRightsOf } from '../folders/rights.ts'
import type { StoreSession } from './session.ts'

/** Notes are for who may list the folder and do something with its messages (RFC 5464 §3.3). */
const ANY_OF_NOTES = 'rswi'

export function noteHandlers(session: StoreSession): MailboxHandlers {
  const { database } = session.parts
  return {
    getMetadata: async (folder, paths, context) => {
      const user = await session.user()
      return database.read(async db => {
        const folderId = await notedFolder(db, user, folder)
        return readMetadata(db, user.id, folderId, paths, context?.depth ?? 0)
      })
    },

    setMetadata: async (folder, entries) => {
      const user = await session.user()
      await database.write(async trx => {
        const folderId = await notedFolder(trx, user, folder)
        await writeMetadata(trx, user.id, folderId, entries)
      })
    },
  }
}

async function notedFolder(db: Kysely<Tables>, user: Account, name: string): Promise<number> {
  if (name === '') return SERVER
  const { folder, rights } = await getPlace(db, user, name, 'l')
  if (![...ANY_OF_NOTES].some(right => rights.includes(right))) demand(rights, ANY_OF_NOTES)
  return folder.id
}

export function rightsHandlers(session: StoreSession): MailboxHandlers {
  const { database } = session.parts
  const administered = async (db: Kysely<Tables>, name: string) =>
    (await getPlace(db, await session.user(), name, 'a')).folder
  return {
    getAcl: async name => database.read(async db => listRightsOf(db, await administered(db, name))),

    setAcl: async (name, identifier, rights, context) => {
      await session.user()
      await database.write(async trx => {
        await grant(trx, await administered(trx, name), identifier, rights, context?.mode ?? 'set')
      })
    },

    deleteAcl: async (name, identifier) => {
      await session.user()
      await database.write(async trx => {
        await grant(trx, await administered(trx, name), identifier, '', 'set')
      })
    },

    listRights: async (name, identifier) =>
      database.read(async db => grantable(db, await administered(db, name), identifier)),

    myRights: async name => {
      const user = await session.user()
      return (await database.read(db => getPlace(db, user, name, ''))).rights
    },
  }
}

/** Quota roots are called by the addresses of their owners; '' is the user's own. */
export function quotaHandlers(session: StoreSession, isAdministrator: boolean): MailboxHandlers {
  const { database } = session.parts
  const rootOf = async (db: Kysely<Tables>, root: string): Promise<Account> => {
    const user = await session.user()
    const address = root === '' ? user.address : canonical(root)
    if (address === user.address) return user
    const owner = isAdministrator ? await accountOf(db, address) : null
    if (!owner) throw new Refusal('NONEXISTENT', 'there is no quota root of that name')
    return owner
  }
  const handlers: MailboxHandlers = {
    quota: async root =>
      database.read(async db => {
        const { id, address } = await rootOf(db, root)
        return quotaOf(db, id, address)
      }),

    quotaRoot: async folder => {
      const user = await session.user()
      return database.read(async db => {
        const owner = await ownerOf(db, user, folder)
        // what others have filled is theirs to know
        if (owner?.accountId !== user.id) {
          await getPlace(db, user, folder, 'r')
          return []
        }
        return [await quotaOf(db, user.id, user.address)]
      })
    },
  }
  if (!isAdministrator) return handlers
  return {
    ...handlers,
    setQuota: async (root, limits) => {
      await session.user()
      return database.write(async trx => {
        const { id, address } = await rootOf(trx, root)
        const unknown = limits.find(({ name }) => name !== 'STORAGE' && name !== 'MESSAGE')
        if (unknown) throw new Refusal('CANNOT', 'only STORAGE and MESSAGE are limited here')
        const limitOf = (wanted: string): number | null =>
          limits.find(({ name }) => name === wanted)?.limit ?? null
        await setLimits(trx, id, { storage: limitOf('STORAGE'), messages: limitOf('MESSAGE') })
        return quotaOf(trx, id, address)
      })
    },
  }
}

function canonical(address: string): string {
  const parts = localAddress(address)
  return parts ? `${parts.localPart}@${parts.domain}` : address
}

async function accountOf(db: Kysely<Tables>, address: string): Promise<Account | null> {
  const id = await idOfAccount(db, address)
  return id === null ? null : { id, address }
}
