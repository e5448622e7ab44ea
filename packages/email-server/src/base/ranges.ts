// Sets of whole numbers as sorted runs; the one module that uses flat-ranges.
import * as flat from 'flat-ranges'

/** Half-open runs laid flat: [from, to, from, to, …], sorted, disjoint, not adjacent. */
export type FlatRanges = number[]

/** `[first, last]`, both included; `last` may be Infinity. The form that storage handlers see. */
export type ClosedRange = readonly [first: number, last: number]

/** Adds first…last (both included) to `ranges`, in place. */
export function addRange(ranges: FlatRanges, first: number, last: number): void {
  const end = ranges.length
  // In ascending order, the usual case, the run is appended or the last one grows.
  if (end === 0 || first > ranges[end - 1]!) ranges.push(first, last + 1)
  else if (first === ranges[end - 1]) ranges[end - 1] = last + 1
  else flat.add(ranges, [first, last + 1])
}

/** Removes first…last (both included) from `ranges`, in place. */
export function removeRange(ranges: FlatRanges, first: number, last: number): void {
  flat.remove(ranges, [first, last + 1])
}

/** How many numbers the set holds. */
export function countOf(ranges: readonly number[]): number {
  let total = 0
  for (let i = 0; i < ranges.length; i += 2) total += ranges[i + 1]! - ranges[i]!
  return total
}

/** The numbers that both sets hold. */
export function intersection(a: readonly number[], b: readonly number[]): FlatRanges {
  const out: FlatRanges = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const from = Math.max(a[i]!, b[j]!)
    const to = Math.min(a[i + 1]!, b[j + 1]!)
    if (from < to) out.push(from, to)
    if (a[i + 1]! < b[j + 1]!) i += 2
    else j += 2
  }
  return out
}

/** The numbers that one of the sets holds. */
export function union(a: readonly number[], b: readonly number[]): FlatRanges {
  const out: FlatRanges = []
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const first = j >= b.length || (i < a.length && a[i]! <= b[j]!)
    const from = first ? a[i]! : b[j]!
    const to = first ? a[i + 1]! : b[j + 1]!
    if (first) i += 2
    else j += 2
    const end = out.length
    if (end > 0 && from <= out[end - 1]!) out[end - 1] = Math.max(out[end - 1]!, to)
    else out.push(from, to)
  }
  return out
}

/** The numbers that the first set holds and the second does not. */
export function difference(a: readonly number[], b: readonly number[]): FlatRanges {
  const out: FlatRanges = []
  let j = 0
  for (let i = 0; i < a.length; i += 2) {
    let from = a[i]!
    const end = a[i + 1]!
    while (j < b.length && b[j + 1]! <= from) j += 2
    for (let k = j; k < b.length && b[k]! < end; k += 2) {
      if (b[k]! > from) out.push(from, b[k]!)
      from = Math.min(end, b[k + 1]!)
    }
    if (from < end) out.push(from, end)
  }
  return out
}

export function rangesOf(numbers: Iterable<number>): FlatRanges {
  const out: FlatRanges = []
  for (const n of numbers) addRange(out, n, n)
  return out
}

/** The numbers at these places of the set, counted from 0, `end` not included. */
export function sliceOf(ranges: readonly number[], start: number, end: number): FlatRanges {
  const out: FlatRanges = []
  let before = 0
  for (let i = 0; i < ranges.length && before < end; i += 2) {
    const size = ranges[i + 1]! - ranges[i]!
    const from = Math.max(0, start - before)
    const to = Math.min(size, end - before)
    if (from < to) out.push(ranges[i]! + from, ranges[i]! + to)
    before += size
  }
  return out
}

export function* numbersIn(ranges: readonly number[]): Generator<number> {
  for (let i = 0; i < ranges.length; i += 2) for (let n = ranges[i]!; n < ranges[i + 1]!; n++) yield n
}

export function closedRanges(ranges: readonly number[]): ClosedRange[] {
  const out: ClosedRange[] = []
  for (let i = 0; i < ranges.length; i += 2) out.push([ranges[i]!, ranges[i + 1]! - 1])
  return out
}
