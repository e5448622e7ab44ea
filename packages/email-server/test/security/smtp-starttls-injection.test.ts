// What a man in the middle puts behind STARTTLS in clear must not count after the handshake (CVE-2011-0411,
// CVE-2021-33515, CVE-2021-38542, CVE-2024-34083).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { harness } from '../smtp/support.ts'

test('starttls injection: commands in the same packet end the session, and none of them is run', async () => {
  const h = harness({ role: 'submission', canUpgrade: true })
  await h.say('EHLO x')
  const said = await h.say(
    'STARTTLS',
    'EHLO evil',
    `AUTH PLAIN ${Buffer.from('\0alice\0secret').toString('base64')}`,
  )
  assert.equal(said, '503 5.5.1 Nothing may follow STARTTLS in clear\r\n')
  assert.equal(h.driver.upgrade, null)
  assert.equal(h.driver.closed?.error?.code, 'EPROTOCOL')
  assert.equal(h.session.username, null)
})

test('starttls injection: half a command counts as well', async () => {
  const h = harness({ canUpgrade: true })
  await h.say('EHLO x')
  assert.match(await h.driver.exchange('STARTTLS\r\nM'), /^503 /)
  assert.ok(h.driver.closed)
})

test('starttls injection: clear text during the handshake ends the session', async () => {
  const h = harness({ canUpgrade: true })
  await h.say('EHLO x', 'STARTTLS')
  assert.equal(h.driver.upgrade, 'tls')
  assert.equal(h.session.feed(Buffer.from('EHLO evil\r\n')), false)
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '')
  assert.equal(h.driver.closed?.error?.code, 'EPROTOCOL')
})

test('starttls injection: after the handshake nothing is known of the client', async () => {
  const h = harness({ canUpgrade: true })
  await h.say('EHLO evil', 'STARTTLS')
  h.driver.upgraded()
  assert.equal(h.session.isTLS, true)
  assert.equal(h.session.helloName, null)
  assert.match(await h.say('MAIL FROM:<a@x.example>'), /^503 5\.5\.1 Say EHLO first/)
})

test('starttls injection: a login in clear is forgotten too', async () => {
  const h = harness({ role: 'submission', canUpgrade: true, allowInsecureAuth: true })
  await h.say('EHLO x', `AUTH PLAIN ${Buffer.from('\0alice\0secret').toString('base64')}`)
  assert.equal(h.session.username, 'alice')
  await h.say('STARTTLS')
  h.driver.upgraded()
  assert.equal(h.session.username, null)
  await h.say('EHLO x')
  assert.equal(await h.say('MAIL FROM:<a@x.example>'), '530 5.7.0 Authentication required\r\n')
  await h.driver.advance(60_000)
  assert.match(h.driver.takeText(), /^421 4\.4\.2 No authentication in time/)
})
