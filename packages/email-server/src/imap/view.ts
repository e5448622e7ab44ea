// The sequence view: which UID has which sequence number in this session (RFC 3501 §2.3.1.2). Runs of consecutive UIDs,
// eight bytes a run, not an object per message; both directions in logarithmic time.
// Invariant: the runs ascend and don't touch.
import { addRange, type ClosedRange, type FlatRanges } from '../base/ranges.ts'

const EMPTY_TABLE = new Uint32Array(0)

export class SequenceView {
  /** Of each run the first UID, and how many messages are in the runs before it. */
  #table = EMPTY_TABLE
  #runs = 0
  #count = 0
  #nextUid = 1

  /** Messages in view. */
  get count(): number {
    return this.#count
  }

  /** Higher than every UID that was ever in view. */
  get nextUid(): number {
    return this.#nextUid
  }

  /** The highest UID in view, 0 when there is none. */
  get lastUid(): number {
    return this.#count === 0 ? 0 : this.#end(this.#runs - 1) - 1
  }

  /** A new message at the end; its UID must be `nextUid` or more. */
  append(uid: number): void {
    const last = this.#runs - 1
    if (last < 0 || uid !== this.#end(last)) {
      this.#begin(uid)
    }
    this.#count++
    this.#nextUid = uid + 1
  }

  /** What the runs take in memory. */
  get byteLength(): number {
    return this.#table.byteLength
  }

  /** Gives back what `append` took in advance. */
  trim(): void {
    if (this.#table.length > 2 * this.#runs) this.#resize(this.#runs)
  }

  /** The UID of a sequence number, 0 when there is no such message. */
  uidOf(sequence: number): number {
    if (sequence < 1 || sequence > this.#count) return 0
    let low = 0
    let high = this.#runs - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#table[2 * middle + 1]! < sequence) low = middle
      else high = middle - 1
    }
    return this.#table[2 * low]! + sequence - 1 - this.#table[2 * low + 1]!
  }

  /** The sequence number of a UID, 0 when it is not in view. */
  sequenceOf(uid: number): number {
    const run = this.#runAt(uid)
    return run >= 0 && uid < this.#end(run) ? this.#table[2 * run + 1]! + uid - this.#table[2 * run]! + 1 : 0
  }

  /** The sequence numbers of UIDs that are all in view. */
  sequencesOf(uids: FlatRanges): FlatRanges {
    const out: FlatRanges = []
    for (let i = 0; i < uids.length; i += 2) {
      const first = this.sequenceOf(uids[i]!)
      addRange(out, first, first + uids[i + 1]! - uids[i]! - 1)
    }
    return out
  }

  /** How many messages have a UID below this. */
  countBelow(uid: number): number {
    const run = this.#runAt(uid)
    return run < 0 ? 0 : this.#table[2 * run + 1]! + Math.min(uid, this.#end(run)) - this.#table[2 * run]!
  }

  /** All UIDs in view. */
  all(): FlatRanges {
    const out: FlatRanges = []
    for (let i = 0; i < this.#runs; i++) out.push(this.#table[2 * i]!, this.#end(i))
    return out
  }

  /** The UIDs in view among these, `*` (Infinity) being the last one (RFC 3501 §9 seq-range). */
  uidsIn(ranges: Iterable<ClosedRange>): FlatRanges {
    const out: FlatRanges = []
    if (this.#count === 0) return out
    const last = this.lastUid
    for (const [low, high] of ascending(ranges)) {
      // 3291:* means the last message even when its UID is lower
      const first = high === Number.POSITIVE_INFINITY ? Math.min(low, last) : low
      const to = Math.min(high, last)
      for (let i = Math.max(0, this.#runAt(first)); i < this.#runs && this.#table[2 * i]! <= to; i++) {
        const a = Math.max(first, this.#table[2 * i]!)
        const b = Math.min(to, this.#end(i) - 1)
        if (a <= b) addRange(out, a, b)
      }
    }
    return out
  }

  /** The UIDs of these sequence numbers, `*` being the last; null when one of them is beyond the last message. */
  uidsAt(ranges: Iterable<ClosedRange>): FlatRanges | null {
    const out: FlatRanges = []
    for (const [first, last] of ascending(ranges)) {
      const high = last === Number.POSITIVE_INFINITY ? this.#count : last
      // 5:* means the last message when there are but four
      const low = last === Number.POSITIVE_INFINITY ? Math.min(first, this.#count) : first
      if (low < 1 || high > this.#count) return null
      this.#addSequence(out, low, high)
    }
    return out
  }

  /**
   * Takes these out of view; those that are not in it are ignored.
   * @returns their sequence numbers before the removal, ascending
   */
  remove(uids: readonly number[]): number[] {
    const gone: number[] = []
    const kept = new SequenceView()
    let at = 0
    for (let i = 0; i < this.#runs; i++) {
      let from = this.#table[2 * i]!
      const end = this.#end(i)
      while (at < uids.length && uids[at + 1]! <= from) at += 2
      for (let j = at; j < uids.length && uids[j]! < end; j += 2) {
        const a = Math.max(from, uids[j]!)
        const b = Math.min(end, uids[j + 1]!)
        if (a > from) kept.#push(from, a)
        for (let uid = a; uid < b; uid++) gone.push(this.#table[2 * i + 1]! + uid - this.#table[2 * i]! + 1)
        from = b
      }
      if (from < end) kept.#push(from, end)
    }
    if (gone.length > 0) {
      this.#table = kept.#table
      this.#runs = kept.#runs
      this.#count = kept.#count
    }
    return gone
  }

  #push(from: number, end: number): void {
    this.#begin(from)
    this.#count += end - from
  }

  /** One past the last UID of a run. */
  #end(run: number): number {
    const next = run + 1 < this.#runs ? this.#table[2 * (run + 1) + 1]! : this.#count
    return this.#table[2 * run]! + next - this.#table[2 * run + 1]!
  }

  /** The last run that starts at or below this UID, -1 when there is none. */
  #runAt(uid: number): number {
    let low = -1
    let high = this.#runs - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#table[2 * middle]! <= uid) low = middle
      else high = middle - 1
    }
    return low
  }

  #addSequence(out: FlatRanges, low: number, high: number): void {
    let sequence = low
    let run = this.#runAt(this.uidOf(low))
    while (sequence <= high) {
      const start = this.#table[2 * run]! + sequence - 1 - this.#table[2 * run + 1]!
      const most = this.#end(run) - start
      const take = Math.min(most, high - sequence + 1)
      addRange(out, start, start + take - 1)
      sequence += take
      run++
    }
  }

  /** A run begins at the end of the table. */
  #begin(uid: number): void {
    if (2 * this.#runs === this.#table.length) this.#resize(this.#runs + Math.max(4, this.#runs >> 1))
    this.#table[2 * this.#runs] = uid
    this.#table[2 * this.#runs + 1] = this.#count
    this.#runs++
  }

  #resize(runs: number): void {
    const table = new Uint32Array(2 * runs)
    table.set(this.#table.subarray(0, 2 * this.#runs))
    this.#table = table
  }
}

/** By their first number, so that sets are built at their end, whatever order the client chose. */
function ascending(ranges: Iterable<ClosedRange>): ClosedRange[] {
  return [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1])
}
