import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  addRange,
  closedRanges,
  countOf,
  type FlatRanges,
  intersection,
  numbersIn,
  rangesOf,
  removeRange,
} from '../../src/base/ranges.ts'

const range = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.nat(12))
  .map(([first, more]) => [first, first + more] as const)
const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 }))

function assertWellFormed(ranges: FlatRanges): void {
  assert.equal(ranges.length % 2, 0)
  for (let i = 1; i < ranges.length; i++)
    assert.ok(ranges[i]! > ranges[i - 1]!, `sorted and apart: ${ranges}`)
}

const sorted = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b)

describe('sets of numbers as ranges', () => {
  test('do what a Set does, and stay sorted, disjoint and apart', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), range), { maxLength: 40 }), steps => {
        const ranges: FlatRanges = []
        const model = new Set<number>()
        for (const [add, [first, last]] of steps) {
          if (add) addRange(ranges, first, last)
          else removeRange(ranges, first, last)
          for (let n = first; n <= last; n++) add ? model.add(n) : model.delete(n)
          assertWellFormed(ranges)
          assert.deepEqual([...numbersIn(ranges)], sorted(model))
          assert.equal(countOf(ranges), model.size)
        }
      }),
    )
  })

  test('are made of numbers in any order, doubled or not', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), all => {
        const ranges = rangesOf(all)
        assertWellFormed(ranges)
        assert.deepEqual([...numbersIn(ranges)], sorted(new Set(all)))
      }),
    )
  })

  test('intersect as sets do', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const both = intersection(rangesOf(a), rangesOf(b))
        assertWellFormed(both)
        assert.deepEqual([...numbersIn(both)], sorted(a.filter(n => b.includes(n))))
      }),
    )
  })

  test('are shown to handlers with both ends included, up to Infinity', () => {
    assert.deepEqual(closedRanges(rangesOf([1, 2, 3, 7])), [
      [1, 3],
      [7, 7],
    ])
    const open: FlatRanges = []
    addRange(open, 5, Number.POSITIVE_INFINITY)
    assert.deepEqual(closedRanges(open), [[5, Number.POSITIVE_INFINITY]])
    assert.deepEqual(intersection(open, rangesOf([3, 5, 6])), [5, 7])
  })
})
