import assert from 'node:assert/strict'
import test from 'node:test'
import { createServer, MailError, type ServerOptions } from '../../src/index.ts'

const BAD: readonly (readonly [options: unknown, message: RegExp])[] = [
  [{ prots: { imap: 143 } }, /no option "prots"/],
  [{ ports: { imaap: 143 } }, /ports.*imaap/],
  [{ ports: { imap: '143' } }, /ports\.imap/],
  [{ ports: { imap: 70_000 } }, /ports\.imap/],
  [{ ports: { imap: Number.NaN } }, /ports\.imap/],
  [{ ports: 25 }, /ports/],
  [{ ports: { imaps: 993 } }, /ports\.imaps needs tlsOptions/],
  [{ tlsOptions: { cert: 'x' } }, /tlsOptions/],
  [{ SNICallback: () => {} }, /SNICallback/],
  [{ onSecure: true }, /onSecure/],
  [{ hostname: 'a b' }, /hostname/],
  [{ hostname: 'mail.example.com\r\n220 evil' }, /hostname/],
  [{ host: '' }, /host/],
  [{ maxSize: 0 }, /maxSize/],
  [{ maxSize: '25MB' }, /maxSize/],
  [{ maxRecipients: -1 }, /maxRecipients/],
  [{ closeTimeout: -1 }, /closeTimeout/],
  [{ allowInsecureAuth: 'yes' }, /allowInsecureAuth/],
  [{ limits: { imapCommandLine: 0 } }, /limits\.imapCommandLine/],
  [{ limits: { imapCommandLines: 5 } }, /imapCommandLines/],
  [{ dsn: 'yes' }, /dsn/],
  [{ lineBreaks: 'fix' }, /lineBreaks/],
  [{ ports: { lmtp: 25 } }, /ports\.lmtp/],
  [{ extensions: { chunking: true } }, /extensions.*no chunking/],
  [{ extensions: { futureRelease: true } }, /extensions\.futureRelease/],
  [{ extensions: { futureRelease: {} } }, /extensions\.futureRelease\.maxInterval/],
  [{ extensions: { futureRelease: { maxInterval: 1e9 } } }, /extensions\.futureRelease\.maxInterval/],
  [{ extensions: { futureRelease: { maxInterval: 1, maxDateTime: '2030' } } }, /maxDateTime/],
  [{ extensions: { deliverBy: { min: 0 } } }, /extensions\.deliverBy\.min/],
  [{ extensions: { mtPriority: { profile: 'A B' } } }, /extensions\.mtPriority\.profile/],
  [{ extensions: { limits: { mailMax: 1_000_000 } } }, /extensions\.limits\.mailMax/],
  [{ extensions: { limits: { mails: 1 } } }, /no mails/],
  [{ extensions: { requireTls: 1 } }, /extensions\.requireTls/],
  [{ mailAuth: 'yes' }, /mailAuth/],
  [{ mailAuth: { skip: '10.0.0.0/8' } }, /mailAuth\.skip/],
  [{ mailAuth: { skip: ['10.0.0.0/33'] } }, /mailAuth\.skip/],
  [{ mailAuth: { minRsaBits: 512 } }, /mailAuth\.minRsaBits/],
  [{ mailAuth: { maxSignatures: 0 } }, /mailAuth\.maxSignatures/],
  [{ mailAuth: { authservId: 'a b' } }, /mailAuth\.authservId/],
  [{ mailAuth: { authserv: 'a' } }, /no authserv/],
  [{ resolver: {} }, /resolver/],
  [{ resolver: null }, /resolver/],
  [{ useProxy: 'yes' }, /useProxy/],
  [{ useProxy: ['proxy.example'] }, /useProxy/],
  [{ xclient: true }, /xclient/],
  [{ xclient: ['192.0.2.0/ 8'] }, /xclient/],
  [{ rateLimit: 10 }, /rateLimit/],
  [{ rateLimit: { perSecond: 1 } }, /no perSecond/],
  [{ rateLimit: { perMinute: 0 } }, /rateLimit\.perMinute/],
  [{ rateLimit: { perHour: 1.5 } }, /rateLimit\.perHour/],
  [{ rateLimit: { banDuration: -1 } }, /rateLimit\.banDuration/],
  [{ greetingDelay: -1 }, /greetingDelay/],
  [{ limits: { banTime: 0 } }, /limits\.banTime/],
  [null, /createServer/],
]

for (const [options, message] of BAD) {
  test(`createServer refuses ${JSON.stringify(options)} and names what is wrong`, () => {
    assert.throws(
      () => createServer(options as ServerOptions),
      (error: unknown) =>
        error instanceof MailError && error.code === 'ECONFIG' && message.test(error.message),
    )
  })
}

test('a server without ports cannot listen, and says so', async () => {
  await assert.rejects(createServer().listen(), { code: 'ECONFIG', message: /ports/ })
})

test('addDomain takes names and materials, in any case and script, and refuses what is no domain', () => {
  const server = createServer()
  server.addDomain('Example.COM').addDomain({ domain: 'bücher.example' }).addDomain('dot.example.')
  assert.deepEqual(server.domains, ['example.com', 'xn--bcher-kva.example', 'dot.example'])
  server.removeDomain('EXAMPLE.com')
  assert.deepEqual(server.domains, ['xn--bcher-kva.example', 'dot.example'])
  for (const bad of ['', 'a b', 'x\r\ny', 42 as unknown as string, null as unknown as string]) {
    assert.throws(() => server.addDomain(bad), { code: 'EUSAGE' })
  }
})
