// Body canonicalisation in pieces against the rules of RFC 6376 §3.4.3 and §3.4.4 written as a few replacements.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { BodyHashes } from '../../src/trust/dkim/index.ts'

type How = 'simple' | 'relaxed'

/** The rules, applied one after the other to the whole body. */
function byTheRules(how: How, body: string): string {
  let lines = body.split('\r\n')
  if (how === 'relaxed') lines = lines.map(line => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  while (lines.length > 0 && lines.at(-1) === '') lines.pop()
  if (lines.length === 0) return how === 'simple' ? '\r\n' : ''
  return `${lines.join('\r\n')}\r\n`
}

function inPieces(how: How, body: string, cuts: readonly number[], limit: number | null = null) {
  const hashes = new BodyHashes()
  const digest = hashes.want(how, 'sha256', limit)
  const bytes = Buffer.from(body, 'latin1')
  let at = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length)
    if (to <= at) continue
    hashes.write(Uint8Array.from(bytes.subarray(at, to)))
    at = to
  }
  if (at < bytes.length) hashes.write(bytes.subarray(at))
  hashes.end()
  return { hash: Buffer.from(digest.digest()).toString('hex'), length: digest.length }
}

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex')

const body = fc.array(
  fc.constantFrom('\r\n', '\r', '\n', ' ', '\t', '  ', ' \r\n', 'a', '.', '\xff', 'word'),
  {
    maxLength: 40,
  },
)

test('any body in any pieces has the hash of its canonical form', () => {
  fc.assert(
    fc.property(
      body,
      fc.array(fc.nat(60), { maxLength: 20 }),
      fc.constantFrom<How>('simple', 'relaxed'),
      (parts, cuts, how) => {
        const text = parts.join('')
        const expected = byTheRules(how, text)
        assert.deepEqual(inPieces(how, text, cuts), { hash: sha256(expected), length: expected.length })
      },
    ),
    { numRuns: 3000 },
  )
})

test('a byte at a time gives the same hash as all at once, with and without l=', () => {
  fc.assert(
    fc.property(body, fc.nat(50), fc.constantFrom<How>('simple', 'relaxed'), (parts, limit, how) => {
      const text = parts.join('')
      const expected = byTheRules(how, text)
      const bytewise = Array.from(text, (_, i) => i)
      assert.deepEqual(inPieces(how, text, bytewise, limit), {
        hash: sha256(expected.slice(0, limit)),
        length: expected.length,
      })
    }),
    { numRuns: 1000 },
  )
})

// Blocks of 32 KiB inside, jumps over what has no spaces: what is special stands before, at and behind these limits.
test('white space and line ends at the borders of blocks change nothing', () => {
  for (const special of [' ', '  ', '\t', ' \r\n', ' \t \r\n', '\r\n\r\n', '\r\n \r\n', ' \rx', '\r']) {
    for (let before = 32 * 1024 - 4; before <= 32 * 1024 + 2; before++) {
      for (const end of ['', 'end', '\r\n', ' \r\n \r\n']) {
        const text = `${'x'.repeat(before)}${special}${end}`
        for (const how of ['simple', 'relaxed'] as const) {
          assert.equal(
            inPieces(how, text, []).hash,
            sha256(byTheRules(how, text)),
            JSON.stringify(special + end),
          )
        }
      }
    }
  }
})

test('base64 with a few words in it has the hash of its canonical form', () => {
  const lines = `${`${'QUJD'.repeat(19)}\r\n`.repeat(30)}`
  const text = `a word  here\r\n${lines}and \t there \r\n${lines}${lines}end of it\r\n\r\n`
  for (const how of ['simple', 'relaxed'] as const) {
    assert.equal(inPieces(how, text, [1000, 1001, 5000]).hash, sha256(byTheRules(how, text)))
  }
})

test('a million empty lines take no memory and are nothing at the end, everything before a word', () => {
  const hashes = new BodyHashes()
  const digest = hashes.want('relaxed')
  const lines = Buffer.from('\r\n'.repeat(10_000))
  for (let i = 0; i < 100; i++) hashes.write(lines)
  assert.equal(digest.length, 0)
  hashes.write(Buffer.from('x'))
  hashes.end()
  assert.equal(digest.length, 2_000_003)
  assert.equal(Buffer.from(digest.digest()).toString('hex'), sha256(`${'\r\n'.repeat(1_000_000)}x\r\n`))
})
