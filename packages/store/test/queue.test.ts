// The queue port over the store, beside the queue in memory where both promise the same; and what only a durable one promises.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test as plainTest } from 'node:test'
import { type DeliveryQueue, MemoryQueue, type QueueEntry } from 'email-server'
import { openStore } from '../src/index.ts'
import { later, message, test, testStore } from './support.ts'

function entry(id: string, nextAttempt = 1000): QueueEntry {
  return {
    id,
    messageId: `<${id}@example.test>`,
    envelope: { from: 'alice@example.test', ret: 'HDRS', envid: 'x+y', requireTls: true },
    recipients: [{ address: 'bob@elsewhere.test', notify: ['FAILURE'] }, { address: 'ü@elsewhere.test' }],
    since: 500,
    attempts: 0,
    nextAttempt,
    warned: false,
  }
}

const change = { recipients: [{ address: 'ü@elsewhere.test' }], attempts: 1, nextAttempt: 5000, warned: true }

async function read(queue: DeliveryQueue, id: string): Promise<Buffer> {
  const content = await queue.content(id)
  if (content instanceof Uint8Array) return Buffer.from(content)
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
}

const all = (now: number): { dueBy: number; now: number; leaseUntil: number; limit: number } => ({
  dueBy: now,
  now,
  leaseUntil: now + 100,
  limit: 10,
})

const queues: readonly [string, (t: TestContext) => Promise<DeliveryQueue>][] = [
  ['memory', async () => new MemoryQueue()],
  ['the store', async t => (await testStore(t, { smallBody: 4000 })).store.queue],
]

for (const [name, make] of queues) {
  test(`${name}: what was added is claimed by whoever added it, and read as often as one likes`, async t => {
    const queue = await make(t)
    for (const [id, content] of [
      ['small', message('small')],
      ['large', message('large', 300_000)],
    ] as const) {
      const claimed = await queue.add(entry(id), pieces(content), 2000)
      assert.ok(claimed)
      const { lease, ...rest } = claimed
      assert.deepEqual(rest, entry(id))
      assert.ok(lease)
      assert.deepEqual(await read(queue, id), content)
      assert.deepEqual(await read(queue, id), content)
    }
    assert.deepEqual(await queue.claim(all(1999)), [], 'both are claimed')
    assert.equal(await queue.nextDue(), 2000, 'when the leases end')
  })

  test(`${name}: one id is taken once, also when two come together`, async t => {
    const queue = await make(t)
    const both = await Promise.all([
      queue.add(entry('a'), message('one'), 2000),
      queue.add(entry('a'), message('two'), 2000),
    ])
    assert.equal(both.filter(claimed => claimed !== null).length, 1)
    assert.equal(await queue.add(entry('a'), message('three'), 2000), null)
  })

  test(`${name}: who is due is claimed, the longest due first, up to the limit, once`, async t => {
    const queue = await make(t)
    for (const [id, due] of [
      ['c', 3000],
      ['a', 1000],
      ['b', 2000],
      ['later', 9000],
    ] as const) {
      const claimed = await queue.add(entry(id, due), message(id), 99_999)
      assert.equal(await queue.update(id, claimed!.lease, { ...change, nextAttempt: due }, true), true)
    }
    const ids = async (wanted: Parameters<DeliveryQueue['claim']>[0]): Promise<string[]> =>
      (await queue.claim(wanted)).map(({ id }) => id)
    assert.equal(await queue.nextDue(), 1000)
    assert.deepEqual(await ids({ ...all(4000), limit: 2 }), ['a', 'b'])
    assert.deepEqual(await ids(all(4000)), ['c'])
    assert.deepEqual(await ids(all(4000)), [])
    assert.deepEqual(
      await ids({ ...all(4000), dueBy: 9000 }),
      ['later'],
      'a clock that was set back does not free what is claimed',
    )
  })

  test(`${name}: a lease that has ended is none: another takes over, and the first may change nothing`, async t => {
    const queue = await make(t)
    const first = (await queue.add(entry('a'), message('a'), 2000))!
    assert.equal(await queue.renew('a', first.lease, 2500), true)
    assert.deepEqual(await queue.claim(all(2499)), [])
    const [second] = await queue.claim(all(2500))
    assert.equal(second?.id, 'a')
    assert.notEqual(second!.lease, first.lease)
    assert.equal(await queue.renew('a', first.lease, 9000), false)
    assert.equal(await queue.update('a', first.lease, change, true), false)
    assert.equal(await queue.update('a', first.lease, null, true), false)
    assert.equal(await queue.update('a', second!.lease, change, false), true)
    assert.equal(await queue.nextDue(), 2600, 'still claimed')
    assert.equal(await queue.update('a', second!.lease, change, true), true)
    const [third] = await queue.claim(all(5000))
    assert.deepEqual({ ...third, lease: '' }, { ...entry('a'), ...change, lease: '' })
    assert.equal(await queue.update('a', third!.lease, null, true), true)
    // who shares a queue looks again in any case
    assert.ok(((await queue.nextDue()) ?? Number.POSITIVE_INFINITY) > Date.now())
  })
}

test('an id that is done with is remembered, unless its sender knows that nobody has got it', async t => {
  const { store } = await testStore(t)
  const { queue } = store
  const failed = (await queue.add(entry('a'), message('a'), 2000))!
  assert.equal(await queue.update('a', failed.lease, null, true, true), true)
  const again = await queue.add(entry('a'), message('a'), 2000)
  assert.ok(again, 'taken anew')
  assert.equal(await queue.update('a', again.lease, null, true), true)
  assert.equal(await queue.add(entry('a'), message('a'), 2000), null)
  assert.equal(await queue.count(), 0)
})

plainTest(
  'a message outlives the process, and what that had claimed is free when the store is opened again',
  async t => {
    const { store, directory } = await testStore(t, { smallBody: 1000 })
    await store.queue.add(entry('a'), message('a', 5000), 9_999_999)
    await store.close()
    const again = await openStore(`sqlite:${directory}`)
    later(t, () => again.close())
    const [claimed] = await again.queue.claim(all(1000))
    assert.deepEqual({ ...claimed, lease: '' }, { ...entry('a'), lease: '' })
    assert.deepEqual(await read(again.queue, 'a'), message('a', 5000))
  },
)

test('a body is kept while the queue or a folder refers to it, and goes with the last of them', async t => {
  const { store, directory } = await testStore(t, { smallBody: 1000 })
  const files = async (): Promise<string[]> =>
    (await readdir(join(directory, 'bodies'), { recursive: true })).filter(name => name.length > 60)
  const raw = message('shared', 5000)
  const a = (await store.queue.add(entry('a'), raw, 2000))!
  const b = (await store.queue.add(entry('b'), raw, 2000))!
  assert.equal((await files()).length, 1)
  await store.queue.update('a', a.lease, null, true)
  await store.idle()
  assert.deepEqual(await read(store.queue, 'b'), raw)
  await store.queue.update('b', b.lease, null, true)
  await store.idle()
  assert.deepEqual(await files(), [])
})

test('a store that is closed says of its queue that it may go better later', async t => {
  const { store } = await testStore(t)
  await store.close()
  const fails = { name: 'MailError', responseCode: 451, permanent: false }
  await assert.rejects(store.queue.add(entry('a'), message('a'), 2000), fails)
  await assert.rejects(store.queue.claim(all(1)), fails)
  await assert.rejects(store.queue.content('a'), fails)
})
