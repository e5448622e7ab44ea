// The same ways to log in through each of the three protocols, and the answers of an `auth` listener.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TlsInfo } from '../../src/base/runtime.ts'
import type { ServerSession } from '../../src/base/session.ts'
import { ImapServerSession } from '../../src/imap/index.ts'
import { Pop3ServerSession } from '../../src/pop3/index.ts'
import {
  type AuthFailure,
  type AuthInfo,
  type AuthOptions,
  type ClientCredentials,
  chooseMechanism,
  decodeSaslBase64,
  encodeSaslBase64,
  scramKeys,
} from '../../src/sasl/index.ts'
import { SmtpServerSession } from '../../src/smtp/index.ts'
import { MemoryMailbox, SessionDriver } from '../../src/testing/index.ts'

const TLS: TlsInfo = {
  protocol: 'TLSv1.3',
  cipher: '',
  servername: null,
  authorized: true,
  peerCertificate: {
    subject: 'CN=alice',
    issuer: 'CN=ca',
    subjectAltName: '',
    validFrom: 0,
    validTo: 0,
    fingerprint256: 'ab12',
    chain: [],
  },
  channelBinding: type => Buffer.alloc(32, type),
}

interface Session extends ServerSession {
  on(name: 'auth', listener: (info: AuthInfo) => unknown): unknown
  on(name: 'authFailed', listener: (failure: AuthFailure) => unknown): unknown
}

interface Protocol {
  readonly name: 'smtp' | 'imap' | 'pop3'
  open(options: { auth: AuthOptions; tls: TlsInfo | null }): Session
  /** Before AUTH may be said. */
  readonly hello: string
  /** Asks for the list of what is offered. */
  readonly ask: string
  mechanisms(reply: string): string[]
  readonly command: string
  /** The server's turn in a dialogue. */
  readonly challenge: RegExp
  readonly welcome: RegExp
  readonly refused: RegExp
  readonly unavailable: RegExp
  readonly malformed: RegExp
}

const common = { hostname: 'mail.example.test', remoteAddress: '192.0.2.9', now: 0 }

const PROTOCOLS: readonly Protocol[] = [
  {
    name: 'smtp',
    open: options => new SmtpServerSession({ ...common, role: 'submission', ...options }) as Session,
    hello: 'EHLO client.example\r\n',
    ask: 'EHLO client.example\r\n',
    mechanisms: reply => /^250[- ]AUTH (.*)\r$/m.exec(reply)?.[1]?.split(' ') ?? [],
    command: 'AUTH',
    challenge: /^334 (.*)\r\n$/,
    welcome: /^235 /,
    refused: /^535 5\.7\.8 Authentication credentials invalid\r\n$/,
    unavailable: /^454 4\.7\.0 /,
    malformed: /^501 5\.5\.2 /,
  },
  {
    name: 'imap',
    open: options => new ImapServerSession({ ...common, ...options }) as Session,
    hello: '',
    ask: 'c CAPABILITY\r\n',
    mechanisms: reply => [...reply.matchAll(/ AUTH=(\S+)/g)].map(match => match[1]!),
    command: 'a AUTHENTICATE',
    challenge: /^\+ (.*)\r\n$/,
    welcome: /^a OK /,
    refused: /^a NO \[AUTHENTICATIONFAILED\] Authentication failed\r\n$/,
    unavailable: /^a NO \[UNAVAILABLE\] /,
    malformed: /^a BAD /,
  },
  {
    name: 'pop3',
    open: options => new Pop3ServerSession({ ...common, ...options }) as Session,
    hello: '',
    ask: 'CAPA\r\n',
    mechanisms: reply => /^SASL (.*)\r$/m.exec(reply)?.[1]?.split(' ') ?? [],
    command: 'AUTH',
    challenge: /^\+ (.*)\r\n$/,
    welcome: /^\+OK Maildrop/,
    refused: /^-ERR \[AUTH\] Wrong user name or password\r\n$/,
    unavailable: /^-ERR \[SYS\/TEMP\] /,
    malformed: /^-ERR (?!\[)/,
  },
]

const KEYS = {
  'scram-sha-1': await scramKeys('secret', { mechanism: 'scram-sha-1', iterations: 4096 }),
  'scram-sha-256': await scramKeys('secret', { iterations: 4096 }),
}

const EVERYTHING: AuthOptions = {
  mechanisms: [
    'SCRAM-SHA-256',
    'SCRAM-SHA-1',
    'EXTERNAL',
    'PLAIN',
    'LOGIN',
    'OAUTHBEARER',
    'XOAUTH2',
    'CRAM-MD5',
    'ANONYMOUS',
  ],
}

function judge(info: AuthInfo): void {
  const { authMethod, username } = info
  if (authMethod === 'anonymous') info.accept('guest')
  else if (authMethod === 'external') {
    if (info.clientCertificate?.subject === `CN=${username}`) info.accept()
    else info.reject()
  } else if (username !== 'alice') info.reject()
  else if (authMethod === 'scram-sha-1' || authMethod === 'scram-sha-256') info.acceptKeys(KEYS[authMethod])
  else if (authMethod === 'cram-md5') info.acceptSecret('secret')
  else if (authMethod === 'oauthbearer' || authMethod === 'xoauth2') {
    if (info.password === 'token') info.accept()
    else info.reject()
  } else info.acceptKeys(KEYS['scram-sha-256'])
}

interface Attempt {
  readonly reply: string
  readonly failures: AuthFailure[]
  readonly session: Session & { username?: string | null; mailbox?: { username: string } | null }
}

/** Lets what has been computed elsewhere arrive: PBKDF2 runs on another thread. */
async function settled(driver: SessionDriver): Promise<string> {
  for (let i = 0; i < 200 && driver.peek().length === 0 && driver.isOpen; i++) {
    await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  await driver.settle()
  return driver.takeText()
}

async function attempt(
  protocol: Protocol,
  credentials: ClientCredentials,
  {
    auth = EVERYTHING,
    tls = TLS,
    listener = judge,
  }: { auth?: AuthOptions; tls?: TlsInfo | null; listener?: (info: AuthInfo) => unknown } = {},
): Promise<Attempt> {
  const session = protocol.open({ auth, tls })
  const failures: AuthFailure[] = []
  session.on('auth', listener)
  session.on('authFailed', failure => failures.push(failure))
  if ('mailbox' in session) {
    ;(session as unknown as Pop3ServerSession).on('mailboxSession', it => new MemoryMailbox().attach(it))
  }
  const driver = new SessionDriver(session)
  driver.greet()
  await driver.settle()
  if (protocol.hello) await driver.exchange(protocol.hello)
  const offered = protocol.mechanisms(await driver.exchange(protocol.ask))
  const random = (length: number): Uint8Array => Buffer.alloc(length, 3)
  const { name, exchange } = chooseMechanism(offered, credentials, { tls, random })
  const initial = exchange.initial()
  const response = initial === null ? '' : ` ${initial.length === 0 ? '=' : encodeSaslBase64(initial)}`
  driver.take()
  driver.feed(`${protocol.command} ${name}${response}\r\n`)
  for (;;) {
    let reply = await settled(driver)
    if (reply === '') {
      // a failure takes its time
      await driver.advance(1000)
      reply = await settled(driver)
    }
    const challenge = protocol.challenge.exec(reply)
    if (!challenge) {
      if (protocol.welcome.test(reply)) exchange.finish(null)
      return { reply, failures, session }
    }
    const answer = await exchange.step(decodeSaslBase64(challenge[1]!)!)
    driver.feed(`${encodeSaslBase64(answer)}\r\n`)
  }
}

const METHODS = [
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'EXTERNAL',
  'PLAIN',
  'LOGIN',
  'OAUTHBEARER',
  'XOAUTH2',
  'CRAM-MD5',
]

for (const protocol of PROTOCOLS) {
  describe(`logging in by ${protocol.name}`, () => {
    for (const method of METHODS) {
      test(`${method}: the right user comes in, others do not, and each refusal is told of`, async () => {
        const right = { user: 'alice', pass: 'secret', accessToken: 'token', method }
        const { reply, failures, session } = await attempt(protocol, right)
        assert.match(reply, protocol.welcome)
        assert.equal(session.username ?? session.mailbox?.username, 'alice')
        assert.deepEqual(failures, [])
        for (const wrong of [
          ...(method === 'EXTERNAL' ? [] : [{ ...right, pass: 'Secret', accessToken: 'Token' }]),
          { ...right, user: 'mallory' },
        ]) {
          const refused = await attempt(protocol, wrong)
          assert.match(refused.reply, protocol.refused)
          const authMethod = method.toLowerCase().replace('-plus', '')
          const remoteAddress = '192.0.2.9'
          assert.deepEqual(refused.failures, [
            { protocol: protocol.name, authMethod, username: wrong.user, remoteAddress, delayMs: 1000 },
          ])
        }
      })
    }

    test('ANONYMOUS: the listener says who that is', async () => {
      const { reply, session } = await attempt(protocol, { user: 'sirhc', method: 'ANONYMOUS' })
      assert.match(reply, protocol.welcome)
      assert.equal(session.username ?? session.mailbox?.username, 'guest')
    })

    test('the list is the same in each protocol, and follows TLS', async () => {
      const offered = async (tls: TlsInfo | null): Promise<string> => {
        const driver = new SessionDriver(protocol.open({ auth: EVERYTHING, tls }))
        driver.greet()
        await driver.settle()
        driver.take()
        return protocol.mechanisms(await driver.exchange(protocol.ask)).join(' ')
      }
      assert.equal(
        await offered(TLS),
        'SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 EXTERNAL PLAIN LOGIN OAUTHBEARER XOAUTH2 CRAM-MD5 ANONYMOUS',
      )
      assert.equal(await offered(null), 'SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 ANONYMOUS')
    })

    test('what is not offered is not taken', async () => {
      const session = protocol.open({ auth: { mechanisms: ['SCRAM-SHA-256'] }, tls: TLS })
      session.on('auth', () => assert.fail('nobody is to be asked'))
      const driver = new SessionDriver(session)
      driver.greet()
      await driver.settle()
      if (protocol.hello) await driver.exchange(protocol.hello)
      const plain = encodeSaslBase64(Buffer.from('\0alice\0secret'))
      driver.take()
      const lines = {
        smtp: [`AUTH PLAIN ${plain}`, 'AUTH CRAM-MD5'],
        imap: [`b AUTHENTICATE PLAIN ${plain}`, 'b LOGIN alice secret'],
        pop3: [
          `AUTH PLAIN ${plain}`,
          'USER alice',
          'PASS secret',
          'APOP alice c4c9334bac560ecc979e58001b3e22fb',
        ],
      }
      for (const line of lines[protocol.name]) {
        assert.match(await driver.exchange(`${line}\r\n`), /^(504|b NO|-ERR)/, line)
      }
    })

    test('answers that do not fit the question let nobody in', async () => {
      const answers: ((info: AuthInfo) => void)[] = [
        info => info.accept(),
        info => info.acceptSecret('secret'),
        info => info.acceptKeys({} as never),
        () => {
          throw new Error('boom')
        },
      ]
      for (const listener of answers) {
        const { reply, failures } = await attempt(protocol, { user: 'alice', pass: 'secret' }, { listener })
        assert.match(reply, protocol.unavailable)
        assert.deepEqual(failures, [])
      }
    })

    test('a listener may answer passwords with keys or with the password, and may name the user', async () => {
      const answers: ((info: AuthInfo) => void)[] = [
        info => info.acceptKeys(KEYS['scram-sha-256'], 'Alice'),
        info => info.acceptKeys(KEYS['scram-sha-1'], 'Alice'),
        info => info.acceptSecret('secret', 'Alice'),
      ]
      for (const method of ['PLAIN', 'LOGIN']) {
        for (const listener of answers) {
          const { reply, session } = await attempt(
            protocol,
            { user: 'alice', pass: 'secret', method },
            { listener },
          )
          assert.match(reply, protocol.welcome)
          assert.equal(session.username ?? session.mailbox?.username, 'Alice')
          const wrong = await attempt(protocol, { user: 'alice', pass: 'Secret', method }, { listener })
          assert.match(wrong.reply, protocol.refused)
        }
      }
    })

    test('EXTERNAL and OAUTHBEARER may name nobody; then the listener must', async () => {
      const credentials = { user: '', authorizationId: '', accessToken: 'token' }
      for (const method of ['EXTERNAL', 'OAUTHBEARER']) {
        const named = await attempt(
          protocol,
          { ...credentials, method },
          { listener: info => info.accept(info.clientCertificate?.subject.slice(3)) },
        )
        assert.match(named.reply, protocol.welcome)
        assert.equal(named.session.username ?? named.session.mailbox?.username, 'alice')
        const unnamed = await attempt(
          protocol,
          { ...credentials, method },
          { listener: info => info.accept() },
        )
        assert.match(unnamed.reply, protocol.unavailable)
      }
    })

    test('noise, a proof cut off and a hang-up in the middle of an exchange', async () => {
      const begin = async (): Promise<SessionDriver> => {
        const session = protocol.open({ auth: EVERYTHING, tls: null })
        session.on('auth', judge)
        const driver = new SessionDriver(session)
        driver.greet()
        await driver.settle()
        if (protocol.hello) await driver.exchange(protocol.hello)
        driver.take()
        const first = encodeSaslBase64(Buffer.from('n,,n=alice,r=abc'))
        driver.feed(`${protocol.command} SCRAM-SHA-256 ${first}\r\n`)
        assert.match(await settled(driver), protocol.challenge)
        return driver
      }
      for (const noise of ['=AAA', '!!!!', 'AAA', encodeSaslBase64(Buffer.from('c=biws')), '']) {
        const driver = await begin()
        driver.feed(`${noise}\r\n`)
        await driver.advance(1000)
        assert.match(await settled(driver), protocol.malformed, noise)
      }
      const cancelled = await begin()
      cancelled.feed('*\r\n')
      assert.match(await settled(cancelled), /cancelled/)
      const gone = await begin()
      gone.eof()
      await gone.settle()
      assert.equal(gone.isOpen, false)
      assert.equal(gone.session.deadline(), null)
    })
  })
}
