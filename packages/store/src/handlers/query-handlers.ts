// The handlers that ask about many messages at once: SEARCH, SORT, THREAD; what has changed and vanished since (QRESYNC).
import type { MailboxHandlers } from 'email-server/mailbox'
import { getPlace } from '../folders/access.ts'
import { metaIn } from '../messages/reading.ts'
import { vanishedSince } from '../messages/removals.ts'
import { searchFolder, sortFolder, threadFolder } from '../messages/searching.ts'
import type { StoreSession } from './session.ts'

const EVERYTHING = [[1, Number.POSITIVE_INFINITY]] as const

export function queryHandlers(session: StoreSession): MailboxHandlers {
  const { parts } = session
  const { database } = parts
  const { dialect } = database
  return {
    search: async criteria => searchFolder(parts, session.folderId, criteria, Date.now()),

    sort: async (keys, criteria) => sortFolder(parts, session.folderId, keys, criteria, Date.now()),

    thread: async (algorithm, criteria) =>
      threadFolder(parts, session.folderId, algorithm, criteria, Date.now()),

    qresync: async (name, { uidValidity, modseq, knownUids = EVERYTHING }) => {
      const user = await session.user()
      return database.read(async db => {
        const { folder } = await getPlace(db, user, name, 'r')
        if (folder.uid_validity !== uidValidity || modseq >= folder.highest_modseq) {
          return { changed: [], vanished: [] }
        }
        const changed = await metaIn(db, dialect, folder.id, knownUids, modseq)
        return { changed, vanished: await vanishedSince(db, dialect, folder.id, knownUids, modseq) }
      })
    },

    resolveVanished: async ({ ranges }, sinceModseq) =>
      database.read(db => vanishedSince(db, dialect, session.folderId, ranges, sinceModseq)),
  }
}
