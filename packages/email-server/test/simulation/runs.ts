// Runs of the simulation in a thread of their own: what the test runner does with every promise takes longer than all that happens in a world.
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { simulate } from './simulation.ts'

export interface Runs {
  readonly first: number
  readonly count: number
}

export interface RunsResult {
  /** What is wrong, seed by seed. */
  readonly failed: readonly string[]
  readonly totals: Readonly<Record<string, number>>
  readonly happened: Readonly<Record<string, number>>
}

// one message for each piece, in their order
if (!isMainThread) for (const piece of workerData as Runs[]) parentPort!.postMessage(await runs(piece))

async function runs({ first, count }: Runs): Promise<RunsResult> {
  const failed: string[] = []
  const totals: Record<string, number> = {}
  const happened: Record<string, number> = {}
  for (let seed = first; seed < first + count; seed++) {
    const result = await simulate(seed)
    if (result.wrong.length > 0) failed.push(`seed ${seed}:\n  ${result.wrong.join('\n  ')}`)
    addTo(totals, result.totals)
    addTo(happened, result.happened)
  }
  return { failed, totals, happened }
}

export function addTo(sums: Record<string, number>, more: object): void {
  for (const [name, value] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + value
}
