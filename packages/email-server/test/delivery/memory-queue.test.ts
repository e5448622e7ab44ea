// The queue in memory: one message an id, and an end to what it holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryQueue, type QueueEntry } from '../../src/index.ts'

function entryOf(id: string, from = 'alice@example.com'): QueueEntry {
  return {
    id,
    messageId: null,
    envelope: { from },
    recipients: [{ address: 'bob@example.net' }],
    since: 0,
    attempts: 0,
    nextAttempt: 0,
    warned: false,
  }
}

async function* slowly(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve()
    yield Buffer.from(chunk)
  }
}

test('two that come at once with one id are one message, and only one of them has its lease', async () => {
  const queue = new MemoryQueue()
  const [first, second] = await Promise.all([
    queue.add(entryOf('a'), slowly('one', 'two', 'three'), 10),
    queue.add(entryOf('a'), slowly('four'), 10),
  ])
  assert.equal(queue.size, 1)
  assert.deepEqual([first === null, second === null].sort(), [false, true])
  const { lease } = (first ?? second)!
  assert.equal(await queue.update('a', lease, null, true), true)
  assert.equal(queue.size, 0)
})

test('what does not fit is turned away for now, reports are not, and room comes back', async () => {
  const queue = new MemoryQueue({ maxBytes: 10 })
  const kept = await queue.add(entryOf('a'), Buffer.from('12345678'), 10)
  await assert.rejects(queue.add(entryOf('b'), slowly('12', '3'), 10), {
    code: 'ELIMIT',
    responseCode: 452,
    enhancedCode: '4.3.1',
    permanent: false,
  })
  assert.equal(queue.size, 1)
  assert.ok(await queue.add(entryOf('report', ''), Buffer.from('1234'), 10))
  assert.equal(await queue.update('a', kept!.lease, null, true), true)
  assert.ok(await queue.add(entryOf('b'), slowly('12', '3'), 10))
})

test('maxBytes is a number of octets', () => {
  for (const maxBytes of [0, -1, Number.NaN, 1.5]) {
    assert.throws(() => new MemoryQueue({ maxBytes }), { code: 'ECONFIG' })
  }
})
