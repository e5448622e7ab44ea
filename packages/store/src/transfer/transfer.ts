// Messages between a store and other places: what they look like on the way, and how they come in.
import { Refusal } from 'email-server'
import type { Transaction } from 'kysely'
import type { Bodies, PreparedBody } from '../bodies/bodies.ts'
import type { ChangeFeed } from '../changes.ts'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import { refuseOverQuota } from '../folders/quota.ts'
import type { Gate } from '../gate.ts'
import { type PlacedMessage, placeMessage, publishPlaced } from '../messages/delivering.ts'
import { flagSet } from '../messages/flags.ts'

/** A message outside of the store. */
export interface TransferMessage {
  /** Lines end with CRLF. */
  readonly raw: Uint8Array
  /** As IMAP's handlers name them: `Seen`, `Answered`, keywords. */
  readonly flags: readonly string[]
  /** When it arrived; null: not known, its Date field stands in for that. */
  readonly internalDate: Date | null
  /** Where it lies, levels separated by `/`; null: in no folder (an mbox is one folder). */
  readonly folder: string | null
}

export interface ImportProgress {
  readonly added: number
  /** Were in their folder already. */
  readonly skipped: number
  /** Octets of both. */
  readonly bytes: number
}

export interface ImportOptions {
  /** For messages in no folder. Default INBOX. */
  readonly folder?: string
  /** Called as often as something was made durable. */
  readonly onProgress?: (progress: ImportProgress) => void
  /** Ends after what is under way; what is in is in. Rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface ImportParts {
  readonly accountId: number
  readonly gate: Gate
  readonly database: Database
  readonly bodies: Bodies
  readonly changes: ChangeFeed
  readonly folderToFill: (trx: Transaction<Tables>, name: string) => Promise<{ readonly id: number }>
}

interface Prepared {
  readonly body: PreparedBody
  readonly flags: readonly string[]
  /** ms */
  readonly internalDate: number
  readonly folder: string
}

/** Messages in one transaction. */
const TOGETHER = 64
/** Octets after which a transaction is full. */
const TOGETHER_BYTES = 4 * 1024 * 1024

/**
 * Puts messages into the folders of an account, in their order, many in a transaction. One that is in its folder already, by its
 * octets, is passed over: so an import that was broken off is begun anew, and nothing is there twice.
 */
export async function importMessages(
  parts: ImportParts,
  messages: AsyncIterable<TransferMessage> | Iterable<TransferMessage>,
  { folder = 'INBOX', onProgress, signal }: ImportOptions,
): Promise<ImportProgress> {
  let progress: ImportProgress = { added: 0, skipped: 0, bytes: 0 }
  let group: Prepared[] = []
  let groupBytes = 0
  const store = async (): Promise<void> => {
    // what fails in the source is not a failure of the store
    const added = await parts.gate.pass(() => storeGroup(parts, group))
    progress = {
      added: progress.added + added,
      skipped: progress.skipped + group.length - added,
      bytes: progress.bytes + groupBytes,
    }
    group = []
    groupBytes = 0
    onProgress?.(progress)
  }
  for await (const message of messages) {
    signal?.throwIfAborted()
    group.push(prepare(parts.bodies, message, folder))
    groupBytes += message.raw.length
    if (group.length >= TOGETHER || groupBytes >= TOGETHER_BYTES) await store()
  }
  if (group.length > 0) await store()
  return progress
}

function prepare(
  bodies: Bodies,
  { raw, flags, internalDate, folder }: TransferMessage,
  usual: string,
): Prepared {
  const body = bodies.prepare(raw)
  const arrived = internalDate?.getTime() ?? body.metadata.sentAt ?? Date.now()
  return { body, flags: flags.filter(isFlag), internalDate: arrived, folder: folder ?? usual }
}

/** Other programs have keywords that IMAP has no way to say. */
function isFlag(flag: string): boolean {
  try {
    flagSet([flag])
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

/** Answers how many were added. */
async function storeGroup(parts: ImportParts, group: readonly Prepared[]): Promise<number> {
  const { database, bodies, changes } = parts
  const placed = await bodies.holding(
    group.map(({ body }) => body),
    () =>
      database.write(async trx => {
        const all: PlacedMessage[] = []
        const folders = new Map<string, number>()
        for (const { body, flags, internalDate, folder } of group) {
          const folderId = folders.get(folder) ?? (await parts.folderToFill(trx, folder)).id
          folders.set(folder, folderId)
          if (await isThere(trx, folderId, body.hash)) continue
          const placement = { folderId, flags: flagSet(flags), internalDate }
          all.push(...(await placeMessage(trx, bodies, body, [placement])))
        }
        await refuseOverQuota(trx, parts.accountId)
        return all
      }),
  )
  publishPlaced(changes, placed)
  return placed.length
}

async function isThere(trx: Transaction<Tables>, folderId: number, hash: string): Promise<boolean> {
  const row = await trx
    .selectFrom('bodies')
    .innerJoin('messages', 'messages.body_id', 'bodies.id')
    .select('messages.uid')
    .where('bodies.hash', '=', hash)
    .where('messages.folder_id', '=', folderId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
