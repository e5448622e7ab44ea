import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupSync } from '../src/database/group-sync.ts'

/** A disk whose flushes end when the test says so. */
function disk(): {
  flush: () => Promise<void>
  flushes: { end: () => void; fail: (error: Error) => void }[]
} {
  const flushes: { end: () => void; fail: (error: Error) => void }[] = []
  return {
    flushes,
    flush: () => new Promise((resolve, reject) => flushes.push({ end: resolve, fail: reject })),
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('commits that come together share one flush', async () => {
  const { flush, flushes } = disk()
  const sync = new GroupSync(flush)
  const waits = Array.from({ length: 20 }, () => {
    sync.committed()
    return sync.flushed()
  })
  await turn()
  assert.equal(flushes.length, 1)
  flushes[0]!.end()
  await Promise.all(waits)
})

test('a commit that comes while a flush runs waits for the next one', async () => {
  const { flush, flushes } = disk()
  const sync = new GroupSync(flush)
  sync.committed()
  const first = sync.flushed()
  await turn()
  sync.committed()
  let safe = false
  const second = sync.flushed().then(() => {
    safe = true
  })
  flushes[0]!.end()
  await first
  await turn()
  assert.equal(safe, false)
  assert.equal(flushes.length, 2)
  flushes[1]!.end()
  await second
})

test('with nothing committed nothing is flushed', async () => {
  const { flush, flushes } = disk()
  const sync = new GroupSync(flush)
  await sync.flushed()
  sync.committed()
  const done = sync.flushed()
  await turn()
  flushes[0]!.end()
  await done
  await sync.flushed()
  assert.equal(flushes.length, 1)
})

test('a flush that fails fails for all that waited for it; the next one is tried anew', async () => {
  const { flush, flushes } = disk()
  const sync = new GroupSync(flush)
  const waits = [1, 2].map(() => {
    sync.committed()
    return assert.rejects(sync.flushed(), /broken disk/)
  })
  await turn()
  flushes[0]!.fail(new Error('broken disk'))
  await Promise.all(waits)
  const again = sync.flushed()
  await turn()
  assert.equal(flushes.length, 2)
  flushes[1]!.end()
  await again
})
