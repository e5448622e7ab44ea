// The change feed between processes that share a database. What a process has done it tells the others in a few octets: which folder has
// changed. Who has a session in that folder asks the database what has come after the mod-sequence that it knows of, and tells its sessions.
// So it does not matter which news are lost or come twice: after a connection that was away, and every now and then, the
// mod-sequences of all watched folders are compared.
//
// Which mod-sequence is known: watching begins before the folder is looked at (handlers/folder-handlers.ts), and `known` is told what was
// seen. Whatever is committed behind that has a higher mod-sequence (database/parallel-writes.ts says why), and is found by it.
import { type ChangeFeed, FLAGS_KEPT, type NamesChange, type Others } from './changes.ts'
import type { Database } from './database/database.ts'
import { isStorageFailure } from './errors.ts'
import { flagNames } from './messages/flags.ts'
import { vanishedSince } from './messages/removals.ts'

const EVERYTHING = [[1, Number.POSITIVE_INFINITY]] as const
/** Folders that are compared in one query. */
const COMPARED_AT_ONCE = 1000
/** Folders whose changes are read at a time. */
const READ_AT_ONCE = 4

interface Followed {
  /** Changes up to this one are known to all who watch; null: nobody has looked yet. */
  modseq: number | null
  uidNext: number
  /** There is more. */
  isBehind: boolean
  isReading: boolean
  /** Of messages whose flags were told: at which mod-sequence. */
  told: Map<number, number>
}

export class ChangesOfOthers implements Others {
  readonly #database: Database
  readonly #feed: ChangeFeed
  readonly #onDomain: (name: string) => void
  readonly #onError: (error: unknown) => void
  readonly #folders = new Map<number, Followed>()
  readonly #toRead: number[] = []
  #reading = 0
  #comparing = false

  constructor(
    database: Database,
    feed: ChangeFeed,
    onDomain: (name: string) => void,
    onError: (error: unknown) => void,
  ) {
    this.#database = database
    this.#feed = feed
    this.#onDomain = onDomain
    this.#onError = onError
    database.nodes?.listen(
      news => {
        try {
          this.#heard(news)
        } catch (error) {
          // who shares the database may say anything
          this.#onError(error)
        }
      },
      isLost => {
        if (isLost) feed.lookAtNames()
        void this.#compare()
      },
    )
  }

  watched(folderId: number): void {
    this.#folders.set(folderId, {
      modseq: null,
      uidNext: 0,
      isBehind: false,
      isReading: false,
      told: new Map(),
    })
  }

  unwatched(folderId: number): void {
    this.#folders.delete(folderId)
  }

  known(folderId: number, modseq: number, uidNext: number): void {
    const folder = this.#folders.get(folderId)
    if (!folder || folder.modseq !== null) return
    folder.modseq = modseq
    folder.uidNext = uidNext
    // told of while the answer was on its way, it may be behind what the answer shows
    if (folder.isBehind) this.#read(folderId, folder)
  }

  changed(folderId: number): void {
    this.#database.nodes?.tell(`f${folderId}`)
  }

  namesChanged(accountId: number, { news, folderId }: NamesChange): void {
    this.#database.nodes?.tell(`n${JSON.stringify([accountId, folderId, news])}`)
  }

  isLate(folderId: number, uid: number, modseq: number): boolean {
    const told = this.#folders.get(folderId)?.told
    if (!told) return false
    if ((told.get(uid) ?? 0) >= modseq) return true
    if (told.size >= FLAGS_KEPT) told.clear()
    told.set(uid, modseq)
    return false
  }

  #heard(news: string): void {
    const text = news.slice(1)
    switch (news[0]) {
      case 'f': {
        const folder = this.#folders.get(Number(text))
        if (folder) this.#read(Number(text), folder)
        break
      }
      case 'n': {
        const [accountId, folderId, change] = JSON.parse(text) as [number, number, NamesChange['news']]
        this.#feed.namesHeard(accountId, { news: change, folderId })
        break
      }
      case 'd':
        this.#onDomain(text)
    }
  }

  /** Which of the watched folders have changed? */
  async #compare(): Promise<void> {
    if (this.#comparing) return
    this.#comparing = true
    try {
      const ids = [...this.#folders.keys()]
      for (let at = 0; at < ids.length; at += COMPARED_AT_ONCE) {
        const rows = await this.#database.read(db =>
          db
            .selectFrom('folders')
            .select(['id', 'highest_modseq'])
            .where('id', 'in', ids.slice(at, at + COMPARED_AT_ONCE))
            .execute(),
        )
        for (const { id, highest_modseq } of rows) {
          const folder = this.#folders.get(id)
          if (folder && (folder.modseq === null || folder.modseq < highest_modseq)) this.#read(id, folder)
        }
      }
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#comparing = false
    }
  }

  #read(folderId: number, folder: Followed): void {
    folder.isBehind = true
    if (folder.isReading || folder.modseq === null) return
    folder.isReading = true
    this.#toRead.push(folderId)
    if (this.#reading < READ_AT_ONCE) void this.#readAll()
  }

  /** Never rejects. */
  async #readAll(): Promise<void> {
    this.#reading++
    for (let id = this.#toRead.shift(); id !== undefined; id = this.#toRead.shift()) {
      const folder = this.#folders.get(id)
      // nobody watches it any more
      if (!folder) continue
      folder.isBehind = false
      try {
        await this.#tell(id, folder)
      } catch (error) {
        this.#failed(error)
      }
      folder.isReading = false
      if (folder.isBehind && this.#folders.get(id) === folder) this.#read(id, folder)
    }
    this.#reading--
  }

  async #tell(folderId: number, folder: Followed): Promise<void> {
    const since = folder.modseq ?? 0
    const { uidNext } = folder
    const { dialect } = this.#database
    const found = await this.#database.read(async db => {
      const row = await db
        .selectFrom('folders')
        .select(['highest_modseq', 'uid_next', 'total'])
        .where('id', '=', folderId)
        .executeTakeFirst()
      if (!row || row.highest_modseq <= since) return null
      const vanished = await vanishedSince(db, dialect, folderId, EVERYTHING, since)
      const flags = await db
        .selectFrom('messages')
        .select(['uid', 'modseq', 'system_flags', 'keywords'])
        .where('folder_id', '=', folderId)
        .where('modseq', '>', since)
        .where('uid', '<', uidNext)
        .orderBy('uid')
        .execute()
      return { row, vanished, flags }
    })
    if (!found) return
    const { row, vanished, flags } = found
    folder.modseq = row.highest_modseq
    folder.uidNext = Math.max(row.uid_next, uidNext)
    const uids = vanished.flatMap(([from, to]) =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index),
    )
    if (uids.length > 0) this.#feed.heard({ kind: 'vanished', folderId, uids })
    if (flags.length > 0) {
      const messages = flags.map(({ uid, modseq, system_flags, keywords }) => ({
        id: uid,
        flags: flagNames(system_flags, keywords),
        modseq,
      }))
      this.#feed.heard({ kind: 'flags', folderId, messages })
    }
    if (row.uid_next > uidNext) this.#feed.heard({ kind: 'exists', folderId, total: row.total })
  }

  /** What was not read now is read when the database is back: then all is compared. */
  #failed(error: unknown): void {
    if (!isStorageFailure(error)) this.#onError(error)
  }
}
