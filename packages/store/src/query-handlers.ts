// The handlers that ask about many messages at once: SEARCH, SORT, THREAD; what has changed and vanished since (QRESYNC).
import type { MailboxHandlers } from 'email-server/mailbox'
import type { Bodies } from './bodies/bodies.ts'
import type { Database } from './database/database.ts'
import { getFolder } from './folders/folders.ts'
import { metaIn } from './messages/reading.ts'
import { vanishedSince } from './messages/removals.ts'
import { searchFolder, sortFolder, threadFolder } from './messages/searching.ts'

export interface QueryContext {
  readonly database: Database
  readonly bodies: Bodies
  readonly account: () => Promise<number>
  /** The open folder; refuses when there is none. */
  readonly folderId: () => number
}

const EVERYTHING = [[1, Number.POSITIVE_INFINITY]] as const

export function queryHandlers({ database, bodies, account, folderId }: QueryContext): MailboxHandlers {
  const parts = { database, bodies }
  const { dialect } = database
  return {
    search: async criteria => searchFolder(parts, folderId(), criteria, Date.now()),

    sort: async (keys, criteria) => sortFolder(parts, folderId(), keys, criteria, Date.now()),

    thread: async (algorithm, criteria) => threadFolder(parts, folderId(), algorithm, criteria, Date.now()),

    qresync: async (name, { uidValidity, modseq, knownUids = EVERYTHING }) => {
      const accountId = await account()
      return database.read(async db => {
        const folder = await getFolder(db, accountId, name)
        if (folder.uid_validity !== uidValidity || modseq >= folder.highest_modseq) {
          return { changed: [], vanished: [] }
        }
        const changed = await metaIn(db, dialect, folder.id, knownUids, modseq)
        return { changed, vanished: await vanishedSince(db, dialect, folder.id, knownUids, modseq) }
      })
    },

    resolveVanished: async ({ ranges }, sinceModseq) =>
      database.read(db => vanishedSince(db, dialect, folderId(), ranges, sinceModseq)),
  }
}
