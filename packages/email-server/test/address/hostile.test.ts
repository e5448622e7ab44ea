// Attacks on address parsers (nested groups, quadratic lists, ReDoS: CVE-2025-14874, GHSA-2x7j-588g-ccc2, GHSA-9h6g-pr28-7cqp, CVE-2024-23184).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readAddresses, readAddressList, toEnvelopeAddresses } from '../../src/address/index.ts'

const PIECES = [
  'a@x.test,',
  'A <a@x.test> ',
  '<a@x.test>',
  'a@x.test ',
  'a@b@',
  'a.',
  'a@',
  'A:',
  'A:;',
  ';',
  ',',
  '<',
  '>',
  '@',
  '@a,',
  '<@a:',
  '"',
  '"a" ',
  '"\\"',
  '\\',
  '(',
  ')',
  '(a',
  '()',
  '(()',
  '[',
  '[]',
  '[ ',
  '=?',
  '=?x?q?',
  '=?x?q? ',
  '=?x?q?a,',
  '=?x?q?a,b?c, ',
  '=?x?q?a?= ',
  '?=',
  '"=?x?q?a?=b"',
  ' ',
  '\r\n ',
  'é',
  '\0',
  'a ',
]

/** Milliseconds of processor time, which other programs on the machine do not change; of the best of three when the first is too long. */
function timeOf(run: () => void, enough: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3 && best > enough; i++) {
    const start = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

test('every repeated piece is read in linear time: a megabyte in less than a quarter of a second', () => {
  const unlimited = { maxMailboxes: Number.POSITIVE_INFINITY }
  for (const piece of PIECES) {
    const text = piece.repeat(100_000)
    const took = timeOf(() => readAddressList(text, unlimited), 250)
    // a quadratic reader needs many seconds for 100,000 of anything
    assert.ok(took < 250 * Math.max(1, text.length / 1e6), `${JSON.stringify(piece)}: ${took} ms`)
  }
})

test('pairs of pieces are read in linear time, too', () => {
  for (const first of ['"', '(', '[', '<', 'A:', 'a@', '=?x?q?', '\\'])
    for (const second of [')', '"', ']', '>', ';', ',', ' ', 'a@x.test']) {
      const text = first.repeat(30_000) + second.repeat(30_000)
      const took = timeOf(() => readAddressList(text), 150)
      assert.ok(took < 150, `${first}${second}: ${took} ms`)
    }
})

test('an end far behind many beginnings is not searched for by each of them', () => {
  for (const [piece, end] of [
    ['=?x?q? ', '?='],
    ['=?x?q?a,', '?='],
    ['" ', '\\'],
    ['(', '\\'],
    ['[ ', '\\'],
    ['a <', '>'],
  ] as const) {
    const text = piece.repeat(100_000) + end
    const took = timeOf(() => readAddressList(text, { maxMailboxes: Number.POSITIVE_INFINITY }), 250)
    assert.ok(took < 250, `${piece}…${end}: ${took} ms`)
  }
})

test('100,000 addresses: the limit cuts the list, and the rest costs nothing', () => {
  const text = 'Someone <someone@example.com>, '.repeat(100_000)
  const list = readAddressList(text)
  assert.equal(list.entries.length, 2000)
  assert.equal(list.truncated, true)
  assert.ok(timeOf(() => readAddressList(text), 50) < 50)
})

test('arbitrary text never throws; names and addresses hold no line end; an address reads as itself again', () => {
  const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 25 }).map(list => list.join(''))
  fc.assert(
    fc.property(text, input => {
      const list = readAddressList(input)
      toEnvelopeAddresses(list)
      for (const entry of readAddresses(input))
        for (const { name, address } of entry.group ?? [entry]) {
          assert.ok(!/[\r\n]/.test(name + address), JSON.stringify(input))
          if (address === '') continue
          const again = readAddresses(address)
          assert.deepEqual(
            again.map(a => a.address),
            [address],
            JSON.stringify(input),
          )
        }
    }),
    { numRuns: 5000 },
  )
  fc.assert(fc.property(fc.string({ unit: 'binary' }), input => void readAddresses(input)))
})

test('comments may nest 50 deep; deeper ones are text, and nobody is addressed by it', () => {
  const nested = (depth: number): string => `${'('.repeat(depth)}x${')'.repeat(depth)} joe@x.test`
  assert.deepEqual(
    readAddresses(nested(50)).map(entry => entry.address),
    ['joe@x.test'],
  )
  assert.ok(readAddresses(nested(51)).every(entry => !entry.address.includes('(')))
  assert.equal(
    readAddressList(nested(51)).entries.every(entry => entry.kind === 'mailbox' && !entry.regular),
    true,
  )
})
