// 200 runs of a world under faults.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from './simulation.ts'

/** 200 runs, in pieces that each have their own time. */
const PIECES = 4
const RUNS_EACH = 50

/** Each of them must have come to pass: a fault that never does proves nothing. */
const FAULTS = [
  ...['refused', 'unreachable', 'reset', 'stall', 'slow', 'cut', 'single octets', 'full window'],
  ...['DNS servfail', 'DNS timeout', 'DNS nxdomain', 'DNS nodata'],
  ...['failed handshake', 'untrusted certificate', 'unverified certificate', 'rewritten'],
  ...['unverified: CERT_HAS_EXPIRED', 'unverified: CERT_NOT_YET_VALID'],
  ...['unverified: ERR_TLS_CERT_ALTNAME_INVALID', 'unverified: DEPTH_ZERO_SELF_SIGNED_CERT'],
  ...['CONNECT', 'EHLO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT', 'BDAT'].flatMap(verb => [
    `4yz at ${verb}`,
    `5yz at ${verb}`,
  ]),
  ...['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'BDAT'].map(verb => `reset at ${verb}`),
  ...['4yz at the end of a message', '5yz at the end of a message'],
  ...['clock set back', 'clock set forward'],
  ...['the store throws', 'the store hangs', 'the store answers twice'],
  ...['a handler throws', 'a handler hangs', 'a handler answers twice'],
  ...['a client has not heard what became of its message', 'a reader comes back', 'a reader is up to date'],
  ...['a reader hears: exists', 'a reader hears: flags', 'a reader hears: vanished'],
]

const happened = new Map<string, number>()

for (let piece = 0; piece < PIECES; piece++) {
  const first = piece * RUNS_EACH + 1
  test(`${RUNS_EACH} runs from seed ${first} on: each message is delivered, given back or waits, once, and nothing is left`, async () => {
    const failed: string[] = []
    const totals = { sent: 0, bounced: 0, ambiguous: 0 }
    for (let seed = first; seed < first + RUNS_EACH; seed++) {
      const result = await simulate(seed)
      for (const [what, times] of Object.entries(result.happened))
        happened.set(what, (happened.get(what) ?? 0) + times)
      if (result.wrong.length > 0) failed.push(`seed ${seed}:\n  ${result.wrong.join('\n  ')}`)
      for (const name of ['sent', 'bounced', 'ambiguous'] as const) totals[name] += result.totals[name]
    }
    assert.equal(failed.join('\n'), '')
    // else it proves little
    assert.ok(totals.sent > 100 && totals.bounced > 5 && totals.ambiguous > 0, JSON.stringify(totals))
  })
}

test('every kind of fault has come to pass in these runs', () => {
  assert.deepEqual(
    FAULTS.filter(what => !happened.has(what)),
    [],
    JSON.stringify([...happened]),
  )
})
