import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineBreakCheck } from '../../src/smtp/wire/line-breaks.ts'
import { splits } from './support.ts'

function bare(chunks: Iterable<Uint8Array>): boolean {
  const check = new LineBreakCheck()
  for (const chunk of chunks) check.push(chunk)
  check.end()
  return check.bare
}

test('bare CR and bare LF are found at every split, CRLF is neither', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('\r', '\n', '\r\n', 'a', 'bcd'), { maxLength: 12 }), parts => {
      const text = parts.join('')
      const expected = /\r(?!\n)|(?<!\r)\n/.test(text)
      for (const chunks of splits(Buffer.from(text)))
        assert.equal(bare(chunks), expected, JSON.stringify(text))
    }),
    { numRuns: 1000 },
  )
})
