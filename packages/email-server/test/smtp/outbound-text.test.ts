// What leaves behind DATA: outbound smuggling, at every split.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DotReader } from '../../src/smtp/wire/dot-reader.ts'
import { DotStuffer } from '../../src/smtp/wire/dot-stuffer.ts'
import { LineWriter } from '../../src/smtp/wire/line-writer.ts'
import { splits } from './support.ts'

function send(pieces: readonly Uint8Array[]): { text: string; bare: boolean; canonical: string } {
  const out: Uint8Array[] = []
  const plain: Uint8Array[] = []
  const stuffer = new DotStuffer(piece => out.push(Uint8Array.from(piece)))
  const lines = new LineWriter(piece => {
    plain.push(Uint8Array.from(piece))
    stuffer.push(piece)
  })
  for (const piece of pieces) lines.push(piece)
  lines.end()
  out.push(Buffer.from('.\r\n'))
  return {
    text: Buffer.concat(out).toString('latin1'),
    bare: lines.bare,
    canonical: Buffer.concat(plain).toString('latin1'),
  }
}

const cases: readonly (readonly [message: string, said: string, bare: boolean])[] = [
  ['', '.\r\n', false],
  ['a', 'a\r\n.\r\n', false],
  ['a\r\n', 'a\r\n.\r\n', false],
  ['.', '..\r\n.\r\n', false],
  ['.\r\n', '..\r\n.\r\n', false],
  ['..\r\n.a\r\n', '...\r\n..a\r\n.\r\n', false],
  ['a\r\n.\r\nMAIL FROM:<x>\r\n', 'a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n', false],
  ['a\n.\nb', 'a\r\n..\r\nb\r\n.\r\n', true],
  ['a\n.\r\nb', 'a\r\n..\r\nb\r\n.\r\n', true],
  ['a\r.\rb', 'a\r\n..\r\nb\r\n.\r\n', true],
  ['a\r\n.\nb', 'a\r\n..\r\nb\r\n.\r\n', true],
  ['a\r\n.\rb', 'a\r\n..\r\nb\r\n.\r\n', true],
  ['a\r.\r\nb', 'a\r\n..\r\nb\r\n.\r\n', true],
  ['a\r\r\n.\r\r\nb', 'a\r\n\r\n..\r\n\r\nb\r\n.\r\n', true],
  ['a\r\n\0.\r\nb', 'a\r\n\0.\r\nb\r\n.\r\n', false],
  ['a\r', 'a\r\n.\r\n', true],
  ['\n', '\r\n.\r\n', true],
  ['\r\n\n', '\r\n\r\n.\r\n', true],
]
for (const [message, said, bare] of cases) {
  test(`outbound-smuggling: ${JSON.stringify(message)} leaves as ${JSON.stringify(said)}, however it comes`, () => {
    for (const pieces of splits(Buffer.from(message, 'latin1'))) {
      const sent = send(pieces)
      assert.equal(sent.text, said)
      assert.equal(sent.bare, bare)
    }
  })
}

/** The same by another way: lines, cut by a regular expression, each with its dot. */
function reference(message: string): string {
  if (message === '') return '.\r\n'
  const lines = message.split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  return `${lines.map(line => (line.startsWith('.') ? `.${line}` : line)).join('\r\n')}\r\n.\r\n`
}

const octets = fc.array(
  fc.constantFrom('\r', '\n', '.', 'a', '\0', '\xff', 'x'.repeat(600), '.\r\n'.repeat(40)),
  {
    maxLength: 40,
  },
)

test('any message, in any pieces, leaves as its lines do', () => {
  fc.assert(
    fc.property(octets, fc.array(fc.nat(2000), { maxLength: 6 }), (parts, cuts) => {
      const message = Buffer.from(parts.join(''), 'latin1')
      const places = [
        0,
        ...cuts.map(cut => Math.min(cut, message.length)).sort((a, b) => a - b),
        message.length,
      ]
      const pieces = places.slice(1).map((end, i) => message.subarray(places[i], end))
      assert.equal(send(pieces).text, reference(message.toString('latin1')))
    }),
    { numRuns: 500 },
  )
})

test('any message is read back by the server as it was, made text, and ends only at its end', () => {
  fc.assert(
    fc.property(octets, parts => {
      const { text, canonical } = send([Buffer.from(parts.join(''), 'latin1')])
      let got = ''
      const reader = new DotReader(piece => {
        got += Buffer.from(piece).toString('latin1')
      })
      const bytes = Buffer.from(text, 'latin1')
      assert.equal(reader.push(bytes), bytes.length)
      assert.equal(reader.done, true)
      assert.equal(got, canonical)
      assert.doesNotMatch(canonical, /(?<!\r)\n|\r(?!\n)/)
    }),
    { numRuns: 300 },
  )
})
