// The same checks against the store and against the reference backend in memory: what both must answer.
import assert from 'node:assert/strict'
import { test as plainTest, type TestContext } from 'node:test'
import type { MailboxHandlers, MailboxSession } from 'email-server/mailbox'
import { MemoryMailbox } from 'email-server/testing'
import { ALICE, allUids, message, OPEN, test, testStore } from './support.ts'

/** Handlers that need no context in these tests. */
type Handlers = Required<MailboxHandlers>

async function ofStore(t: TestContext): Promise<Handlers> {
  const { store } = await testStore(t)
  return store.mailbox(ALICE) as Handlers
}

async function ofMemory(): Promise<Handlers> {
  const mailbox = new MemoryMailbox({ now: () => 1000 })
  let handlers: MailboxHandlers = {}
  const session = {
    currentFolder: null as string | null,
    use: (given: MailboxHandlers) => {
      handlers = given
    },
    on: () => {},
    notifyExists: () => {},
    notifyVanished: () => {},
    notifyFlags: () => {},
  }
  mailbox.attach(session as unknown as MailboxSession)
  const openFolder: NonNullable<MailboxHandlers['openFolder']> = (name, context) => {
    session.currentFolder = name
    return handlers.openFolder!(name, context)
  }
  return { ...handlers, openFolder } as Handlers
}

function contract(name: string, check: (handlers: Handlers) => Promise<void>): void {
  plainTest(`memory: ${name}`, async () => check(await ofMemory()))
  test(`store: ${name}`, async t => check(await ofStore(t)))
}

const EVERYTHING = [[1, Number.POSITIVE_INFINITY]] as const

async function fill(handlers: Handlers, count: number): Promise<number> {
  for (let i = 1; i <= count; i++) await handlers.append('INBOX', message(`number ${i}`), [], {})
  await handlers.openFolder('INBOX', OPEN)
  return highest(handlers)
}

async function highest(handlers: Handlers): Promise<number> {
  return (await handlers.status('INBOX', { items: ['highestModseq'] })).highestModseq!
}

function flat(ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
}

contract('removals since a mod-sequence are told, earlier ones are not', async handlers => {
  const before = await fill(handlers, 9)
  const first = await handlers.expunge([2, 3, 7], {})
  assert.ok(first!.modseq > before)
  assert.equal(first!.modseq, await highest(handlers))
  const second = await handlers.expunge([5], {})
  assert.ok(second!.modseq > first!.modseq)
  const since = async (modseq: number, ranges: readonly (readonly [number, number])[]): Promise<number[]> =>
    flat(await handlers.resolveVanished({ type: 'uid', ranges }, modseq, {}))
  assert.deepEqual(await since(before, EVERYTHING), [2, 3, 5, 7])
  assert.deepEqual(await since(first!.modseq, EVERYTHING), [5])
  assert.deepEqual(await since(before, [[3, 6]]), [3, 5])
  assert.deepEqual(await since(second!.modseq, EVERYTHING), [])
})

contract('a client that comes back hears what has changed and vanished, of what it knows', async handlers => {
  const modseq = await fill(handlers, 6)
  const { uidValidity } = await handlers.status('INBOX', { items: [] })
  await handlers.setFlags([4], ['Seen'], { mode: 'add', changed: ['Seen'] })
  await handlers.expunge([2, 5], {})
  await handlers.append('INBOX', message('new'), [], {})
  const all = await handlers.qresync('INBOX', { uidValidity, modseq }, {})
  assert.deepEqual(
    [all.changed.map(meta => meta.uid), flat(all.vanished)],
    [
      [4, 7],
      [2, 5],
    ],
  )
  assert.deepEqual(all.changed[0]!.flags, ['Seen'])
  const some = await handlers.qresync('INBOX', { uidValidity, modseq, knownUids: [[1, 2]] }, {})
  assert.deepEqual(flat(some.vanished), [2])
  const foreign = await handlers.qresync('INBOX', { uidValidity: uidValidity + 9, modseq: 1 }, {})
  assert.deepEqual(foreign, { changed: [], vanished: [] })
})

contract('a move answers the mod-sequence of the folder that was left', async handlers => {
  const before = await fill(handlers, 3)
  const moved = await handlers.move([1, 2], 'Archive', {})
  assert.equal(moved!.modseq, await highest(handlers))
  assert.deepEqual(
    flat(await handlers.resolveVanished({ type: 'uid', ranges: EVERYTHING }, before, {})),
    [1, 2],
  )
})

contract('several messages are appended in their order', async handlers => {
  await fill(handlers, 1)
  const placed = await handlers.appendAll(
    'INBOX',
    [
      { raw: message('one'), flags: ['Seen'], internalDate: new Date(5000) },
      { raw: message('one'), flags: [] },
    ],
    {},
  )
  assert.deepEqual(placed!.uids, [2, 3])
  const metas = await handlers.messageMeta([2, 3], {})
  assert.deepEqual([Number(metas[0]!.internalDate), metas[0]!.flags, metas[1]!.flags], [5000, ['Seen'], []])
  await assert.rejects(async () => handlers.appendAll('Nowhere', [{ raw: message('x'), flags: [] }], {}), {
    code: 'TRYCREATE',
  })
})

contract('replacing puts the new message in and takes the old one out', async handlers => {
  await fill(handlers, 3)
  const placed = await handlers.replace(2, 'INBOX', message('better'), ['Draft'], {})
  assert.deepEqual(placed!.uids, [4])
  assert.equal(placed!.modseq, await highest(handlers))
  assert.deepEqual(await allUids(handlers), [1, 3, 4])
  await assert.rejects(async () => handlers.replace(2, 'INBOX', message('late'), [], {}), {
    code: 'NONEXISTENT',
  })
  assert.deepEqual(await allUids(handlers), [1, 3, 4])
})
