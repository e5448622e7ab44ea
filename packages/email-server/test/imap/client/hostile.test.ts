// Servers that lie, stall, inject and hang up: typed errors, a closed session, bounded memory, and no promise that is left.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MailError } from '../../../src/base/errors.ts'
import type { ImapClientOptions } from '../../../src/imap/index.ts'
import { ImapClientSession } from '../../../src/imap/index.ts'
import { SessionDriver, VIRTUAL_TLS } from '../../../src/testing/index.ts'

interface Bench {
  readonly imap: ImapClientSession
  readonly driver: SessionDriver
}

const OFFERS =
  'IMAP4rev1 IDLE LITERAL+ UIDPLUS MOVE ESEARCH CONDSTORE QRESYNC ENABLE SORT THREAD=REFERENCES METADATA ACL QUOTA ID NAMESPACE'

async function bench(
  options: Partial<ImapClientOptions> = {},
  offers = OFFERS,
  greeting = 'OK',
): Promise<Bench> {
  const imap = new ImapClientSession({ isServer: false, tls: VIRTUAL_TLS, canUpgrade: true, ...options })
  const driver = new SessionDriver(imap)
  driver.greet()
  driver.feed(`* ${greeting} [CAPABILITY ${offers}] hello\r\n`)
  await driver.settle()
  return { imap, driver }
}

/** Logged in, with a mailbox of ten messages open; the next tag is a2. */
async function opened(options: Partial<ImapClientOptions> = {}): Promise<Bench> {
  const { imap, driver } = await bench(options, OFFERS, 'PREAUTH')
  const info = imap.select('INBOX')
  await driver.settle()
  driver.feed('* 10 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [HIGHESTMODSEQ 5] x\r\na1 OK done\r\n')
  await info
  driver.take()
  return { imap, driver }
}

const code = (promise: PromiseLike<unknown>): Promise<string> =>
  Promise.resolve(promise).then(
    () => 'none',
    (error: unknown) => (error instanceof MailError ? error.code : String(error)),
  )

describe('an IMAP client and a hostile server', () => {
  test('greetings that are none, and none at all', async () => {
    for (const [greeting, expected] of [
      ['+OK POP3\r\n', 'EPROTOCOL'],
      ['220 smtp\r\n', 'EPROTOCOL'],
      ['\r\n', 'EPROTOCOL'],
      ['* BYE too many\r\n', 'ECONNECTION'],
      ['* NO\r\n', 'EPROTOCOL'],
      ['a1 OK hello\r\n', 'EPROTOCOL'],
      ['* CAPABILITY IMAP4rev1\r\n', 'EPROTOCOL'],
      [`* OK ${'x'.repeat(2_000_000)}`, 'EPROTOCOL'],
      ['* OK {99999999999}\r\n', 'pending'],
    ] as const) {
      const imap = new ImapClientSession({ isServer: false })
      const driver = new SessionDriver(imap)
      const [ready, noop] = [code(imap.ready()), code(imap.noop())]
      driver.greet()
      driver.feed(greeting)
      await driver.settle()
      if (expected === 'pending') driver.destroy()
      const outcome = expected === 'pending' ? 'ECONNECTION' : expected
      assert.deepEqual(
        [await ready, await noop, imap.state],
        [outcome, outcome, 'closed'],
        greeting.slice(0, 20),
      )
    }
    const silent = new ImapClientSession({ isServer: false })
    const driver = new SessionDriver(silent)
    const ready = code(silent.ready())
    driver.greet()
    await driver.advance(600_000)
    assert.equal(await ready, 'ETIMEDOUT')
  })

  test('answers that cannot be, end the session or fail the command, and nothing is left', async () => {
    const cases: [string, (imap: ImapClientSession) => PromiseLike<unknown>, string][] = [
      ['a2 WELL\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['a99 OK\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['a1 OK again\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['+ go on\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['* PREAUTH hello\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['* BYE\r\n', imap => imap.noop(), 'ECONNECTION'],
      ['* 11 EXPUNGE\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['* 0 EXPUNGE\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['* VANISHED 1:11\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['* VANISHED 1:*\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['* 99999999999999999999 EXISTS\r\n', imap => imap.noop(), 'EPROTOCOL'],
      ['* SEARCH 1 two\r\n', imap => imap.search('ALL'), 'EPROTOCOL'],
      ['* ESEARCH (TAG "a2") UID ALL 1:4294967295\r\na2 OK\r\n', imap => imap.search('ALL'), 'EPROTOCOL'],
      ['* THREAD (1 (2)\r\n', imap => imap.thread('REFERENCES', 'UTF-8', 'ALL'), 'EPROTOCOL'],
      [`* THREAD ${'('.repeat(200)}\r\n`, imap => imap.thread('REFERENCES', 'UTF-8', 'ALL'), 'EPROTOCOL'],
      [`* LIST (${'('.repeat(5000)}\r\n`, imap => imap.list('', '*'), 'EPROTOCOL'],
      ['* LIST () "/" {2000000}\r\n', imap => imap.list('', '*'), 'ELIMIT'],
      [`* LIST () "/" ${'x'.repeat(2_000_000)}`, imap => imap.list('', '*'), 'EPROTOCOL'],
      ['a2 NO [CANNOT] never\r\n', imap => imap.create('x'), 'ECOMMAND'],
      ['a2 BAD what\r\n', imap => imap.create('x'), 'ECOMMAND'],
      ['* 1 FETCH (UID 1 BODY[] {900}\r\n', imap => imap.fetch(1, { body: true }).all(), 'ELIMIT'],
      [
        '* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n',
        imap => imap.fetch(1, { body: true }).all(),
        'ELIMIT',
      ],
      ['* 1 FETCH (UID 1 BODY[] "x\r\n', imap => imap.fetch(1, { body: true }).all(), 'EPROTOCOL'],
    ]
    for (const [answer, ask, expected] of cases) {
      const { imap, driver } = await opened({ limits: { imapBody: 800 } })
      const result = code(ask(imap))
      await driver.settle()
      driver.feed(answer)
      await driver.settle()
      assert.equal(await result, expected, answer.slice(0, 60))
      driver.destroy()
      assert.equal(imap.deadline(), null, answer.slice(0, 60))
      assert.equal(await code(imap.noop()), driver.closed?.error?.code ?? 'ECONNECTION')
    }
  })

  test('what is merely odd does not end the session', async () => {
    for (const odd of [
      '* X-UNKNOWN-DATA (a b "c" {3}\r\nxyz)\r\n',
      '* OK [X-UNKNOWN ((]) of the kind\r\n',
      '* NO [ALERT] disk nearly full\r\n',
      '* BAD something\r\n',
      '* 12 FETCH (UID 99 FLAGS (\\Seen))\r\n',
      '* 1 FETCH (UID 1 X-THING (1 (2 3)) FLAGS (\\Seen))\r\n',
      '* FLAGS (\\Seen work)\r\n',
      '* SEARCH 1 2 3\r\n',
      '* LIST () "/" INBOX\r\n',
      '* 3 RECENT\r\n',
      '* STATUS other (MESSAGES 1)\r\n',
    ]) {
      const { imap, driver } = await opened()
      const result = code(imap.noop())
      await driver.settle()
      driver.feed(odd)
      driver.feed('a2 OK\r\n')
      assert.equal(await result, 'none', odd)
      driver.destroy()
    }
  })

  test('starttls-injection: text behind the consent, whole or not, never counts as said behind the handshake', async () => {
    for (const injected of [
      '* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n',
      '* ',
      'a2 OK\r\n',
      '* PREAUTH x\r\n',
      '\x16\x03\x01',
    ]) {
      const { imap, driver } = await bench({ tls: null }, 'IMAP4rev1 STARTTLS')
      const secured = code(imap.starttls())
      await driver.settle()
      assert.equal(driver.takeText(), 'a1 STARTTLS\r\n')
      driver.feed(`a1 OK go ahead\r\n${injected}`)
      await driver.settle()
      assert.equal(await secured, 'ETLS')
      assert.equal(imap.state, 'closed')
      assert.equal(driver.upgrade, null)
    }
    const late = await bench({ tls: null }, 'IMAP4rev1 STARTTLS')
    const secured = code(late.imap.starttls())
    await late.driver.settle()
    late.driver.feed('a1 OK go ahead\r\n')
    await late.driver.settle()
    assert.equal(late.driver.upgrade, 'tls')
    assert.deepEqual(late.imap.capability, [], 'what was offered in clear counts no longer')
    assert.equal(late.imap.feed(Buffer.from('* OK\r\n')), false)
    assert.equal(await secured, 'ETLS')
  })

  test('starttls-stripping: a server without TLS, that refuses it, or that has logged us in already, gets no password', async () => {
    for (const [offers, greeting] of [
      ['IMAP4rev1 AUTH=PLAIN AUTH=LOGIN AUTH=XOAUTH2', 'OK'],
      ['IMAP4rev1 STARTTLS AUTH=PLAIN', 'OK'],
      ['IMAP4rev1 STARTTLS', 'PREAUTH'],
    ] as const) {
      const { imap, driver } = await bench({ tls: null }, offers, greeting)
      const secured = code(imap.starttls())
      await driver.settle()
      if (driver.takeText() !== '') driver.feed('a1 NO [PRIVACYREQUIRED] no\r\n')
      assert.equal(await secured, 'ETLS')
      if (greeting === 'PREAUTH') continue
      for (const attempt of [
        imap.login('u', 'p'),
        imap.xoauth2('u', 't'),
        imap.authenticate({ user: 'u', pass: 'p', method: 'PLAIN' }),
        imap.authenticate({ user: 'u', accessToken: 't' }),
      ])
        assert.equal(await code(attempt), 'ENOAUTH')
      assert.equal(driver.takeText(), '')
    }
  })

  test('a server that lets us in without its proof is left; an exchange without end is cancelled', async () => {
    const scram = await bench({}, 'IMAP4rev1 AUTH=SCRAM-SHA-256 SASL-IR')
    const login = code(scram.imap.authenticate({ user: 'u', pass: 'p' }))
    await scram.driver.settle()
    assert.match(scram.driver.takeText(), /^a1 AUTHENTICATE SCRAM-SHA-256 /)
    scram.driver.feed('a1 OK welcome\r\n')
    assert.equal(await login, 'EAUTH')
    assert.equal(scram.imap.state, 'closed')
    const endless = await bench({}, 'IMAP4rev1 AUTH=XOAUTH2')
    const token = code(endless.imap.xoauth2('u', 't'))
    let last = ''
    for (let i = 0; i < 40 && last !== '*\r\n'; i++) {
      await endless.driver.settle()
      last = endless.driver.takeText()
      endless.driver.feed('+ \r\n')
    }
    assert.equal(last, '*\r\n')
    endless.driver.feed('a1 BAD cancelled\r\n')
    assert.notEqual(await token, 'none')
  })

  test('injection: CR, LF and NUL in an argument are refused, or stand inside a literal', async () => {
    const { imap, driver } = await opened()
    const evil = 'x\r\na9 LOGOUT'
    for (const attempt of [
      imap.select(evil),
      imap.create(evil),
      imap.list(evil, '*'),
      imap.list('', evil),
      imap.status('INBOX', [evil as never]),
      imap.store(1, evil, '+'),
      imap.store(evil, 'Seen', '+'),
      imap.search(evil),
      imap.search({ keyword: evil }),
      imap.search({ from: 'a\0b' }),
      imap.sort(evil, 'UTF-8', 'ALL'),
      imap.sort('DATE', evil, 'ALL'),
      imap.thread(evil, 'UTF-8', 'ALL'),
      imap.copy(1, evil),
      imap.append('INBOX', 'x', evil),
      imap.getQuota(evil),
      imap.getMetadata('INBOX', evil),
      imap.setAcl('INBOX', evil, 'lrs'),
      imap.setAcl('INBOX', 'fred', evil),
      imap.enable([evil]),
      imap.login('u', evil),
    ])
      assert.match(await code(attempt), /^(EUSAGE|EMESSAGE)$/)
    assert.throws(() => imap.fetch(1, evil), { code: 'EUSAGE' })
    assert.throws(() => imap.fetch(1, [`BODY[${evil}]`]), { code: 'EUSAGE' })
    assert.throws(() => imap.fetch(1, { headers: [evil] }), { code: 'EUSAGE' })
    assert.throws(() => imap.fetch(evil, { flags: true }), { code: 'EUSAGE' })
    await driver.settle()
    assert.equal(driver.takeText(), '')
    void imap.search({ subject: evil }).catch(() => {})
    await driver.settle()
    assert.match(driver.takeText(), /^a\d+ UID SEARCH RETURN \(ALL\) SUBJECT \{12\+\}\r\nx\r\na9 LOGOUT\r\n$/)
    driver.destroy()
  })

  test('endless-answer: what one command is told has an end, of whatever kind it is', async () => {
    const long = 'x'.repeat(1000)
    const cases: [string, (imap: ImapClientSession) => PromiseLike<unknown>][] = [
      [`* LIST () "/" ${long}\r\n`, imap => imap.list('', '*')],
      [`* METADATA INBOX (/private/a "${long}")\r\n`, imap => imap.getMetadata('INBOX', '/private/a')],
      [`* ACL INBOX ${long} lrs\r\n`, imap => imap.getAcl('INBOX')],
      [`* QUOTAROOT INBOX ${long}\r\n`, imap => imap.getQuotaRoot('INBOX')],
      [`* SEARCH${' 4294967295'.repeat(100)}\r\n`, imap => imap.search('ALL')],
      [`* 1 FETCH (UID 1 FLAGS (${long}))\r\n`, imap => imap.store(1, 'Seen', '+')],
      [`* VANISHED (EARLIER) ${'1,'.repeat(500)}1\r\n`, imap => imap.select('x')],
    ]
    for (const [piece, ask] of cases) {
      const { imap, driver } = await opened({ limits: { imapListing: 50_000 } })
      const result = code(ask(imap))
      await driver.settle()
      for (let i = 0; i < 60 && driver.isOpen; i++) driver.feed(piece)
      assert.equal(await result, 'ELIMIT', piece.slice(0, 20))
      assert.equal(imap.state, 'closed')
    }
  })

  test('endless-talk: a server that says something now and then, and never comes to an end, is not waited for', async () => {
    const { imap, driver } = await opened()
    const [search, idle] = [code(imap.search('ALL')), code(imap.idle())]
    for (let i = 0; i < 20 && driver.isOpen; i++) {
      driver.feed('* OK Still here\r\n')
      await driver.advance(240_000)
    }
    assert.deepEqual([await search, await idle], ['ETIMEDOUT', 'ETIMEDOUT'])
    const waiting = await opened()
    const begun = waiting.imap.idle()
    await waiting.driver.settle()
    waiting.driver.feed('+ idling\r\n')
    await begun
    await waiting.driver.advance(20 * 60_000)
    assert.ok(waiting.driver.isOpen)
    waiting.driver.destroy()
  })

  test('a server that stalls ends the session, and while we hold it back it is not to blame', async () => {
    const { imap, driver } = await opened()
    const pending = code(imap.noop())
    await driver.advance(301_000)
    assert.equal(await pending, 'ETIMEDOUT')

    const slow = await opened({ limits: { imapFetchWindow: 2000 } })
    const messages = slow.imap.fetch([1, 2, 3, 4], { body: true })[Symbol.asyncIterator]()
    const first = messages.next()
    await slow.driver.settle()
    for (let i = 1; i <= 4; i++)
      slow.driver.feed(`* ${i} FETCH (UID ${i} BODY[] {1500}\r\n${'x'.repeat(1500)})\r\n`)
    await first
    assert.ok(slow.driver.paused, 'nobody has room')
    await slow.driver.advance(3_600_000)
    assert.ok(slow.driver.isOpen)
    for (let i = 2; i <= 4; i++) assert.equal((await messages.next()).value.uid, i)
    slow.driver.feed('a2 OK\r\n')
    assert.equal((await messages.next()).done, true)
    slow.driver.destroy()
  })

  test('a flood for an iteration that nobody reads ends the iteration, when another command waits behind it', async () => {
    const { imap, driver } = await opened({ limits: { imapFetchWindow: 2000, imapFetchHeld: 10_000 } })
    const messages = imap.fetch([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], { body: true })[Symbol.asyncIterator]()
    const first = messages.next()
    await driver.settle()
    const noop = code(imap.noop())
    for (let i = 1; i <= 10; i++)
      driver.feed(`* ${i} FETCH (UID ${i} BODY[] {1500}\r\n${'x'.repeat(1500)})\r\n`)
    driver.feed('a2 OK\r\n')
    await first
    await driver.settle()
    driver.feed('a3 OK\r\n')
    assert.equal(await noop, 'none')
    let error = 'none'
    for (let i = 0; i < 12 && error === 'none'; i++) error = await code(messages.next())
    assert.equal(error, 'ELIMIT')
    assert.ok(driver.isOpen)
    driver.destroy()
  })

  test('no promise is left when the connection goes at any point', async () => {
    for (let at = 0; at < 8; at++) {
      const { imap, driver } = await opened()
      const stream = imap.fetch('1:*', { body: true }, { stream: true })[Symbol.asyncIterator]()
      const all = [
        code(imap.noop()),
        code(imap.select('x')),
        code(imap.search('ALL')),
        code(stream.next()),
        code(imap.idle()),
        code(imap.append('INBOX', { size: 10, stream: (async function* () {})() })),
        code(imap.fetch('1:*', { flags: true }).all()),
        code(imap.logout()),
        code(imap.done()),
      ]
      for (let i = 0; i < at; i++) await driver.settle()
      if (at % 2) driver.eof()
      else driver.destroy(new Error('reset'))
      const outcomes = await Promise.race([
        Promise.all(all),
        new Promise<string[]>(resolve => setTimeout(() => resolve(['left pending']), 2000).unref()),
      ])
      assert.ok(!outcomes.includes('left pending'), `after ${at} turns`)
      assert.equal(imap.state, 'closed')
      assert.equal(imap.deadline(), null)
    }
  })

  const REPLIES = [
    ...['* 5 EXISTS\r\n', '* 3 EXPUNGE\r\n', '* VANISHED 1:3\r\n', '* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n'],
    ...['* 1 FETCH (UID 1 BODY[] {4}\r\nabcd FLAGS ())\r\n', '* SEARCH 1 2\r\n', '* ESEARCH UID ALL 1,3\r\n'],
    ...[
      '* OK [HIGHESTMODSEQ 7] x\r\n',
      '* LIST (\\Sent) "/" "a b"\r\n',
      '+ go\r\n',
      'a2 OK x\r\n',
      'a3 NO [LIMIT] x\r\n',
    ],
    ...[
      'a4 BAD\r\n',
      '* BYE\r\n',
      '* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\n',
      '* CAPABILITY IMAP4rev1\r\n',
    ],
    ...[
      '* STATUS x (MESSAGES 1)\r\n',
      '* THREAD (1 2 (3)(4 5))\r\n',
      '* QUOTA "" (STORAGE 1 2)\r\n',
      '* ID NIL\r\n',
    ],
  ]

  test('property: random and mutated answers never throw, never leave a promise, and memory stays bounded', async () => {
    const piece = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...REPLIES) },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.constantFrom(...REPLIES), fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
          const bytes = Buffer.from(text, 'latin1')
          bytes[at % bytes.length] = byte
          return bytes.toString('latin1')
        }),
      },
      {
        weight: 1,
        arbitrary: fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes).toString('latin1')),
      },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 30 }),
        fc.integer({ min: 1, max: 40 }),
        async (pieces, cut) => {
          const { imap, driver } = await opened()
          const streamed = (async () => {
            for await (const { content } of imap.fetch('1:*', { body: true }, { stream: true }))
              await content?.bytes()
          })()
          const all = [
            imap.search({ seen: false }),
            imap.list('', '*'),
            imap.fetch([1, 2], { envelope: true, body: true }).all(),
            imap.thread('REFERENCES', 'UTF-8', 'ALL'),
            imap.status('x'),
            imap.append('INBOX', 'Subject: x\r\n\r\n'),
            imap.idle(),
            streamed,
          ].map(code)
          const bytes = Buffer.from(pieces.join(''), 'latin1')
          for (let at = 0; at < bytes.length; at += cut) driver.feed(bytes.subarray(at, at + cut))
          await driver.settle()
          driver.destroy()
          const outcomes = await Promise.all(all)
          for (const outcome of outcomes) assert.match(outcome, /^(none|E[A-Z]+)$/)
          assert.equal(imap.deadline(), null)
        },
      ),
      { numRuns: 300 },
    )
  })
})
