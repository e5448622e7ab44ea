// The mail of an account on another IMAP server, folder by folder, ascending by UID. A connection that is lost is waited for, and what has
// come is not asked for again.
import { type FetchedMessage, type ImapConnection, MailError } from 'email-server'
import { ALL, localName, plainName, type RemoteFolder, remoteFolders } from './imap-folders.ts'
import type { MessageOrigin, RefusedMessage, TransferMessage } from './transfer.ts'

export interface ReadImapOptions {
  /** Only this folder, by its name there. Default: all that are the user's own. */
  readonly only?: string
  /** Octets of one message; a longer one counts as refused. Default 256 MiB. */
  readonly maxMessage?: number
  /** Hears of messages that the server does not give, and which are passed over. Without it the first one ends the iteration. */
  readonly onRefused?: (refused: RefusedMessage) => void
  /** Rejects with EABORT. */
  readonly signal?: AbortSignal
}

/** What a store adds. */
export interface ReadImapPlan extends ReadImapOptions {
  /** Our folders by their use; null: uses do not count, names do. */
  readonly uses: ReadonlyMap<string, string> | null
  /** Another name for a folder. */
  readonly rename?: (folder: PlannedFolder) => string
  /** Hears of each folder before its messages. */
  readonly onFolder?: (folder: PlannedFolder) => Promise<void>
  /** The last UID that need not come. */
  readonly after?: (folder: PlannedFolder, uidValidity: number) => Promise<number>
  /** Messages that need not come, and messages in all. */
  readonly onPassed?: (count: number) => void
  readonly onTotal?: (count: number) => void
}

export interface PlannedFolder {
  readonly remote: RemoteFolder
  /** How it is called here. */
  readonly name: string
}

const MAX_MESSAGE = 256 * 1024 * 1024
/** Lost connections in a row without a message in between. */
const ATTEMPTS = 5
/** Messages asked for at a time. */
const CHUNK = 500
/** Octets of messages that have come before their turn. */
const EARLY_BYTES = 8 * 1024 * 1024
/** Folders asked about at a time. */
const QUESTIONS = 16

/**
 * All messages, INBOX first. `folder` is its name with levels separated by `/`, the same as `importIMAP` would use for folders without a special use.
 * Nothing is changed there: folders are opened to read only. Rejects with what the connection rejects with, and with ELIMIT for a message that is too
 * large.
 */
export function readIMAP(
  imap: ImapConnection,
  options: ReadImapOptions = {},
): AsyncGenerator<TransferMessage> {
  return readPlanned(imap, { ...options, uses: null })
}

export async function* readPlanned(
  imap: ImapConnection,
  plan: ReadImapPlan,
): AsyncGenerator<TransferMessage> {
  const { all } = await patiently(() => remoteFolders(imap))
  const wanted = plan.only === undefined ? all : all.filter(({ name }) => name === plan.only)
  if (plan.only !== undefined && wanted.length === 0) {
    throw new MailError('EMESSAGE', `there is no folder ${JSON.stringify(plan.only)} on that server`)
  }
  await tellTotal(imap, wanted, plan)
  const told = new Set(all.flatMap(({ specialUse }) => specialUse ?? []))
  for (const remote of wanted) {
    const name = plan.uses ? localName(remote, plan.uses, told) : plainName(remote)
    const folder = { remote, name: plan.rename?.({ remote, name }) ?? name }
    await plan.onFolder?.(folder)
    yield* new FolderReader(imap, folder, plan).messages()
  }
}

async function tellTotal(
  imap: ImapConnection,
  folders: readonly RemoteFolder[],
  { onTotal }: ReadImapPlan,
): Promise<void> {
  if (!onTotal) return
  let total = 0
  for (let at = 0; at < folders.length; at += QUESTIONS) {
    const some = folders.slice(at, at + QUESTIONS)
    const counts = await patiently(() =>
      Promise.all(some.map(({ name }) => imap.status(name, ['MESSAGES']).catch(withoutStatus))),
    )
    for (const { messages = 0 } of counts) total += messages
  }
  onTotal(total)
}

/** A folder that tells no numbers has them nevertheless. */
function withoutStatus(error: unknown): { readonly messages?: number } {
  if (isRefusal(error)) return {}
  throw error
}

interface ReadMessage {
  readonly message: FetchedMessage
  readonly raw: Uint8Array
}

const ITEMS = ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'BODY.PEEK[]']

class FolderReader {
  readonly #imap: ImapConnection
  readonly #folder: PlannedFolder
  readonly #plan: ReadImapPlan
  #uidValidity = 0
  /** What is to come, ascending; null: not known yet. */
  #uids: readonly number[] | null = null
  /** All of `#uids` before this place are done with. */
  #at = 0
  /** Those behind it that are done with: servers answer in the order that they like. */
  readonly #done = new Set<number>()

  constructor(imap: ImapConnection, folder: PlannedFolder, plan: ReadImapPlan) {
    this.#imap = imap
    this.#folder = folder
    this.#plan = plan
  }

  get #signal(): { readonly signal?: AbortSignal } {
    const { signal } = this.#plan
    return signal ? { signal } : {}
  }

  async *messages(): AsyncGenerator<TransferMessage> {
    let failures = 0
    let chunk = CHUNK
    while (this.#uids === null || this.#at < this.#uids.length) {
      let came = false
      try {
        for await (const message of this.#some(chunk)) {
          came = true
          failures = 0
          yield message
        }
      } catch (error) {
        if (isLost(error) && (came || failures < ATTEMPTS)) failures++
        else if (isRefusal(error) && this.#uids !== null && chunk > 1) chunk = 1
        else if (isRefused(error) && this.#uids !== null) {
          this.#refuse(this.#left(1)[0]!, error)
          chunk = CHUNK
        } else throw error
      }
    }
  }

  /** The next few, in their mailbox. */
  async *#some(count: number): AsyncGenerator<TransferMessage> {
    const { name } = this.#folder.remote
    const lock = await this.#imap.lock(name, { readOnly: true, ...this.#signal })
    try {
      const { mailbox } = lock
      if (!mailbox) throw new MailError('ECONNECTION', 'the connection was lost again')
      await this.#begin(mailbox.uidValidity)
      const wanted = this.#left(count)
      if (wanted.length === 0) return
      const asked = new Set(wanted)
      const inOrder = new InOrder(wanted)
      for await (const message of this.#imap.fetch(wanted, ITEMS, { stream: true, ...this.#signal })) {
        // what stands behind the body in a response is known when the next one comes
        for (const read of inOrder.ready()) yield this.#made(read)
        // flags of other messages are told unasked
        if (!message.content || !asked.has(message.uid)) continue
        const raw = await this.#bytes(message)
        if (raw) inOrder.add({ message, raw })
        if (raw !== null) asked.delete(message.uid)
      }
      for (const read of inOrder.rest()) yield this.#made(read)
      await this.#missing([...asked])
    } finally {
      lock.release()
    }
  }

  /** What was not told is gone; or the server cannot read it any more. */
  async #missing(uids: readonly number[]): Promise<void> {
    if (uids.length === 0) return
    const still = new Set(await this.#imap.search({ uid: uids }))
    for (const uid of uids) {
      if (still.has(uid)) this.#refuse(uid, new MailError('EMESSAGE', 'the server does not give the message'))
      else this.#finish(uid)
    }
  }

  async #begin(uidValidity: number): Promise<void> {
    if (this.#uids !== null) {
      if (uidValidity === this.#uidValidity) return
      const { name } = this.#folder.remote
      throw new MailError('EMESSAGE', `the folder ${JSON.stringify(name)} has become another one meanwhile`)
    }
    const { after, onPassed } = this.#plan
    this.#uidValidity = uidValidity
    const mark = uidValidity > 0 && after ? await after(this.#folder, uidValidity) : 0
    const uids = await this.#imap.search(mark > 0 ? { uid: `${mark + 1}:*` } : { all: true })
    // `*` is the last message, be its UID smaller
    this.#uids = uids.filter(uid => uid > mark).sort((a, b) => a - b)
    const { mailbox } = this.#imap
    if (mark > 0 && mailbox) onPassed?.(Math.max(0, mailbox.total - this.#uids.length))
  }

  #left(count: number): number[] {
    const left: number[] = []
    for (let at = this.#at; left.length < count && at < this.#uids!.length; at++) {
      const uid = this.#uids![at]!
      if (!this.#done.has(uid)) left.push(uid)
    }
    return left
  }

  #finish(uid: number): void {
    this.#done.add(uid)
    while (this.#at < this.#uids!.length && this.#done.delete(this.#uids![this.#at]!)) this.#at++
  }

  /** Null: it was not given; false: it is too long. */
  async #bytes({ content, uid, size }: FetchedMessage): Promise<Uint8Array | null | false> {
    const { maxMessage = MAX_MESSAGE } = this.#plan
    const octets = content!.size ?? 0
    if (octets > maxMessage) {
      content!.cancel()
      const what = `message ${uid} of ${JSON.stringify(this.#folder.remote.name)} has ${octets} octets`
      this.#refuse(uid, new MailError('ELIMIT', `${what}, more than ${maxMessage}`, { permanent: true }))
      return false
    }
    // NIL, and nothing where there should be something, are what servers say of messages that are gone
    if (content!.size === null || (octets === 0 && size !== 0)) {
      content!.cancel()
      return null
    }
    return content!.bytes()
  }

  #refuse(uid: number, error: MailError): void {
    const { onRefused } = this.#plan
    if (!onRefused) throw error
    onRefused({ folder: this.#folder.remote.name, uid, error })
    this.#finish(uid)
  }

  #made({ message: { uid, flags = [], internalDate }, raw }: ReadMessage): TransferMessage {
    const { remote, name } = this.#folder
    this.#finish(uid)
    // up to here all is done with; the messages behind may have come before
    const mark = this.#at > 0 ? this.#uids![this.#at - 1]! : 0
    const origin: MessageOrigin = { folder: remote.name, uidValidity: this.#uidValidity, uid, mark }
    return {
      raw,
      flags: flags.filter(flag => flag !== 'Recent'),
      internalDate: internalDate ?? null,
      folder: name,
      origin,
      ...(remote.specialUse === ALL && { onlyIfNowhere: true }),
    }
  }
}

/** Servers that work on several FETCH at a time (Dovecot) mix their answers: what comes early waits for those before it, as far as there is room. */
class InOrder {
  readonly #wanted: readonly number[]
  readonly #early = new Map<number, ReadMessage>()
  #at = 0
  #octets = 0

  constructor(wanted: readonly number[]) {
    this.#wanted = wanted
  }

  add(read: ReadMessage): void {
    this.#early.set(read.message.uid, read)
    this.#octets += read.raw.length
  }

  *ready(): Generator<ReadMessage> {
    while (this.#early.size > 0 && (this.#early.has(this.#wanted[this.#at]!) || this.#octets > EARLY_BYTES)) {
      yield* this.#next()
    }
  }

  *rest(): Generator<ReadMessage> {
    while (this.#early.size > 0) yield* this.#next()
  }

  *#next(): Generator<ReadMessage> {
    const read = this.#early.get(this.#wanted[this.#at++]!)
    if (!read) return
    this.#early.delete(read.message.uid)
    this.#octets -= read.raw.length
    yield read
  }
}

/** Again when the connection is lost meanwhile. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await work()
    } catch (error) {
      if (!isLost(error) || failures >= ATTEMPTS) throw error
    }
  }
}

export function isLost(error: unknown): boolean {
  return error instanceof MailError && (error.code === 'ECONNECTION' || error.code === 'ETIMEDOUT')
}

/** The server has said NO or BAD. */
export function isRefusal(error: unknown): error is MailError {
  return error instanceof MailError && error.code === 'ECOMMAND'
}

/** And will say so again. */
function isRefused(error: unknown): error is MailError {
  return isRefusal(error) && error.permanent !== false
}
