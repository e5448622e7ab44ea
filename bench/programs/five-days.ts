// Five days in which a thousand messages are tried again and again and then given back, and a sixth for the reports; says its CPU time when they are over.
// `clock`: the same number of turns of the virtual clock, and nothing else.
import { writeSync } from 'node:fs'
import { createMailWorld, VirtualWorld } from 'email-server/testing'

const MESSAGES = 1000
/** What the usual waits come to in five days. */
const ATTEMPTS = 37
const DAYS = 6

async function mail(): Promise<void> {
  const world = await createMailWorld({
    tls: 'made up',
    domains: [{ name: 'a.test', server: { mailAuth: false } }, 'b.test'],
  })
  world.faults.link('mx.b.test', 'refused')
  const sent = Array.from({ length: MESSAGES }, (_, i) =>
    world.hand({ from: `u${i}@a.test`, to: 'bob@b.test', subject: `Number ${i}`, text: 'x' }),
  )
  await world.advance(`${DAYS}d`)
  await Promise.all(sent)
  await world.close()
  const { bounced, stored } = world.totals
  // each is given back, and before that its sender hears that it takes longer
  if (bounced !== MESSAGES || stored !== 2 * MESSAGES) throw new Error(JSON.stringify(world.totals))
}

async function clock(): Promise<void> {
  const world = new VirtualWorld()
  const runtime = world.host()
  const again = (left: number, wait: number): void => {
    if (left > 0) runtime.setTimer(wait, () => again(left - 1, wait))
  }
  const span = (DAYS * 86_400_000) / (ATTEMPTS + 1)
  for (let i = 0; i < MESSAGES; i++) again(ATTEMPTS, span + i)
  await world.advance(DAYS * 86_400_000)
}

await (process.argv[2] === 'clock' ? clock() : mail())
writeSync(1, JSON.stringify(process.cpuUsage()))
