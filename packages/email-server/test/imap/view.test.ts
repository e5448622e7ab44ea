// The sequence view against a plain array, and its size.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rangesOf } from '../../src/base/ranges.ts'
import { SequenceView } from '../../src/imap/view.ts'

const STAR = Number.POSITIVE_INFINITY

function viewOf(uids: readonly number[]): SequenceView {
  const view = new SequenceView()
  for (const uid of uids) view.append(uid)
  return view
}

const flat = (ranges: readonly number[]): number[] => {
  const out: number[] = []
  for (let i = 0; i < ranges.length; i += 2) for (let n = ranges[i]!; n < ranges[i + 1]!; n++) out.push(n)
  return out
}

const uidLists = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 })
  .map(list => list.sort((a, b) => a - b))
const ends = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constant(STAR))
const sets = fc.array(
  fc.tuple(ends, ends).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
  { minLength: 1, maxLength: 6 },
)

test('both directions agree with a plain array, also after removals and additions', () => {
  fc.assert(
    fc.property(uidLists, uidLists, uidLists, (first, removed, later) => {
      const view = viewOf(first)
      const gone = view.remove(rangesOf(removed))
      assert.deepEqual(
        gone,
        first.flatMap((uid, i) => (removed.includes(uid) ? [i + 1] : [])),
      )
      const model = first.filter(uid => !removed.includes(uid))
      for (const more of later) {
        view.append(more + 100)
        model.push(more + 100)
      }
      assert.equal(view.count, model.length)
      for (let uid = 0; uid <= 170; uid++) {
        assert.equal(view.sequenceOf(uid), model.indexOf(uid) + 1)
        assert.equal(view.countBelow(uid), model.filter(each => each < uid).length)
      }
      for (let n = 0; n <= model.length + 1; n++) assert.equal(view.uidOf(n), model[n - 1] ?? 0)
      assert.deepEqual(flat(view.all()), model)
      assert.equal(view.lastUid, model.at(-1) ?? 0)
    }),
  )
})

test('a UID set names the messages that are there, and * the last one even when it is below the other end', () => {
  fc.assert(
    fc.property(uidLists, sets, (uids, set) => {
      const last = uids.at(-1) ?? 0
      const named = uids.filter(uid =>
        set.some(([low, high]) => {
          const [a, b] = [low === STAR ? last : low, high === STAR ? last : high]
          return uid >= Math.min(a, b) && uid <= Math.max(a, b)
        }),
      )
      assert.deepEqual(flat(viewOf(uids).uidsIn(set)), named)
    }),
  )
  assert.deepEqual(flat(viewOf([5, 6]).uidsIn([[3291, STAR]])), [6])
  assert.deepEqual(flat(viewOf([]).uidsIn([[1, STAR]])), [])
})

test('a set of sequence numbers is null when it names a message beyond the last', () => {
  fc.assert(
    fc.property(uidLists, sets, (uids, set) => {
      const count = uids.length
      const plain = set.map(
        ([a, b]) => [Math.min(a, b === STAR ? count : a), b === STAR ? count : b] as const,
      )
      const bad = plain.some(([a, b]) => a < 1 || b > count)
      const found = viewOf(uids).uidsAt(set)
      if (bad) assert.equal(found, null)
      else {
        const named = uids.filter((_uid, i) => plain.some(([a, b]) => i + 1 >= a && i + 1 <= b))
        assert.deepEqual(flat(found!), named)
      }
    }),
  )
  assert.equal(viewOf([]).uidsAt([[STAR, STAR]]), null)
})

/** A view of every second UID: as many runs as there are messages, the worst there is. */
function scattered(count: number): SequenceView {
  const view = new SequenceView()
  for (let i = 0; i < count; i++) view.append(2 * i + 1)
  return view
}

test('a view of 10,000 scattered messages takes less than 200 KB, of 1,000,000 less than 16 MB, also while it grows', () => {
  for (const [count, most] of [
    [10_000, 200_000],
    [1_000_000, 16_000_000],
  ] as const) {
    const view = scattered(count)
    assert.ok(view.byteLength < most, `${view.byteLength} while it grows`)
    view.trim()
    assert.equal(view.byteLength, 8 * count)
    view.append(2 * count + 1)
    assert.ok(view.byteLength < most, `${view.byteLength} with one more`)
    assert.equal(view.sequenceOf(2 * count + 1), count + 1)
    assert.equal(view.uidOf(count), 2 * count - 1)
  }
})

test('a million messages in a row take less than 200 bytes', () => {
  const full = new SequenceView()
  for (let uid = 1; uid <= 1_000_000; uid++) full.append(uid)
  full.trim()
  assert.ok(full.byteLength < 200)
  assert.equal(full.sequenceOf(999_999), 999_999)
})
