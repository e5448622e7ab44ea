import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MailError } from '../../../src/index.ts'
import { SmtpClientSession } from '../../../src/smtp/index.ts'
import { clientHarness, ehlo, failure, LETTER, ready } from './support.ts'

const MINUTE = 60_000

test('greeting, EHLO, and the session says what the server offers', async () => {
  const h = clientHarness()
  assert.equal(h.session.state, 'greeting')
  let told = 0
  h.session.on('ready', () => told++)
  const waited = h.session.ready()
  assert.equal(await h.hear('220-mx.example', '220 hello'), 'EHLO client.example\r\n')
  assert.equal(await h.hear('250-mx.example', '250-size 1000', '250-PIPELINING', '250 AUTH=LOGIN PLAIN'), '')
  await waited
  assert.equal(told, 1)
  assert.equal(h.session.greeting, 'mx.example')
  assert.equal(h.session.state, 'ready')
  assert.deepEqual(
    [...h.session.extensions],
    [
      ['SIZE', '1000'],
      ['PIPELINING', ''],
      ['AUTH', 'LOGIN PLAIN'],
    ],
  )
  await h.session.ready()
})

test('methods take a callback instead of giving a promise', async () => {
  const h = await ready()
  const answers: unknown[] = []
  assert.equal(
    h.session.noop(error => answers.push(error)),
    undefined,
  )
  await h.hear('250 ok')
  h.session.noop(error => answers.push(error?.responseCode))
  await h.hear('500 no')
  assert.deepEqual(answers, [null, 500])
})

const greetings: readonly (readonly [lines: readonly string[], code: string, facts: object])[] = [
  [['554 5.7.1 no service'], 'ECONNECTION', { responseCode: 554, enhancedCode: '5.7.1', permanent: true }],
  [['450 later'], 'ECONNECTION', { responseCode: 450, permanent: false }],
  [['421 4.3.2 closing'], 'ECONNECTION', { responseCode: 421, enhancedCode: '4.3.2', permanent: false }],
  [['250 hello'], 'EPROTOCOL', { responseCode: 250 }],
  [['220-one', '250 two'], 'EPROTOCOL', {}],
  [['* OK IMAP4rev1'], 'EPROTOCOL', {}],
  [['+OK POP3'], 'EPROTOCOL', {}],
  [['HTTP/1.1 400 Bad Request'], 'EPROTOCOL', {}],
  [['199 what'], 'EPROTOCOL', {}],
  [['2200 what'], 'EPROTOCOL', {}],
  [['220 one', '220 two'], 'EPROTOCOL', {}],
]
for (const [lines, code, facts] of greetings) {
  test(`a greeting of ${JSON.stringify(lines)} ends the session with ${code}`, async () => {
    const h = clientHarness()
    const waiting = [
      failure(h.session.ready()),
      failure(h.session.send({ from: '', to: ['a@b.example'], content: LETTER })),
    ]
    const heard: unknown[] = []
    h.session.on('error', error => heard.push(error))
    const said = await h.hear(...lines)
    assert.equal(said, /^4(?!21)|^5/.test(lines[0]!) ? 'QUIT\r\n' : '')
    for (const promise of waiting) {
      const error = await promise
      assert.ok(error instanceof MailError)
      assert.equal(error.code, code)
      assert.deepEqual({ ...error, ...facts }, { ...error })
    }
    assert.equal(heard.length, 1)
    assert.equal(h.session.state, 'closed')
    assert.ok(h.driver.closed)
  })
}

test('HELO for a server that knows no EHLO, but not for one that is busy', async () => {
  const h = clientHarness()
  await h.hear('220 old')
  assert.equal(await h.hear('502 5.5.1 what?'), 'HELO client.example\r\n')
  await h.hear('250 hi')
  assert.equal(h.session.state, 'ready')
  assert.equal(h.session.extensions.size, 0)

  const busy = clientHarness()
  await busy.hear('220 old')
  const waiting = failure(busy.session.ready())
  assert.equal(await busy.hear('450 later'), '')
  assert.equal((await waiting)['responseCode'], 450)

  const stranger = clientHarness({ lmtp: true })
  const refused = failure(stranger.session.ready())
  assert.equal(await stranger.hear('220 lmtp'), 'LHLO client.example\r\n')
  await stranger.hear('500 not LMTP')
  assert.equal((await refused)['command'], 'LHLO')
})

test('silence: each wait has its time and its error', async () => {
  const greeting = clientHarness()
  const first = failure(greeting.session.ready())
  await greeting.driver.advance(5 * MINUTE)
  assert.deepEqual((await first)['code'], 'ETIMEDOUT')

  const late = await ready(['PIPELINING'])
  const sending = failure(late.session.send({ from: 'a@b.example', to: ['c@d.example'], content: LETTER }))
  await late.driver.advance(5 * MINUTE - 1)
  await late.hear('250 sender')
  await late.driver.advance(5 * MINUTE - 1)
  await late.hear('250 recipient')
  await late.driver.advance(2 * MINUTE - 1)
  assert.equal(late.session.state, 'busy')
  await late.hear('354 go')
  await late.driver.advance(10 * MINUTE - 1)
  assert.equal(late.session.state, 'busy')
  await late.driver.advance(1)
  const error = await sending
  assert.equal(error['code'], 'ETIMEDOUT')
  assert.equal(error['ambiguous'], true)
})

test('the time for a reply counts from when something was said, however long the session was idle', async () => {
  const h = await ready()
  await h.driver.advance(60 * MINUTE)
  const noop = h.session.noop()
  await h.driver.advance(4 * MINUTE)
  await h.hear('250 ok')
  await noop
})

test('one thing after another, in the order in which it was asked for', async () => {
  const h = await ready()
  const order: string[] = []
  const all = [
    h.session.noop().then(() => order.push('noop')),
    h.session.reset().then(() => order.push('reset')),
    h.session.verify('bob').then(reply => order.push(reply.response)),
    h.session.quit().then(() => order.push('quit')),
  ]
  await h.driver.settle()
  assert.equal(h.driver.takeText(), 'NOOP\r\n')
  assert.equal(await h.hear('250 ok'), 'RSET\r\n')
  assert.equal(await h.hear('250 ok'), 'VRFY bob\r\n')
  assert.equal(await h.hear('252 2.0.0 maybe'), 'QUIT\r\n')
  await h.hear('221 bye')
  await Promise.all(all)
  assert.deepEqual(order, ['noop', 'reset', '252 2.0.0 maybe', 'quit'])
  assert.equal(h.session.state, 'closed')
  await h.session.quit()
  assert.equal((await failure(h.session.noop()))['code'], 'ECONNECTION')
})

test('QUIT is in order, however the connection ends', async () => {
  for (const end of ['eof', 'destroy', 'nonsense', 'silence'] as const) {
    const h = await ready()
    const errors: unknown[] = []
    h.session.on('close', error => errors.push(error))
    const done = h.session.quit()
    await h.driver.settle()
    if (end === 'eof') h.driver.eof()
    else if (end === 'destroy') h.driver.destroy(new Error('reset'))
    else if (end === 'nonsense') await h.hear('what?')
    else await h.driver.advance(30_000)
    await done
    assert.equal(errors.length, 1)
  }
})

test('a 421 may come at any time, and says why everything fails', async () => {
  const h = await ready()
  const jobs = [h.session.noop(), h.session.noop()].map(failure)
  await h.hear('421 4.3.2 closing down')
  for (const job of jobs) {
    const error = await job
    assert.equal(error['code'], 'ECONNECTION')
    assert.equal(error['responseCode'], 421)
    assert.equal(error['permanent'], false)
  }
  const idle = await ready()
  const ended: (MailError | null)[] = []
  idle.session.on('close', error => ended.push(error))
  idle.driver.feed('42')
  idle.driver.feed('1 4.4.2 idle too long\r\n')
  assert.equal(ended[0]?.responseCode, 421)
})

test('reply-before-its-command: a reply to nothing, or more than was asked, ends the session', async () => {
  const idle = await ready()
  const heard: (MailError | null)[] = []
  idle.session.on('close', error => heard.push(error))
  await idle.hear('250 surprise')
  assert.equal(heard[0]?.code, 'EPROTOCOL')

  const eager = await ready()
  const noop = eager.session.noop()
  const next = failure(eager.session.noop())
  await eager.driver.settle()
  eager.driver.feed('250 ok\r\n250')
  await noop
  assert.equal((await next)['code'], 'EPROTOCOL')
})

test('endless-reply: a line or a reply without end is cut at its limit', async () => {
  for (const piece of ['x'.repeat(1000), '250-x\r\n']) {
    const h = await ready([], { limits: { smtpReply: 10_000 } })
    const noop = failure(h.session.noop())
    await h.driver.settle()
    for (let i = 0; i < 2000 && !h.driver.closed; i++) h.driver.feed(piece)
    assert.equal((await noop)['code'], 'EPROTOCOL')
  }
})

test('a reply as long as the limit is a reply', async () => {
  const h = await ready([], { limits: { smtpReply: 1000 } })
  const noop = h.session.noop()
  await h.hear(`250-${'x'.repeat(494)}`, `250 ${'y'.repeat(494)}`)
  await noop
  const longer = failure(h.session.noop())
  await h.hear(`250-${'x'.repeat(494)}`, `250 ${'y'.repeat(495)}`)
  assert.equal((await longer)['code'], 'EPROTOCOL')
})

test('control characters of a reply never reach whoever reads the error', async () => {
  const h = await ready()
  const noop = failure(h.session.noop())
  await h.hear('550 \x1b[31mred\x07')
  const error = await noop
  assert.equal(error['response'], '550 \ufffd[31mred\ufffd')
  assert.doesNotMatch(error.message, /[\x00-\x1f]/)
})

test('bad options fail at construction, by name', () => {
  const make = (options: object) => () => new SmtpClientSession({ isServer: false, ...options })
  assert.throws(make({ hostname: 'a\r\nRCPT TO:<x@y>' }), /option hostname/)
  assert.throws(make({ hostname: 'two words' }), /option hostname/)
  assert.throws(make({ hostname: '' }), /option hostname/)
  assert.throws(make({ host: 'a\nb' }), /option host/)
  assert.throws(make({ limits: { smtpReply: 0 } }), /limits\.smtpReply/)
})

test('starttls: the handshake, EHLO again, and nothing remembered of what was offered in clear', async () => {
  const h = await ready(['STARTTLS', 'AUTH PLAIN', 'X-CLEAR'])
  const done = h.session.startTls()
  await h.driver.settle()
  assert.equal(h.driver.takeText(), 'STARTTLS\r\n')
  assert.equal(await h.hear('220 go'), '')
  assert.equal(h.driver.upgrade, 'tls')
  assert.equal(h.session.extensions.size, 0)
  h.driver.upgraded()
  await h.driver.settle()
  assert.equal(h.driver.takeText(), 'EHLO client.example\r\n')
  assert.equal(h.session.extensions.size, 0)
  await h.hear(...ehlo(['AUTH XOAUTH2']))
  assert.equal((await done).protocol, 'TLSv1.3')
  assert.deepEqual([...h.session.extensions], [['AUTH', 'XOAUTH2']])
  assert.equal((await failure(h.session.startTls()))['code'], 'EUSAGE')
})

test('starttls-injection: text behind the consent to TLS is refused, and the session is over', async () => {
  for (const behind of ['250 injected\r\n', '250-half', '4', '421 closing\r\n', '\r\n']) {
    const h = await ready(['STARTTLS'])
    const done = failure(h.session.startTls())
    await h.driver.settle()
    h.driver.take()
    h.driver.feed(`220 go\r\n${behind}`)
    await h.driver.settle()
    const error = await done
    assert.match(String(error['code']), /ETLS|EPROTOCOL|ECONNECTION/)
    assert.equal(h.driver.upgrade, null)
    assert.ok(h.driver.closed)
    assert.equal(h.driver.takeText(), '')
  }
})

test('starttls-injection: clear text where the handshake begins is never read as a reply', async () => {
  const h = await ready(['STARTTLS'])
  const done = failure(h.session.startTls())
  await h.hear('220 go')
  // past the driver, which would lose it
  h.session.feed(Buffer.from('250 injected\r\n'))
  assert.equal((await done)['code'], 'ETLS')
})

test('a server that refuses TLS, or offers none, leaves the decision to the caller', async () => {
  const stripped = await ready(['PIPELINING'])
  assert.equal((await failure(stripped.session.startTls()))['code'], 'ETLS')
  assert.equal(stripped.driver.takeText(), '')
  assert.equal(stripped.session.state, 'ready')

  const refusing = await ready(['STARTTLS'])
  const done = failure(refusing.session.startTls())
  await refusing.hear('454 4.7.0 TLS not available')
  const error = await done
  assert.equal(error['code'], 'ETLS')
  assert.equal(error['responseCode'], 454)
  assert.equal(refusing.session.state, 'ready')

  const odd = await ready(['STARTTLS'])
  const oddly = failure(odd.session.startTls())
  await odd.hear('250 fine')
  assert.equal((await oddly)['code'], 'EPROTOCOL')
  assert.equal(odd.session.state, 'closed')
})

test('a handshake that fails, or takes for ever, is ETLS', async () => {
  for (const how of ['destroy', 'silence', 'none'] as const) {
    const h = await ready(['STARTTLS'])
    const done = failure(h.session.startTls())
    const queued = failure(h.session.noop())
    await h.hear('220 go')
    if (how === 'destroy') h.driver.destroy(new Error('bad certificate'))
    else if (how === 'silence') await h.driver.advance(30_000)
    else h.session.upgraded(null)
    assert.equal((await done)['code'], 'ETLS')
    assert.equal((await queued)['code'], 'ETLS')
    assert.equal(h.session.state, 'closed')
  }
})

test('limits that the server tells (RFC 9422)', async () => {
  const h = await ready(['LIMITS RCPTMAX=2 mailmax=3 OTHER=1'])
  assert.equal(h.session.maxRecipients, 2)
  assert.equal(h.session.transactionsLeft, 3)
  const none = await ready(['LIMITS RCPTMAX=0 MAILMAX=x'])
  assert.equal(none.session.maxRecipients, null)
  assert.equal(none.session.transactionsLeft, null)
})
