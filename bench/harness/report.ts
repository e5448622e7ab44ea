// A result as a table for people: one line for each contender, and one for each target.
import type { Target } from './row.ts'
import { compared, median, type Result, spread, type Verdict } from './run.ts'

export function report({ row, measured, verdicts }: Result): string {
  const limit = measured[row.contenders.findIndex(({ kind }) => kind === 'limit')]
  const header = ['', ...row.metrics.flatMap(metric => [metric, '±', ...(limit ? ['×limit'] : [])])]
  const lines = measured.map(each => [
    each.name,
    ...row.metrics.flatMap(metric => {
      const values = each.samples.map(sample => sample[metric]!)
      const ratio = limit ? [figure(compared(each, limit, metric, (a, b) => a / b))] : []
      return [figure(median(values)), `${Math.round(spread(values) * 100)}%`, ...ratio]
    }),
  ])
  const widths = header.map((_, i) => Math.max(...[header, ...lines].map(cells => cells[i]!.length)))
  const draw = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return [
    `${row.name}: ${row.task}`,
    ...[header, ...lines].map(cells => `  ${draw(cells)}`.trimEnd()),
    ...verdicts.map(verdict => `  ${promise(verdict)}`),
  ].join('\n')
}

export function promise({ target, value, met }: Verdict): string {
  const limit = 'atLeast' in target ? `≥ ${figure(target.atLeast)}` : `≤ ${figure(target.atMost)}`
  return `target: ${target.metric} ${limit}${relation(target)}: ${figure(value)}  ${met ? 'ok' : 'missed'}`
}

function relation(target: Target): string {
  if ('timesThatOf' in target) return ` × ${target.timesThatOf}`
  if ('aboveThatOf' in target) return ` above ${target.aboveThatOf}`
  return ''
}

/** Three significant digits, thousands grouped. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
