import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DotStuffer } from '../../src/pop3/wire/dot-stuffing.ts'
import { TopLines } from '../../src/pop3/wire/top-lines.ts'

/** Cuts a text into pieces at these places. */
function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts)].filter(at => at > 0 && at < text.length).sort((a, b) => a - b)
  return [...places, text.length].map((to, i) => text.slice(i === 0 ? 0 : places[i - 1], to))
}

function stuffed(pieces: readonly string[]): { text: string; pieces: number } {
  const out: Buffer[] = []
  const stuffer = new DotStuffer(piece => out.push(Buffer.from(piece)))
  for (const piece of pieces) stuffer.push(Buffer.from(piece, 'latin1'))
  stuffer.end()
  return { text: Buffer.concat(out).toString('latin1'), pieces: out.length }
}

/** RFC 1939 §3 line by line: what a reader of the standard would write. */
function byTheBook(text: string): string {
  const lines = text.split(/\r\n|\n/)
  if (lines.at(-1) === '') lines.pop()
  return `${lines.map(line => `${line.startsWith('.') ? '.' : ''}${line}\r\n`).join('')}.\r\n`
}

/** RFC 1939 §3 as a client reads it. */
function unstuffed(wire: string): string {
  const end = wire.startsWith('.\r\n') ? 0 : wire.indexOf('\r\n.\r\n') + 2
  assert.equal(end + 3, wire.length, 'the first end of the response is its last')
  return wire.slice(0, end).replace(/(^|\r\n)\./g, '$1')
}

const TEXT = fc
  .array(fc.constantFrom('\r\n', '\n', '\r', '.', '..', 'a', 'text'), { maxLength: 40 })
  .map(all => all.join(''))
const CRLF_TEXT = fc
  .array(fc.constantFrom('\r\n', '.', '..', 'a', 'text'), { maxLength: 40 })
  .map(all => all.join(''))

describe('dot-stuffing', () => {
  test('follows the RFC, wherever the text is cut', () => {
    for (const text of [
      '',
      '.',
      '..',
      '\r\n',
      '.\r\n',
      '\r\n.\r\n',
      'a',
      'a\r\n',
      'a\r\n.b\r\n..\r\n.',
      'a\r',
    ]) {
      assert.equal(stuffed([text]).text, byTheBook(text), JSON.stringify(text))
      assert.equal(stuffed([...text]).text, byTheBook(text), JSON.stringify(text))
    }
    fc.assert(
      fc.property(TEXT, fc.array(fc.nat(80)), (text, cuts) => {
        assert.equal(stuffed(cutAt(text, cuts)).text, byTheBook(text))
      }),
    )
  })

  test('follows the RFC also in text of very short and odd lines, which goes another way', () => {
    const odd = fc
      .array(fc.constantFrom('\r\n.', '\n.', '\n', '.', 'a'), { minLength: 60, maxLength: 300 })
      .map(all => all.join(''))
    fc.assert(
      fc.property(odd, fc.array(fc.nat(600), { maxLength: 4 }), (text, cuts) => {
        assert.equal(stuffed(cutAt(text, cuts)).text, byTheBook(text))
      }),
    )
    const { text, pieces } = stuffed(['.\n'.repeat(30_000)])
    assert.equal(text, `${'..\r\n'.repeat(30_000)}.\r\n`)
    assert.ok(pieces < 200, `${pieces} pieces`)
  })

  test('is undone by the client, byte for byte, but for a missing last line end', () => {
    fc.assert(
      fc.property(CRLF_TEXT, text => {
        const whole = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`
        assert.equal(unstuffed(stuffed([text]).text), whole)
      }),
    )
  })

  test('no message can show a false end, not even to a client that takes a bare LF for a line end', () => {
    fc.assert(
      fc.property(TEXT, text => {
        const lines = stuffed([text]).text.split('\n')
        const firstEnd = lines.findIndex(line => line === '.' || line === '.\r')
        assert.deepEqual(lines.slice(firstEnd), ['.\r', ''])
      }),
    )
  })

  test('text without dots and bare LFs goes out in one piece', () => {
    assert.equal(stuffed(['line\r\n'.repeat(10_000)]).pieces, 2)
  })
})

describe('TOP', () => {
  function top(text: string, lines: number, cuts: readonly number[] = []): string {
    const reader = new TopLines(lines)
    let out = ''
    for (const piece of cutAt(text, cuts)) {
      const taken = reader.take(Buffer.from(piece, 'latin1'))
      out += piece.slice(0, taken)
      if (taken < piece.length) assert.equal(reader.complete, true)
    }
    return out
  }

  test('is the header, the empty line and so many lines of the body', () => {
    const text = 'A: 1\r\n b\r\n\r\none\r\n\r\nthree'
    assert.equal(top(text, 0), 'A: 1\r\n b\r\n\r\n')
    assert.equal(top(text, 1), 'A: 1\r\n b\r\n\r\none\r\n')
    assert.equal(top(text, 2), 'A: 1\r\n b\r\n\r\none\r\n\r\n')
    assert.equal(top(text, 3), text)
    assert.equal(top(text, 4_294_967_295), text)
    assert.equal(top('\r\nbody\r\n', 0), '\r\n')
    assert.equal(top('A: 1\r\n', 5), 'A: 1\r\n')
    assert.equal(top('', 5), '')
    assert.equal(top('A: 1\n\none\ntwo\n', 1), 'A: 1\n\none\n')
  })

  test('is the same wherever the text is cut', () => {
    const texts = fc
      .array(fc.constantFrom('\r\n', '\n', 'A: b', 'x'), { maxLength: 30 })
      .map(all => all.join(''))
    fc.assert(
      fc.property(texts, fc.nat(5), fc.array(fc.nat(60)), (text, lines, cuts) => {
        assert.equal(top(text, lines, cuts), top(text, lines))
      }),
    )
  })
})
