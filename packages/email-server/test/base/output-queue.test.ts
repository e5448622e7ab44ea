import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { OutputQueue } from '../../src/base/output-queue.ts'

function recorded(): { queue: OutputQueue; sent: string[] } {
  const sent: string[] = []
  return { queue: new OutputQueue(bytes => sent.push(Buffer.from(bytes).toString())), sent }
}

describe('the output queue', () => {
  test('small writes of one turn leave together, in order, text as UTF-8', async () => {
    const { queue, sent } = recorded()
    queue.write('a')
    queue.write(Buffer.from('b'))
    queue.write('ü')
    assert.deepEqual(sent, [])
    await null
    assert.deepEqual(sent, ['abü'])
    queue.write('c')
    queue.flush()
    assert.deepEqual(sent, ['abü', 'c'])
  })

  test('a turn that writes much is cut into several sends', () => {
    const { queue, sent } = recorded()
    for (let i = 0; i < 100; i++) queue.write('x'.repeat(1000))
    assert.ok(sent.length >= 1, 'something has left before the turn ended')
    assert.ok(queue.pending < 65_536)
  })

  test('large pieces are handed over as they are, not copied', () => {
    const chunks: Uint8Array[] = []
    const queue = new OutputQueue(bytes => chunks.push(bytes))
    const large = Buffer.alloc(20_000)
    queue.write('head')
    queue.write(large)
    queue.flush()
    assert.deepEqual(
      chunks.map(chunk => chunk.length),
      [4, 20_000],
    )
    assert.equal(chunks[1]!.buffer, large.buffer)
  })

  test('nothing leaves while the peer is not reading, and producers are told to wait until it does', async () => {
    const { queue, sent } = recorded()
    assert.equal(queue.ready(), null)
    queue.pause()
    queue.write('waits')
    await null
    queue.flush()
    assert.deepEqual(sent, [])
    let went = false
    const ready = queue.ready()
    assert.ok(ready)
    void ready.then(() => {
      went = true
    })
    await null
    assert.equal(went, false)
    queue.resume()
    await null
    assert.equal(went, true)
    assert.deepEqual(sent, ['waits'])
    assert.equal(queue.ready(), null)
  })

  test('a peer that stops reading in the middle of a flush keeps the rest and its order', async () => {
    const sent: string[] = []
    let room = 1
    const queue: OutputQueue = new OutputQueue(bytes => {
      sent.push(Buffer.from(bytes).toString())
      if (--room <= 0) queue.pause()
    })
    queue.write('a'.repeat(20_000))
    queue.write(Buffer.from('b'.repeat(20_000)))
    queue.write('c')
    queue.flush()
    assert.deepEqual(
      sent.map(text => text[0]),
      ['a'],
    )
    let released = false
    void queue.ready()?.then(() => {
      released = true
    })
    queue.write('d')
    room = 1
    queue.resume()
    await null
    assert.deepEqual(
      sent.map(text => text[0]),
      ['a', 'b'],
    )
    assert.equal(released, false, 'it was full again at once')
    room = 9
    queue.resume()
    await null
    assert.equal(sent.join(''), `${'a'.repeat(20_000)}${'b'.repeat(20_000)}cd`)
    assert.equal(released, true)
  })

  test('closing sends what is left, even to a peer that is not reading, frees producers, and takes nothing more', async () => {
    const { queue, sent } = recorded()
    queue.pause()
    queue.write('last words')
    const ready = queue.ready()
    queue.close()
    await ready
    queue.write('too late')
    queue.flush()
    queue.close()
    await null
    assert.deepEqual(sent, ['last words'])
    assert.equal(queue.ready(), null)
  })

  test('closing sends everything, also when the peer is full after the first piece', () => {
    const sent: string[] = []
    const queue: OutputQueue = new OutputQueue(bytes => {
      sent.push(Buffer.from(bytes).toString())
      queue.pause()
    })
    queue.write(Buffer.from('a'.repeat(100_000)))
    queue.resume()
    queue.write(Buffer.from('b'.repeat(5000)))
    queue.write('goodbye')
    queue.close()
    assert.equal(sent.join(''), `${'a'.repeat(100_000)}${'b'.repeat(5000)}goodbye`)
  })

  test('whatever is written, paused and resumed: the bytes are the same and in order', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.constant('pause' as const),
        fc.constant('resume' as const),
        fc.constant('turn' as const),
        fc.constant('flush' as const),
        fc.record({ text: fc.constantFrom('', 'x', 'é'.repeat(50), 'y'.repeat(9000)) }),
        fc.record({ bytes: fc.constantFrom(0, 3, 17_000, 150_000) }),
      ),
      { maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async all => {
        const { queue, sent } = recorded()
        let written = ''
        let paused = false
        for (const [i, step] of all.entries()) {
          if (step === 'pause') {
            queue.pause()
            paused = true
          } else if (step === 'resume') {
            queue.resume()
            paused = false
          } else if (step === 'flush') queue.flush()
          else if (step === 'turn') await null
          else {
            const text = 'text' in step ? step.text : String(i % 10).repeat(step.bytes)
            const before = sent.length
            queue.write('text' in step ? text : Buffer.from(text))
            written += text
            if (paused) assert.equal(sent.length, before)
          }
        }
        queue.close()
        assert.ok(sent.join('') === written)
      }),
      { numRuns: 60 },
    )
  })
})
