// When to try again, and when not: RFC 5321 §4.5.4.1. What failures mean: RFC 5321 §4.2.1, RFC 3463 §3.1.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureKind, statusOf } from '../../src/delivery/outcome.ts'
import { isLate, nextAttempt, resolveRetry } from '../../src/delivery/schedule.ts'
import { MailError } from '../../src/index.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const middle = (): Uint8Array => Uint8Array.of(0x80, 0, 0, 0)

test('waits double from five minutes to four hours, for five days', () => {
  const plan = resolveRetry()
  const waits: number[] = []
  let now = 0
  for (let attempts = 1; ; attempts++) {
    const next = nextAttempt(plan, { since: 0, attempts, isReport: false }, now, middle)
    if (next === null) break
    waits.push((next - now) / MINUTE)
    now = next
  }
  assert.deepEqual(waits.slice(0, 8), [5, 10, 20, 40, 80, 160, 240, 240])
  assert.equal(now, 5 * DAY, 'the last attempt is made at the end')
  // 315 minutes in six waits, the other 6,885 in waits of 240
  assert.equal(waits.length, 35)
})

test('jitter moves each wait by a tenth at most', () => {
  const plan = resolveRetry()
  for (const [lot, minutes] of [
    [0, 4.5],
    [0xff, 5.5],
  ] as const) {
    const next = nextAttempt(plan, { since: 0, attempts: 1, isReport: false }, 0, () =>
      Uint8Array.of(lot, lot, lot, lot),
    )!
    assert.ok(Math.abs(next / MINUTE - minutes) < 0.01)
  }
})

test('reports are given up sooner', () => {
  const plan = resolveRetry()
  assert.equal(nextAttempt(plan, { since: 0, attempts: 20, isReport: true }, 2 * DAY, middle), null)
  assert.notEqual(nextAttempt(plan, { since: 0, attempts: 20, isReport: false }, 2 * DAY, middle), null)
})

test('a machine that was off for a week tries more than once before it gives up', () => {
  const plan = resolveRetry()
  assert.notEqual(nextAttempt(plan, { since: 0, attempts: 2, isReport: false }, 7 * DAY, middle), null)
})

test('a clock that stands still ends the waiting all the same', () => {
  const plan = resolveRetry()
  let attempts = 1
  while (nextAttempt(plan, { since: 0, attempts, isReport: false }, 0, middle) !== null) attempts++
  assert.ok(attempts < 100)
})

test('the sender is told after four hours, not for reports, not when it is switched off', () => {
  const plan = resolveRetry()
  const waiting = { since: 0, attempts: 6, isReport: false }
  assert.equal(isLate(plan, waiting, 240 * MINUTE - 1), false)
  assert.equal(isLate(plan, waiting, 240 * MINUTE), true)
  assert.equal(isLate(plan, { ...waiting, isReport: true }, DAY), false)
  assert.equal(isLate(resolveRetry({ warnAfterMs: 0 }), waiting, DAY), false)
})

for (const [options, name] of [
  [{ firstDelayMs: 0 }, 'retry.firstDelayMs'],
  [{ maxDelayMs: Number.NaN }, 'retry.maxDelayMs'],
  [{ jitter: 1 }, 'retry.jitter'],
  [{ giveUpAfterMs: '5d' }, 'retry.giveUpAfterMs'],
  [{ attempts: 3 }, 'retry'],
] as const) {
  test(`the option ${name} is checked by name`, () => {
    assert.throws(
      () => resolveRetry(options as never),
      (error: MailError) => error.code === 'ECONFIG' && error.message.includes(name),
    )
  })
}

const FAILURES: readonly (readonly [string, MailError, string, string])[] = [
  [
    '550',
    new MailError('EENVELOPE', 'x', { responseCode: 550, enhancedCode: '5.1.1', permanent: true }),
    'bounce',
    '5.1.1',
  ],
  [
    '450',
    new MailError('EENVELOPE', 'x', { responseCode: 450, enhancedCode: '4.2.1', permanent: false }),
    'retry',
    '4.2.1',
  ],
  ['550 without an enhanced code', new MailError('EMESSAGE', 'x', { responseCode: 550 }), 'bounce', '5.6.0'],
  ['503', new MailError('EENVELOPE', 'x', { responseCode: 503 }), 'retry', '4.0.0'],
  ['no connection', new MailError('ECONNECTION', 'x'), 'retry', '4.4.1'],
  ['silence', new MailError('ETIMEDOUT', 'x'), 'retry', '4.4.2'],
  ['lost after the dot', new MailError('ECONNECTION', 'x', { ambiguous: true }), 'ambiguous', '4.4.2'],
  ['a message that cannot be sent', new MailError('EMESSAGE', 'x'), 'bounce', '5.6.0'],
  [
    'our password is wrong',
    new MailError('EAUTH', 'x', { responseCode: 535, permanent: true }),
    'retry',
    '4.7.8',
  ],
  [
    'an enhanced code of the wrong class',
    new MailError('EENVELOPE', 'x', { responseCode: 450, enhancedCode: '5.7.1', permanent: false }),
    'retry',
    '4.7.1',
  ],
]

for (const [what, error, kind, status] of FAILURES) {
  test(`${what}: ${kind}, ${status}`, () => {
    assert.equal(failureKind(error), kind)
    assert.equal(statusOf(error), status)
  })
}
