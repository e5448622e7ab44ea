// Days of attempts in the time of a test.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { FiveDays } from './five-days.ts'

test('five days of attempts for a thousand messages', async () => {
  const worker = new Worker(new URL('./five-days.js', import.meta.url))
  const [{ waiting, totals, reports }] = (await once(worker, 'message')) as [FiveDays]
  assert.equal(waiting, 0)
  assert.deepEqual([totals.taken, totals.bounced], [1000, 1000])
  const delayAndFailure = ['', '']
  assert.deepEqual(reports, [delayAndFailure, delayAndFailure], 'the delay and the failure are reported')
})
