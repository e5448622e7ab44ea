import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Emitter } from '../../src/base/emitter.ts'
import { turn } from '../../src/node/index.ts'

type Events = { word: [text: string, times: number]; error: [error: Error]; end: [] }

class Talker extends Emitter<Events> {
  readonly failures: string[] = []
  protected override onListenerError(error: unknown, name: keyof Events): void {
    this.failures.push(`${name}: ${(error as Error).message}`)
  }
}

describe('typed events', () => {
  test('reach their listeners in order, with their arguments', () => {
    const talker = new Talker()
    const heard: string[] = []
    talker
      .on('word', (text, times) => heard.push(`a ${text} ${times}`))
      .on('word', text => heard.push(`b ${text}`))
    assert.equal(talker.emit('word', 'hi', 2), true)
    assert.equal(talker.emit('end'), false)
    assert.deepEqual(heard, ['a hi 2', 'b hi'])
  })

  test('`once` hears once, `off` no more, also when they change while an event is out', () => {
    const talker = new Talker()
    const heard: string[] = []
    const second = (): number => heard.push('second')
    talker.once('end', () => {
      heard.push('once')
      talker.off('end', second)
      talker.on('end', () => heard.push('new'))
    })
    talker.on('end', second)
    talker.emit('end')
    assert.deepEqual(heard, ['once', 'second'])
    talker.emit('end')
    assert.deepEqual(heard, ['once', 'second', 'new'])
    assert.equal(talker.listenerCount('end'), 1)
    talker.removeAllListeners('end')
    assert.equal(talker.emit('end'), false)
  })

  test('a listener that throws or rejects stops nobody, and the owner learns of it', async () => {
    const talker = new Talker()
    const heard: string[] = []
    talker.on('end', () => {
      throw new Error('thrown')
    })
    talker.on('end', async () => Promise.reject(new Error('rejected')))
    talker.on('end', () => heard.push('still here'))
    assert.equal(talker.emit('end'), true)
    assert.deepEqual(heard, ['still here'])
    await turn()
    assert.deepEqual(talker.failures, ['end: thrown', 'end: rejected'])
  })

  test("'error' needs no listener", () => {
    assert.equal(new Talker().emit('error', new Error('unheard')), false)
  })

  test('whoever must know hears of failures himself', async () => {
    const talker = new Talker()
    talker.on('end', async () => Promise.reject(new Error('mine')))
    const mine: unknown[] = []
    assert.equal(
      talker.dispatch('end', [], error => mine.push(error)),
      true,
    )
    await turn()
    assert.equal((mine[0] as Error).message, 'mine')
    assert.deepEqual(talker.failures, [])
  })

  test('a listener that is no function is refused where it is given', () => {
    const on = (listener: unknown): unknown => new Talker().on('end', listener as () => void)
    for (const nothing of [undefined, null, 'text', {}]) assert.throws(() => on(nothing), { code: 'EUSAGE' })
  })
})
