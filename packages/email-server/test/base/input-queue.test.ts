import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { InputQueue, TOO_LONG } from '../../src/base/input-queue.ts'

/** All lines that come out when the text goes in cut at these places. */
function lines(text: string, cuts: readonly number[], limit = 1000): string[] {
  const queue = new InputQueue()
  const out: string[] = []
  const places = [...new Set(cuts)].filter(at => at > 0 && at < text.length).sort((a, b) => a - b)
  let from = 0
  for (const to of [...places, text.length]) {
    queue.push(Buffer.from(text.slice(from, to), 'latin1'))
    from = to
    for (;;) {
      const line = queue.takeLine(limit)
      if (line === null) break
      if (line === TOO_LONG) return [...out, 'TOO LONG']
      out.push(Buffer.from(line).toString('latin1'))
    }
  }
  return [...out, `left ${queue.length}`]
}

describe('the input queue', () => {
  test('gives the same lines wherever the bytes are cut', () => {
    const text = 'one\r\n\r\ntwo\nstill two\rand\r\r\nthree'
    const expected = ['one', '', 'two\nstill two\rand\r', 'left 5']
    assert.deepEqual(lines(text, []), expected)
    for (let a = 1; a < text.length; a++) {
      for (let b = a; b < text.length; b++)
        assert.deepEqual(lines(text, [a, b]), expected, `cut at ${a}, ${b}`)
    }
    assert.deepEqual(
      lines(
        text,
        [...text].map((_, i) => i),
      ),
      expected,
    )
  })

  test('agrees with a split at CRLF for any text and any cuts', () => {
    const text = fc
      .array(fc.constantFrom('\r\n', '\r', '\n', 'a', 'bc'), { maxLength: 60 })
      .map(all => all.join(''))
    fc.assert(
      fc.property(text, fc.array(fc.nat(120)), (all, cuts) => {
        const expected = all.split('\r\n')
        const rest = expected.pop()!
        assert.deepEqual(lines(all, cuts), [...expected, `left ${rest.length}`])
      }),
    )
  })

  test('a line of exactly the limit is taken, one octet more is too long, whether or not its end is there', () => {
    for (const cuts of [[], [3], [1, 2, 3, 4, 5, 6, 7, 8]]) {
      assert.deepEqual(lines('12345678\r\nx', cuts, 10), ['12345678', 'left 1'])
      assert.deepEqual(lines('123456789\r\n', cuts, 10), ['TOO LONG'])
      assert.deepEqual(lines('1234567890', cuts, 10), ['TOO LONG'])
      assert.deepEqual(lines('12345678\r', cuts, 10), ['left 9'])
    }
  })

  test('takes counted bytes across chunks, without copying those that lie in one', () => {
    const queue = new InputQueue()
    const first = Buffer.from('abcdef')
    queue.push(first)
    queue.push(Buffer.from('ghi'))
    queue.push(Buffer.alloc(0))
    const within = queue.take(4)
    assert.equal(within.buffer, first.buffer)
    assert.equal(Buffer.from(within).toString(), 'abcd')
    assert.equal(Buffer.from(queue.take(4)).toString(), 'efgh')
    assert.equal(queue.length, 1)
    assert.equal(queue.take(0).length, 0)
    assert.equal(Buffer.from(queue.takeSome()!).toString(), 'i')
    assert.equal(queue.takeSome(), null)
  })

  test('lines, counted bytes and pieces may be taken in turn, with the search for line ends unconfused', () => {
    const operations = fc.array(
      fc.oneof(
        fc.constant('line' as const),
        fc.constant('clear' as const),
        fc.record({ take: fc.nat(9) }),
        fc.record({ some: fc.integer({ min: 1, max: 9 }) }),
        fc.record({ drop: fc.nat(9) }),
        fc.record({ push: fc.array(fc.constantFrom('\r\n', '\r', 'ab', 'c'), { maxLength: 5 }) }),
      ),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(operations, steps => {
        const queue = new InputQueue()
        let model = ''
        for (const step of steps) {
          if (step === 'clear') {
            assert.equal(queue.clear(), model.length)
            model = ''
          } else if (step === 'line') {
            const end = model.indexOf('\r\n')
            // by turns as bytes and as text, which are the same here
            const line = model.length % 2 === 0 ? queue.takeLine(1000) : queue.takeLineText(1000)
            assert.equal(
              line === null ? null : Buffer.from(line as Uint8Array).toString(),
              end < 0 ? null : model.slice(0, end),
            )
            if (end >= 0) model = model.slice(end + 2)
          } else if ('take' in step) {
            const count = Math.min(step.take, model.length)
            assert.equal(Buffer.from(queue.take(count)).toString(), model.slice(0, count))
            model = model.slice(count)
          } else if ('some' in step) {
            const piece = queue.takeSome(step.some)
            assert.equal(piece === null, model === '')
            const text = Buffer.from(piece ?? '').toString()
            assert.ok(text.length <= step.some && model.startsWith(text))
            model = model.slice(text.length)
          } else if ('drop' in step) {
            const count = Math.min(step.drop, model.length)
            queue.drop(count)
            model = model.slice(count)
          } else {
            for (const text of step.push) queue.push(Buffer.from(text))
            model += step.push.join('')
          }
          assert.equal(queue.length, model.length)
        }
      }),
    )
  })

  test('peek shows what is there in one piece and takes nothing', () => {
    const queue = new InputQueue()
    assert.equal(queue.peek(), null)
    const first = Buffer.from('abc')
    queue.push(first)
    assert.equal(queue.peek(), first)
    queue.drop(1)
    assert.equal(Buffer.from(queue.peek()!).toString(), 'bc')
    assert.equal(queue.length, 2)
  })

  test('packets of one octet cost about an octet each, and what was taken of them stays as it was', () => {
    const queue = new InputQueue()
    const text = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('')
    for (const octet of Buffer.from(text)) queue.push(Uint8Array.of(octet))
    let pieces = 0
    let out = ''
    for (let piece = queue.takeSome(); piece; piece = queue.takeSome()) {
      out += Buffer.from(piece).toString()
      pieces++
    }
    assert.equal(out, text)
    assert.ok(pieces < 100)
    queue.push(Buffer.from('one'))
    queue.push(Buffer.from('two'))
    queue.take(3)
    const two = queue.take(3)
    queue.push(Buffer.from('six'))
    queue.push(Buffer.from('ten'))
    assert.equal(Buffer.from(two).toString(), 'two')
  })

  test('a line of 200,000 packets is searched once', () => {
    const queue = new InputQueue()
    const started = process.hrtime.bigint()
    for (let i = 0; i < 200_000; i++) {
      queue.push(Buffer.from('\n'))
      assert.equal(queue.takeLine(1_000_000), null)
    }
    queue.push(Buffer.from('\r\n'))
    assert.equal((queue.takeLine(1_000_000) as Uint8Array).length, 200_000)
    // quadratic work would take minutes
    assert.ok(process.hrtime.bigint() - started < 5_000_000_000n)
  })
})
