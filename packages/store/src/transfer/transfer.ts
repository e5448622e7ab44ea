// Messages between a store and other places: what they look like on the way, and how they come in.
import { type MailError, Refusal } from 'email-server'
import type { Transaction } from 'kysely'
import type { Bodies, PreparedBody } from '../bodies/bodies.ts'
import type { ChangeFeed } from '../changes.ts'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import type { FilledFolder } from '../folders/folders.ts'
import { lockLimited } from '../folders/locks.ts'
import { refuseOverQuota } from '../folders/quota.ts'
import type { Gate } from '../gate.ts'
import { folderMade, type PlacedMessage, placeMessage, publishPlaced } from '../messages/delivering.ts'
import { flagSet } from '../messages/flags.ts'
import { type TransferMark, writeMark } from './marks.ts'

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
  /** From which message of another server it is. */
  readonly origin?: MessageOrigin
  /** It comes from a view of all messages: it is wanted only when the account has it in no folder. */
  readonly onlyIfNowhere?: true
}

export interface MessageOrigin {
  /** The name of the folder there. */
  readonly folder: string
  readonly uidValidity: number
  readonly uid: number
  /** Messages up to this UID have all been told before or with this one. */
  readonly mark: number
}

/** A message that one of the servers does not give or take. */
export interface RefusedMessage {
  /** The folder that it is in. */
  readonly folder: string
  /** In that folder. */
  readonly uid: number
  readonly error: MailError
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
  readonly folderToFill: (trx: Transaction<Tables>, name: string) => Promise<FilledFolder>
  /** Whose mail it is, and on which server: for messages with an origin. Null: nothing is remembered of that. */
  readonly place: string | null
}

interface Prepared {
  readonly body: PreparedBody
  readonly flags: readonly string[]
  /** ms */
  readonly internalDate: number
  readonly folder: string
  readonly origin: MessageOrigin | null
  readonly onlyIfNowhere: boolean
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
  { raw, flags, internalDate, folder, origin, onlyIfNowhere }: TransferMessage,
  usual: string,
): Prepared {
  const body = bodies.prepare(raw)
  const arrived = internalDate?.getTime() ?? body.metadata.sentAt ?? Date.now()
  return {
    body,
    flags: flags.filter(isFlag),
    internalDate: arrived,
    folder: folder ?? usual,
    origin: origin ?? null,
    onlyIfNowhere: onlyIfNowhere === true,
  }
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
  let made: FilledFolder[] = []
  const placed = await bodies.holding(
    group.map(({ body }) => body),
    () =>
      database.write(async trx => {
        const all: PlacedMessage[] = []
        made = []
        const folders = new Map<string, number>()
        const marks = new Map<string, readonly [TransferMark, number]>()
        const limited = await lockLimited(trx, [parts.accountId])
        for (const { body, flags, internalDate, folder, origin, onlyIfNowhere } of group) {
          let folderId = folders.get(folder)
          if (folderId === undefined) {
            const filled = await parts.folderToFill(trx, folder)
            made.push(filled)
            folderId = filled.id
            folders.set(folder, folderId)
          }
          if (origin && parts.place !== null && origin.uidValidity > 0) {
            const { folder: remoteFolder, uidValidity, mark } = origin
            const line = { folderId, direction: 'in', place: parts.place, remoteFolder, uidValidity } as const
            marks.set(`${folderId} ${remoteFolder}`, [line, mark])
          }
          if (await isThere(trx, onlyIfNowhere ? { accountId: parts.accountId } : { folderId }, body.hash))
            continue
          const placement = { folderId, flags: flagSet(flags), internalDate }
          all.push(...(await placeMessage(trx, bodies, body, [placement])))
        }
        for (const accountId of limited) await refuseOverQuota(trx, accountId)
        for (const [mark, uid] of marks.values()) if (uid > 0) await writeMark(trx, mark, uid)
        return all
      }),
  )
  for (const { id, made: name } of made) {
    if (name !== null) changes.publishNames(parts.accountId, folderMade(id, name), null)
  }
  publishPlaced(changes, placed)
  return placed.length
}

/** Is it in that folder, or in any folder of that account? */
async function isThere(
  trx: Transaction<Tables>,
  place: { readonly folderId: number } | { readonly accountId: number },
  hash: string,
): Promise<boolean> {
  const same = trx
    .selectFrom('bodies')
    .innerJoin('messages', 'messages.body_id', 'bodies.id')
    .select('messages.uid')
    .where('bodies.hash', '=', hash)
    .limit(1)
  const there =
    'folderId' in place
      ? same.where('messages.folder_id', '=', place.folderId)
      : same.where('messages.folder_id', 'in', db =>
          db.selectFrom('folders').select('id').where('account_id', '=', place.accountId),
        )
  return (await there.executeTakeFirst()) !== undefined
}
