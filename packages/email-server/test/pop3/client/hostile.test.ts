// Servers that lie, stall, inject and hang up: typed errors, a closed session, and no promise that is left.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ClientSessionOptions } from '../../../src/base/client-session.ts'
import { MailError } from '../../../src/base/errors.ts'
import { Pop3ClientSession } from '../../../src/pop3/index.ts'
import { DotStuffer } from '../../../src/pop3/wire/dot-stuffing.ts'
import { DotUnstuffer } from '../../../src/pop3/wire/dot-unstuffing.ts'
import { SessionDriver, VIRTUAL_TLS } from '../../../src/testing/index.ts'

interface Bench {
  pop: Pop3ClientSession
  driver: SessionDriver
}

async function bench(
  options: Partial<ClientSessionOptions> = {},
  capabilities = 'PIPELINING',
): Promise<Bench> {
  const pop = new Pop3ClientSession({ isServer: false, tls: VIRTUAL_TLS, canUpgrade: true, ...options })
  const driver = new SessionDriver(pop)
  driver.greet()
  driver.feed('+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n')
  await driver.settle()
  driver.feed(`+OK\r\n${capabilities}\r\n.\r\n`)
  await driver.settle()
  assert.equal(driver.takeText(), 'CAPA\r\n')
  assert.equal(pop.state, 'ready')
  return { pop, driver }
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof MailError ? error.code : String(error)),
  )

describe('a POP3 client and a hostile server', () => {
  test('APOP: the example of RFC 1939 §7', async () => {
    const { pop, driver } = await bench()
    const login = pop.apop('mrose', 'tanstaaf')
    await driver.settle()
    assert.equal(driver.takeText(), 'APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n')
    driver.feed('+OK maildrop has 1 message (369 octets)\r\n')
    await login
  })

  test('greetings that are none, and none at all', async () => {
    for (const [greeting, expected] of [
      ['* OK IMAP4rev1\r\n', 'EPROTOCOL'],
      ['220 smtp\r\n', 'EPROTOCOL'],
      ['-ERR go away\r\n', 'ECONNECTION'],
      ['\r\n', 'EPROTOCOL'],
      [`+OK ${'x'.repeat(20_000)}`, 'ELIMIT'],
    ] as const) {
      const pop = new Pop3ClientSession({ isServer: false })
      const driver = new SessionDriver(pop)
      const ready = code(pop.ready())
      const stat = code(pop.stat())
      driver.greet()
      driver.feed(greeting)
      await driver.settle()
      assert.deepEqual(
        [await ready, await stat, pop.state],
        [expected, expected, 'closed'],
        greeting.slice(0, 20),
      )
    }
    const silent = new Pop3ClientSession({ isServer: false })
    const driver = new SessionDriver(silent)
    const ready = code(silent.ready())
    driver.greet()
    await driver.advance(120_000)
    assert.equal(await ready, 'ETIMEDOUT')
  })

  test('a server without CAPA is one of RFC 1939: one command at a time', async () => {
    const pop = new Pop3ClientSession({ isServer: false, tls: VIRTUAL_TLS })
    const driver = new SessionDriver(pop)
    driver.greet()
    driver.feed('+OK\r\n')
    await driver.settle()
    driver.feed('-ERR what?\r\n')
    await driver.settle()
    driver.take()
    const both = [pop.noop(), pop.noop()]
    await driver.settle()
    assert.equal(driver.takeText(), 'NOOP\r\n')
    driver.feed('+OK\r\n')
    await driver.settle()
    assert.equal(driver.takeText(), 'NOOP\r\n')
    driver.feed('+ok\r\n')
    await Promise.all(both)
    const login = pop.authenticate({ user: 'u', pass: 'p' })
    await driver.settle()
    assert.equal(driver.takeText(), 'USER u\r\n')
    driver.feed('+OK\r\n')
    await driver.settle()
    assert.equal(driver.takeText(), 'PASS p\r\n')
    driver.feed('+OK\r\n')
    await login
  })

  test('answers that cannot be read end the session or fail the command, and nothing is left', async () => {
    const cases: [string, (pop: Pop3ClientSession) => Promise<unknown>, string][] = [
      ['hello\r\n', pop => pop.noop(), 'EPROTOCOL'],
      ['+ \r\n', pop => pop.noop(), 'EPROTOCOL'],
      ['+OK many\r\n', pop => pop.stat(), 'EPROTOCOL'],
      ['+OK 1\r\n', pop => pop.stat(), 'EPROTOCOL'],
      ['+OK -1 5\r\n', pop => pop.stat(), 'EPROTOCOL'],
      ['+OK 99999999999999999999 1\r\n', pop => pop.stat(), 'EPROTOCOL'],
      ['+OK 2 5\r\n', pop => pop.list(1), 'EPROTOCOL'],
      ['+OK\r\n1 5\r\nx y\r\n.\r\n', pop => pop.list(), 'EPROTOCOL'],
      ['+OK\r\n0 5\r\n.\r\n', pop => pop.list(), 'EPROTOCOL'],
      ['+OK\r\n1 \x01\r\n.\r\n', pop => pop.uidl(), 'EPROTOCOL'],
      ['-ERR\r\n', pop => pop.retr(1), 'EMESSAGE'],
      ['-ERR [SYS/TEMP] later\r\n', pop => pop.dele(1), 'EMESSAGE'],
      [`+OK ${'y'.repeat(20_000)}\r\n`, pop => pop.noop(), 'ELIMIT'],
      [`+OK\r\n${'1 5\r\n'.repeat(400)}`, pop => pop.list(), 'ELIMIT'],
      [`+OK\r\n${'x'.repeat(500)}\r\n.\r\n`, pop => pop.retr(1), 'ELIMIT'],
      ['+OK\r\n+OK\r\n', pop => pop.noop().then(() => pop.noop()), 'EPROTOCOL'],
    ]
    for (const [answer, ask, expected] of cases) {
      const { pop, driver } = await bench({ limits: { pop3Listing: 1000, messageSize: 400 } })
      const result = code(ask(pop))
      await driver.settle()
      driver.feed(answer)
      await driver.settle()
      assert.equal(await result, expected, answer.slice(0, 40))
      driver.destroy()
      assert.equal(pop.deadline(), null)
    }
  })

  test('what nobody has asked for ends the session', async () => {
    const { pop, driver } = await bench()
    driver.feed('+OK surprise\r\n')
    assert.equal(pop.state, 'closed')
    assert.equal(driver.closed?.error?.code, 'EPROTOCOL')
  })

  test('stls-injection: text behind the consent, whole or not, never counts as said behind the handshake', async () => {
    for (const injected of ['+OK\r\n', '+', '+OK\r\nSASL PLAIN\r\n.\r\n', '\x16\x03\x01']) {
      const { pop, driver } = await bench({ tls: null }, 'STLS')
      const secured = code(pop.stls())
      await driver.settle()
      assert.equal(driver.takeText(), 'STLS\r\n')
      driver.feed(`+OK go ahead\r\n${injected}`)
      await driver.settle()
      assert.match(await secured, /^(ETLS|EPROTOCOL|ECONNECTION)$/)
      assert.equal(pop.state, 'closed')
      assert.equal(driver.upgrade, null)
    }
    const late = await bench({ tls: null }, 'STLS')
    const secured = code(late.pop.stls())
    await late.driver.settle()
    late.driver.feed('+OK go ahead\r\n')
    await late.driver.settle()
    assert.equal(late.driver.upgrade, 'tls')
    assert.equal(late.pop.feed(Buffer.from('+OK\r\n')), false)
    assert.equal(await secured, 'ETLS')
  })

  test('stls-stripping: a server that refuses TLS gets no password', async () => {
    const { pop, driver } = await bench({ tls: null }, 'SASL PLAIN LOGIN XOAUTH2\r\nUSER')
    const secured = code(pop.stls())
    await driver.settle()
    driver.feed('-ERR no\r\n')
    assert.equal(await secured, 'ETLS')
    driver.take()
    for (const attempt of [
      pop.user('u'),
      pop.pass('p'),
      pop.xoauth2('u', 't'),
      pop.authenticate({ user: 'u', pass: 'p', method: 'PLAIN' }),
      pop.authenticate({ user: 'u', accessToken: 't' }),
    ]) {
      assert.equal(await code(attempt), 'ENOAUTH')
    }
    assert.equal(driver.takeText(), '')
  })

  test('a server that lets us in without its proof is left; an exchange without end is cancelled', async () => {
    const scram = await bench({}, 'SASL SCRAM-SHA-256 PLAIN')
    const login = code(scram.pop.authenticate({ user: 'u', pass: 'p' }))
    await scram.driver.settle()
    assert.match(scram.driver.takeText(), /^AUTH SCRAM-SHA-256 /)
    scram.driver.feed('+OK welcome\r\n')
    assert.equal(await login, 'EAUTH')
    assert.equal(scram.pop.state, 'closed')
    const endless = await bench({}, 'SASL OAUTHBEARER')
    const token = code(endless.pop.authenticate({ user: 'u', accessToken: 't'.repeat(300) }))
    await endless.driver.settle()
    assert.equal(
      endless.driver.takeText(),
      'AUTH OAUTHBEARER\r\n',
      'RFC 2449 §4: the line is too short for it',
    )
    let last = ''
    for (let i = 0; i < 30 && last !== '*\r\n'; i++) {
      endless.driver.feed('+ \r\n')
      await endless.driver.settle()
      last = endless.driver.takeText()
    }
    assert.equal(last, '*\r\n')
    endless.driver.feed('-ERR cancelled\r\n')
    assert.equal(await token, 'EAUTH')
    assert.equal(endless.pop.state, 'ready')
  })

  test('a hang-up anywhere settles everything', async () => {
    const { pop, driver } = await bench()
    const stream = pop.retrStream(1)
    const all = [pop.stat(), pop.list(), pop.retr(2), pop.quit()].map(code)
    await driver.settle()
    driver.feed('+OK 100 octets\r\nSubject: x\r\n')
    const reading = (async () => {
      for await (const piece of await stream) assert.ok(piece.length > 0)
    })()
    driver.eof()
    assert.equal(await code(reading), 'ECONNECTION')
    assert.deepEqual(await Promise.all(all), ['ECONNECTION', 'ECONNECTION', 'ECONNECTION', 'none'])
    assert.equal(await code(pop.noop()), 'ECONNECTION')
    const marked = await bench()
    const mark = marked.pop.dele(1)
    await marked.driver.settle()
    marked.driver.feed('+OK\r\n')
    await mark
    const leaving = code(marked.pop.quit())
    await marked.driver.settle()
    marked.driver.eof()
    assert.equal(await leaving, 'ECONNECTION', 'nobody knows whether it was removed')
  })

  test('a server that stops in the middle runs out of time; a reader who stops does not', async () => {
    const { pop, driver } = await bench()
    const stalled = code(pop.retr(1))
    await driver.settle()
    driver.feed('+OK\r\nhalf')
    await driver.advance(120_000)
    assert.equal(await stalled, 'ETIMEDOUT')
    const slow = await bench({ limits: { inputWindow: 10 } })
    const stream = slow.pop.retrStream(1)
    await slow.driver.settle()
    slow.driver.feed(`+OK\r\n${'x'.repeat(50)}\r\n`)
    const body = await stream
    await slow.driver.advance(1_000_000)
    assert.equal(slow.pop.state, 'busy')
    slow.driver.feed('.\r\n')
    let text = ''
    for await (const piece of body) text += Buffer.from(piece).toString()
    assert.equal(text, `${'x'.repeat(50)}\r\n`)
    assert.equal(slow.pop.state, 'ready')
  })

  test('any bytes at all: nothing is thrown, everything is settled, memory is bounded', async () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .constantFrom(
          '+OK\r\n',
          '-ERR no\r\n',
          '+ \r\n',
          '.\r\n',
          '+OK 1 2\r\n',
          '1 2\r\n',
          '1 a\r\n',
          '\r\n',
          '..x\r\n',
          'x',
        )
        .map(text => Buffer.from(text) as Uint8Array),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(chunk, { maxLength: 25 }),
        fc.integer({ min: 0, max: 9 }),
        async (chunks, at) => {
          const pop = new Pop3ClientSession({
            isServer: false,
            tls: VIRTUAL_TLS,
            limits: { messageSize: 500 },
          })
          const driver = new SessionDriver(pop)
          const results: Promise<string>[] = []
          driver.greet()
          driver.feed('+OK\r\n')
          for (const [i, bytes] of chunks.entries()) {
            if (i === at) {
              const credentials = { user: 'u', pass: 'p' }
              results.push(
                ...[pop.authenticate(credentials), pop.stat(), pop.list(), pop.retr(1), pop.quit()].map(code),
              )
            }
            driver.feed(bytes)
            await driver.settle()
          }
          driver.eof()
          driver.destroy()
          const codes = await Promise.all(results)
          for (const each of codes) assert.match(each, /^(none|E[A-Z]+)$/)
          assert.equal(pop.state, 'closed')
        },
      ),
      { numRuns: 300 },
    )
  })

  test('dots: what the server puts in, the client takes out, in whatever pieces', () => {
    const text = fc
      .array(fc.constantFrom('.', '\r\n', '\n', '\r', 'x', '..', 'yy', ''), { maxLength: 40 })
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (message, step) => {
        const sent: Uint8Array[] = []
        const stuffer = new DotStuffer(piece => sent.push(Buffer.from(piece)))
        stuffer.push(Buffer.from(message))
        stuffer.end()
        const wire = Buffer.concat([...sent, Buffer.from('+OK next\r\n')])
        const got: Uint8Array[] = []
        const unstuffer = new DotUnstuffer(piece => got.push(Buffer.from(piece)))
        let at = 0
        for (; at < wire.length && !unstuffer.ended; ) at += unstuffer.push(wire.subarray(at, at + step))
        // the server makes CRLF of a bare LF, and ends the last line
        const canonical = message.replace(/(?<!\r)\n/g, '\r\n')
        const whole = canonical === '' || canonical.endsWith('\r\n') ? canonical : `${canonical}\r\n`
        assert.equal(Buffer.concat(got).toString(), whole)
        assert.equal(wire.subarray(at).toString(), '+OK next\r\n')
      }),
      { numRuns: 2000 },
    )
  })
})
