// Bodies of messages, each different content once: small ones in the database, larger ones in files or a bucket. A body lives as long
// as a message refers to it (see sweeper.ts for what happens then).
import { createHash } from 'node:crypto'
import { Refusal } from 'email-server'
import type { MessageBody } from 'email-server/mailbox'
import { extractMessageMetadata, type MessageMetadata } from 'email-server/mime'
import type { Insertable, Kysely, Transaction } from 'kysely'
import type { Database } from '../database/database.ts'
import type { BodiesTable, Tables } from '../database/schema.ts'
import { statement } from '../database/statement.ts'
import { type EnvelopeFacts, factsOfEnvelope } from '../messages/facts.ts'
import { threadOf } from '../messages/threads.ts'
import type { LargeBodies } from './body-place.ts'

/** Bodies up to this size are in the database (see the figures in the README). */
export const SMALL_BODY: number = 64 * 1024

export interface PreparedBody {
  readonly hash: string
  readonly content: Uint8Array
  readonly metadata: MessageMetadata
}

const findByHash = statement((db, { hash }: { hash: string }) =>
  db.selectFrom('bodies').select('id').where('hash', '=', hash),
)

const insertBody = statement((db, row: Omit<Insertable<BodiesTable>, 'id' | 'thread_id'>) =>
  db
    .insertInto('bodies')
    .values({
      hash: row.hash,
      size: row.size,
      in_file: row.in_file,
      envelope: row.envelope,
      structure: row.structure,
      preview: row.preview,
      subject: row.subject,
      sent_at: row.sent_at,
      sent_zone: row.sent_zone,
      message_id: row.message_id,
      thread_references: row.thread_references,
      has_attachments: row.has_attachments,
    })
    .onConflict(conflict => conflict.column('hash').doNothing())
    .returning('id'),
)

const insertFacts = statement((db, row: { readonly body_id: number } & EnvelopeFacts) =>
  db.insertInto('body_facts').values({
    body_id: row.body_id,
    sent_at: row.sent_at,
    sent_day: row.sent_day,
    subject_key: row.subject_key,
    from_key: row.from_key,
    to_key: row.to_key,
    cc_key: row.cc_key,
    display_from_key: row.display_from_key,
    display_to_key: row.display_to_key,
  }),
)

const insertGap = statement((db, { body_id }: { body_id: number }) =>
  db.insertInto('text_gaps').values({ body_id, is_beginning: 0 }),
)

const insertContent = statement((db, { body_id, content }: { body_id: number; content: Uint8Array }) =>
  db.insertInto('body_contents').values({ body_id, content }),
)

const setThread = statement((db, { id, thread_id }: { id: number; thread_id: number }) =>
  db.updateTable('bodies').set({ thread_id }).where('id', '=', id),
)

export class Bodies {
  readonly #large: LargeBodies
  readonly #smallBody: number
  readonly #database: Pick<Database, 'dialect' | 'nodes'>
  /** Called when a message may have been stored. */
  onStored: () => void = () => {}

  constructor(large: LargeBodies, smallBody: number, database: Pick<Database, 'dialect' | 'nodes'>) {
    this.#large = large
    this.#smallBody = smallBody
    this.#database = database
  }

  /** Hashes and describes a message. */
  prepare(raw: Uint8Array): PreparedBody {
    const hash = createHash('sha256').update(raw).digest('hex')
    return { hash, content: raw, metadata: extractMessageMetadata(raw) }
  }

  /** Runs `work`, which is to call `insert`, with the large ones in their place. */
  holding<T>(bodies: readonly PreparedBody[], work: () => Promise<T>): Promise<T> {
    const large = bodies.filter(body => !this.#isSmall(body))
    const held = large.reduce(
      (inner, { hash, content }) =>
        () =>
          this.#large.holding(hash, content, inner),
      work,
    )
    return held().finally(() => this.onStored())
  }

  /** The row of the body, made when there is none; inside of `holding`. */
  async insert(trx: Transaction<Tables>, body: PreparedBody): Promise<number> {
    const known = await findByHash.first(trx, { hash: body.hash })
    if (known) return known.id
    const small = this.#isSmall(body)
    const { metadata } = body
    const made = await insertBody.first(trx, {
      hash: body.hash,
      size: body.content.length,
      in_file: small ? 0 : 1,
      envelope: JSON.stringify(metadata.envelope),
      structure: JSON.stringify(metadata.bodyStructure),
      preview: metadata.preview,
      subject: metadata.subject,
      sent_at: metadata.sentAt,
      sent_zone: metadata.sentZone,
      message_id: metadata.messageId,
      thread_references: JSON.stringify(metadata.references),
      has_attachments: metadata.hasAttachments ? 1 : 0,
    })
    // another process has just stored the same
    if (!made) return this.insert(trx, body)
    const { id } = made
    await this.#insertFacts(trx, id, metadata)
    if (!small) await this.#assurePlace(trx, body)
    else await insertContent.all(trx, { body_id: id, content: body.content })
    return id
  }

  /**
   * Another process may have removed the body from its place after we had put it there, when nothing referred to it any more. From here on
   * nobody does until we have committed, and then it is mentioned (removing.ts).
   */
  async #assurePlace(trx: Transaction<Tables>, { hash, content }: PreparedBody): Promise<void> {
    const { dialect, nodes } = this.#database
    if (!nodes) return
    await dialect.lockBody(trx, hash, 'shared')
    const { place } = this.#large
    if (!(await place.has(hash))) await place.put(hash, content)
  }

  /** What is asked of it in lists and searches; its text is read later, in the background. */
  async #insertFacts(trx: Transaction<Tables>, id: number, metadata: MessageMetadata): Promise<void> {
    const facts = factsOfEnvelope(metadata.envelope, metadata.sentAt, metadata.sentZone)
    await insertFacts.all(trx, { body_id: id, ...facts })
    await insertGap.all(trx, { body_id: id })
    const threadId = await threadOf(trx, id, metadata.messageId, metadata.references)
    await setThread.all(trx, { id, thread_id: threadId })
  }

  /** The bytes of a message. Refuses with EXPUNGEISSUED when it is gone. */
  async read(db: Kysely<Tables>, folderId: number, uid: number): Promise<MessageBody> {
    const row = await db
      .selectFrom('messages')
      .innerJoin('bodies', 'bodies.id', 'messages.body_id')
      .leftJoin('body_contents', 'body_contents.body_id', 'bodies.id')
      .select(['bodies.hash', 'body_contents.content'])
      .where('messages.folder_id', '=', folderId)
      .where('messages.uid', '=', uid)
      .executeTakeFirst()
    if (!row) throw new Refusal('EXPUNGEISSUED', 'the message is gone')
    return row.content ?? this.#large.place.read(row.hash)
  }

  /** The bytes of a body; null when there is none of that id. */
  async readOf(db: Kysely<Tables>, bodyId: number): Promise<MessageBody | null> {
    const row = await db
      .selectFrom('bodies')
      .leftJoin('body_contents', 'body_contents.body_id', 'bodies.id')
      .select(['bodies.hash', 'body_contents.content'])
      .where('bodies.id', '=', bodyId)
      .executeTakeFirst()
    return row ? (row.content ?? this.#large.place.read(row.hash)) : null
  }

  #isSmall(body: PreparedBody): boolean {
    return body.content.length <= this.#smallBody
  }
}
