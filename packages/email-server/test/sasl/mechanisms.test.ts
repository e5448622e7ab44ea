import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionClock } from '../../src/base/session-clock.ts'
import {
  type AuthInfo,
  AuthPolicy,
  type AuthVerdict,
  askAuth,
  decodeSaslBase64,
  encodeSaslBase64,
  login,
  plain,
  type SaslStep,
  xoauth2,
} from '../../src/sasl/index.ts'

const CONTEXT = new AuthPolicy().context(null, 'mail.example.test', undefined)

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const text = (step: SaslStep): string =>
  step.kind === 'challenge' ? Buffer.from(step.bytes).toString() : `not a challenge: ${step.kind}`

test('PLAIN: the examples of RFC 4616 §4', () => {
  assert.deepEqual(plain.startServer(CONTEXT).step(bytes('\0tim\0tanstaaftanstaaf')), {
    kind: 'credentials',
    credentials: { authMethod: 'plain', username: 'tim', password: 'tanstaaftanstaaf', authorizationId: '' },
  })
  assert.deepEqual(plain.startServer(CONTEXT).step(bytes('Ursel\0Kurt\0xipj3plmq')), {
    kind: 'credentials',
    credentials: { authMethod: 'plain', username: 'Kurt', password: 'xipj3plmq', authorizationId: 'Ursel' },
  })
})

test('PLAIN: without an initial response an empty challenge asks for it', () => {
  assert.equal(text(plain.startServer(CONTEXT).step(null)), '')
})

test('PLAIN: wrong numbers of NULs and an empty identity are malformed; an empty password is for the handler', () => {
  for (const message of ['', 'tim', 'tim\0secret', '\0tim\0a\0b', '\0\0secret']) {
    assert.equal(plain.startServer(CONTEXT).step(bytes(message)).kind, 'malformed')
  }
  assert.equal(plain.startServer(CONTEXT).step(bytes('\0tim\0')).kind, 'credentials')
})

test('PLAIN and LOGIN: names and passwords are UTF-8', () => {
  const step = plain.startServer(CONTEXT).step(bytes('\0zoë\0pässword'))
  assert.equal(step.kind === 'credentials' && step.credentials.username, 'zoë')
  assert.equal(step.kind === 'credentials' && step.credentials.password, 'pässword')
})

test('LOGIN: asks for the name, then for the password; the name may come at once', () => {
  const slow = login.startServer(CONTEXT)
  assert.equal(text(slow.step(null)), 'Username:')
  assert.equal(text(slow.step(bytes('tim'))), 'Password:')
  const credentials = { authMethod: 'login', username: 'tim', password: 'x', authorizationId: '' }
  assert.deepEqual(slow.step(bytes('x')), { kind: 'credentials', credentials })
  const quick = login.startServer(CONTEXT)
  assert.equal(text(quick.step(bytes('tim'))), 'Password:')
  assert.deepEqual(quick.step(bytes('x')), { kind: 'credentials', credentials })
  assert.equal(login.startServer(CONTEXT).step(bytes('')).kind, 'malformed')
})

test('XOAUTH2: user and token out of one message', () => {
  const step = xoauth2
    .startServer(CONTEXT)
    .step(bytes('user=a@x.example\x01auth=Bearer ya29.vF9dft4qmTc2\x01\x01'))
  assert.deepEqual(step, {
    kind: 'credentials',
    credentials: {
      authMethod: 'xoauth2',
      username: 'a@x.example',
      password: 'ya29.vF9dft4qmTc2',
      authorizationId: '',
    },
  })
})

test('XOAUTH2: the scheme in any case, more fields than two, tokens with "="', () => {
  const step = xoauth2.startServer(CONTEXT).step(bytes('User=a\x01host=h\x01Auth=bearer YQ==\x01\x01'))
  assert.equal(step.kind === 'credentials' && step.credentials.password, 'YQ==')
})

test('XOAUTH2: what lacks an end, a user or a token is malformed', () => {
  for (const message of [
    '',
    'user=a\x01auth=Bearer t',
    'user=a\x01auth=Bearer t\x01',
    'user=a\x01\x01',
    'auth=Bearer t\x01\x01',
    'user=\x01auth=Bearer t\x01\x01',
    'user=a\x01auth=Bearer \x01\x01',
    'user=a\x01auth=Basic t\x01\x01',
    '\x01\x01',
  ]) {
    assert.equal(xoauth2.startServer(CONTEXT).step(bytes(message)).kind, 'malformed', JSON.stringify(message))
  }
})

test('XOAUTH2: a refusal is an object of JSON, sent as a last challenge', () => {
  const refusal = xoauth2.startServer(CONTEXT).refusal?.()
  assert.ok(refusal)
  assert.equal(JSON.parse(Buffer.from(refusal).toString()).status, '401')
})

test('all of them show the password to who listens', () => {
  for (const mechanism of [plain, login, xoauth2]) assert.equal(mechanism.plaintext, true)
})

test('base64 of SASL: strict in alphabet, padding and length', () => {
  assert.equal(Buffer.from(decodeSaslBase64('AHRpbQB4')!).toString(), '\0tim\0x')
  assert.equal(decodeSaslBase64('')?.length, 0)
  assert.equal(Buffer.from(decodeSaslBase64('eA==')!).toString(), 'x')
  for (const bad of ['eA', 'eA=', '=AAA', 'AAA=BBB=', 'eA==\n', 'e A=', 'eA-_', '====', 'AAA=AAA=']) {
    assert.equal(decodeSaslBase64(bad), null, bad)
  }
  assert.equal(encodeSaslBase64(bytes('\0tim\0x')), 'AHRpbQB4')
})

function ask(dispatch: (info: AuthInfo, onError: (error: unknown) => void) => boolean): {
  verdict: Promise<AuthVerdict>
  clock: SessionClock
  failures: unknown[]
} {
  const clock = new SessionClock(0)
  const failures: unknown[] = []
  const verdict = askAuth({
    protocol: 'smtp',
    credentials: { authMethod: 'plain', username: 'tim', password: 'secret', authorizationId: '' },
    remoteAddress: '192.0.2.1',
    tls: null,
    clock,
    timeoutMs: 1000,
    dispatch,
    onFailure: error => failures.push(error),
  })
  return { verdict, clock, failures }
}

test('auth: accept and reject answer; the first counts', async () => {
  const yes = ask(info => {
    info.accept()
    info.reject('no')
    return true
  })
  assert.deepEqual(await yes.verdict, { ok: true, username: 'tim' })
  const no = ask(info => {
    info.reject('Wrong')
    return true
  })
  assert.deepEqual(await no.verdict, { ok: false, temporary: false, message: 'Wrong' })
})

test('auth: nobody to ask is no; a listener that fails, or never answers, is a temporary no', async () => {
  assert.deepEqual(await ask(() => false).verdict, { ok: false, temporary: false, message: null })
  const failing = ask((_info, onError) => {
    onError(new Error('boom'))
    return true
  })
  assert.deepEqual(await failing.verdict, { ok: false, temporary: true, message: null })
  assert.equal(failing.failures.length, 1)
  const silent = ask(() => true)
  silent.clock.tick(1000)
  assert.deepEqual(await silent.verdict, { ok: false, temporary: true, message: null })
  assert.match(String(silent.failures[0]), /1000 ms/)
})

test('auth: the password is not printed with the info', async () => {
  let printed = ''
  await ask(info => {
    printed = JSON.stringify(info)
    assert.equal(info.password, 'secret')
    info.accept()
    return true
  }).verdict
  assert.doesNotMatch(printed, /secret/)
})
