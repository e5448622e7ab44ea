import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type LineBreakScan, makeLineBreakScan } from '../../src/smtp/wire/line-break-kernel.ts'
import { LineBreakCheck, searchLineBreaks } from '../../src/smtp/wire/line-breaks.ts'
import { splits } from './support.ts'

function bare(chunks: Iterable<Uint8Array>, scan: LineBreakScan | null): boolean {
  const check = new LineBreakCheck(scan)
  for (const chunk of chunks) check.push(chunk)
  check.end()
  return check.bare
}

const kernel = makeLineBreakScan()

test('the vectors of WebAssembly are there on every Node that the library runs on', () => {
  assert.ok(kernel)
})

for (const [name, scan] of [
  ['by searches', searchLineBreaks],
  ['by vectors', kernel],
  ['by what is fastest', null],
] as const) {
  test(`bare CR and bare LF are found at every split, CRLF is neither: ${name}`, () => {
    const parts = fc.array(
      fc.constantFrom('\r', '\n', '\r\n', 'a', 'bcd', '\r\n'.repeat(9), 'x'.repeat(33)),
      {
        maxLength: 12,
      },
    )
    fc.assert(
      fc.property(parts, some => {
        const text = some.join('')
        const expected = /\r(?!\n)|(?<!\r)\n/.test(text)
        for (const chunks of splits(Buffer.from(text))) {
          assert.equal(bare(chunks, scan), expected, JSON.stringify(text))
        }
      }),
      { numRuns: 400 },
    )
  })

  test(`one bare octet is found wherever it stands, and around every window: ${name}`, () => {
    const line = `${'x'.repeat(62)}\r\n`
    for (const size of [1, 15, 16, 17, 511, 512, 513, 4096, 131_071, 131_072, 131_073, 300_000]) {
      const good = Buffer.from(line.repeat(Math.ceil(size / 64)).slice(0, size))
      assert.equal(bare([good], scan), good[size - 1] === 13, `${size}`)
      const places = [0, 1, 15, 16, 17, size >> 1, size - 2, size - 1, 131_070, 131_071, 131_072, 131_073]
      for (const at of places) {
        if (at < 0 || at >= size || good[at] !== 120) continue
        for (const octet of [10, 13]) {
          const bad = Buffer.from(good)
          bad[at] = octet
          // a CR in front of a CRLF's LF cannot stand here: every x has an x or a CR behind it
          assert.equal(bare([bad], scan), true, `${octet} at ${at} of ${size}`)
        }
      }
    }
  })
}
