// Mail from another IMAP server into a store: which folder becomes which, and what need not come again.
import { type ConnectImapOptions, connectIMAP, type ImapConnection } from 'email-server'
import type { MailboxHandlers } from 'email-server/mailbox'
import { findFolder } from '../folders/folders.ts'
import { DELIMITER, folderName, INBOX, OTHER_USERS } from '../folders/names.ts'
import { readMark } from './marks.ts'
import { type PlannedFolder, type ReadImapOptions, readPlanned } from './read-imap.ts'
import { type ImportParts, type ImportProgress, importMessages } from './transfer.ts'

export interface ImapTransferOptions extends Pick<ReadImapOptions, 'only' | 'onRefused'> {
  /**
   * Whose mail it is there, and on which server (`alice@imap.example.com`): the store remembers by it how far each folder has come. Known by itself
   * when options are given instead of a connection; a connection without it has all messages compared by their octets.
   */
  readonly place?: string
  /** Called as often as something was made durable. */
  readonly onProgress?: (progress: ImapProgress) => void
  /** Ends after what is under way. Rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface ImportImapOptions extends ImapTransferOptions, Pick<ReadImapOptions, 'maxMessage'> {
  /** All folders come below this one, and INBOX into it. Default: INBOX into INBOX, folders with a special use into those of the same use. */
  readonly folder?: string
}

export interface ImapProgress extends ImportProgress {
  /** Messages in all, of which `added + skipped + refused` are done with; as they were at the beginning. */
  readonly total: number
  readonly refused: number
}

export async function importImap(
  parts: ImportParts,
  handlers: MailboxHandlers,
  imap: ImapConnection,
  options: ImportImapOptions,
): Promise<ImapProgress> {
  const { folder: parent, onProgress, signal } = options
  const { folders, uses } = await ownFolders(handlers)
  const names = new Set(folders)
  const sums = { total: 0, passed: 0, refused: 0 }
  const progressOf = (progress: ImportProgress): ImapProgress => ({
    ...progress,
    skipped: progress.skipped + sums.passed,
    total: sums.total,
    refused: sums.refused,
  })
  const messages = readPlanned(imap, {
    ...options,
    uses: parent === undefined ? uses : null,
    ...(parent !== undefined && { rename: ({ name }: PlannedFolder) => below(parent, name) }),
    onFolder: folder => make(handlers, names, folder),
    after: (folder, uidValidity) => markOf(parts, folder, uidValidity),
    onPassed: count => {
      sums.passed += count
      onProgress?.(progressOf(progress))
    },
    onTotal: count => {
      sums.total = count
    },
    ...(options.onRefused && {
      onRefused: refused => {
        sums.refused++
        options.onRefused!(refused)
      },
    }),
  })
  let progress: ImportProgress = { added: 0, skipped: 0, bytes: 0 }
  const done = await importMessages(parts, messages, {
    onProgress: told => {
      progress = told
      onProgress?.(progressOf(told))
    },
    ...(signal && { signal }),
  }).catch(error => {
    signal?.throwIfAborted()
    throw error
  })
  return progressOf(done)
}

export interface OwnFolders {
  readonly folders: readonly string[]
  /** By their use. */
  readonly uses: ReadonlyMap<string, string>
}

export async function ownFolders(handlers: MailboxHandlers): Promise<OwnFolders> {
  const own = (await handlers.folders!({})).filter(({ name }) => !name.startsWith(OTHER_USERS + DELIMITER))
  const uses = own.flatMap(({ name, specialUse }) => (specialUse ? [[specialUse, name] as const] : []))
  return { folders: own.map(({ name }) => name), uses: new Map(uses) }
}

function below(parent: string, name: string): string {
  return name === INBOX ? parent : `${parent}${DELIMITER}${name}`
}

/** Empty folders come, too. */
async function make(
  handlers: MailboxHandlers,
  names: Set<string>,
  { remote, name }: PlannedFolder,
): Promise<void> {
  const known = folderName(name)
  if (names.has(known)) return
  await handlers.createFolder!(known, { specialUse: [] })
  names.add(known)
  if (remote.subscribed) await handlers.subscribe!(known, {})
}

async function markOf(
  { database, accountId, place }: ImportParts,
  { remote, name }: PlannedFolder,
  uidValidity: number,
): Promise<number> {
  if (place === null) return 0
  return database.read(async db => {
    const folder = await findFolder(db, accountId, name)
    if (!folder) return 0
    const mark = {
      folderId: folder.id,
      direction: 'in',
      place,
      remoteFolder: remote.name,
      uidValidity,
    } as const
    return readMark(db, mark)
  })
}

/** Runs `work` on a connection; one that was made for it is closed behind it. */
export async function onConnection<T>(
  given: ImapConnection | ConnectImapOptions,
  { place = null }: { readonly place?: string | null },
  work: (imap: ImapConnection, place: string | null) => Promise<T>,
): Promise<T> {
  if ('lock' in given) return work(given, place)
  const imap = await connectIMAP(given)
  try {
    const user = given.auth?.user ?? ''
    return await work(imap, place ?? `${user}@${(given.host ?? 'localhost').toLowerCase()}`)
  } finally {
    await imap.logout()
  }
}
