// The servers' halves of the mechanisms, each against our own client and against what no client of ours would say.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EMPTY } from '../../src/base/bytes.ts'
import { MailError } from '../../src/base/errors.ts'
import type { TlsInfo } from '../../src/base/runtime.ts'
import {
  type AuthMechanism,
  type AuthOutcome,
  AuthPolicy,
  type AuthVerdict,
  type ClientCredentials,
  type Credentials,
  chooseMechanism,
  decodeSaslBase64,
  encodeSaslBase64,
  negotiate,
  type SaslClientExchange,
  type SaslExchange,
  type SaslMechanism,
  type SaslServerContext,
  type ScramKeys,
  scramKeys,
} from '../../src/sasl/index.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const text = (message: Uint8Array | null): string => Buffer.from(message ?? []).toString()

const ALL: readonly AuthMechanism[] = [
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'PLAIN',
  'LOGIN',
  'XOAUTH2',
  'OAUTHBEARER',
  'CRAM-MD5',
  'EXTERNAL',
  'ANONYMOUS',
]

const TLS: TlsInfo = {
  protocol: 'TLSv1.3',
  cipher: '',
  servername: null,
  authorized: true,
  peerCertificate: {
    subject: 'CN=user',
    issuer: 'CN=user',
    subjectAltName: '',
    validFrom: 0,
    validTo: 0,
    fingerprint256: '',
    chain: [],
  },
  channelBinding: type => Buffer.alloc(32, type),
}

const REFUSED: AuthVerdict = { ok: false, temporary: false, message: null }

/** Few rounds: what is tested here is not the strength. */
const KEYS = {
  'scram-sha-1': await scramKeys('pencil', { mechanism: 'scram-sha-1', iterations: 4096 }),
  'scram-sha-256': await scramKeys('pencil', { iterations: 4096 }),
}

/** A store with one user. */
function store({ authMethod, username, password }: Credentials): AuthVerdict {
  if (username !== 'user' && authMethod !== 'anonymous') return REFUSED
  switch (authMethod) {
    case 'scram-sha-1':
    case 'scram-sha-256':
      return { ok: true, username, keys: KEYS[authMethod] }
    case 'cram-md5':
      return { ok: true, username, secret: 'pencil' }
    case 'external':
    case 'anonymous':
      return { ok: true, username }
    default:
      return password === (authMethod.includes('oauth') ? 'token' : 'pencil')
        ? { ok: true, username }
        : REFUSED
  }
}

interface Run {
  outcome: AuthOutcome
  /** What the client made of it: null when it is content. */
  clientError: unknown
  asked: Credentials[]
  penalties: number
}

/** A whole login between our two sides, without a protocol. */
async function run(
  mechanism: SaslMechanism,
  client: SaslClientExchange,
  context: SaslServerContext,
  ask: (credentials: Credentials) => AuthVerdict = store,
): Promise<Run> {
  const asked: Credentials[] = []
  let penalties = 0
  let clientError: unknown = null
  const outcome = await negotiate(mechanism.startServer(context), client.initial(), {
    async challenge(challenge) {
      try {
        return bytes(encodeSaslBase64(await client.step(decodeSaslBase64(challenge)!)))
      } catch (error) {
        clientError = error
        return bytes('*')
      }
    },
    async ask(credentials) {
      asked.push(credentials)
      return ask(credentials)
    },
    async penalty() {
      penalties++
    },
  })
  if (outcome.kind === 'accepted') {
    try {
      client.finish(null)
    } catch (error) {
      clientError = error
    }
  }
  return { outcome, clientError, asked, penalties }
}

function login(
  credentials: ClientCredentials,
  { tls = TLS, mechanisms = ALL }: { tls?: TlsInfo | null; mechanisms?: readonly AuthMechanism[] } = {},
  ask?: (credentials: Credentials) => AuthVerdict,
): Promise<Run> {
  const policy = new AuthPolicy({ mechanisms })
  const open = policy.open(tls, true)
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
  const chosen = chooseMechanism(
    open.map(each => each.name),
    credentials,
    { tls, random, allowInsecureAuth: true },
  )
  const mechanism = open.find(each => each.name === chosen.name)!
  return run(mechanism, chosen.exchange, policy.context(tls, 'mail.example.test', undefined), ask)
}

describe('our client and our server', () => {
  const methods = [
    'SCRAM-SHA-256-PLUS',
    'SCRAM-SHA-1-PLUS',
    'SCRAM-SHA-256',
    'SCRAM-SHA-1',
    'PLAIN',
    'LOGIN',
    'CRAM-MD5',
    'OAUTHBEARER',
    'XOAUTH2',
    'EXTERNAL',
    'ANONYMOUS',
  ]
  for (const method of methods) {
    const right = { user: 'user', pass: 'pencil', accessToken: 'token', method }

    test(`${method}: comes in with the right secret`, async () => {
      const { outcome, clientError, asked, penalties } = await login(right)
      const username = method === 'ANONYMOUS' ? 'anonymous' : 'user'
      assert.deepEqual(outcome, { kind: 'accepted', username })
      assert.equal(clientError, null)
      assert.deepEqual([asked.length, penalties], [1, 0])
      assert.equal(asked[0]!.authMethod, method.toLowerCase().replace('-plus', ''))
    })

    if (method === 'EXTERNAL' || method === 'ANONYMOUS') continue
    test(`${method}: stays out with a wrong secret, and with a name that nobody has; neither looks different`, async () => {
      for (const wrong of [
        { ...right, pass: 'Pencil', accessToken: 'Token' },
        { ...right, user: 'nobody' },
      ]) {
        const { outcome, penalties } = await login(wrong)
        assert.deepEqual(outcome, { kind: 'refused', message: null })
        assert.equal(penalties, 1)
      }
    })
  }

  test('SCRAM: the name may hold commas, equal signs and letters of anybody; the password too', async () => {
    const letters = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    const property = fc.asyncProperty(letters, letters, fc.boolean(), async (user, pass, right) => {
      let keys: ScramKeys
      try {
        keys = await scramKeys(pass, { iterations: 4096 })
      } catch (error) {
        assert.ok(error instanceof MailError && error.code === 'EAUTH')
        return
      }
      const credentials = { user, pass: right ? pass : `${pass}x` }
      let attempt: Run
      try {
        attempt = await login(credentials, {}, ({ username }) => ({ ok: true, username, keys }))
      } catch (error) {
        // a name that SASLprep does not take
        assert.ok(error instanceof MailError && error.code === 'EAUTH')
        return
      }
      assert.equal(attempt.outcome.kind, right ? 'accepted' : 'refused')
    })
    await fc.assert(property, { numRuns: 60 })
  })
})

describe('SCRAM, the server', () => {
  const policy = new AuthPolicy({ mechanisms: ALL, decoySecret: 'x' })
  const context = policy.context(TLS, 'mail.example.test', undefined)
  const byName = (name: string): SaslMechanism => policy.open(TLS, true).find(each => each.name === name)!

  /** RFC 5802 §5 and RFC 7677 §3. */
  const EXAMPLES = [
    {
      name: 'SCRAM-SHA-1',
      salt: 'QSXCR+Q6sek8bf92',
      clientFirst: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
      nonce: '3rfcNHYJY1ZVvWVs7j',
      serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
      clientFinal: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      serverFinal: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    },
    {
      name: 'SCRAM-SHA-256',
      salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
      clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
      serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
      clientFinal:
        'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    },
  ] as const

  type Example = (typeof EXAMPLES)[number]

  async function exampleKeys({ name, salt }: Example): Promise<ScramKeys> {
    const mechanism = name === 'SCRAM-SHA-1' ? 'scram-sha-1' : 'scram-sha-256'
    return scramKeys('pencil', { mechanism, salt: Buffer.from(salt, 'base64'), iterations: 4096 })
  }

  /** A server that has sent the example's first message. */
  async function challenged(each: Example, keys: ScramKeys): Promise<SaslExchange> {
    const server = byName(each.name).startServer({ ...context, nonce: () => each.nonce })
    const lookup = server.step(bytes(each.clientFirst))
    assert.ok(lookup.kind === 'lookup')
    assert.deepEqual([lookup.credentials.username, lookup.credentials.needs], ['user', 'keys'])
    const challenge = lookup.resume({ ok: true, username: 'user', keys })
    assert.ok(challenge.kind === 'challenge')
    assert.equal(text(challenge.bytes), each.serverFirst)
    return server
  }

  for (const each of EXAMPLES) {
    test(`${each.name}: the example of its RFC, byte for byte`, async () => {
      const server = await challenged(each, await exampleKeys(each))
      const proven = server.step(bytes(each.clientFinal))
      assert.ok(proven.kind === 'proven')
      assert.equal(text(proven.data), each.serverFinal)
      assert.equal(server.step(bytes(each.clientFinal)).kind, 'malformed', 'a proof counts once')
    })

    test(`${each.name}: any other final message is refused or malformed`, async () => {
      const keys = await exampleKeys(each)
      const [binding, nonce, proof] = each.clientFinal.split(/,(?=[rp]=)/) as [string, string, string]
      for (const [final, kind] of [
        [`c=eSws,${nonce},${proof}`, 'refused'],
        [`c=biwsAA==,${nonce},${proof}`, 'refused'],
        [`${binding},${nonce}x,${proof}`, 'refused'],
        [`${binding},r=${each.nonce},${proof}`, 'refused'],
        [`${binding},${nonce},x=1,${proof}`, 'refused'],
        [`${binding},${nonce},p=AAAA`, 'refused'],
        [`${binding},${nonce},p=`, 'malformed'],
        [`${binding},${nonce}`, 'malformed'],
        [`${nonce},${binding},${proof}`, 'malformed'],
        [`m=x,${each.clientFinal}`, 'malformed'],
        ['', 'malformed'],
      ] as const) {
        const server = await challenged(each, keys)
        assert.equal(server.step(bytes(final)).kind, kind, final)
      }
    })
  }

  test('a first message that breaks the grammar is malformed', () => {
    for (const first of [
      '',
      'n',
      'n,,',
      'n,,n=user',
      'n,,r=abc,n=user',
      'n,,n=,r=abc',
      'n,,n=us=er,r=abc',
      'n,,n=us=2cer,r=abc',
      'n,,n=user,r=',
      'n,,n=user,r=a c',
      'n,,m=x,n=user,r=abc',
      'n,user,n=user,r=abc',
      'n,a=,n=user,r=abc',
      'x,,n=user,r=abc',
      'N,,n=user,r=abc',
      'p,,n=user,r=abc',
      'p=,,n=user,r=abc',
      'p=a b,,n=user,r=abc',
      'n,,n=us\0er,r=abc',
      'n,,n=\x07,r=abc',
      'n,,n=\u00ad,r=abc',
      'n,,n=user,r=abc,nonsense',
    ]) {
      assert.equal(byName('SCRAM-SHA-256').startServer(context).step(bytes(first)).kind, 'malformed', first)
    }
    const broken = byName('SCRAM-SHA-256').startServer(context).step(Buffer.from('n,,n=\xff,r=abc', 'latin1'))
    assert.equal(broken.kind, 'malformed', 'and what is no UTF-8')
  })

  test('unknown extensions are ignored, quoted names are read', () => {
    const step = byName('SCRAM-SHA-256')
      .startServer(context)
      .step(bytes('n,a=o=2Cne,n=t=3Dw=2Co,r=abc,x=y,z=='))
    assert.ok(step.kind === 'lookup')
    assert.deepEqual([step.credentials.username, step.credentials.authorizationId], ['t=w,o', 'o,ne'])
  })

  test('scram-downgrade: a client that was shown no -PLUS is refused where there is one', () => {
    const first = bytes('y,,n=user,r=abc')
    assert.equal(byName('SCRAM-SHA-256').startServer(context).step(first).kind, 'refused')
    const honest = policy.context({ ...TLS, channelBinding: () => null }, 'mail.example.test', undefined)
    assert.equal(byName('SCRAM-SHA-256').startServer(honest).step(first).kind, 'lookup')
  })

  test('a binding must be of a type that we have, under a name that binds, and be the right one', async () => {
    const kind = (name: string, first: string): string =>
      byName(name).startServer(context).step(bytes(first)).kind
    assert.equal(kind('SCRAM-SHA-256-PLUS', 'p=tls-exporter,,n=user,r=abc'), 'lookup')
    assert.equal(kind('SCRAM-SHA-256-PLUS', 'p=tls-unique-for-telnet,,n=user,r=abc'), 'refused')
    assert.equal(kind('SCRAM-SHA-256', 'p=tls-exporter,,n=user,r=abc'), 'refused')
    assert.equal(kind('SCRAM-SHA-256-PLUS', 'n,,n=user,r=abc'), 'malformed')
    assert.equal(kind('SCRAM-SHA-256-PLUS', 'y,,n=user,r=abc'), 'malformed')
    // somebody stands between the two and speaks TLS with both
    const random = (length: number): Uint8Array => Buffer.alloc(length, 5)
    const elsewhere: TlsInfo = { ...TLS, channelBinding: () => Buffer.alloc(32, 9) }
    const { exchange } = chooseMechanism(
      ['SCRAM-SHA-256-PLUS'],
      { user: 'user', pass: 'pencil' },
      { tls: elsewhere, random },
    )
    const { outcome } = await run(byName('SCRAM-SHA-256-PLUS'), exchange, context)
    assert.deepEqual(outcome, { kind: 'refused', message: null })
  })

  test('user-enumeration: who does not exist has a salt too, the same every time and everywhere', () => {
    const first = (from: AuthPolicy, username: string, verdict: AuthVerdict): string => {
      const server = byName('SCRAM-SHA-256').startServer({
        ...from.context(TLS, 'mail.example.test', undefined),
        nonce: () => 'nonce',
      })
      const lookup = server.step(bytes(`n,,n=${username},r=abc`))
      const challenge = lookup.kind === 'lookup' ? lookup.resume(verdict) : lookup
      return challenge.kind === 'challenge' ? text(challenge.bytes) : challenge.kind
    }
    const message: AuthVerdict = { ok: false, temporary: false, message: 'No such user' }
    const nobody = first(policy, 'nobody', REFUSED)
    assert.match(nobody, /^r=abcnonce,s=[A-Za-z0-9+/]{22}==,i=10000$/)
    assert.equal(first(policy, 'nobody', message), nobody)
    assert.equal(first(new AuthPolicy({ mechanisms: ALL, decoySecret: 'x' }), 'nobody', REFUSED), nobody)
    assert.notEqual(first(new AuthPolicy({ mechanisms: ALL, decoySecret: 'y' }), 'nobody', REFUSED), nobody)
    assert.notEqual(first(policy, 'someone', REFUSED), nobody)
    const iterations = new AuthPolicy({ mechanisms: ALL, scramIterations: 4096 })
    assert.match(first(iterations, 'nobody', REFUSED), /,i=4096$/)
    // keys of the other hash are no keys
    const verdict: AuthVerdict = { ok: true, username: 'nobody', keys: KEYS['scram-sha-1'] }
    assert.equal(first(policy, 'nobody', verdict), nobody)
  })

  test("the handler's text is told at the end, not with the salt", async () => {
    const verdict: AuthVerdict = { ok: false, temporary: false, message: 'Come back tomorrow' }
    const { outcome } = await login({ user: 'user', pass: 'pencil' }, {}, () => verdict)
    assert.deepEqual(outcome, { kind: 'refused', message: 'Come back tomorrow' })
  })

  test('when nobody can be asked it says so at once', async () => {
    const { outcome, penalties } = await login({ user: 'user', pass: 'pencil' }, {}, () => ({
      ok: false,
      temporary: true,
      message: null,
    }))
    assert.deepEqual([outcome, penalties], [{ kind: 'unavailable' }, 0])
  })
})

describe('hostile peers', () => {
  /** What an attacker makes: anything, and what looks like messages. */
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.string({ unit: 'binary', maxLength: 40 }).map(bytes),
    fc
      .array(
        fc.constantFrom(
          'n',
          'y',
          'p=tls-exporter',
          '',
          'a=x',
          'n=user',
          'r=abc',
          's=AAAA',
          'i=4096',
          'i=5000',
          'm=x',
          'c=biws',
          'p=AAAA',
          'v=AAAA',
          'e=no',
          'x=y',
          '\x01',
          '\0',
          'user=u\x01auth=Bearer t\x01\x01',
        ),
        { maxLength: 6 },
      )
      .map(parts => bytes(parts.join(','))),
    fc.constant(EMPTY),
  )

  test('no server throws, whatever comes in whatever order', () => {
    const policy = new AuthPolicy({ mechanisms: ALL })
    const context = policy.context(TLS, 'mail.example.test', undefined)
    const verdicts: AuthVerdict[] = [
      REFUSED,
      { ok: true, username: 'u' },
      { ok: true, username: 'u', keys: KEYS['scram-sha-256'], secret: 'x' },
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...policy.open(TLS, true)),
        fc.array(fc.option(message), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...verdicts),
        (mechanism, messages, verdict) => {
          const exchange = mechanism.startServer(context)
          for (const each of messages) {
            const step = exchange.step(each)
            const next = step.kind === 'lookup' ? step.resume(verdict) : step
            assert.notEqual(next.kind, 'proven')
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('no client throws anything but EAUTH, whatever the server says', async () => {
    const names = new AuthPolicy({ mechanisms: ALL }).open(TLS, true).map(each => each.name)
    const random = (length: number): Uint8Array => Buffer.alloc(length, 1)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(message, { maxLength: 4 }),
        fc.option(message),
        async (method, messages, last) => {
          const credentials = { user: 'user', pass: 'pencil', accessToken: 't', method }
          const { exchange } = chooseMechanism(names, credentials, { tls: TLS, random })
          try {
            exchange.initial()
            for (const each of messages) assert.ok((await exchange.step(each)) instanceof Uint8Array)
            exchange.finish(last)
            assert.ok(!method.startsWith('SCRAM'), 'nothing here proves anything')
          } catch (error) {
            assert.ok(error instanceof MailError && error.code === 'EAUTH', String(error))
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('what is offered', () => {
  const names = (
    options: ConstructorParameters<typeof AuthPolicy>[0],
    tls: TlsInfo | null,
    insecure = false,
  ): string =>
    new AuthPolicy(options)
      .open(tls, insecure)
      .map(each => each.name)
      .join(' ')

  test('by default what needs nothing but a password or token; over TLS, or where the owner allows it', () => {
    assert.equal(names({}, TLS), 'PLAIN LOGIN XOAUTH2 OAUTHBEARER')
    assert.equal(names({}, null), '')
    assert.equal(names({}, null, true), 'PLAIN LOGIN XOAUTH2 OAUTHBEARER')
  })

  test('in the order that the owner has given; SCRAM binds where it can', () => {
    const mechanisms: AuthMechanism[] = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'SCRAM-SHA-256']
    assert.equal(
      names({ mechanisms }, TLS),
      'SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN',
    )
    assert.equal(
      names({ mechanisms }, { ...TLS, channelBinding: () => null }),
      'SCRAM-SHA-256 SCRAM-SHA-1 PLAIN',
    )
    assert.equal(names({ mechanisms }, null), 'SCRAM-SHA-256 SCRAM-SHA-1')
    assert.equal(names({ mechanisms: ['APOP'] }, TLS), '')
  })

  test('EXTERNAL only for a certificate that somebody vouches for', () => {
    const mechanisms: AuthMechanism[] = ['EXTERNAL']
    assert.equal(names({ mechanisms }, TLS), 'EXTERNAL')
    assert.equal(names({ mechanisms }, { ...TLS, authorized: false }), '')
    assert.equal(names({ mechanisms }, { ...TLS, peerCertificate: null }), '')
    assert.equal(names({ mechanisms }, null), '')
  })

  test('options that cannot be are named', () => {
    for (const options of [
      { mechanisms: ['PLAIN', 'GSSAPI'] },
      { mechanisms: ['SCRAM-SHA-256-PLUS'] },
      { mechanisms: 'PLAIN' },
      { scramIterations: 0 },
      { scramIterations: 2_000_000 },
      { decoySecret: 5 },
      null,
    ]) {
      assert.throws(() => new AuthPolicy(options as never), { code: 'ECONFIG', message: /auth/ })
    }
  })
})

test('scramKeys: bad options and passwords that SASLprep forbids are named', async () => {
  for (const options of [
    { mechanism: 'plain' },
    { salt: EMPTY },
    { salt: 'x' },
    { iterations: 0 },
    { iterations: 1e9 },
  ]) {
    await assert.rejects(scramKeys('x', options as never), { code: 'ECONFIG' })
  }
  await assert.rejects(scramKeys('a\u0007'), { code: 'EAUTH' })
  const keys = await scramKeys('x')
  assert.deepEqual(
    [keys.salt.length, keys.iterations, keys.storedKey.length, keys.serverKey.length],
    [16, 10_000, 32, 32],
  )
  assert.notDeepEqual((await scramKeys('x')).salt, keys.salt)
})
