// How much of his space a user has filled (RFC 9208). Usage is the sum of what the folders count anyway, so that it is never wrong;
// only accounts with a limit are looked at.
import { Refusal } from 'email-server'
import type { Quota, QuotaResource } from 'email-server/mailbox'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../database/schema.ts'
import { statement } from '../database/statement.ts'

export interface Limits {
  /** Octets, null for no limit. */
  readonly storage: number | null
  readonly messages: number | null
}

export interface Usage {
  /** Octets of all messages; copies count. */
  readonly storage: number
  readonly messages: number
}

interface QuotaRow {
  readonly storage_limit: number | null
  readonly message_limit: number | null
  readonly storage: number
  readonly messages: number
}

const quotaOfAccount = (accountId: number): RawBuilder<QuotaRow> => sql`
  select storage_limit, message_limit,
    (select coalesce(sum(size), 0) from folders where account_id = accounts.id) as storage,
    (select coalesce(sum(total), 0) from folders where account_id = accounts.id) as messages
  from accounts where id = ${accountId}`

const anyQuota = statement((db, { accountId }: { accountId: number }) => ({
  compile: () => quotaOfAccount(accountId).compile(db),
}))

const limitedQuota = statement((db, { accountId }: { accountId: number }) => ({
  compile: () =>
    sql<QuotaRow>`${quotaOfAccount(accountId)} and (storage_limit is not null or message_limit is not null)`.compile(
      db,
    ),
}))

async function quotaRow(
  db: Kysely<Tables>,
  accountId: number,
  limited: boolean,
): Promise<QuotaRow | undefined> {
  return (limited ? limitedQuota : anyQuota).first(db, { accountId })
}

export async function usageOf(db: Kysely<Tables>, accountId: number): Promise<Usage & { limits: Limits }> {
  const row = await quotaRow(db, accountId, false)
  return {
    storage: row?.storage ?? 0,
    messages: row?.messages ?? 0,
    limits: { storage: row?.storage_limit ?? null, messages: row?.message_limit ?? null },
  }
}

/**
 * What IMAP is told; a resource without a limit has none to tell.
 * @param root the owner's address
 */
export async function quotaOf(db: Kysely<Tables>, accountId: number, root: string): Promise<Quota> {
  const { storage, messages, limits } = await usageOf(db, accountId)
  const resources: QuotaResource[] = []
  if (limits.storage !== null) resources.push({ name: 'STORAGE', usage: storage, limit: limits.storage })
  if (limits.messages !== null) resources.push({ name: 'MESSAGE', usage: messages, limit: limits.messages })
  return { root, resources }
}

/** At the end of a transaction that has added messages: refuses with OVERQUOTA, and with it goes what was added. */
export async function refuseOverQuota(db: Kysely<Tables>, accountId: number): Promise<void> {
  const row = await quotaRow(db, accountId, true)
  if (!row) return
  const over =
    row.storage > (row.storage_limit ?? Number.POSITIVE_INFINITY) ||
    row.messages > (row.message_limit ?? Number.POSITIVE_INFINITY)
  if (over) throw new Refusal('OVERQUOTA', 'the mailbox is full')
}

/** Is there room for one more message of this size (0: not known)? `never` when it is larger than all that the user may have. */
export async function roomFor(
  db: Kysely<Tables>,
  accountId: number,
  size: number,
): Promise<'yes' | 'full' | 'never'> {
  const row = await quotaRow(db, accountId, true)
  if (!row) return 'yes'
  const storage = row.storage_limit ?? Number.POSITIVE_INFINITY
  const messages = row.message_limit ?? Number.POSITIVE_INFINITY
  if (size > storage || messages < 1) return 'never'
  // who does not say how large the message is, is let in while there is any room at all
  return row.storage + Math.max(size, 1) > storage || row.messages + 1 > messages ? 'full' : 'yes'
}

export async function setLimits(db: Kysely<Tables>, accountId: number, limits: Limits): Promise<void> {
  await db
    .updateTable('accounts')
    .set({ storage_limit: limits.storage, message_limit: limits.messages })
    .where('id', '=', accountId)
    .execute()
}
