// Mail of a store to another IMAP server: by APPEND, several at a time where the server can (RFC 3502). What is there already is known by the
// mark of an earlier time, or by its octets: a message that has the size of one that is there is compared with it.
import { createHash } from 'node:crypto'
import { type AppendMessage, type ImapConnection, type MailboxLock, MailError } from 'email-server'
import type { MailboxHandlers } from 'email-server/mailbox'
import type { Database } from '../database/database.ts'
import { noSuchFolder } from '../errors.ts'
import { getFolder } from '../folders/folders.ts'
import { INBOX } from '../folders/names.ts'
import { type ExportedMessage, exportMessages, idsIn } from './export.ts'
import { type RemoteFolders, remoteFolders, remoteName } from './imap-folders.ts'
import { type ImapProgress, type ImapTransferOptions, ownFolders } from './import-imap.ts'
import { readMark, type TransferMark, writeMark } from './marks.ts'
import { isLost, isRefusal, patiently } from './read-imap.ts'

export interface ExportImapOptions extends ImapTransferOptions {
  /** All folders come below this one there (its name there), and INBOX into it. Default: INBOX into INBOX, folders with a special use into those of the same use. */
  readonly folder?: string
}

export interface ExportParts {
  readonly accountId: number
  readonly database: Database
  readonly handlers: MailboxHandlers
  /** Whose mail it is there, and on which server; null: nothing is remembered. */
  readonly place: string | null
}

/** Messages, and octets, of one APPEND. */
const TOGETHER = 64
const TOGETHER_BYTES = 1024 * 1024
/** Lost connections in a row without a message in between. */
const ATTEMPTS = 5
const SYSTEM: ReadonlySet<string> = new Set(['seen', 'answered', 'flagged', 'deleted', 'draft'])

export async function exportImap(
  parts: ExportParts,
  imap: ImapConnection,
  options: ExportImapOptions,
): Promise<ImapProgress> {
  const { handlers } = parts
  const listed = await handlers.folders!({})
  const own = new Set((await ownFolders(handlers)).folders)
  const there = await patiently(() => remoteFolders(imap))
  const uses = new Map(there.all.flatMap(({ specialUse, name }) => (specialUse ? [[specialUse, name]] : [])))
  const wanted = listed.filter(({ name }) => own.has(name) && (options.only ?? name) === name)
  const count = new Counter(options)
  if (options.only !== undefined && wanted.length === 0) throw noSuchFolder()
  for (const { name } of wanted)
    count.total += Number((await handlers.status!(name, { items: ['total'] })).total)
  for (const { name, specialUse = null, subscribed = false } of wanted) {
    const facts = { name, specialUse }
    const wish =
      options.folder === undefined ? remoteName(facts, there, uses) : below(options.folder, name, there)
    const remote = await patiently(() =>
      make(imap, there, wish, options.folder === undefined ? specialUse : null, subscribed),
    )
    await new FolderSender(parts, imap, { local: name, remote }, options, count).send()
  }
  return count.told
}

function below(parent: string, name: string, { delimiter }: RemoteFolders): string {
  const levels = remoteName({ name, specialUse: null }, { all: [], prefix: '', delimiter }, new Map())
  return levels === INBOX ? parent : `${parent}${delimiter ?? '_'}${levels}`
}

/** Makes the folder when there is none, under a plainer name when the server does not take its own; answers how it is called. */
async function make(
  imap: ImapConnection,
  there: RemoteFolders,
  wanted: string,
  use: string | null,
  subscribed: boolean,
): Promise<string> {
  let refusal: MailError | null = null
  for (const name of new Set([wanted, plainer(wanted, there.delimiter)])) {
    if (name === INBOX || there.all.some(each => each.name === name)) return name
    try {
      const withUse = use !== null && imap.has('CREATE-SPECIAL-USE')
      await imap.create(name, withUse ? { specialUse: use } : {})
    } catch (error) {
      if (!isRefusal(error)) throw error
      refusal ??= error
      if (!(await isThere(imap, name))) continue
    }
    if (subscribed) await imap.subscribe(name)
    return name
  }
  throw refusal
}

/** Made by an attempt whose answer was lost, or not listed. */
async function isThere(imap: ImapConnection, name: string): Promise<boolean> {
  try {
    await imap.status(name, ['UIDVALIDITY'])
    return true
  } catch (error) {
    if (isRefusal(error)) return false
    throw error
  }
}

/** Without what servers keep for themselves in the names of files: Dovecot's Maildir++ takes no dot, whatever separates levels. */
function plainer(name: string, delimiter: string | null): string {
  return name.replaceAll(/[.~^\\#&%*"]/g, char => (char === delimiter ? char : '_'))
}

class Counter {
  total = 0
  added = 0
  skipped = 0
  bytes = 0
  refused = 0
  readonly options: ExportImapOptions

  constructor(options: ExportImapOptions) {
    this.options = options
  }

  get told(): ImapProgress {
    const { added, skipped, bytes, total, refused } = this
    return { added, skipped, bytes, total, refused }
  }

  tell(): void {
    this.options.onProgress?.(this.told)
  }
}

interface Outgoing extends ExportedMessage {
  readonly hash: string
}

class FolderSender {
  readonly #parts: ExportParts
  readonly #imap: ImapConnection
  readonly #names: { readonly local: string; readonly remote: string }
  readonly #options: ExportImapOptions
  readonly #count: Counter
  #lock: MailboxLock | null = null
  #there: Contents
  #group: Outgoing[] = []
  #groupBytes = 0

  constructor(
    parts: ExportParts,
    imap: ImapConnection,
    names: { readonly local: string; readonly remote: string },
    options: ExportImapOptions,
    count: Counter,
  ) {
    this.#parts = parts
    this.#imap = imap
    this.#names = names
    this.#options = options
    this.#count = count
    this.#there = new Contents(imap)
  }

  async send(): Promise<void> {
    const { handlers } = this.#parts
    const { local } = this.#names
    try {
      await patiently(() => this.#open())
      const mark = await this.#mark()
      const after = mark ? await this.#parts.database.read(db => readMark(db, mark)) : 0
      const { uidValidity, ids } = await idsIn(handlers, local)
      const left = ids.filter(id => Number(id) > after)
      this.#count.skipped += ids.length - left.length
      this.#count.tell()
      if (left.length === 0) return
      await patiently(() => this.#look())
      for await (const message of exportMessages(handlers, local, uidValidity, left)) {
        this.#options.signal?.throwIfAborted()
        const hash = createHash('sha256').update(message.raw).digest('hex')
        this.#group.push({ ...message, hash })
        this.#groupBytes += message.raw.length
        if (this.#group.length >= TOGETHER || this.#groupBytes >= TOGETHER_BYTES) await this.#flush(mark)
      }
      if (this.#group.length > 0) await this.#flush(mark)
    } finally {
      this.#lock?.release()
    }
  }

  async #mark(): Promise<TransferMark | null> {
    const { database, accountId, place } = this.#parts
    const { local, remote } = this.#names
    const uidValidity = this.#there.uidValidity
    if (place === null || uidValidity === 0) return null
    const { id } = await database.read(db => getFolder(db, accountId, local))
    return { folderId: id, direction: 'out', place, remoteFolder: remote, uidValidity }
  }

  async #open(): Promise<void> {
    this.#lock?.release()
    const { signal } = this.#options
    this.#lock = await this.#imap.lock(this.#names.remote, { ...(signal && { signal }) })
    const { mailbox } = this.#lock
    if (!mailbox) throw lostAgain()
    if (this.#there.uidValidity !== mailbox.uidValidity) {
      this.#there = new Contents(this.#imap, mailbox.uidValidity)
    }
  }

  async #look(): Promise<void> {
    if (!this.#lock?.mailbox) await this.#open()
    await this.#there.look()
  }

  /** Sends what is in hand; a connection that is lost leaves open what has become of it, so the folder is looked at again. */
  async #flush(mark: TransferMark | null): Promise<void> {
    const group = this.#group
    const last = group.at(-1)!.uid
    this.#group = []
    this.#groupBytes = 0
    for (let failures = 0; group.length > 0; ) {
      const before = group.length
      try {
        if (failures > 0) await this.#look()
        await this.#passOver(group)
        await this.#append(group)
      } catch (error) {
        failures = group.length < before ? 1 : failures + 1
        if (!isLost(error) || failures > ATTEMPTS) throw error
      }
    }
    if (mark) await this.#parts.database.write(trx => writeMark(trx, mark, last))
    this.#count.tell()
  }

  /** Takes out those that are there. */
  async #passOver(group: Outgoing[]): Promise<void> {
    for (let at = 0; at < group.length; ) {
      const { hash, raw } = group[at]!
      if (await this.#there.has(hash, raw.length)) {
        this.#done(group.splice(at, 1), 'skipped')
      } else at++
    }
    // the same content twice in one folder becomes one message
    const seen = new Set<string>()
    for (let at = 0; at < group.length; ) {
      const { hash } = group[at]!
      if (seen.has(hash)) this.#done(group.splice(at, 1), 'skipped')
      else at++
      seen.add(hash)
    }
  }

  /** Takes out those that are there now. */
  async #append(group: Outgoing[]): Promise<void> {
    const { remote } = this.#names
    if (group.length > 1 && this.#imap.has('MULTIAPPEND')) {
      try {
        await this.#imap.appendAll(
          remote,
          group.map(message => this.#said(message)),
        )
        this.#done(group.splice(0), 'added')
        return
      } catch (error) {
        // none is there; which one the server does not like is found one by one
        if (!isUnwanted(error)) throw error
      }
    }
    while (group.length > 0) {
      const [message] = group as [Outgoing]
      const { content, flags = [], ...options } = this.#said(message)
      try {
        await this.#imap.append(remote, content, flags, options)
        this.#done(group.splice(0, 1), 'added')
      } catch (error) {
        const { onRefused } = this.#options
        if (!isUnwanted(error) || !onRefused) throw error
        onRefused({ folder: this.#names.local, uid: message.uid, error })
        this.#done(group.splice(0, 1), 'refused')
      }
    }
  }

  #done(messages: readonly Outgoing[], how: 'added' | 'skipped' | 'refused'): void {
    for (const { raw, hash } of messages) {
      this.#count[how]++
      if (how === 'refused') continue
      this.#count.bytes += raw.length
      this.#there.add(hash)
    }
  }

  #said({ raw, flags, internalDate }: Outgoing): AppendMessage {
    const permanent = this.#lock?.mailbox?.permanentFlags ?? null
    const kept = new Set(permanent?.map(flag => flag.toLowerCase()))
    const all = permanent === null || kept.has('*')
    return {
      content: raw,
      flags: flags.filter(flag => all || SYSTEM.has(flag.toLowerCase()) || kept.has(flag.toLowerCase())),
      ...(internalDate && { date: internalDate }),
    }
  }
}

/** What is in the folder there: sizes are asked for at once, octets when they may be those of a message of ours. */
class Contents {
  readonly uidValidity: number
  readonly #imap: ImapConnection
  readonly #bySize = new Map<number, number[]>()
  readonly #hashes = new Set<string>()
  #last = 0

  constructor(imap: ImapConnection, uidValidity = 0) {
    this.#imap = imap
    this.uidValidity = uidValidity
  }

  /** What has come since the last look. */
  async look(): Promise<void> {
    const seen = this.#last
    for await (const { uid, size = 0 } of this.#imap.fetch(`${seen + 1}:*`, { size: true })) {
      // `*` is the last message, be its UID smaller
      if (uid <= seen) continue
      this.#last = Math.max(this.#last, uid)
      const same = this.#bySize.get(size)
      if (same) same.push(uid)
      else this.#bySize.set(size, [uid])
    }
  }

  add(hash: string): void {
    this.#hashes.add(hash)
  }

  async has(hash: string, size: number): Promise<boolean> {
    const candidates = this.#bySize.get(size) ?? []
    while (!this.#hashes.has(hash)) {
      const uid = candidates.at(-1)
      if (uid === undefined) return false
      const sum = createHash('sha256')
      for await (const { content } of this.#imap.fetch(uid, { body: true }, { stream: true })) {
        if (content) for await (const piece of content) sum.update(piece)
      }
      candidates.pop()
      this.add(sum.digest('hex'))
    }
    return true
  }
}

/** This message, and not the whole account or the server as it is now, is what the server does not take. */
function isUnwanted(error: unknown): error is MailError {
  if (error instanceof MailError && error.code === 'EMESSAGE') return true
  return isRefusal(error) && error.permanent !== false
}

function lostAgain(): MailError {
  return new MailError('ECONNECTION', 'the connection was lost again')
}
