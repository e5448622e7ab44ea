// What the checks of a store share: a mailbox session without a protocol, and questions to it.
import assert from 'node:assert/strict'
import { concat } from '../../base/bytes.ts'
import type { ClosedRange } from '../../base/ranges.ts'
import { SessionClock } from '../../base/session-clock.ts'
import {
  type FolderStatus,
  type MailboxContract,
  type MailboxHandlerName,
  type MailboxNews,
  MailboxSession,
  type MessageId,
  type MessageMeta,
  type OpenedFolder,
  type Supply,
} from '../../mailbox/index.ts'

/** A store with one user, whose mailbox holds an empty INBOX. */
export interface ContractStore {
  /** The user of the sessions. Default `ann@example.test`. */
  readonly username?: string
  /** Answers for a session of that user, as a listener of `mailboxSession` does. Called once for each session. */
  attach(session: MailboxSession): unknown
  /** Ends as if the process had died, and gives what a new process finds. Absent: nothing is checked of that. */
  crash?(): Promise<ContractStore>
  close?(): unknown
}

export interface Check {
  /** A sentence that states the rule. */
  readonly name: string
  /** Left out when a handler or an item is missing. */
  readonly needs: readonly (MailboxHandlerName | `supplies ${Supply}` | 'crash')[]
  /** Capabilities that may not be advertised when this fails. */
  readonly shows: readonly string[]
  readonly run: (kit: Kit) => Promise<void>
}

/** Everything: UIDs from 1 on. */
export const ALL: readonly ClosedRange[] = [[1, Number.POSITIVE_INFINITY]]

export function check(
  name: string,
  needs: Check['needs'],
  run: Check['run'],
  shows: readonly string[] = [],
): Check {
  return { name, needs, shows, run }
}

/** A small message whose subject says which. */
export function letter(subject: string, body = 'Hello.\r\n'): Uint8Array {
  return Buffer.from(
    `From: Carol <carol@elsewhere.test>\r\nTo: ann@example.test\r\nSubject: ${subject}\r\n` +
      `Date: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <${subject.replace(/\W+/g, '.')}@elsewhere.test>\r\n\r\n${body}`,
  )
}

export class Kit {
  store: ContractStore

  constructor(store: ContractStore) {
    this.store = store
  }

  /** Another session of the same user. */
  async box(folder: string | null = 'INBOX'): Promise<Box> {
    const box = new Box(this.store.username)
    await this.store.attach(box.session)
    if (folder !== null) await box.open(folder)
    return box
  }

  /** A session whose INBOX has so many messages, `number 1` and so on. */
  async filled(count: number): Promise<Box> {
    const box = await this.box()
    for (let i = 1; i <= count; i++) await box.append(letter(`number ${i}`))
    await box.open('INBOX')
    return box
  }
}

export class Box {
  readonly session: MailboxSession
  readonly news: MailboxNews[] = []
  readonly failures: string[] = []

  constructor(username = 'ann@example.test') {
    this.session = new MailboxSession({
      protocol: 'imap',
      username,
      remoteAddress: '192.0.2.1',
      isTLS: true,
      clock: new SessionClock(),
      handlerTimeoutMs: 60_000,
      onFailure: (name, error) => this.failures.push(`${name}: ${error}`),
    })
    this.session.onNews = news => this.news.push(news)
  }

  ask<K extends MailboxHandlerName>(
    name: K,
    args: MailboxContract[K]['args'],
    context: MailboxContract[K]['context'],
  ): Promise<MailboxContract[K]['result']> {
    return this.session.ask(name, args, context)
  }

  /** SELECT. */
  async open(name: string): Promise<OpenedFolder> {
    const opened = await this.ask('openFolder', [name], { readOnly: false })
    this.session.currentFolder = name
    return opened
  }

  /** APPEND; the new UID. */
  async append(
    raw: Uint8Array,
    options: { folder?: string; flags?: readonly string[]; date?: Date } = {},
  ): Promise<number> {
    const { folder = 'INBOX', flags = [], date } = options
    const placed = await this.ask('append', [folder, raw, flags], date ? { internalDate: date } : {})
    if (placed) return placed.uids[0]!
    const before = this.session.currentFolder
    await this.open(folder)
    const uid = (await this.uids()).at(-1)!
    if (before !== null && before !== folder) await this.open(before)
    return uid
  }

  /** The UIDs of the open folder, in these ranges. */
  async uids(ranges: readonly ClosedRange[] = ALL): Promise<number[]> {
    const refs = await this.ask('resolveMessages', [{ type: 'uid', ranges }], {})
    return refs.map(ref => (typeof ref === 'number' ? ref : ref.uid))
  }

  /** The store's own names of these messages. */
  async ids(uids: readonly number[]): Promise<MessageId[]> {
    const ranges = uids.map(uid => [uid, uid] as const)
    const refs = await this.ask(
      'resolveMessages',
      [{ type: 'uid', ranges: ranges.sort((a, b) => a[0] - b[0]) }],
      {},
    )
    return refs.map(ref => (typeof ref === 'number' ? ref : ref.id))
  }

  async metas(uids?: readonly number[]): Promise<readonly MessageMeta[]> {
    return this.ask('messageMeta', [await this.ids(uids ?? (await this.uids()))], {})
  }

  async meta(uid: number): Promise<MessageMeta> {
    const [meta] = await this.metas([uid])
    assert.ok(meta, `there is no message ${uid}`)
    return meta
  }

  /** The flags of one message, sorted. */
  async flags(uid: number): Promise<string[]> {
    return [...(await this.meta(uid)).flags].filter(flag => flag !== 'Recent').sort()
  }

  async body(uid: number): Promise<Uint8Array> {
    const [id] = await this.ids([uid])
    const body = await this.ask('messageBody', [id!], {})
    if (body instanceof Uint8Array) return body
    if (body.stream instanceof Uint8Array) return body.stream
    const pieces: Uint8Array[] = []
    for await (const piece of body.stream) pieces.push(piece)
    const whole = concat(pieces)
    assert.equal(whole.length, body.length, 'the length that was said beforehand')
    return whole
  }

  async store(
    uids: readonly number[],
    mode: 'set' | 'add' | 'remove',
    changed: readonly string[],
  ): Promise<void> {
    // what the flags are to be afterwards is said of messages that agree in it
    for (const { id, flags } of await this.metas(uids)) {
      const others = flags.filter(flag => !changed.some(named => named.toLowerCase() === flag.toLowerCase()))
      const result = mode === 'set' ? [...changed] : mode === 'add' ? [...others, ...changed] : others
      await this.ask('setFlags', [[id], result], { mode, changed })
    }
  }

  async expunge(uids: readonly number[]): Promise<number | undefined> {
    return (await this.ask('expunge', [await this.ids(uids)], {}))?.modseq
  }

  async highest(): Promise<number> {
    const { highestModseq } = await this.status('INBOX', ['highestModseq'])
    assert.ok(highestModseq !== undefined, 'STATUS says no highestModseq')
    return highestModseq
  }

  status(folder: string, items: readonly (keyof FolderStatus)[]): Promise<FolderStatus> {
    return this.ask('status', [folder], { items })
  }

  async names(): Promise<string[]> {
    return (await this.ask('folders', [], {})).map(({ name }) => name).sort()
  }
}

/** It must be refused, with one of these codes. */
export async function refused(promise: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  await assert.rejects(promise, (error: { code?: string; cause?: { code?: string } }) => {
    const code = error.code === 'EHANDLER' ? error.cause?.code : error.code
    assert.ok(codes.includes(code ?? ''), `refused with ${code}, not with ${codes.join(' or ')}: ${error}`)
    return true
  })
}

export function flat(ranges: readonly ClosedRange[]): number[] {
  return ranges.flatMap(([from, to]) => {
    assert.ok(Number.isFinite(to) && to >= from && to - from < 100_000, `a range of UIDs ${from} to ${to}`)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}
