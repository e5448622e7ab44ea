// Fills the index of texts in the background: a delivery does not wait for it, and a search is right without it, only slower. What
// is left to do is in the database (`text_gaps`), so that a killed process goes on at the next start.
import { Refusal } from 'email-server'
import { folded } from 'email-server/mailbox'
import { SearchableMessage, scanMessage } from 'email-server/mime'
import { sql } from 'kysely'
import type { Bodies } from '../bodies/bodies.ts'
import type { Database } from '../database/database.ts'
import { END, GAP } from './criteria.ts'
import { FIELD_COLUMNS, type SearchedField } from './facts.ts'
import { wholeBody } from './searching.ts'

/** Bodies that are read at a time; at most so many are in one transaction. */
const AT_A_TIME = 32
/**
 * Characters of a header and of a body that are indexed; of longer ones a search reads the message. Who sends noise makes many
 * different trigrams, for which SQLite stops the event loop: some tenths of a second for so many, twenty seconds for a million.
 */
const MOST_TEXT = 64 * 1024
/** Characters in one transaction, for the same reason. */
const TEXT_AT_A_TIME = 64 * 1024
/** How long what has come waits for more: many in one transaction cost a third of what each costs by itself. */
const PAUSE_MS = 1000

/** What is searched of one message, folded. */
interface MessageTexts {
  readonly bodyId: number
  readonly header: string
  readonly body: string
  readonly fields: Readonly<Record<string, string | null>>
  readonly isWhole: boolean
}

interface Waiting {
  readonly body_id: number
  readonly folder_id: number
  readonly uid: number
}

export class TextIndex {
  readonly #database: Database
  readonly #bodies: Bodies
  readonly #onError: (error: unknown) => void
  #timer: ReturnType<typeof setTimeout> | null = null
  #running: Promise<void> | null = null
  #again = false
  #stopped = false
  /** Somebody waits for the end. */
  #hurry = false

  constructor(database: Database, bodies: Bodies, onError: (error: unknown) => void) {
    this.#database = database
    this.#bodies = bodies
    this.#onError = onError
  }

  /** There may be something to index. */
  wake(): void {
    this.#again = true
    if (this.#stopped || this.#running || this.#timer) return
    this.#timer = setTimeout(() => this.#start(), PAUSE_MS)
    this.#timer.unref()
  }

  /** Resolves when everything is indexed. */
  async idle(): Promise<void> {
    if (this.#stopped || !(this.#again || this.#running)) return
    this.#hurry = true
    this.#start()
    await this.#running
    this.#hurry = false
  }

  /** Ends after the transaction under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    await this.#running
  }

  #start(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false
        const isOurs = await this.#database.alone('texts', () => this.#indexAll())
        // another process is at it, and may end before it has seen what is new
        if (!isOurs) this.#again = true
        if (!isOurs && this.#hurry) await new Promise(resolve => setTimeout(resolve, PAUSE_MS / 10))
      } while (this.#again && this.#hurry && !this.#stopped)
    } catch (error) {
      // what is left stays noted for the next time
      this.#onError(error)
    } finally {
      this.#running = null
    }
    if (this.#again) this.wake()
  }

  async #indexAll(): Promise<void> {
    for (;;) {
      const start = performance.now()
      if (this.#stopped || !(await this.#indexSome())) return
      // at most half of the time, unless somebody waits
      const pause = this.#hurry ? 0 : performance.now() - start
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  /** True when there may be more. */
  async #indexSome(): Promise<boolean> {
    const rows = await this.#waiting()
    if (rows.length === 0) return false
    // a body that is in several folders is indexed once
    const waiting = new Map(rows.map(row => [row.body_id, row])).values()
    const texts: MessageTexts[] = []
    for (const one of waiting) {
      const read = await this.#textsOf(one)
      if (read) texts.push(read)
      await new Promise(resolve => setImmediate(resolve))
    }
    for (const group of groupsOf(texts)) {
      await this.#write(group)
      await new Promise(resolve => setImmediate(resolve))
    }
    return rows.length === AT_A_TIME
  }

  async #write(texts: readonly MessageTexts[]): Promise<void> {
    const { dialect } = this.#database
    await this.#database.write(async trx => {
      for (const { bodyId, header, body, fields, isWhole } of texts) {
        const gap = await trx
          .selectFrom('text_gaps')
          .select('is_beginning')
          .where('body_id', '=', bodyId)
          .forUpdate()
          .executeTakeFirst()
        // removed meanwhile
        if (gap?.is_beginning !== 0) continue
        await dialect.indexText(trx, bodyId, header, body)
        if (Object.keys(fields).length > 0) {
          await trx.updateTable('body_facts').set(fields).where('body_id', '=', bodyId).execute()
        }
        await (isWhole
          ? trx.deleteFrom('text_gaps').where('body_id', '=', bodyId).execute()
          : trx.updateTable('text_gaps').set({ is_beginning: 1 }).where('body_id', '=', bodyId).execute())
      }
    })
  }

  /** Bodies that no message has wait for their removal, or for a message. */
  async #waiting(): Promise<Waiting[]> {
    const { rows } = await this.#database.read(db =>
      sql<Waiting>`
        select text_gaps.body_id as body_id, folder_id, uid from text_gaps
        cross join messages
        where messages.body_id = text_gaps.body_id and is_beginning = 0 limit ${AT_A_TIME}`.execute(db),
    )
    return rows
  }

  /** Null: the message has gone meanwhile; when another has the same body, that one is found the next time. */
  async #textsOf({ body_id: bodyId, folder_id: folderId, uid }: Waiting): Promise<MessageTexts | null> {
    try {
      const body = await this.#database.read(db => this.#bodies.read(db, folderId, uid))
      return textsOf(bodyId, await wholeBody(body))
    } catch (error) {
      if (error instanceof Refusal && error.code === 'EXPUNGEISSUED') return null
      // A message that cannot be read is not tried for ever: searches come upon it, and say so.
      this.#onError(error)
      return { bodyId, header: '', body: '', fields: {}, isWhole: false }
    }
  }
}

function groupsOf(texts: readonly MessageTexts[]): MessageTexts[][] {
  const groups: MessageTexts[][] = []
  let left = 0
  for (const one of texts) {
    const size = one.header.length + one.body.length
    if (size > left || groups.length === 0) {
      groups.push([])
      left = TEXT_AT_A_TIME
    }
    groups.at(-1)!.push(one)
    left -= size
  }
  return groups
}

function textsOf(bodyId: number, raw: Uint8Array): MessageTexts {
  const message = new SearchableMessage(raw, scanMessage(raw, { countLines: false }))
  const header = joined(message.headers(), MOST_TEXT)
  const body = joined(message.bodies(), MOST_TEXT)
  const fields = Object.entries(FIELD_COLUMNS).map(([name, column]) => {
    const values = message.header(name as SearchedField)
    return [column, values.length === 0 ? null : joined(values, MOST_TEXT).text]
  })
  return {
    bodyId,
    header: header.text + END,
    body: body.text + END,
    fields: Object.fromEntries(fields) as Record<string, string | null>,
    isWhole: header.isWhole && body.isWhole,
  }
}

function joined(texts: Iterable<string>, most: number): { readonly text: string; readonly isWhole: boolean } {
  const pieces: string[] = []
  let left = most
  for (const text of texts) {
    const piece = folded(text).replaceAll('\0', GAP)
    if (piece.length > left) {
      pieces.push(piece.slice(0, left))
      return { text: pieces.join(GAP), isWhole: false }
    }
    pieces.push(piece)
    left -= piece.length
  }
  return { text: pieces.join(GAP), isWhole: true }
}
