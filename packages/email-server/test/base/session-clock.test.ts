import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SessionClock } from '../../src/base/session-clock.ts'

describe('the clock of a session', () => {
  test('fires what is due in order of its time, once, and not before', () => {
    const clock = new SessionClock(1000)
    const fired: string[] = []
    clock.set('b', 200, () => fired.push('b'))
    clock.set('a', 100, () => fired.push('a'))
    clock.set('c', 300, () => fired.push('c'))
    clock.tick(1099)
    assert.deepEqual(fired, [])
    clock.tick(1200)
    assert.deepEqual(fired, ['a', 'b'])
    assert.equal(clock.next(), 1300)
    clock.tick(5000)
    clock.tick(6000)
    assert.deepEqual(fired, ['a', 'b', 'c'])
    assert.equal(clock.next(), null)
  })

  test('a deadline of the same name replaces the other, and may be cleared', () => {
    const clock = new SessionClock(0)
    const fired: string[] = []
    clock.set('x', 10, () => fired.push('old'))
    clock.set('x', 20, () => fired.push('new'))
    clock.set('y', 15, () => fired.push('y'))
    assert.equal(clock.has('y'), true)
    clock.clear('y')
    assert.equal(clock.has('y'), false)
    clock.tick(100)
    assert.deepEqual(fired, ['new'])
    clock.set('z', 1, () => fired.push('z'))
    clock.clearAll()
    clock.tick(200)
    assert.deepEqual(fired, ['new'])
  })

  test('what a deadline clears or sets while it fires counts', () => {
    const clock = new SessionClock(0)
    const fired: string[] = []
    clock.set('a', 10, () => {
      fired.push('a')
      clock.clear('b')
      clock.set('c', 5, () => fired.push('c'))
    })
    clock.set('b', 20, () => fired.push('b'))
    clock.tick(50)
    assert.deepEqual(fired, ['a'])
    assert.equal(clock.next(), 55)
    clock.tick(55)
    assert.deepEqual(fired, ['a', 'c'])
  })

  test('the time may be known only later: deadlines count from the first tick', () => {
    const clock = new SessionClock()
    const fired: number[] = []
    clock.set('x', 1000, () => fired.push(clock.now))
    clock.tick(1_700_000_000_000)
    assert.deepEqual(fired, [])
    assert.equal(clock.next(), 1_700_000_001_000)
    clock.tick(1_700_000_001_000)
    assert.deepEqual(fired, [1_700_000_001_000])
  })

  test('a clock that jumps back fires nothing and loses nothing', () => {
    const clock = new SessionClock(10_000)
    let fired = 0
    clock.set('x', 1000, () => fired++)
    clock.tick(5000)
    assert.equal(fired, 0)
    assert.equal(clock.now, 5000)
    clock.tick(11_000)
    assert.equal(fired, 1)
  })

  test('tells when a deadline is earlier than the one that it has told of', () => {
    let told = 0
    const clock = new SessionClock(0, () => told++)
    clock.set('late', 1000, () => {})
    assert.equal(told, 1)
    clock.set('later', 2000, () => {})
    assert.equal(told, 1)
    clock.set('soon', 500, () => {})
    assert.equal(told, 2)
    clock.clear('soon')
    // may be early, never late
    assert.ok(clock.next()! <= 1000)
    clock.tick(500)
    assert.equal(clock.next(), 1000)
  })

  test('sleeps', async () => {
    const clock = new SessionClock(0)
    let awake = false
    const slept = clock.sleep(30).then(() => {
      awake = true
    })
    clock.tick(29)
    await null
    assert.equal(awake, false)
    clock.tick(30)
    await slept
    assert.equal(awake, true)
  })
})
