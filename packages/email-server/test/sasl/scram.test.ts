import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MailError } from '../../src/base/errors.ts'
import type { TlsInfo } from '../../src/base/runtime.ts'
import { chooseMechanism, type SaslClientExchange } from '../../src/sasl/index.ts'
import { saslprep } from '../../src/sasl/saslprep.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const text = (message: Uint8Array | null): string => Buffer.from(message ?? []).toString()

const TLS: TlsInfo = {
  protocol: 'TLSv1.3',
  cipher: '',
  servername: null,
  authorized: true,
  channelBinding: type => (type === 'tls-exporter' ? Buffer.alloc(32, 7) : null),
}

/** RFC 5802 §5 and RFC 7677 §3: user `user`, password `pencil`; the nonce is theirs, which no base64 of ours makes. */
const EXAMPLES = [
  {
    name: 'SCRAM-SHA-1',
    clientNonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    clientFinal: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    serverFinal: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    name: 'SCRAM-SHA-256',
    clientNonce: 'rOprNGfwEbeRWgbNEkqO',
    serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    clientFinal:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
] as const

/** A client whose nonce is `nonce`: base64 of what its random bytes decode to. */
function client(name: string, nonce: string, pass = 'pencil'): SaslClientExchange {
  const random = (): Uint8Array => Buffer.from(nonce, 'base64')
  return chooseMechanism([name], { user: 'user', pass }, { tls: null, random }).exchange
}

describe('SCRAM, the client', () => {
  for (const each of EXAMPLES) {
    test(`${each.name}: the example of its RFC, byte for byte`, async () => {
      const exchange = client(each.name, each.clientNonce)
      assert.equal(text(exchange.initial()), `n,,n=user,r=${each.clientNonce}`)
      assert.equal(text(await exchange.step(bytes(each.serverFirst))), each.clientFinal)
      assert.equal((await exchange.step(bytes(each.serverFinal))).length, 0)
      exchange.finish(null)
      const atOnce = client(each.name, each.clientNonce)
      await atOnce.step(bytes(each.serverFirst))
      atOnce.finish(bytes(each.serverFinal))
    })

    test(`${each.name}: a server that lies is left`, async () => {
      const [nonce, salt] = each.serverFirst.split(',')
      for (const first of [
        '',
        'r=',
        'x',
        `m=ext,${each.serverFirst}`,
        `r=other,${salt},i=4096`,
        `r=${each.clientNonce},${salt},i=4096`,
        `${nonce},s=,i=4096`,
        `${nonce},s=%%%,i=4096`,
        `${nonce},${salt},i=0`,
        `${nonce},${salt},i=1`,
        `${nonce},${salt},i=4095`,
        `${nonce},${salt},i=-4096`,
        `${nonce},${salt},i=1000001`,
        `${nonce},${salt},i=99999999999999999999`,
        `${nonce},${salt}`,
        'e=other-error',
      ]) {
        await assert.rejects(
          async () => client(each.name, each.clientNonce).step(bytes(first)),
          isAuth,
          first,
        )
      }
      const wrong = `v=${Buffer.alloc(each.name === 'SCRAM-SHA-1' ? 20 : 32).toString('base64')}`
      for (const final of [
        '',
        'v=',
        wrong,
        `${each.serverFinal}x`,
        'e=invalid-proof',
        'e=\x01\x02',
        'v=AAAA',
      ]) {
        const exchange = client(each.name, each.clientNonce)
        await exchange.step(bytes(each.serverFirst))
        await assert.rejects(async () => exchange.step(bytes(final)), isAuth, final)
        assert.throws(() => exchange.finish(null), isAuth, 'and stays left')
      }
    })

    test(`${each.name}: success without the server's proof is none, at any moment`, async () => {
      const early = client(each.name, each.clientNonce)
      assert.throws(() => early.finish(null), isAuth)
      assert.throws(() => early.finish(bytes(each.serverFinal)), isAuth)
      const late = client(each.name, each.clientNonce)
      await late.step(bytes(each.serverFirst))
      assert.throws(() => late.finish(null), isAuth)
    })
  }
})

function isAuth(error: unknown): boolean {
  return error instanceof MailError && error.code === 'EAUTH'
}

describe('the choice of a mechanism', () => {
  const random = (length: number): Uint8Array => Buffer.alloc(length)
  const ALL =
    'LOGIN PLAIN XOAUTH2 OAUTHBEARER CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS EXTERNAL ANONYMOUS'
  const password = { user: 'u', pass: 'p' }
  const token = { user: 'u', accessToken: 't' }

  const name = (
    offered: string,
    credentials: Parameters<typeof chooseMechanism>[1],
    tls: TlsInfo | null = TLS,
  ): string => chooseMechanism(offered.split(' '), credentials, { tls, random }).name

  test('takes the strongest that is offered', () => {
    assert.equal(name(ALL, password), 'SCRAM-SHA-256-PLUS')
    assert.equal(name('PLAIN SCRAM-SHA-1-PLUS SCRAM-SHA-256', password), 'SCRAM-SHA-1-PLUS')
    assert.equal(name('plain login scram-sha-1', password), 'SCRAM-SHA-1')
    assert.equal(name('LOGIN PLAIN CRAM-MD5', password), 'PLAIN')
    assert.equal(name('LOGIN', password), 'LOGIN')
    assert.equal(name(ALL, token), 'OAUTHBEARER')
    assert.equal(name('PLAIN XOAUTH2', token), 'XOAUTH2')
  })

  test('binds only where there is something to bind to', () => {
    assert.equal(name(ALL, password, { ...TLS, channelBinding: () => null }), 'SCRAM-SHA-256')
    assert.equal(name(ALL, password, null), 'SCRAM-SHA-256')
  })

  test('gives no password or token away without TLS, unless it is allowed', () => {
    for (const [offered, credentials] of [
      ['PLAIN LOGIN', password],
      ['XOAUTH2 OAUTHBEARER', token],
    ] as const) {
      assert.throws(() => name(offered, credentials, null), { code: 'ENOAUTH', message: /without TLS/ })
      const allowed = { tls: null, random, allowInsecureAuth: true }
      assert.equal(chooseMechanism(offered.split(' '), credentials, allowed).name, name(offered, credentials))
    }
    assert.throws(() => name('PLAIN', { ...password, method: 'PLAIN' }, null), { code: 'ENOAUTH' })
  })

  test('does what it is told', () => {
    for (const method of ['PLAIN', 'login', 'CRAM-MD5', 'EXTERNAL', 'ANONYMOUS', 'SCRAM-SHA-256']) {
      assert.equal(name(ALL, { ...password, method }), method.toUpperCase())
    }
    assert.throws(() => name('PLAIN', { ...password, method: 'LOGIN' }), { code: 'ENOAUTH' })
    assert.throws(() => name('XOAUTH2', { ...password, method: 'XOAUTH2' }), { code: 'ENOAUTH' })
    assert.throws(() => name('PLAIN', { ...password, method: 'DIGEST-MD5' }), { code: 'EUSAGE' })
    assert.throws(() => name('', password), { code: 'ENOAUTH' })
    assert.throws(() => name('XOAUTH2 GSSAPI', password), { code: 'ENOAUTH' })
  })

  test('SCRAM tells the server what it has seen of its list (RFC 5802 §6)', () => {
    const flag = (offered: string, method?: string, tls: TlsInfo | null = TLS): string => {
      const credentials = { ...password, ...(method !== undefined && { method }) }
      return text(chooseMechanism(offered.split(' '), credentials, { tls, random }).exchange.initial()).split(
        ',',
      )[0]!
    }
    assert.equal(flag('SCRAM-SHA-256 SCRAM-SHA-256-PLUS'), 'p=tls-exporter')
    assert.equal(flag('SCRAM-SHA-256'), 'y')
    assert.equal(flag('SCRAM-SHA-256 SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'), 'n')
    assert.equal(flag('SCRAM-SHA-256 SCRAM-SHA-256-PLUS', undefined, null), 'n')
  })
})

describe('SASLprep', () => {
  test('the examples of RFC 4013 §3', () => {
    assert.equal(saslprep('I\u00adX', 'stored'), 'IX')
    assert.equal(saslprep('user', 'stored'), 'user')
    assert.equal(saslprep('USER', 'stored'), 'USER')
    assert.equal(saslprep('\u00aa', 'stored'), 'a')
    assert.equal(saslprep('\u2168', 'stored'), 'IX')
    assert.throws(() => saslprep('\u0007', 'stored'), isAuth)
    assert.throws(() => saslprep('\u06271', 'stored'), isAuth)
  })

  test('spaces become one kind; what no keyboard should type is refused', () => {
    assert.equal(saslprep('a\u00a0b\u3000c', 'query'), 'a b c')
    for (const bad of [
      '\u0000',
      '\u007f',
      '\u0085',
      '\ue000',
      '\ufdd0',
      '\ud800',
      '\ufffd',
      '\u2ff0',
      '\u202e',
      '\u{e0041}',
    ]) {
      assert.throws(() => saslprep(`a${bad}`, 'query'), isAuth, JSON.stringify(bad))
    }
    assert.throws(() => saslprep('\u05d0a\u05d0', 'query'), isAuth)
    assert.equal(saslprep('\u05d0 1 \u05d0', 'query'), '\u05d0 1 \u05d0')
    assert.throws(() => saslprep('\u0378', 'stored'), isAuth)
    assert.equal(saslprep('\u0378', 'query'), '\u0378')
  })
})
