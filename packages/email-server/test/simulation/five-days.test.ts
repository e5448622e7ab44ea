// Days of attempts in the time of a test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMailWorld } from '../../src/testing/index.ts'

test('five days of attempts for a thousand messages', async () => {
  await using world = await createMailWorld({
    tls: 'made up',
    domains: [{ name: 'a.test', server: { mailAuth: false } }, 'b.test'],
  })
  world.faults.link('mx.b.test', 'refused')
  const sent = Array.from({ length: 1000 }, (_, i) =>
    world.hand({ from: `u${i}@a.test`, to: 'bob@b.test', subject: `Number ${i}`, text: 'x' }),
  )
  await world.advance('6d')
  await Promise.all(sent)
  assert.equal(world.queue('a.test').length, 0)
  assert.equal(world.totals.bounced, 1000)
  for (const i of [0, 999]) {
    assert.deepEqual(
      world.inbox(`u${i}@a.test`).messages.map(({ envelope }) => envelope.from),
      ['', ''],
      'the delay and the failure are reported',
    )
  }
})
