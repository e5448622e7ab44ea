// UIDBATCHES (RFC 10022): the batches of the standard's own examples, and what holds of any folder.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { selected } from './setup.ts'

/** A session with these UIDs in the open folder, and a way to change them. */
async function folderOf(uids: readonly number[], uidNext = (uids.at(-1) ?? 0) + 1) {
  const there = [...uids]
  let notify: ((gone: readonly number[], exists: boolean) => void) | null = null
  const test = await selected({
    attach(session) {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: there.length, uidNext }),
        resolveMessages: ({ ranges }) =>
          there.filter(uid => ranges.some(([first, last]) => uid >= first && uid <= last)),
        messageMeta: ids =>
          ids.map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: ['Seen'] })),
      })
      notify = (gone, exists) => {
        if (gone.length > 0) session.notifyVanished(gone)
        if (exists) session.notifyExists(there.length)
      }
    },
  })
  return {
    async ask(args: string): Promise<string> {
      return test.driver.exchange(`A143 UIDBATCHES ${args}\r\n`)
    },
    async change(gone: readonly number[], added: readonly number[]): Promise<void> {
      for (const uid of gone) there.splice(there.indexOf(uid), 1)
      there.push(...added)
      notify!(gone, added.length > 0)
      await test.driver.exchange('n NOOP\r\n')
    },
  }
}

function run(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

function rangesIn(answer: string): readonly (readonly [number, number])[] {
  const list = /UIDBATCHES \(TAG "A143"\) ([0-9:,]+)\r\n/.exec(answer)?.[1]
  return list ? list.split(',').map(each => each.split(':').map(Number) as [number, number]) : []
}

test('the example of RFC 10022 §3.1.1: 6823 messages in batches of 2000', async () => {
  const uids = [...run(302, 823), ...run(7830, 2000), ...run(20351, 2000), ...run(99696, 1999), 215295]
  const folder = await folderOf(uids, 215296)
  assert.equal(
    await folder.ask('2000'),
    '* UIDBATCHES (TAG "A143") 215295:99696,99695:20351,20350:7830,7829:1\r\nA143 OK UIDBATCHES completed\r\n',
  )
  assert.deepEqual(rangesIn(await folder.ask('2000 2:3')), [
    [99695, 20351],
    [20350, 7830],
  ])
})

test('the examples of RFC 10022 §3.1.5: batches of a range, and fewer than were asked for', async () => {
  const large = await folderOf(run(1, 100_000))
  const answer = rangesIn(await large.ask('2000 10:20'))
  assert.equal(answer.length, 11)
  assert.deepEqual(answer[0], [82000, 80001])
  assert.deepEqual(answer.at(-1), [62000, 60001])
  const small = await folderOf(run(1, 7000))
  assert.equal(rangesIn(await small.ask('2000 1:5')).length, 4)
  assert.deepEqual(rangesIn(await small.ask('7000')), [[7000, 1]])
  assert.deepEqual(rangesIn(await small.ask('4294967295')), [[7000, 1]])
})

test('any folder falls into batches without a gap, none larger than was asked for, the newest first', async () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 900 })), {
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(gaps, fc.integer({ min: 500, max: 1500 }), async (runs, size) => {
      const uids: number[] = []
      for (const [gap, length] of runs) uids.push(...run((uids.at(-1) ?? 0) + gap, length))
      const ranges = rangesIn(await (await folderOf(uids)).ask(String(size)))
      assert.equal(ranges.length, Math.ceil(uids.length / size))
      ranges.forEach(([high, low], i) => {
        assert.equal(high, i === 0 ? uids.at(-1) : ranges[i - 1]![1] - 1)
        const count = uids.filter(uid => uid >= low && uid <= high).length
        assert.equal(count, i < ranges.length - 1 ? size : uids.length - i * size)
      })
      if (ranges.length > 0) assert.equal(ranges.at(-1)![1], 1)
    }),
    { numRuns: 60 },
  )
})

test('the same batches are not worked out again before half a batch has come or gone', async () => {
  const folder = await folderOf(run(1, 1200))
  const refused = /^A143 NO \[LIMIT\] /
  assert.equal(rangesIn(await folder.ask('600')).length, 2)
  assert.match(await folder.ask('600'), refused)
  assert.equal(rangesIn(await folder.ask('500')).length, 3)
  assert.equal(rangesIn(await folder.ask('600 1:1')).length, 1)
  await folder.change(run(1, 299), [])
  assert.match(await folder.ask('600'), refused)
  await folder.change([300], [])
  assert.deepEqual(rangesIn(await folder.ask('600')), [
    [1200, 601],
    [600, 1],
  ])
  await folder.change([], run(1201, 299))
  assert.match(await folder.ask('600'), refused)
  await folder.change([], [1500])
  assert.equal(rangesIn(await folder.ask('600')).length, 2)
})

test('many different requests: beyond a thousand of one folder are refused', async () => {
  const folder = await folderOf(run(1, 10))
  for (let size = 500; size < 1500; size++) assert.equal(rangesIn(await folder.ask(String(size))).length, 1)
  assert.match(await folder.ask('1500'), /^A143 NO \[LIMIT\] /)
})
