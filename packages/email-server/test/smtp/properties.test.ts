// Laws of a session, whatever is said to it and however it is cut.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VIRTUAL_TLS } from '../../src/testing/index.ts'
import { type HarnessOptions, harness } from './support.ts'

/** The way to every state in which the client may speak. */
const WAYS: Readonly<Record<string, { readonly options?: HarnessOptions; readonly say: string }>> = {
  fresh: { say: '' },
  ready: { say: 'EHLO x\r\n' },
  envelope: { say: 'EHLO x\r\nMAIL FROM:<>\r\n' },
  recipient: { say: 'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\n' },
  content: { say: 'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n' },
  mended: {
    options: { lineBreaks: 'normalize' },
    say: 'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n',
  },
  chunk: { say: 'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 20\r\n' },
  lastChunk: { say: 'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 20 LAST\r\n' },
  binaryChunk: {
    say: 'EHLO x\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<bob@example.test>\r\nBDAT 20 LAST\r\n',
  },
  chunks: { say: 'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 1\r\nx' },
  strayChunk: { say: 'BDAT 20\r\n' },
  lmtpChunks: {
    options: { role: 'lmtp' },
    say: 'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 1\r\nx',
  },
  sasl: { options: { role: 'submission', tls: VIRTUAL_TLS }, say: 'EHLO x\r\nAUTH PLAIN\r\n' },
}

const noise = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes).toString('latin1')),
    fc.constantFrom(
      '\r\n',
      '\r',
      '\n',
      '.',
      '\r\n.\r\n',
      'BDAT ',
      '0',
      '7',
      ' LAST',
      'RSET',
      'QUIT',
      'NOOP',
      '\0',
    ),
  ),
  { maxLength: 20 },
)

for (const [state, { options, say }] of Object.entries(WAYS)) {
  test(`in the state ${state}, any octets in any cut have the same effect as whole, and only replies come back`, async () => {
    await fc.assert(
      fc.asyncProperty(
        noise,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (pieces, cuts) => {
          const bytes = Buffer.from(say + pieces.join(''), 'latin1')
          const heard: string[] = []
          const taken: string[] = []
          for (const whole of [true, false]) {
            const h = harness({ ...options, limits: { badCommands: 1000 } })
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const next = whole ? bytes.length : at + cuts[i % cuts.length]!
              h.driver.feed(bytes.subarray(at, next))
              at = next
            }
            h.driver.eof()
            await h.driver.advance(3000)
            heard.push(h.driver.takeText())
            taken.push(JSON.stringify(h.taken))
            assert.ok(h.driver.closed)
            assert.equal(h.session.deadline(), null)
            assert.deepEqual(h.failures, [])
          }
          assert.equal(heard[1], heard[0])
          assert.equal(taken[1], taken[0])
          assert.match(heard[0]!, /^(?:[2-5]\d\d[ -][\t\x20-\x7e]*\r\n)+$/)
        },
      ),
      { numRuns: 60 },
    )
  })
}

test('every command has one reply, in order, whatever BDAT comes where (RFC 3030 §2, RFC 2920 §3.1)', async () => {
  const chunk = fc
    .record({ size: fc.integer({ min: 0, max: 60 }), last: fc.boolean() })
    .map(({ size, last }) => ({
      text: `BDAT ${size}${last ? ' LAST' : ''}\r\n${'QUIT\r\n'.repeat(10).slice(0, size)}`,
      replies: /^[2-5]/,
    }))
  const command = (text: string, replies: RegExp): { text: string; replies: RegExp } => ({
    text: `${text}\r\n`,
    replies,
  })
  const other = fc.constantFrom(
    command('MAIL FROM:<>', /^(?:250|503) /),
    command('MAIL FROM:<> BODY=BINARYMIME', /^(?:250|503) /),
    command('RCPT TO:<bob@example.test>', /^(?:250|503) /),
    command('RCPT TO:<bob@elsewhere.example>', /^(?:550|503) /),
    command('RSET', /^250 2\.0\.0 Forgotten/),
    command('NOOP', /^250 2\.0\.0 OK\r/),
    command('XYZZY', /^500 /),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(chunk, other), { maxLength: 30 }), async steps => {
      const h = harness({ limits: { badCommands: 1000, messageSize: 100 } })
      await h.say('EHLO x')
      h.driver.feed(steps.map(({ text }) => text).join(''))
      await h.driver.settle()
      const said = h.driver.takeText().match(/[^\n]+\n/g) ?? []
      // a chunk that would be far too much ends the session after two replies
      const cut = said.findIndex(line => line.startsWith('421'))
      const counted = cut < 0 ? said : said.slice(0, cut)
      assert.equal(counted.length, cut < 0 ? steps.length : counted.length)
      for (const [i, line] of counted.entries())
        assert.match(line, steps[i]!.replies, `${i}: ${steps[i]!.text}`)
      assert.deepEqual(h.failures, [])
    }),
    { numRuns: 300 },
  )
})
