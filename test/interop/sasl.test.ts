// GNU SASL's own client logs in to our IMAP and SMTP servers by every mechanism that both know, bound to TLS and not.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { type AuthInfo, createServer, type Server, scramKeys } from 'email-server'
import { TEST_CERT, TEST_KEY } from '../support/certificate.ts'

const USER = 'user=comma,'
const PASSWORD = 'pencil\u00a0ＩＸ'

const KEYS = {
  'scram-sha-1': await scramKeys(PASSWORD, { mechanism: 'scram-sha-1' }),
  'scram-sha-256': await scramKeys(PASSWORD),
}

/** What the listener was asked, in order. */
const asked: string[] = []

function judge(info: AuthInfo): void {
  asked.push(`${info.protocol} ${info.authMethod}`)
  const method = info.authMethod
  if (method === 'anonymous') info.accept()
  else if (info.username !== USER) info.reject()
  else if (method === 'scram-sha-1' || method === 'scram-sha-256') info.acceptKeys(KEYS[method])
  // gsasl prepares the password (RFC 4013) here too
  else if (method === 'cram-md5') info.acceptSecret('pencil IX')
  else info.acceptKeys(KEYS['scram-sha-256'])
}

let server: Server
before(async () => {
  server = createServer({
    host: '127.0.0.1',
    ports: { submission: 0, imap: 0 },
    tlsOptions: { cert: TEST_CERT, key: TEST_KEY },
    auth: { mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN', 'CRAM-MD5', 'ANONYMOUS'] },
    limits: { authFailureDelay: 1 },
  })
  server.on('auth', judge)
  server.on('mailboxSession', session => {
    session.use({ folders: () => [] })
  })
  await server.listen()
})
after(() => server.close())

/** Runs gsasl to its end; true when it is in. */
async function gsasl(protocol: 'imap' | 'smtp', args: readonly string[]): Promise<boolean> {
  const port = protocol === 'imap' ? server.ports.imap : server.ports.submission
  const child = spawn(
    'gsasl',
    [`--${protocol}`, `--connect=localhost:${port}`, '--x509-ca-file=', '--quiet', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C.UTF-8' }, timeout: 60_000 },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += String(chunk)))
  const [code] = (await once(child, 'close')) as [number | null]
  // ours speaks last, and says either
  assert.match(said, /Logged in|235 2\.7\.0|AUTHENTICATIONFAILED|535 5\.7\.8/, said)
  return code === 0
}

/** The TLS of the connection, as gsasl is told. */
const TLS_1_2 = '--priority=NORMAL:-VERS-TLS1.3'

const WAYS: readonly (readonly [mechanism: string, ...args: string[]])[] = [
  ['SCRAM-SHA-256-PLUS'],
  ['SCRAM-SHA-1-PLUS'],
  ['SCRAM-SHA-256-PLUS', TLS_1_2],
  ['SCRAM-SHA-256', '--no-cb'],
  ['SCRAM-SHA-1', '--no-cb'],
  ['SCRAM-SHA-256', '--no-starttls'],
  ['PLAIN'],
  ['LOGIN'],
  ['CRAM-MD5', '--no-starttls'],
]

for (const protocol of ['imap', 'smtp'] as const) {
  describe(`gsasl and our ${protocol} server`, () => {
    for (const [mechanism, ...more] of WAYS) {
      test([mechanism, ...more].join(' '), async () => {
        const login = (user: string, password: string): Promise<boolean> =>
          gsasl(protocol, ['-m', mechanism, '-a', user, '-p', password, ...more])
        asked.length = 0
        assert.equal(await login(USER, PASSWORD), true)
        assert.deepEqual(asked, [`${protocol} ${mechanism.toLowerCase().replace('-plus', '')}`])
        assert.equal(await login(USER, 'wrong'), false)
        assert.equal(await login('nobody', PASSWORD), false)
      })
    }

    test('ANONYMOUS', async () => {
      assert.equal(await gsasl(protocol, ['-m', 'ANONYMOUS', '-n', 'sirhc']), true)
    })
  })
}
