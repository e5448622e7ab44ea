// Counting line feeds, fast for ordinary lines (a native search per line) and for very short ones (a plain loop).
import { LF } from '../base/bytes.ts'

const SHORT = 1024

/** Line feeds in `buf` from `from` up to (not including) `to`. */
export function countLineFeeds(buf: Buffer, from: number, to: number): number {
  let count = 0
  if (to - from <= SHORT) return loop(buf, from, to)
  const view = to === buf.length ? buf : buf.subarray(0, to)
  let at = from
  while (at < to) {
    // As long as 32 lines reach further than a kilobyte, searching is quicker than looking at each byte.
    let lines = 0
    const begin = at
    while (lines < 32) {
      const lf = view.indexOf(LF, at)
      if (lf < 0) return count + lines
      lines++
      at = lf + 1
    }
    count += lines
    if (at - begin < SHORT) {
      const stop = Math.min(to, at + 4 * SHORT)
      count += loop(buf, at, stop)
      at = stop
    }
  }
  return count
}

function loop(buf: Buffer, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) if (buf[i] === LF) count++
  return count
}
