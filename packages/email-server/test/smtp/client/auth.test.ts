import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VIRTUAL_TLS } from '../../../src/testing/index.ts'
import { failure, ready } from './support.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const PASSWORD = { user: 'alice', pass: 'secret' }
const TOKEN = { user: 'alice', accessToken: 'ya29.token' }
const secured = { tls: VIRTUAL_TLS }

test('PLAIN in one line, when it fits', async () => {
  const h = await ready(['AUTH PLAIN LOGIN'], secured)
  const done = h.session.authenticate(PASSWORD)
  await h.driver.settle()
  assert.equal(h.driver.takeText(), `AUTH PLAIN ${base64('\0alice\0secret')}\r\n`)
  await h.hear('235 2.7.0 ok')
  await done
})

test('an initial response that does not fit the line waits for the challenge (RFC 4954 §4)', async () => {
  const h = await ready(['AUTH PLAIN'], secured)
  const pass = 'x'.repeat(400)
  const done = h.session.authenticate({ user: 'alice', pass })
  await h.driver.settle()
  assert.equal(h.driver.takeText(), 'AUTH PLAIN\r\n')
  assert.equal(await h.hear('334 '), `${base64(`\0alice\0${pass}`)}\r\n`)
  await h.hear('235 ok')
  await done
})

test('LOGIN, also when it is offered in the old spelling only', async () => {
  const h = await ready(['AUTH=LOGIN'], secured)
  const done = h.session.authenticate(PASSWORD)
  await h.driver.settle()
  assert.equal(h.driver.takeText(), 'AUTH LOGIN\r\n')
  assert.equal(await h.hear(`334 ${base64('Username:')}`), `${base64('alice')}\r\n`)
  assert.equal(await h.hear(`334 ${base64('Password:')}`), `${base64('secret')}\r\n`)
  await h.hear('235 ok')
  await done
})

test('XOAUTH2: the error object is answered, and the refusal comes behind it', async () => {
  const h = await ready(['AUTH PLAIN XOAUTH2'], secured)
  const done = failure(h.session.authenticate(TOKEN))
  await h.driver.settle()
  assert.equal(
    h.driver.takeText(),
    `AUTH XOAUTH2 ${base64('user=alice\x01auth=Bearer ya29.token\x01\x01')}\r\n`,
  )
  assert.equal(await h.hear(`334 ${base64('{"status":"401"}')}`), '\r\n')
  await h.hear('535 5.7.8 bad token')
  const error = await done
  assert.equal(error['code'], 'EAUTH')
  assert.equal(error['responseCode'], 535)
  assert.equal(error['permanent'], true)
  assert.equal(h.session.state, 'ready')
  assert.doesNotMatch(JSON.stringify(error) + error.message, /ya29/)
})

test('a refusal that is temporary says so', async () => {
  const h = await ready(['AUTH PLAIN'], secured)
  const done = failure(h.session.authenticate(PASSWORD))
  await h.hear('454 4.7.0 try later')
  assert.equal((await done)['permanent'], false)
})

test('password-in-clear: nothing is said without TLS, unless it is allowed', async () => {
  const h = await ready(['AUTH PLAIN LOGIN XOAUTH2'])
  for (const credentials of [PASSWORD, TOKEN, { ...PASSWORD, method: 'LOGIN' }]) {
    const error = await failure(h.session.authenticate(credentials))
    assert.equal(error['code'], 'ENOAUTH')
    assert.match(error.message, /TLS/)
  }
  assert.equal(h.driver.takeText(), '')
  const open = await ready(['AUTH PLAIN'], { allowInsecureAuth: true })
  const done = open.session.authenticate(PASSWORD)
  await open.hear('235 ok')
  await done
})

test('nothing in common is ENOAUTH, and nothing is said', async () => {
  const offers: readonly (readonly [offer: readonly string[], credentials: object, says: RegExp])[] = [
    [[], PASSWORD, /offers no login/],
    [['AUTH'], PASSWORD, /offers no login/],
    [['AUTH GSSAPI NTLM'], PASSWORD, /no mechanism/],
    [['AUTH PLAIN'], TOKEN, /no mechanism/],
    [['AUTH PLAIN'], { ...PASSWORD, method: 'login' }, /LOGIN/],
    [['AUTH PLAINER'], PASSWORD, /no mechanism/],
  ]
  for (const [offer, credentials, says] of offers) {
    const h = await ready(offer, secured)
    const error = await failure(h.session.authenticate(credentials as typeof PASSWORD))
    assert.equal(error['code'], 'ENOAUTH')
    assert.match(error.message, says)
    assert.equal(h.driver.takeText(), '')
  }
})

test('a challenge that is not base64 is given up with a star (RFC 4954 §4)', async () => {
  for (const challenge of ['334 !!!', '334 abc', '334 =abc', `334 ${base64('one')} two`]) {
    const h = await ready(['AUTH LOGIN'], secured)
    const done = failure(h.session.authenticate(PASSWORD))
    await h.driver.settle()
    h.driver.take()
    assert.equal(await h.hear(challenge), '*\r\n')
    await h.hear('501 5.7.0 cancelled')
    assert.equal((await done)['code'], 'EAUTH')
    assert.equal(h.session.state, 'ready')
  }
})

test('a server that asks for more than the mechanism has is given up; so is one that asks without end', async () => {
  const more = await ready(['AUTH LOGIN'], secured)
  const done = failure(more.session.authenticate(PASSWORD))
  await more.hear('334 ')
  await more.hear('334 ')
  assert.equal(await more.hear('334 '), '*\r\n')
  await more.hear('501 ok')
  assert.equal((await done)['code'], 'EAUTH')

  const endless = await ready(['AUTH PLAIN'], secured)
  const never = failure(endless.session.authenticate(PASSWORD))
  let said = ''
  for (let i = 0; i < 30 && said !== '*\r\n'; i++) said = await endless.hear('334 ')
  assert.equal(said, '*\r\n')
  assert.equal(await endless.hear('334 still'), '')
  assert.equal((await never)['code'], 'EAUTH')
  assert.equal(endless.session.state, 'closed')
})

test('a user name or password that would break the mechanism is refused before anything is said', async () => {
  const h = await ready(['AUTH PLAIN XOAUTH2'], secured)
  for (const credentials of [
    { user: 'a\0b', pass: 'c' },
    { user: 'a\x01', accessToken: 'c' },
  ]) {
    assert.equal((await failure(h.session.authenticate(credentials)))['code'], 'EAUTH')
  }
  assert.equal(h.driver.takeText(), '')
})
