// The storage contract for one session: all handlers, each through the gate.
import type { FolderNews, MailboxHandlers, Supply } from 'email-server/mailbox'
import type { Account } from './accounts/accounts.ts'
import type { Watcher } from './changes.ts'
import type { Gate } from './gate.ts'
import { folderHandlers } from './handlers/folder-handlers.ts'
import { appendingHandlers, changingHandlers, readingHandlers } from './handlers/message-handlers.ts'
import { noteHandlers, quotaHandlers, rightsHandlers } from './handlers/note-handlers.ts'
import { queryHandlers } from './handlers/query-handlers.ts'
import { type StoreParts, StoreSession } from './handlers/session.ts'

/** What these handlers promise beyond the bare contract. */
export const SUPPLIES: readonly Supply[] = [
  'modseq',
  'vanished',
  'size',
  'deleted',
  'emailId',
  'mailboxId',
  'saveDate',
  'preview',
]

export interface MailboxAccess {
  readonly handlers: MailboxHandlers
  /** The session is over: no more news. */
  close(): void
}

export interface MailboxOptions {
  /** Hears of what others do to any of the user's folders while the session watches them; without it there is no `watchFolders`. */
  readonly onFolderNews?: (news: FolderNews) => void
  /** The account is gone, or was switched off: who holds the session ends it. */
  readonly onEnd?: () => void
  /** May set quotas. Default false. */
  readonly isAdministrator?: boolean
}

/**
 * @param user the account, asked for when it is first needed
 * @param onChange hears of what changes in the open folder by others; see ChangeFeed.publish
 */
export function openMailbox(
  parts: StoreParts,
  user: () => Promise<Account>,
  onChange: Watcher,
  { onFolderNews, isAdministrator = false }: MailboxOptions,
): MailboxAccess {
  const session = new StoreSession(parts, user, onChange, onFolderNews ?? null)
  const handlers = {
    ...folderHandlers(session),
    ...readingHandlers(session),
    ...changingHandlers(session),
    ...appendingHandlers(session),
    ...queryHandlers(session),
    ...noteHandlers(session),
    ...rightsHandlers(session),
    ...quotaHandlers(session, isAdministrator),
    ...(onFolderNews && { watchFolders: (on: boolean) => session.watchFolders(on) }),
  }
  return { handlers: guarded(handlers, parts.gate), close: () => session.close() }
}

/** The same handlers, each through the gate. */
function guarded(handlers: MailboxHandlers, gate: Gate): MailboxHandlers {
  const entries = Object.entries(handlers).map(([name, handler]) => {
    const work = handler as (...args: unknown[]) => Promise<unknown>
    return [name, (...args: unknown[]) => gate.pass(async () => work(...args))]
  })
  return Object.fromEntries(entries) as MailboxHandlers
}
