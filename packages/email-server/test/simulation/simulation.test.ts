// 200 runs of a world under faults.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from './simulation.ts'

/** 200 runs, in pieces that each have their own time. */
const PIECES = 4
const RUNS_EACH = 50

for (let piece = 0; piece < PIECES; piece++) {
  const first = piece * RUNS_EACH + 1
  test(`${RUNS_EACH} runs from seed ${first} on: each message is delivered, given back or waits, once, and nothing is left`, async () => {
    const failed: string[] = []
    const totals = { sent: 0, bounced: 0, ambiguous: 0 }
    for (let seed = first; seed < first + RUNS_EACH; seed++) {
      const result = await simulate(seed)
      if (result.wrong.length > 0) failed.push(`seed ${seed}:\n  ${result.wrong.join('\n  ')}`)
      for (const name of ['sent', 'bounced', 'ambiguous'] as const) totals[name] += result.totals[name]
    }
    assert.equal(failed.join('\n'), '')
    // else it proves little
    assert.ok(totals.sent > 100 && totals.bounced > 5 && totals.ambiguous > 0, JSON.stringify(totals))
  })
}
