// 200 runs of a world under faults.
import assert from 'node:assert/strict'
import { on } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { addTo, type Runs, type RunsResult } from './runs.ts'

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

const pieces: Runs[] = Array.from({ length: PIECES }, (_, i) => ({
  first: i * RUNS_EACH + 1,
  count: RUNS_EACH,
}))
const worker = new Worker(new URL('./runs.js', import.meta.url), { workerData: pieces })
const results = on(worker, 'message')[Symbol.asyncIterator]()
const happened: Record<string, number> = {}

for (const { first, count } of pieces) {
  test(`${count} runs from seed ${first} on: each message is delivered, given back or waits, once, and nothing is left`, async () => {
    const [result] = (await results.next()).value as [RunsResult]
    const { sent = 0, bounced = 0, ambiguous = 0 } = result.totals
    addTo(happened, result.happened)
    assert.equal(result.failed.join('\n'), '')
    // else it proves little
    assert.ok(sent > 100 && bounced > 5 && ambiguous > 0, JSON.stringify(result.totals))
  })
}

test('every kind of fault has come to pass in these runs', () => {
  assert.deepEqual(
    FAULTS.filter(what => !Object.hasOwn(happened, what)),
    [],
    JSON.stringify(happened),
  )
})
