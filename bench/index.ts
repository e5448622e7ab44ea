// `npm run bench [-- WORDS…] [--rounds N] [--assert]`: runs the rows whose name or file has one of the words (all rows
// without words) and prints our figures beside those of others. With --assert a missed target ends it with 1.
import { readdirSync } from 'node:fs'
import { arch, cpus, loadavg, platform } from 'node:os'
import { parseArgs } from 'node:util'
import { promise, report } from './harness/report.ts'
import type { Row } from './harness/row.ts'
import { runRow } from './harness/run.ts'

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { assert: { type: 'boolean' }, rounds: { type: 'string' } },
})

const folder = new URL('./rows/', import.meta.url)
const chosen: Row[] = []
for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith('.js')) continue
  const { rows }: { rows: readonly Row[] } = await import(new URL(file, folder).href)
  const topic = file.slice(0, -'.js'.length)
  chosen.push(
    ...rows.filter(row => !words.length || words.some(word => `${topic} ${row.name}`.includes(word))),
  )
}

const [cpu] = cpus()
console.log(`Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} × ${cpu?.model.trim()}`)
console.log(
  `load before: ${loadavg()[0]!.toFixed(1)}; × is the median ratio within a round, ± half the middle half\n`,
)

const missed: string[] = []
for (const row of chosen) {
  try {
    const result = await runRow(row, Number(values.rounds ?? row.rounds ?? 9))
    console.log(`${report(result)}\n`)
    missed.push(
      ...result.verdicts.filter(({ met }) => !met).map(verdict => `${row.name}: ${promise(verdict)}`),
    )
  } catch (error) {
    console.log(`${row.name}: ${error instanceof Error ? error.stack : error}\n`)
    missed.push(`${row.name}: failed`)
  }
}
if (chosen.length === 0) missed.push(`no row matches ${words.join(' ')}`)
for (const line of missed) console.log(line)
if (missed.length > 0 && values.assert) process.exitCode = 1
