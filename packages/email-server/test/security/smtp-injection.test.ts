// Text of handlers, peers and options that would become protocol.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../src/index.ts'
import { returnPathField } from '../../src/smtp/index.ts'
import { VIRTUAL_TLS } from '../../src/testing/index.ts'
import { atData, harness } from '../smtp/support.ts'

const EVIL = ['x\r\n250 OK', 'x\n250 OK', 'x\r250 OK', 'x\0y', '\r\n', '5.7.1 x\r\n250 OK']

for (const text of EVIL) {
  const shown = JSON.stringify(text)

  test(`crlf in reply: mail.reject(550, ${shown}) still refuses, without the text`, async () => {
    const h = await atData({ onMail: mail => mail.reject(550, text) })
    assert.equal(await h.say('x', '.'), '550 5.7.1 Message refused\r\n')
    assert.match(h.failures.join(), /CR, LF and NUL/)
  })

  test(`crlf in reply: ctx.reject(550, ${shown}) still refuses, without the text`, async () => {
    const h = harness()
    h.session.on('rcpt', (_address, _params, ctx) => ctx.reject(550, text))
    await h.say('EHLO x', 'MAIL FROM:<>')
    assert.equal(await h.say('RCPT TO:<bob@example.test>'), '550 5.1.1 Recipient refused\r\n')
  })

  test(`crlf in reply: a Refusal with ${shown}`, async () => {
    const h = await atData({ onMail: () => Promise.reject(new Refusal('NOPERM', text)) })
    assert.equal(await h.say('x', '.'), '550 5.7.1 Message refused\r\n')
  })

  test(`crlf in reply: info.reject(${shown})`, async () => {
    const h = harness({ role: 'submission', tls: VIRTUAL_TLS })
    h.session.removeAllListeners('auth')
    h.session.on('auth', info => info.reject(text))
    await h.say('EHLO x', `AUTH PLAIN ${Buffer.from('\0a\0b').toString('base64')}`)
    await h.driver.advance(1000)
    assert.equal(h.driver.takeText(), '535 5.7.8 Authentication credentials invalid\r\n')
  })
}

test('crlf in reply: texts of errors that are ours stay here', async () => {
  const h = await atData({ onMail: () => Promise.reject(new Error('SELECT * FROM users\r\n250 OK')) })
  assert.equal(await h.say('x', '.'), '451 4.3.0 Local error; try again later\r\n')
})

test('header injection: what the client calls itself cannot change the Received field', async () => {
  for (const name of ['x(y', 'a);b', 'a;(for', 'é.example', '<b>', '"q', 'a\tb']) {
    const h = harness()
    await h.say(`EHLO ${name}`, 'MAIL FROM:<>', 'RCPT TO:<bob@example.test>', 'DATA')
    await h.say('.')
    const raw = h.taken[0]?.raw
    if (raw === undefined) continue
    assert.match(
      raw,
      /^Received: from [A-Za-z0-9.?:[\]\x80-\xff-]+ \(\[192\.0\.2\.1\]\)\r\n\tby mx\.example\.test /,
    )
  }
})

test('header injection: IPv6 literals, TLS and user are told as RFC 5321 §4.4 and RFC 3848 want', async () => {
  const h = harness({
    role: 'submission',
    tls: VIRTUAL_TLS,
    remoteAddress: '2001:db8::1',
    addMissingFields: false,
  })
  await h.say('EHLO [IPv6:2001:db8::1]', `AUTH PLAIN ${Buffer.from('\0alice\0secret').toString('base64')}`)
  await h.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@x.example>', 'RCPT TO:<c@x.example>', 'DATA')
  await h.say('.')
  assert.equal(
    h.taken[0]?.raw,
    'Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n' +
      '\tby mx.example.test with ESMTPSA id 0707070707070707.1\r\n' +
      '\t(TLSv1.3 TLS_AES_256_GCM_SHA384);\r\n' +
      '\tMon, 23 Nov 2026 12:00:00 +0000\r\n',
  )
})

test('header injection: returnPathField refuses what would break its line', () => {
  assert.equal(returnPathField(''), 'Return-Path: <>\r\n')
  assert.equal(returnPathField('a@x.example'), 'Return-Path: <a@x.example>\r\n')
  assert.throws(() => returnPathField('a@x.example>\r\nBcc: all'), { code: 'EUSAGE' })
})
