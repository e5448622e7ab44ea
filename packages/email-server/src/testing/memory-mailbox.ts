// A mailbox in memory: the smallest backend that answers everything, for tests, and to be copied from. One object is one
// user's mail; any number of IMAP and POP3 sessions attach to it, and each hears what the others change.
import { Refusal } from '../base/errors.ts'
import type { ClosedRange } from '../base/ranges.ts'
import type {
  Folder,
  FolderNews,
  MailboxHandlers,
  MailboxSession,
  MessageId,
  MessageMeta,
  PlacedMessages,
  SearchKey,
  ThreadSubject,
} from '../mailbox/index.ts'
import { evaluate, sortMessages, threadMessages } from '../mailbox/index.ts'
import { envelopeOf, headerText, splitHeader } from '../mime/index.ts'

export interface StoredMessage {
  readonly uid: number
  readonly raw: Uint8Array
  readonly internalDate: number
  /** When it was put into this folder (RFC 8514), ms since the epoch. */
  readonly saveDate: number
  /** The same for all copies (RFC 8474). */
  readonly emailId: string
  flags: readonly string[]
  /** Rises with every change in the mailbox (RFC 7162). */
  modseq: number
}

interface StoredFolder {
  name: string
  specialUse: string | null
  subscribed: boolean
  /** A new one for every folder made, so that a name that is used again is not taken for the old folder. */
  readonly uidValidity: number
  uidNext: number
  /** By UID, ascending: UIDs only grow and a Map keeps its order. */
  readonly messages: Map<number, StoredMessage>
  /** What was removed, for clients that come back (RFC 7162 §3.2.10). */
  readonly removed: { readonly uid: number; readonly modseq: number }[]
}

export interface MemoryMailboxOptions {
  /** Default: INBOX, Drafts, Sent, Junk, Trash and Archive. INBOX is always there. */
  readonly folders?: readonly (string | Folder)[]
  /** The time of messages that come without one, ms since the epoch. Default: always 0. */
  readonly now?: () => number
}

const USUAL_FOLDERS: readonly Folder[] = [
  { name: 'INBOX' },
  { name: 'Drafts', specialUse: 'Drafts' },
  { name: 'Sent', specialUse: 'Sent' },
  { name: 'Junk', specialUse: 'Junk' },
  { name: 'Trash', specialUse: 'Trash' },
  { name: 'Archive', specialUse: 'Archive' },
]

export class MemoryMailbox {
  readonly #folders = new Map<string, StoredFolder>()
  readonly #sessions = new Set<MailboxSession>()
  /** Sessions that hear of all folders (RFC 5465). */
  readonly #watchers = new Set<MailboxSession>()
  readonly #now: () => number
  #modseq = 1
  #lastUidValidity = 0
  #lastEmail = 0

  constructor(options: MemoryMailboxOptions = {}) {
    this.#now = options.now ?? (() => 0)
    this.#create('INBOX')
    for (const folder of options.folders ?? USUAL_FOLDERS) {
      if (typeof folder === 'string') this.#create(folder)
      else this.#create(folder.name, folder.specialUse ?? null, folder.subscribed ?? true)
    }
  }

  /** Answers for this session until it closes: `server.on('mailboxSession', session => mailbox.attach(session))`. */
  attach(session: MailboxSession): void {
    session.use(this.#handlers(session), {
      supplies: ['modseq', 'vanished', 'size', 'deleted', 'emailId', 'mailboxId', 'saveDate'],
    })
    this.#sessions.add(session)
    session.on('close', () => {
      this.#sessions.delete(session)
      this.#watchers.delete(session)
    })
  }

  /** Puts a message in; returns its UID. Sessions that have the folder open are told. */
  deliver(
    raw: Uint8Array,
    options: {
      readonly folder?: string
      readonly flags?: readonly string[]
      readonly internalDate?: Date | number
    } = {},
  ): number {
    const folder = this.#folder(options.folder ?? 'INBOX')
    const uid = this.#add(folder, raw, options.flags ?? [], Number(options.internalDate ?? this.#now()))
    this.#tellExists(folder, null)
    return uid
  }

  /** Everything in a folder, in UID order. */
  messages(folder = 'INBOX'): readonly StoredMessage[] {
    return [...this.#folder(folder).messages.values()]
  }

  #handlers(session: MailboxSession): MailboxHandlers {
    const open = (): StoredFolder => this.#folder(session.currentFolder ?? '')
    return {
      folders: () =>
        [...this.#folders.values()].map(folder => ({
          name: folder.name,
          specialUse: folder.specialUse,
          subscribed: folder.subscribed,
          mailboxId: mailboxIdOf(folder),
        })),

      openFolder: name => {
        const folder = this.#folder(name)
        return { ...this.#numbers(folder), highestModseq: this.#modseq }
      },

      status: name => ({ ...this.#numbers(this.#folder(name)), highestModseq: this.#modseq }),

      resolveMessages: ({ ranges }) => [...open().messages.keys()].filter(uid => isIn(uid, ranges)),

      messageMeta: ids => pick(open(), ids).map(metaOf),

      messageBody: id => {
        const message = open().messages.get(Number(id))
        if (!message) throw new Refusal('EXPUNGEISSUED', 'the message has been removed')
        return message.raw
      },

      setFlags: (ids, _flags, { mode, changed, unchangedSince }) => {
        const folder = open()
        const messages = pick(folder, ids).filter(
          message => unchangedSince === undefined || message.modseq <= unchangedSince,
        )
        const modseq = ++this.#modseq
        for (const message of messages) {
          message.flags = combine(message.flags, mode, changed)
          message.modseq = modseq
        }
        for (const other of this.#others(session, folder)) {
          for (const message of messages) other.notifyFlags(null, message.uid, message.flags, modseq)
        }
        if (messages.length > 0) this.#tellWatchers({ kind: 'flags', folder: folder.name }, session)
        return messages.map(({ uid, flags }) => ({ id: uid, flags, modseq }))
      },

      append: (name, raw, flags, { internalDate }) => {
        const folder = this.#destination(name)
        const uid = this.#add(folder, raw, flags, Number(internalDate ?? this.#now()))
        this.#tellExists(folder, session)
        return { uidValidity: folder.uidValidity, uids: [uid] }
      },

      appendAll: (name, messages) => {
        const folder = this.#destination(name)
        const uids = messages.map(({ raw, flags, internalDate }) =>
          this.#add(folder, raw, flags, Number(internalDate ?? this.#now())),
        )
        this.#tellExists(folder, session)
        return { uidValidity: folder.uidValidity, uids }
      },

      replace: (id, name, raw, flags, { internalDate }) => {
        const folder = this.#destination(name)
        const old = pick(open(), [id])
        if (old.length === 0) throw new Refusal('NONEXISTENT', 'the message has been removed')
        const uid = this.#add(folder, raw, flags, Number(internalDate ?? this.#now()))
        this.#tellExists(folder, session)
        return { uidValidity: folder.uidValidity, uids: [uid], ...this.#remove(open(), old, session) }
      },

      copyMessages: (ids, name) => this.#copy(pick(open(), ids), this.#destination(name), session),

      move: (ids, name) => {
        const messages = pick(open(), ids)
        const placed = this.#copy(messages, this.#destination(name), session)
        return { ...placed, ...this.#remove(open(), messages, session) }
      },

      sort: (keys, criteria) => sortMessages(this.#search(open(), criteria).map(subjectOf), keys),

      thread: (algorithm, criteria) =>
        threadMessages(algorithm, this.#search(open(), criteria).map(subjectOf)),

      expunge: ids => this.#remove(open(), pick(open(), ids), session),

      createFolder: (name, { specialUse }) => {
        checkLevels(name)
        if (this.#folders.has(name)) throw new Refusal('ALREADYEXISTS', 'there is such a folder')
        this.#create(name, specialUse?.[0] ?? null)
        this.#tellWatchers({ kind: 'created', folder: name }, session)
        return { mailboxId: mailboxIdOf(this.#folder(name)) }
      },

      deleteFolder: name => {
        if (name === 'INBOX') throw new Refusal('CANNOT', 'INBOX stays')
        this.#folders.delete(this.#folder(name).name)
        this.#tellWatchers({ kind: 'deleted', folder: name }, session)
      },

      renameFolder: (from, to) => {
        checkLevels(to)
        this.#rename(this.#folder(from), to, session)
        this.#tellWatchers({ kind: 'renamed', folder: to, from }, session)
      },

      subscribe: name => {
        this.#folder(name).subscribed = true
        this.#tellWatchers({ kind: 'subscription', folder: name }, session)
      },

      unsubscribe: name => {
        this.#folder(name).subscribed = false
        this.#tellWatchers({ kind: 'subscription', folder: name }, session)
      },

      watchFolders: on => {
        if (on) this.#watchers.add(session)
        else this.#watchers.delete(session)
      },

      qresync: (name, { uidValidity, modseq, knownUids }) => {
        const folder = this.#folder(name)
        if (uidValidity !== folder.uidValidity) return { changed: [], vanished: [] }
        const known = knownUids ?? [[1, Number.POSITIVE_INFINITY] as const]
        const changed = [...folder.messages.values()].filter(
          message => message.modseq > modseq && isIn(message.uid, known),
        )
        return { changed: changed.map(metaOf), vanished: vanishedSince(folder, modseq, known) }
      },

      resolveVanished: ({ ranges }, modseq) => vanishedSince(open(), modseq, ranges),
    }
  }

  #search(folder: StoredFolder, criteria: SearchKey): StoredMessage[] {
    const now = this.#now()
    return [...folder.messages.values()].filter(message =>
      evaluate(criteria, { meta: metaOf(message), raw: message.raw }, now),
    )
  }

  #folder(name: string): StoredFolder {
    const folder = this.#folders.get(name)
    if (!folder) throw new Refusal('NONEXISTENT', 'there is no such folder')
    return folder
  }

  /** As `#folder`, for APPEND, COPY and MOVE: the client may create it and try again (RFC 9051 §6.3.12). */
  #destination(name: string): StoredFolder {
    const folder = this.#folders.get(name)
    if (!folder) throw new Refusal('TRYCREATE', 'there is no such folder')
    return folder
  }

  /** The folder and, as RFC 9051 §6.3.4 asks, the folders above it. */
  #create(name: string, specialUse: string | null = null, subscribed = true): void {
    const levels = name.split('/')
    for (let i = 1; i <= levels.length; i++) {
      const path = levels.slice(0, i).join('/')
      if (this.#folders.has(path)) continue
      this.#folders.set(path, {
        name: path,
        specialUse: path === name ? specialUse : null,
        subscribed: path === name ? subscribed : true,
        uidValidity: ++this.#lastUidValidity,
        uidNext: 1,
        messages: new Map(),
        removed: [],
      })
    }
  }

  #rename(folder: StoredFolder, to: string, by: MailboxSession): void {
    const from = folder.name
    if (this.#folders.has(to)) throw new Refusal('ALREADYEXISTS', 'there is such a folder')
    if (from === 'INBOX') {
      this.#create(to)
      const messages = [...folder.messages.values()]
      this.#copy(messages, this.#folder(to), by)
      this.#remove(folder, messages, null)
      return
    }
    for (const other of [...this.#folders.values()]) {
      if (other !== folder && !other.name.startsWith(`${from}/`)) continue
      this.#folders.delete(other.name)
      other.name = to + other.name.slice(from.length)
      this.#folders.set(other.name, other)
    }
  }

  #add(
    folder: StoredFolder,
    raw: Uint8Array,
    flags: readonly string[],
    internalDate: number,
    emailId = `M${++this.#lastEmail}`,
  ): number {
    const uid = folder.uidNext++
    const modseq = ++this.#modseq
    const saveDate = this.#now()
    folder.messages.set(uid, { uid, raw, flags: [...flags], internalDate, saveDate, emailId, modseq })
    return uid
  }

  #copy(messages: readonly StoredMessage[], destination: StoredFolder, by: MailboxSession): PlacedMessages {
    const uids = messages.map(({ raw, flags, internalDate, emailId }) =>
      this.#add(destination, raw, flags, internalDate, emailId),
    )
    this.#tellExists(destination, by)
    return { uidValidity: destination.uidValidity, uids }
  }

  #remove(
    folder: StoredFolder,
    messages: readonly StoredMessage[],
    by: MailboxSession | null,
  ): { modseq: number } {
    const modseq = ++this.#modseq
    for (const { uid } of messages) {
      folder.messages.delete(uid)
      folder.removed.push({ uid, modseq })
    }
    for (const other of this.#others(by, folder)) other.notifyVanished(messages.map(message => message.uid))
    if (messages.length > 0) this.#tellWatchers({ kind: 'gone', folder: folder.name }, by)
    return { modseq }
  }

  #numbers(folder: StoredFolder): {
    uidValidity: number
    uidNext: number
    total: number
    unread: number
    size: number
    deleted: number
    mailboxId: string
  } {
    const messages = [...folder.messages.values()]
    return {
      uidValidity: folder.uidValidity,
      uidNext: folder.uidNext,
      total: messages.length,
      unread: messages.filter(message => !message.flags.includes('Seen')).length,
      size: messages.reduce((sum, message) => sum + message.raw.length, 0),
      deleted: messages.filter(message => message.flags.includes('Deleted')).length,
      mailboxId: mailboxIdOf(folder),
    }
  }

  #tellExists(folder: StoredFolder, by: MailboxSession | null): void {
    for (const session of this.#others(null, folder)) session.notifyExists(folder.messages.size)
    this.#tellWatchers({ kind: 'new', folder: folder.name }, by)
  }

  #tellWatchers(news: FolderNews, by: MailboxSession | null): void {
    for (const watcher of this.#watchers) if (watcher !== by) watcher.notifyFolder(news)
  }

  /** Sessions that have the folder open, without the one that did it: it knows. */
  #others(session: MailboxSession | null, folder: StoredFolder): MailboxSession[] {
    return [...this.#sessions].filter(other => other !== session && other.currentFolder === folder.name)
  }
}

function isIn(uid: number, ranges: readonly ClosedRange[]): boolean {
  return ranges.some(([first, last]) => uid >= first && uid <= last)
}

function pick(folder: StoredFolder, ids: readonly MessageId[]): StoredMessage[] {
  return ids.flatMap(id => folder.messages.get(Number(id)) ?? [])
}

function metaOf({ uid, raw, ...rest }: StoredMessage): MessageMeta {
  return { id: uid, uid, size: raw.length, ...rest }
}

function subjectOf(message: StoredMessage): ThreadSubject {
  const header = splitHeader(message.raw)
  return { meta: metaOf(message), envelope: envelopeOf(header), references: headerText(header, 'references') }
}

function checkLevels(name: string): void {
  if (name.split('/').includes('')) throw new Refusal('CANNOT', 'a level of a folder name is empty')
}

/** UIDVALIDITY is given out once, and stays with a folder that is renamed. */
function mailboxIdOf(folder: StoredFolder): string {
  return `F${folder.uidValidity}`
}

function combine(
  flags: readonly string[],
  mode: 'set' | 'add' | 'remove',
  changed: readonly string[],
): readonly string[] {
  if (mode === 'set') return [...changed]
  if (mode === 'remove') return flags.filter(flag => !changed.includes(flag))
  return [...new Set([...flags, ...changed])]
}

function vanishedSince(folder: StoredFolder, modseq: number, ranges: readonly ClosedRange[]): ClosedRange[] {
  return folder.removed
    .filter(gone => gone.modseq > modseq && isIn(gone.uid, ranges))
    .map(gone => gone.uid)
    .sort((a, b) => a - b)
    .map(uid => [uid, uid] as const)
}
