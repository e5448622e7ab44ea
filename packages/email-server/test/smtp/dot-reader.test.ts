import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DotReader } from '../../src/smtp/wire/dot-reader.ts'
import { splits } from './support.ts'

/** RFC 5321 §4.5.2 in ten lines, on the whole text: what the reader must agree with. */
function reference(text: string): { message: string; rest: string } | null {
  const end = `\r\n${text}`.indexOf('\r\n.\r\n')
  if (end < 0) return null
  const message = `\r\n${text}`.slice(2, end + 2)
  return { message: `\r\n${message}`.replaceAll('\r\n.', '\r\n').slice(2), rest: text.slice(end + 3) }
}

function read(chunks: Iterable<Uint8Array>): { message: string; rest: string; done: boolean } {
  const pieces: Uint8Array[] = []
  let rest = ''
  const reader = new DotReader(piece => pieces.push(piece))
  for (const chunk of chunks) {
    const used = reader.done ? 0 : reader.push(chunk)
    rest += Buffer.from(chunk.subarray(used)).toString('latin1')
  }
  return { message: Buffer.concat(pieces).toString('latin1'), rest, done: reader.done }
}

const cases: readonly (readonly [why: string, wire: string, message: string, rest: string])[] = [
  ['the CRLF before the final dot belongs to the message', 'a\r\n.\r\n', 'a\r\n', ''],
  ['no mail data at all', '.\r\n', '', ''],
  ['what follows is not read', 'a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
  ['a doubled dot is one', '..a\r\nb\r\n..\r\n.\r\n', '.a\r\nb\r\n.\r\n', ''],
  ['the first dot of a line goes even when it was not doubled', '.a\r\n.\r\n', 'a\r\n', ''],
  ['only at the start of a line', 'a..b\r\n...c\r\n.\r\n', 'a..b\r\n..c\r\n', ''],
  ['empty lines', '\r\n\r\n.\r\n', '\r\n\r\n', ''],
  ['bare LF is no line', 'a\n.\nb\r\n.\r\n', 'a\n.\nb\r\n', ''],
  ['LF dot CRLF ends nothing', 'a\n.\r\nb\r\n.\r\n', 'a\n.\r\nb\r\n', ''],
  ['CRLF dot LF ends nothing', 'a\r\n.\nb\r\n.\r\n', 'a\r\n\nb\r\n', ''],
  ['CRLF dot CR ends nothing', 'a\r\n.\rb\r\n.\r\n', 'a\r\n\rb\r\n', ''],
  ['CRLF dot CR CR LF ends nothing', 'a\r\n.\r\r\nb\r\n.\r\n', 'a\r\n\r\r\nb\r\n', ''],
  ['CR dot CR ends nothing', 'a\r.\rb\r\n.\r\n', 'a\r.\rb\r\n', ''],
  ['CR CRLF dot CRLF ends it', 'a\r\r\n.\r\n', 'a\r\r\n', ''],
  ['8-bit octets pass', '\xff\x80\r\n.\r\n', '\xff\x80\r\n', ''],
]

for (const [why, wire, message, rest] of cases) {
  test(`DATA: ${why}, at every split`, () => {
    for (const chunks of splits(Buffer.from(wire, 'latin1'))) {
      assert.deepEqual(read(chunks), { message, rest, done: true })
    }
  })
}

test('DATA: any text of dots, CRs, LFs and letters reads as the reference reads it, however it is cut', () => {
  const text = fc
    .array(fc.constantFrom('.', '\r', '\n', '\r\n', '\r\n.', 'a', '\0'), { maxLength: 40 })
    .map(parts => parts.join(''))
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 60 }), (body, cuts) => {
      const wire = Buffer.from(`${body}\r\n.\r\nrest`, 'latin1')
      const chunks: Uint8Array[] = []
      let at = 0
      for (const length of cuts) {
        chunks.push(wire.subarray(at, at + length))
        at += length
      }
      chunks.push(wire.subarray(Math.min(at, wire.length)))
      const expected = reference(wire.toString('latin1'))
      assert.deepEqual(read(chunks), { ...expected, done: true })
    }),
    { numRuns: 2000 },
  )
})

test('DATA: a whole piece is handed over as it came, not copied', () => {
  const chunk = Buffer.from('line\r\n'.repeat(1000))
  const pieces: Uint8Array[] = []
  new DotReader(piece => pieces.push(piece)).push(chunk)
  assert.equal(pieces.length, 1)
  assert.equal(pieces[0], chunk)
})
