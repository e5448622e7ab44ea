// Runs in a thread of its own: what the test runner does with every promise takes longer than all that happens here.
import { isMainThread, parentPort } from 'node:worker_threads'
import { createMailWorld, type LedgerTotals } from '../../src/testing/index.ts'

export interface FiveDays {
  readonly waiting: number
  readonly totals: LedgerTotals
  /** Of the reports to the first and the last sender. */
  readonly reports: readonly (readonly string[])[]
}

if (!isMainThread) parentPort!.postMessage(await fiveDays(1000))

async function fiveDays(count: number): Promise<FiveDays> {
  await using world = await createMailWorld({
    tls: 'made up',
    domains: [{ name: 'a.test', server: { mailAuth: false } }, 'b.test'],
  })
  world.faults.link('mx.b.test', 'refused')
  const sent = Array.from({ length: count }, (_, i) =>
    world.hand({ from: `u${i}@a.test`, to: 'bob@b.test', subject: `Number ${i}`, text: 'x' }),
  )
  await world.advance('6d')
  await Promise.all(sent)
  return {
    waiting: world.queue('a.test').length,
    totals: world.totals,
    reports: [0, count - 1].map(i =>
      world.inbox(`u${i}@a.test`).messages.map(({ envelope }) => envelope.from),
    ),
  }
}
