import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../src/index.ts'
import { type IncomingMail, type RcptContext, SmtpServerSession } from '../../src/smtp/index.ts'
import { VIRTUAL_TLS } from '../../src/testing/index.ts'
import { atData, harness, NOON, withoutTrace } from './support.ts'

const LETTER = ['EHLO x', 'MAIL FROM:<a@x.example>'] as const

test('what the session says of itself', async () => {
  const h = harness({ role: 'submission', allowInsecureAuth: true })
  assert.equal(h.session.isSubmission, true)
  assert.equal(h.session.username, null)
  assert.equal(h.session.remoteAddress, '192.0.2.1')
  assert.equal(h.session.isTLS, false)
  assert.equal(h.session.helloName, null)
  await h.say('EHLO client.example', `AUTH PLAIN ${Buffer.from('\0alice\0secret').toString('base64')}`)
  assert.equal(h.session.username, 'alice')
  assert.equal(h.session.helloName, 'client.example')
})

test('accept(name) of an auth listener says who the user is', async () => {
  const h = harness({ role: 'submission', tls: VIRTUAL_TLS })
  const other = new SmtpServerSession({ role: 'submission', tls: VIRTUAL_TLS, now: NOON })
  other.on('auth', info => info.accept('alice@example.test'))
  other.greet()
  other.feed(Buffer.from(`EHLO x\r\nAUTH PLAIN ${Buffer.from('\0Alice\0secret').toString('base64')}\r\n`))
  await h.driver.settle()
  assert.equal(other.username, 'alice@example.test')
})

test('bad options fail at construction, by name', () => {
  assert.throws(() => new SmtpServerSession({ role: 'relay' as 'inbound' }), /option role/)
  assert.throws(() => new SmtpServerSession({ role: 'inbound', hostname: 'a\r\nb' }), /option hostname/)
  assert.throws(() => new SmtpServerSession({ role: 'inbound', hostname: '' }), /option hostname/)
  assert.throws(
    () => new SmtpServerSession({ role: 'inbound', limits: { recipients: 0 } }),
    /limits\.recipients/,
  )
})

test('one rcpt handler answers; a second is the caller’s mistake', () => {
  const { session } = harness()
  session.on('rcpt', (_address, _params, ctx) => ctx.accept())
  assert.throws(() => session.on('rcpt', () => {}), { code: 'EUSAGE' })
  assert.throws(() => harness().session.on('rcpt', 'yes' as unknown as () => void), { code: 'EUSAGE' })
})

test('the rcpt handler is told who writes to whom', async () => {
  const h = harness()
  let told: { address: string; ctx: RcptContext } | undefined
  h.session.on('rcpt', (address, params, ctx) => {
    told = { address, ctx }
    assert.deepEqual(params, { notify: null, orcpt: null })
    ctx.accept()
  })
  await h.say('EHLO x', 'MAIL FROM:<a@x.example> SIZE=7', 'RCPT TO:<Bob@Example.TEST>')
  assert.equal(told?.address, 'Bob@Example.TEST')
  assert.equal(told?.ctx.from, 'a@x.example')
  assert.equal(told?.ctx.mailParams.size, 7)
  assert.equal(told?.ctx.isLocal, true)
  assert.equal(told?.ctx.username, null)
  assert.equal(told?.ctx.remoteAddress, '192.0.2.1')
})

const answers: readonly (readonly [
  name: string,
  handler: (ctx: RcptContext) => unknown,
  expected: RegExp,
  failures: RegExp | null,
])[] = [
  ['accepts', ctx => ctx.accept(), /^250 2\.1\.5 Recipient OK\r\n$/, null],
  ['resolves', async () => {}, /^250 2\.1\.5 /, null],
  ['resolves later', () => new Promise(resolve => setImmediate(resolve)), /^250 2\.1\.5 /, null],
  ['rejects without arguments', ctx => ctx.reject(), /^550 5\.1\.1 Recipient refused\r\n$/, null],
  ['rejects with a code', ctx => ctx.reject(450, 'Come back'), /^450 4\.2\.1 Come back\r\n$/, null],
  ['rejects with an enhanced code', ctx => ctx.reject(550, '5.2.1 Closed'), /^550 5\.2\.1 Closed\r\n$/, null],
  ['says no before its promise resolves', async ctx => ctx.reject(550, 'No'), /^550 5\.1\.1 No\r\n$/, null],
  [
    'throws',
    () => {
      throw new Error('boom')
    },
    /^451 4\.3\.0 /,
    /boom/,
  ],
  ['rejects its promise', () => Promise.reject(new Error('boom')), /^451 4\.3\.0 /, /boom/],
  [
    'throws a Refusal',
    () => {
      throw new Refusal('NONEXISTENT', 'Nobody')
    },
    /^550 5\.1\.1 Nobody\r\n$/,
    null,
  ],
  [
    'rejects with a Refusal',
    () => Promise.reject(new Refusal('OVERQUOTA', 'Full')),
    /^552 5\.2\.2 Full\r\n$/,
    null,
  ],
  [
    'rejects with a code and a text',
    () => Promise.reject({ code: 550, message: 'Gone' }),
    /^550 5\.1\.1 Gone\r\n$/,
    null,
  ],
  [
    'answers twice',
    ctx => {
      ctx.accept()
      ctx.reject()
    },
    /^250 2\.1\.5 [^\r]*\r\n$/,
    /more than once/,
  ],
  ['gives a code that is none', ctx => ctx.reject(200), /^451 4\.3\.0 /, /400 to 599/],
]
for (const [name, handler, expected, failures] of answers) {
  test(`an rcpt handler that ${name}`, async () => {
    const h = harness()
    h.session.on('rcpt', (_address, _params, ctx) => handler(ctx))
    await h.say(...LETTER)
    assert.match(await h.say('RCPT TO:<bob@example.test>'), expected)
    if (failures) assert.match(h.failures.join(), failures)
    else assert.deepEqual(h.failures, [])
    assert.match(await h.say('RSET'), /^250 /)
  })
}

test('isLocalDomain that throws is our fault and opens nothing', async () => {
  const h = harness({
    isLocalDomain: () => {
      throw new Error('boom')
    },
  })
  await h.say(...LETTER)
  assert.match(await h.say('RCPT TO:<bob@example.test>'), /^550 5\.7\.1 /)
  assert.match(h.failures.join(), /boom/)
})

test('what the sender wants to hear reaches the handlers, decoded (RFC 3461)', async () => {
  let mail: IncomingMail | undefined
  const h = harness({
    dsn: true,
    onMail: given => {
      mail = given
      given.accept()
    },
  })
  await h.say(
    'EHLO x',
    'MAIL FROM:<a@x.example> RET=hdrs ENVID=QQ+2B314159',
    'RCPT TO:<bob@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob@Example.TEST',
    'RCPT TO:<carol@example.test> NOTIFY=NEVER',
    'DATA',
    '.',
  )
  assert.equal(mail?.params.ret, 'HDRS')
  assert.equal(mail?.params.envid, 'QQ+314159')
  assert.deepEqual(
    mail?.recipients.map(({ address, params }) => ({ address, params })),
    [
      {
        address: 'bob@example.test',
        params: { notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;Bob@Example.TEST' },
      },
      { address: 'carol@example.test', params: { notify: ['NEVER'], orcpt: null } },
    ],
  )
})

test('replies to what came together leave together', async () => {
  const h = harness()
  await h.driver.settle()
  h.driver.take()
  const before = h.driver.outputCount
  await h.say(...LETTER, 'RCPT TO:<bob@example.test>', 'DATA')
  assert.equal(h.driver.outputCount - before, 1)
})

test('shutdown: an idle client hears 421 at once', async () => {
  const h = harness()
  await h.say('EHLO x')
  h.session.shutdown()
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '421 4.3.2 Shutting down; try again later\r\n')
  assert.deepEqual(h.driver.closed, { error: null })
})

test('shutdown: a message that is coming in is finished first', async () => {
  const h = await atData()
  h.driver.feed('Subject: x\r\n')
  h.session.shutdown()
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '')
  assert.match(
    await h.driver.exchange('\r\n.\r\nMAIL FROM:<>\r\n'),
    /^250 2\.0\.0 [^\r]*\r\n421 4\.3\.2 [^\r]*\r\n$/,
  )
  assert.equal(h.taken.length, 1)
})

test('shutdown: a handler that is being asked answers first', async () => {
  let accept = (): void => {}
  const h = await atData({
    onMail: mail => {
      accept = () => mail.accept()
    },
  })
  await h.say('x', '.')
  h.session.shutdown()
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '')
  accept()
  await h.driver.settle()
  assert.match(h.driver.takeText(), /^250 [^\r]*\r\n421 /)
})

test('shutdown during the TLS handshake says nothing', async () => {
  const h = harness({ canUpgrade: true })
  await h.say('EHLO x', 'STARTTLS')
  h.session.shutdown()
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '')
  assert.ok(h.driver.closed)
})

test('a handshake that takes too long ends the session without a word', async () => {
  const h = harness({ canUpgrade: true })
  await h.say('EHLO x', 'STARTTLS')
  await h.driver.advance(30_000)
  assert.equal(h.driver.takeText(), '')
  assert.equal(h.driver.closed?.error?.code, 'ETIMEDOUT')
})

test('the time after a slow handler begins when it has answered', async () => {
  let accept = (): void => {}
  const h = await atData({
    onMail: mail => {
      accept = () => mail.accept()
    },
    limits: { smtpIdle: 10_000, mailHandlerTime: 60_000 },
  })
  await h.say('x', '.')
  await h.driver.advance(50_000)
  // a driver answers `wake` with the time
  h.session.on('wake', () => h.session.tick(h.driver.now))
  accept()
  await h.driver.settle()
  assert.match(h.driver.takeText(), /^250 /)
  await h.driver.advance(9_999)
  assert.equal(h.driver.closed, null)
  await h.driver.advance(1)
  assert.match(h.driver.takeText(), /^421 4\.4\.2 /)
})

test('a deadline that a handler’s answer brings wakes the driver', async () => {
  const h = harness({ role: 'submission', tls: VIRTUAL_TLS })
  let wakes = 0
  await h.say('EHLO x')
  h.session.on('wake', () => wakes++)
  await h.say(`AUTH PLAIN ${Buffer.from('\0alice\0wrong').toString('base64')}`)
  assert.ok(wakes > 0)
  assert.equal(h.session.deadline(), NOON + 1000)
})

test('a session that nobody told the time counts from the first tick', async () => {
  const session = new SmtpServerSession({ role: 'inbound' })
  let closed = false
  session.on('close', () => {
    closed = true
  })
  session.greet()
  session.tick(NOON)
  assert.equal(closed, false)
  session.tick(NOON + 299_999)
  assert.equal(closed, false)
  session.tick(NOON + 300_000)
  assert.equal(closed, true)
})

test('destroy ends a message that is being judged; what its handler says later is nothing', async () => {
  let later = (): void => {}
  const h = await atData({
    onMail: mail => {
      later = () => mail.accept()
    },
  })
  await h.say('x', '.')
  h.driver.destroy()
  assert.equal(h.driver.closed?.error?.code, 'ECONNECTION')
  later()
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '')
  assert.equal(h.session.deadline(), null)
  h.driver.destroy()
})

test('a large message waits in the spool and comes out whole', async () => {
  const chunks: Uint8Array[] = []
  let discarded = 0
  let raw = ''
  const h = await atData({
    limits: { messageInMemory: 1000 },
    openSpool: async () => ({
      append: async chunk => {
        chunks.push(Uint8Array.prototype.slice.call(chunk))
      },
      readAll: () => Buffer.concat(chunks),
      async *stream() {
        yield* chunks
      },
      discard: () => {
        discarded++
      },
    }),
    onMail: mail => {
      mail.on('data', chunk => {
        raw += Buffer.from(chunk).toString('latin1')
      })
      mail.on('end', () => {
        assert.equal(Buffer.from(mail.rawBytes).toString('latin1'), raw)
        mail.accept()
      })
    },
  })
  const body = `Subject: big\r\n\r\n${'.line\r\n'.repeat(5000)}`
  const wire = Buffer.from(`${body.replaceAll('\r\n.', '\r\n..')}.\r\n`)
  for (let at = 0; at < wire.length; at += 700) h.driver.feed(wire.subarray(at, at + 700))
  await h.driver.settle()
  assert.match(h.driver.takeText(), /^250 /)
  assert.equal(withoutTrace(raw), body)
  assert.ok(chunks.length > 1)
  assert.equal(discarded, 1)
})

test('a spool that fails is our want of space: 452, and the session goes on', async () => {
  const h = await atData({
    limits: { messageInMemory: 10 },
    openSpool: () => Promise.reject(new Error('ENOSPC')),
  })
  await h.say('a line that is too long for memory')
  assert.equal(await h.say('the rest', '.'), '452 4.3.1 No space to hold the message\r\n')
  assert.match(h.failures.join(), /ENOSPC/)
  assert.match(await h.say('NOOP'), /^250 /)
})

test('whatever the bytes and however they are cut, the session never throws and never says what is not a reply', async () => {
  const word = fc.constantFrom(
    'EHLO x',
    'HELO x',
    'MAIL FROM:<a@b.example>',
    'MAIL FROM:<> SIZE=9',
    'RCPT TO:<bob@example.test>',
    'DATA',
    'RSET',
    'NOOP',
    'QUIT',
    'STARTTLS',
    'AUTH PLAIN',
    'AUTH LOGIN =',
    '*',
    '.',
    '..',
    'LHLO x',
    'BDAT 0',
    'BDAT 3',
    'BDAT 7 LAST',
    'BDAT 0 LAST',
    'BDAT 99999999999999999999',
    'BDAT -1',
    'MAIL FROM:<> BODY=BINARYMIME',
    'AGEAYg==',
    '',
    '\0',
    '\xff',
    '\r',
    '\n',
  )
  const input = fc.array(fc.tuple(word, fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '', ' ')), {
    maxLength: 25,
  })
  await fc.assert(
    fc.asyncProperty(
      input,
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom('inbound', 'submission', 'lmtp'),
      async (words, size, role) => {
        const h = harness({
          role,
          limits: { badCommands: 100 },
          ...(role === 'submission' ? { tls: VIRTUAL_TLS } : { canUpgrade: true }),
        })
        const bytes = Buffer.from(words.map(([text, end]) => text + end).join(''), 'latin1')
        for (let at = 0; at < bytes.length; at += size) h.driver.feed(bytes.subarray(at, at + size))
        h.driver.eof()
        await h.driver.advance(3000)
        const said = h.driver.takeText()
        // every line is one of a reply, and has an enhanced code where RFC 2034 wants one
        for (const line of said.split('\r\n').slice(0, -1)) {
          assert.match(
            line,
            /^(?:220 mx|250[ -](?!\d\.)|3\d\d[ -]|([245])\d\d[ -]\1\.\d+\.\d+ )[\t\x20-\x7e]*$/,
          )
        }
        assert.ok(said.endsWith('\r\n'))
        assert.doesNotMatch(h.failures.join(), /session failed|command/)
      },
    ),
    { numRuns: 300 },
  )
})
