// Any server at all: whatever it says and whenever it goes, nothing is thrown, nothing stays pending, nothing counts as
// sent without its 250.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MailError } from '../../../src/index.ts'
import type { SmtpSendResult } from '../../../src/smtp/index.ts'
import { clientHarness, ehlo, LETTER } from './support.ts'

const line = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('250 ok', '250-more', '354 go', '220 hi', '334 ', '235 in') },
  { weight: 2, arbitrary: fc.constantFrom('550 5.1.1 no', '451 later', '421 bye', '503 what', '221 bye') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('250-PIPELINING', '250-CHUNKING', '250 STARTTLS', '250 AUTH PLAIN'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
)
const server = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: line.map(text => Buffer.from(`${text}\r\n`)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map(bytes => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constant('tls' as const) },
    { weight: 1, arbitrary: fc.constant('pause' as const) },
    { weight: 1, arbitrary: fc.constant('resume' as const) },
    { weight: 1, arbitrary: fc.constantFrom(1000, 400_000) },
  ),
  { maxLength: 30 },
)
const offers = fc.subarray(['PIPELINING', 'CHUNKING', 'STARTTLS', 'AUTH PLAIN LOGIN', 'SIZE 1000', 'DSN'])

test('any server: every promise settles with a MailError or a result that the server has given', async () => {
  await fc.assert(
    fc.asyncProperty(
      server,
      fc.option(offers, { nil: null }),
      fc.boolean(),
      fc.constantFrom('destroy', 'eof') as fc.Arbitrary<'destroy' | 'eof'>,
      async (events, offered, lmtp, end) => {
        const h = clientHarness({ lmtp, allowInsecureAuth: true })
        const outcomes: unknown[] = []
        const watch = (promise: Promise<unknown>): void => {
          promise.then(
            value => outcomes.push(value),
            error => {
              assert.ok(error instanceof MailError)
              outcomes.push(error)
            },
          )
        }
        async function* stream(): AsyncGenerator<Uint8Array> {
          yield LETTER
          yield Buffer.from('.\n')
        }
        const work = [
          h.session.ready(),
          h.session.startTls(),
          h.session.authenticate({ user: 'a', pass: 'b' }),
          h.session.send({ from: 'a@x', to: ['b@y', 'c@y'], content: LETTER }),
          h.session.send({ from: 'a@x', to: ['b@y'], content: stream() }),
          h.session.noop(),
          h.session.quit(),
        ]
        for (const promise of work) watch(promise)
        let heard = ''
        const feed = (bytes: Uint8Array): void => {
          heard += Buffer.from(bytes).toString('latin1')
          h.driver.feed(bytes)
        }
        if (offered) {
          feed(Buffer.from('220 hi\r\n'))
          await h.driver.settle()
          feed(Buffer.from(`${ehlo(offered).join('\r\n')}\r\n`))
          await h.driver.settle()
        }
        for (const event of events) {
          if (event === 'tls') {
            if (h.driver.upgrade) h.driver.upgraded()
          } else if (event === 'pause') h.session.pauseOutput()
          else if (event === 'resume') h.session.resumeOutput()
          else if (typeof event === 'number') await h.driver.advance(event)
          else feed(event)
          await h.driver.settle()
        }
        if (end === 'eof') h.driver.eof()
        else h.driver.destroy()
        await h.driver.settle()
        assert.equal(outcomes.length, work.length)
        assert.equal(h.session.state, 'closed')
        assert.equal(h.session.deadline(), null)
        for (const outcome of outcomes) {
          if (typeof outcome !== 'object' || outcome === null || !('accepted' in outcome)) continue
          const result = outcome as SmtpSendResult
          assert.match(result.response, /^2/)
          assert.ok(heard.includes(result.response.split('\n')[0]!))
          assert.ok(result.accepted.length > 0)
        }
        assert.deepEqual(h.failures, [])
      },
    ),
    { numRuns: 300 },
  )
})

test('cut into bytes, a server means the same', async () => {
  const said = [
    '220 hi\r\n',
    `${ehlo(['PIPELINING']).join('\r\n')}\r\n`,
    '250 a\r\n250-b\r\n250 b\r\n550 c\r\n354 go\r\n',
    '250-2.0.0 queued\r\n250 2.0.0 as 1\r\n',
  ]
  const h = clientHarness()
  const done = h.session.send({ from: 'a@x', to: ['b@y', 'c@y'], content: LETTER })
  for (const text of said) {
    for (const byte of Buffer.from(text)) {
      h.driver.feed(Buffer.of(byte))
      await h.driver.settle()
    }
  }
  const { response, accepted, rejected } = await done
  assert.equal(response, '250-2.0.0 queued\n250 2.0.0 as 1')
  assert.equal(accepted[0]?.response, '250-b\n250 b')
  assert.equal(rejected.length, 1)
})
