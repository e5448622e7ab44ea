// Is everything there that the database mentions, and is it what it says? Every reference, every hash, every counter; and what lies in the
// place of the large bodies without being mentioned.
import { createHash } from 'node:crypto'
import type { MessageBody } from 'email-server/mailbox'
import { sql } from 'kysely'
import type { LargeBodies, PlacedBody } from '../bodies/body-place.ts'
import { removeLarge } from '../bodies/removing.ts'
import type { Sweeper } from '../bodies/sweeper.ts'
import type { Database } from '../database/database.ts'
import { DELETED, SEEN } from '../messages/flags.ts'

export interface VerifyProgress {
  readonly bodies: number
  readonly total: number
}

export interface VerifyOptions {
  /** Removes large bodies that nothing mentions, unless they are younger than an hour. Default false. */
  readonly removeOrphans?: boolean
  readonly onProgress?: (progress: VerifyProgress) => void
  /** Ends between two bodies. Rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface VerifyReport {
  readonly folders: number
  readonly messages: number
  readonly bodies: number
  /** Octets of the bodies. */
  readonly bytes: number
  /** What is wrong, a line each; at most 1000. */
  readonly problems: readonly string[]
  /** Large bodies that nothing mentions: of deliveries that ended before their time. They do no harm. */
  readonly orphans: number
  readonly orphanBytes: number
  readonly removed: number
}

export interface VerifyParts {
  readonly database: Database
  readonly large: LargeBodies
  readonly sweeper: Sweeper
}

const PAGE = 200
/** Bodies at a time, with the octets of the small ones. */
const BODIES = 50
const MOST_PROBLEMS = 1000
const YOUNG_MS = 3_600_000

export async function verify(parts: VerifyParts, options: VerifyOptions): Promise<VerifyReport> {
  // what is about to be removed need not be told
  await parts.sweeper.idle()
  // nothing that is mentioned goes away meanwhile
  return parts.sweeper.paused(() => new Verification(parts, options).run())
}

class Verification {
  readonly #parts: VerifyParts
  readonly #options: VerifyOptions
  readonly #problems: string[] = []

  constructor(parts: VerifyParts, options: VerifyOptions) {
    this.#parts = parts
    this.#options = options
  }

  async run(): Promise<VerifyReport> {
    for (const line of await this.#parts.database.check()) this.#problem(line)
    const folders = await this.#folders()
    await this.#references()
    const bodies = await this.#bodies()
    const orphans = await this.#orphans()
    return { ...folders, ...bodies, ...orphans, problems: this.#problems }
  }

  #problem(line: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(line)
  }

  async #folders(): Promise<{ folders: number; messages: number }> {
    const { database } = this.#parts
    const folders = await database.read(db => db.selectFrom('folders').select('id').orderBy('id').execute())
    let messages = 0
    for (const { id } of folders) {
      this.#options.signal?.throwIfAborted()
      // in one statement, so that it is one moment
      const { rows } = await database.read(db =>
        sql<FolderCounts>`
          select f.name as name, f.account_id as account, f.uid_next as next, f.highest_modseq as modseq,
            f.total as total, f.unread as unread, f.deleted as deleted, f.size as size, f.deleted_size as "deletedSize",
            count(m.uid) as "realTotal", coalesce(max(m.uid), 0) as "maxUid", coalesce(max(m.modseq), 0) as "maxModseq",
            coalesce(sum(case when m.system_flags & ${SEEN} = 0 then 1 else 0 end), 0) as "realUnread",
            coalesce(sum(case when m.system_flags & ${DELETED} <> 0 then 1 else 0 end), 0) as "realDeleted",
            coalesce(sum(m.size), 0) as "realSize",
            coalesce(sum(case when m.system_flags & ${DELETED} <> 0 then m.size else 0 end), 0) as "realDeletedSize"
          from folders f left join messages m on m.folder_id = f.id
          where f.id = ${id} group by f.id`.execute(db),
      )
      const row = rows[0]
      // removed meanwhile
      if (!row) continue
      messages += row.realTotal
      for (const line of wrongCounts(row))
        this.#problem(`folder ${row.name} of account ${row.account}: ${line}`)
    }
    return { folders: folders.length, messages }
  }

  async #references(): Promise<void> {
    const { rows } = await this.#parts.database.read(db =>
      sql<{ owner: string }>`
        select 'message ' || m.uid || ' of folder ' || m.folder_id as owner
        from messages m left join bodies b on b.id = m.body_id where b.id is null
        union all
        select 'queue entry ' || q.id as owner
        from queue_entries q left join bodies b on b.id = q.body_id where b.id is null`.execute(db),
    )
    for (const { owner } of rows) this.#problem(`${owner} has no body`)
  }

  async #bodies(): Promise<{ bodies: number; bytes: number }> {
    const { database } = this.#parts
    const { signal, onProgress } = this.#options
    const total = await database.read(async db => {
      const { count } = await db
        .selectFrom('bodies')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      return Number(count)
    })
    let bodies = 0
    let bytes = 0
    for (let after = 0; ; ) {
      const page = await database.read(db =>
        db
          .selectFrom('bodies')
          .leftJoin('body_contents', 'body_contents.body_id', 'bodies.id')
          .select(['bodies.id', 'bodies.hash', 'bodies.size', 'bodies.in_file', 'body_contents.content'])
          .where('bodies.id', '>', after)
          .orderBy('bodies.id')
          .limit(BODIES)
          .execute(),
      )
      for (const body of page) {
        signal?.throwIfAborted()
        after = body.id
        bodies++
        bytes += body.size
        const wrong = await this.#wrongWith(body)
        if (wrong !== null) this.#problem(`body ${body.hash} ${wrong}`)
      }
      if (page.length === 0) return { bodies, bytes }
      onProgress?.({ bodies, total })
    }
  }

  async #wrongWith(body: {
    hash: string
    size: number
    in_file: number
    content: Uint8Array | null
  }): Promise<string | null> {
    if (body.in_file === 0 && body.content === null) return 'is not in the database'
    try {
      const content = body.content ?? (await this.#parts.large.place.read(body.hash))
      const { hash, size } = await measure(content)
      if (size !== body.size) return `has ${size} octets instead of ${body.size}`
      return hash === body.hash ? null : 'is not what its hash says: it is damaged'
    } catch (error) {
      // another process has removed it since we have asked
      if (this.#parts.database.nodes && !(await this.#mentioned([body.hash])).has(body.hash)) return null
      return `cannot be read: ${error instanceof Error ? error.message : error}`
    }
  }

  async #orphans(): Promise<{ orphans: number; orphanBytes: number; removed: number }> {
    const { database, large } = this.#parts
    const found = { orphans: 0, orphanBytes: 0, removed: 0 }
    const look = async (some: readonly PlacedBody[]): Promise<void> => {
      const known = await this.#mentioned(some.map(({ hash }) => hash))
      for (const { hash, size, modifiedAt } of some) {
        if (known.has(hash)) continue
        found.orphans++
        found.orphanBytes += size
        // a younger one may belong to a delivery that has not come to its end
        if (!this.#options.removeOrphans || modifiedAt > Date.now() - YOUNG_MS) continue
        if (await removeLarge(database, large, hash)) found.removed++
      }
    }
    let page: PlacedBody[] = []
    for await (const body of large.place.list()) {
      this.#options.signal?.throwIfAborted()
      page.push(body)
      if (page.length < PAGE) continue
      await look(page)
      page = []
    }
    if (page.length > 0) await look(page)
    return found
  }

  async #mentioned(hashes: readonly string[]): Promise<Set<string>> {
    const rows = await this.#parts.database.read(db =>
      db.selectFrom('bodies').select('hash').where('hash', 'in', hashes).where('in_file', '=', 1).execute(),
    )
    return new Set(rows.map(({ hash }) => hash))
  }
}

interface FolderCounts {
  readonly name: string
  readonly account: number
  readonly next: number
  readonly modseq: number
  readonly total: number
  readonly unread: number
  readonly deleted: number
  readonly size: number
  readonly deletedSize: number
  readonly realTotal: number
  readonly realUnread: number
  readonly realDeleted: number
  readonly realSize: number
  readonly realDeletedSize: number
  readonly maxUid: number
  readonly maxModseq: number
}

function wrongCounts(row: FolderCounts): string[] {
  const lines: string[] = []
  const compare = (what: string, noted: number, real: number): void => {
    if (noted !== real) lines.push(`${what} is noted as ${noted}, and is ${real}`)
  }
  compare('the number of messages', row.total, row.realTotal)
  compare('the number of unread messages', row.unread, row.realUnread)
  compare('the number of deleted messages', row.deleted, row.realDeleted)
  compare('the size', row.size, row.realSize)
  compare('the size of deleted messages', row.deletedSize, row.realDeletedSize)
  if (row.maxUid >= row.next) lines.push(`UID ${row.maxUid} is in use, and ${row.next} is to be the next`)
  if (row.maxModseq > row.modseq)
    lines.push(`a message has changed at ${row.maxModseq}, the folder at ${row.modseq}`)
  return lines
}

async function measure(body: MessageBody): Promise<{ hash: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  const stream = body instanceof Uint8Array ? [body] : body.stream
  for await (const piece of stream instanceof Uint8Array ? [stream] : stream) {
    hash.update(piece)
    size += piece.length
  }
  return { hash: hash.digest('hex'), size }
}
