// Runs a row: all contenders stand ready, then take turns (A B C A B C …), so that what else the machine does falls on all
// of them alike. Ratios are medians of the ratios within each turn.
import type { Row, Running, Sample, Target } from './row.ts'

export interface Measured {
  readonly name: string
  readonly samples: readonly Sample[]
}

export interface Verdict {
  readonly target: Target
  readonly value: number
  readonly met: boolean
}

export interface Result {
  readonly row: Row
  readonly measured: readonly Measured[]
  readonly verdicts: readonly Verdict[]
}

const ROUND_LIMIT_MS = 60_000

export async function runRow(row: Row, rounds: number): Promise<Result> {
  const running: Running[] = []
  try {
    await row.prepare?.()
    for (const contender of row.contenders) running.push(await within(contender.start(), contender.name))
    const samples: Sample[][] = row.contenders.map(() => [])
    for (let round = 0; round <= rounds; round++) {
      for (const [i, contender] of row.contenders.entries()) {
        const sample = await within(running[i]!.round(), contender.name)
        if (round > 0) samples[i]!.push(sample)
      }
    }
    const measured = row.contenders.map(({ name }, i) => ({ name, samples: samples[i]! }))
    return { row, measured, verdicts: row.targets.map(target => judge(row, measured, target)) }
  } finally {
    await Promise.allSettled(running.map(each => each.stop()))
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Half the width of the middle half of the values, as a part of their median. */
export function spread(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number): number => sorted[Math.round((sorted.length - 1) * part)]!
  return (at(0.75) - at(0.25)) / 2 / median(values)
}

/** The median, over the rounds, of how `one` compares with `other`. */
export function compared(
  one: Measured,
  other: Measured,
  metric: string,
  compare: (a: number, b: number) => number,
): number {
  return median(one.samples.map((sample, i) => compare(sample[metric]!, other.samples[i]![metric]!)))
}

function judge(row: Row, measured: readonly Measured[], target: Target): Verdict {
  const ours = measured[row.contenders.findIndex(({ kind }) => kind === 'ours')]
  if (!ours) throw new Error(`row ${row.name} has a target, but no contender of ours`)
  const named = (name: string): Measured => {
    const found = measured.find(each => each.name === name)
    if (!found) throw new Error(`row ${row.name} has no contender ${name}`)
    return found
  }
  const { metric } = target
  const value =
    'timesThatOf' in target
      ? compared(ours, named(target.timesThatOf), metric, (a, b) => a / b)
      : 'aboveThatOf' in target
        ? compared(ours, named(target.aboveThatOf), metric, (a, b) => a - b)
        : median(ours.samples.map(sample => sample[metric]!))
  return { target, value, met: 'atLeast' in target ? value >= target.atLeast : value <= target.atMost }
}

async function within<T>(work: Promise<T>, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} took more than a minute`)), ROUND_LIMIT_MS)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
