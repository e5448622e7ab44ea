// `npm run simulate [-- COUNT [FIRST]]`: so many runs, from this seed on; prints the seeds that fail, and what is wrong with each.
import { addTo } from './runs.ts'
import { simulate } from './simulation.ts'

const args = process.argv.slice(2)
const MIB = 1024 * 1024
/** Growth that is still no leak: caches of code, pages of the heap. */
const MOST_GROWTH = 256 * MIB

async function main(count: number, first: number): Promise<void> {
  const started = performance.now()
  let failed = 0
  let messages = 0
  const totals: Record<string, number> = {}
  const happened: Record<string, number> = {}
  let heap = 0
  // what is loaded and compiled once is no growth
  await simulate(0)
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < count; i++) {
    const result = await simulate(first + i)
    messages += result.messages
    addTo(totals, result.totals)
    addTo(happened, result.happened)
    if (result.wrong.length > 0) {
      failed++
      console.log(`seed ${result.seed}:\n  ${result.wrong.join('\n  ')}`)
    }
    if ((i + 1) % 1000 === 0) console.log(`${i + 1} runs`)
    heap = Math.max(heap, process.memoryUsage().heapUsed)
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${count} runs from seed ${first}: ${messages} messages, ${failed} runs failed, ${seconds} s`)
  console.log(`by recipient, reports counted: ${JSON.stringify(totals)}`)
  const faults = Object.entries(happened).sort(([a], [b]) => (a < b ? -1 : 1))
  console.log(`what went wrong: ${faults.map(([what, times]) => `${what} ${times}`).join(', ')}`)
  console.log(`heap: ${Math.round(before / MIB)} MiB before, ${Math.round(heap / MIB)} MiB at most`)
  if (heap - before > MOST_GROWTH) console.log('memory grows without a bound')
  process.exitCode = failed > 0 || heap - before > MOST_GROWTH ? 1 : 0
}

await main(Number(args[0] ?? 10_000), Number(args[1] ?? 1))
