// Resources of the POP3 server: peers that flood, stall, never read, guess, or send noise; handlers that misbehave.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Pop3ServerSession } from '../../src/pop3/index.ts'
import { MemoryMailbox, SessionDriver, VIRTUAL_TLS } from '../../src/testing/index.ts'
import { pop3Session } from '../pop3/set-up.ts'

function driven(session: Pop3ServerSession): SessionDriver {
  const driver = new SessionDriver(session)
  driver.greet()
  return driver
}

async function signedIn(
  mailbox: MemoryMailbox,
): Promise<{ driver: SessionDriver; session: Pop3ServerSession }> {
  const session = pop3Session(mailbox)
  const driver = driven(session)
  await driver.exchange('USER alice\r\nPASS secret\r\n')
  return { driver, session }
}

describe('pop3: a client that never reads', () => {
  test('stops the session: commands wait, input is paused, and memory stays within the windows', async () => {
    const mailbox = new MemoryMailbox()
    mailbox.deliver(Buffer.alloc(1_000_000, 'x'))
    const { driver, session } = await signedIn(mailbox)
    let sent = 0
    session.on('send', bytes => {
      sent += bytes.length
      session.pauseOutput()
    })
    let paused = false
    session.on('pause', () => {
      paused = true
    })
    let taken = 0
    for (let i = 0; i < 100 && !paused; i++) {
      session.feed(Buffer.from('RETR 1\r\n'.repeat(1000)))
      taken += 8000
      await driver.settle()
    }
    assert.equal(paused, true)
    assert.ok(taken <= 256 * 1024 + 8000, `${taken} octets of commands taken`)
    assert.ok(sent <= 2 * 65_536, `${sent} octets sent to nobody`)
    assert.equal(session.feed(Buffer.from('NOOP\r\n')), false)
    session.destroy()
    await driver.settle()
  })

  test('is not listed ten thousand messages at once', async () => {
    const session = new Pop3ServerSession({ tls: VIRTUAL_TLS })
    session.on('auth', info => info.accept())
    session.on('mailboxSession', it =>
      it.use({
        openFolder: () => ({ uidValidity: 4_294_967_295, total: 10_000 }),
        resolveMessages: () => Array.from({ length: 10_000 }, (_, i) => 4_000_000_000 + i),
        messageMeta: ids => ids.map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: [] })),
      }),
    )
    const driver = driven(session)
    await driver.exchange('USER u\r\nPASS p\r\n')
    session.on('send', () => session.pauseOutput())
    driver.feed('UIDL\r\n')
    await driver.settle()
    // the end lets go of what was kept
    session.destroy()
    assert.ok(driver.take().length < 2 * 65_536)
  })

  test('goes on where it stopped when the client reads after all', async () => {
    const mailbox = new MemoryMailbox()
    mailbox.deliver(Buffer.alloc(300_000, 'x'))
    const { driver, session } = await signedIn(mailbox)
    const turns: string[] = []
    for (const name of ['pause', 'resume'] as const) session.on(name, () => turns.push(name))
    session.on('send', () => session.pauseOutput())
    const rounds = 50_000
    driver.feed(`${'RETR 1\r\n'.repeat(2)}${'NOOP\r\n'.repeat(rounds)}QUIT\r\n`)
    let text = ''
    for (let i = 0; i < 10_000 && driver.closed === null; i++) {
      session.resumeOutput()
      await driver.settle()
      text += driver.takeText()
    }
    assert.equal(text.match(/\+OK Nothing done/g)?.length, rounds)
    assert.equal(
      text.length,
      2 * ('+OK 300000 octets\r\n'.length + 300_000 + 5) + rounds * 18 + '+OK Goodbye\r\n'.length,
    )
    assert.deepEqual(turns, ['pause', 'resume'])
  })
})

describe('pop3: a client that is slow', () => {
  test('has a minute to log in, whatever it says', async () => {
    const driver = driven(pop3Session(new MemoryMailbox()))
    for (let i = 0; i < 59; i++) {
      driver.feed('CAPA\r\n')
      await driver.advance(1000)
    }
    assert.ok(driver.isOpen)
    await driver.advance(1000)
    assert.equal(driver.closed?.error?.code, 'ETIMEDOUT')
  })

  test('has five minutes for a command from its first byte, an octet a minute or not', async () => {
    const { driver } = await signedIn(new MemoryMailbox())
    for (const byte of 'NOOP ') {
      assert.ok(driver.isOpen)
      driver.feed(byte)
      await driver.advance(60_000)
    }
    assert.equal(driver.closed?.error?.code, 'ETIMEDOUT')
    assert.match(driver.takeText(), /-ERR The line takes too long\r\n$/)
  })

  test('has as long for each line of a SASL exchange, within the time to log in', async () => {
    const driver = driven(pop3Session(new MemoryMailbox(), { limits: { loginTime: 3_600_000 } }))
    await driver.exchange('AUTH LOGIN\r\n')
    await driver.advance(299_000)
    assert.ok(driver.isOpen)
    await driver.advance(1000)
    assert.equal(driver.closed?.error?.code, 'ETIMEDOUT')
  })

  test('the time of a handler or of a long answer is not counted as its silence', async () => {
    const session = new Pop3ServerSession({ tls: VIRTUAL_TLS, limits: { handlerTime: 3_600_000 } })
    session.on('auth', info => info.accept())
    let release: (raw: Uint8Array) => void = () => {}
    session.on('mailboxSession', it => {
      const mailbox = new MemoryMailbox()
      mailbox.deliver(Buffer.from('x'))
      it.use({
        openFolder: () => ({ uidValidity: 1, total: 1 }),
        resolveMessages: () => [1],
        messageMeta: () => [{ id: 1, uid: 1, size: 1, internalDate: 0, flags: [] }],
        messageBody: () => new Promise<Uint8Array>(resolve => (release = resolve)),
      })
    })
    const driver = driven(session)
    await driver.exchange('USER u\r\nPASS p\r\n')
    await driver.exchange('RETR 1\r\n')
    await driver.advance(1_800_000)
    assert.ok(driver.isOpen)
    release(Buffer.from('y'))
    await driver.settle()
    assert.equal(driver.takeText(), '+OK 1 octets\r\ny\r\n.\r\n')
    await driver.advance(599_999)
    assert.ok(driver.isOpen)
    await driver.advance(1)
    assert.equal(driver.closed?.error?.code, 'ETIMEDOUT')
    assert.equal(driver.takeText(), '')
  })
})

describe('pop3: guessing', () => {
  test('unknown users and wrong passwords are told apart by nothing: not by words, not by time', async () => {
    const replies: string[] = []
    for (const [user, password] of [
      ['alice', 'wrong'],
      ['nobody', 'secret'],
      ['nobody', ''],
    ]) {
      const driver = driven(pop3Session(new MemoryMailbox()))
      await driver.settle()
      driver.takeText()
      driver.feed(`USER ${user}\r\nPASS ${password}\r\n`)
      let log = ''
      for (let i = 0; i < 12; i++) {
        await driver.advance(100)
        log += `${i}: ${driver.takeText()}`
      }
      replies.push(log)
    }
    assert.equal(new Set(replies).size, 1)
  })

  test('three failures are enough, however they are spread over the methods, and pipelining does not help', async () => {
    let asked = 0
    const session = new Pop3ServerSession({ tls: VIRTUAL_TLS })
    session.on('auth', info => {
      asked++
      info.reject()
    })
    const driver = driven(session)
    driver.feed('USER a\r\nPASS 1\r\nAUTH PLAIN AGEAYg==\r\n'.repeat(10))
    await driver.advance(2999)
    assert.ok(driver.isOpen)
    await driver.advance(1)
    assert.equal(driver.closed?.error?.code, 'EAUTH')
    assert.equal(asked, 3)
    assert.equal(driver.takeText().match(/^-ERR \[AUTH\]/gm)?.length, 3)
  })
})

describe('pop3: a client that hangs up', () => {
  test('at any byte of a session: no exception, one end, nothing removed without QUIT', async () => {
    const script = 'USER alice\r\nPASS secret\r\nDELE 1\r\nRETR 2\r\nQUIT\r\n'
    for (let at = 0; at < script.length; at++) {
      const mailbox = new MemoryMailbox()
      for (const raw of ['a', 'b']) mailbox.deliver(Buffer.from(raw))
      const session = pop3Session(mailbox)
      let ends = 0
      session.on('close', () => ends++)
      const driver = driven(session)
      driver.feed(script.slice(0, at))
      if (at % 2 === 0) await driver.settle()
      session.destroy(new Error('reset'))
      await driver.settle()
      session.feed(Buffer.from('QUIT\r\n'))
      session.eof()
      session.tick(1e9)
      session.resumeOutput()
      session.upgraded(null)
      session.shutdown()
      assert.equal(ends, 1)
      assert.equal(session.deadline(), null)
      assert.equal(mailbox.messages().length, 2)
    }
  })

  test('a stream that was being read is let go', async () => {
    let returned = false
    const session = new Pop3ServerSession({ tls: VIRTUAL_TLS })
    session.on('auth', info => info.accept())
    const stream = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<Uint8Array>>(() => {}),
        return: async () => {
          returned = true
          return { done: true as const, value: undefined }
        },
      }),
    }
    session.on('mailboxSession', it =>
      it.use({
        openFolder: () => ({ uidValidity: 1, total: 1 }),
        resolveMessages: () => [1],
        messageMeta: () => [{ id: 1, uid: 1, size: 1, internalDate: 0, flags: [] }],
        messageBody: () => ({ length: 10, stream }),
      }),
    )
    const driver = driven(session)
    await driver.exchange('USER u\r\nPASS p\r\nRETR 1\r\n')
    session.destroy()
    await driver.settle()
    assert.equal(returned, true)
  })
})

describe('pop3: noise', () => {
  const WORDS = [
    'USER alice',
    'PASS secret',
    'CAPA',
    'STAT',
    'LIST',
    'UIDL 1',
    'RETR 1',
    'TOP 1 1',
    'DELE 1',
    'RSET',
    'NOOP',
    'QUIT',
    'AUTH PLAIN',
    'AUTH LOGIN',
    'AGFsaWNlAHNlY3JldA==',
    '*',
    'STLS',
    '\r\n',
    '\r\n',
    '\r\n',
    '\n',
    '\0',
    ' ',
    '1',
    '=',
  ]
  const noise = fc.array(
    fc.oneof(
      fc.constantFrom(...WORDS.map(word => Buffer.from(word))),
      fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes)),
      fc.constantFrom(...WORDS.map(word => Buffer.from(`${word}\r\n`))),
    ),
    { maxLength: 40 },
  )

  test('whatever comes, nothing is thrown, every line of an answer is one, and time ends it', async () => {
    await fc.assert(
      fc.asyncProperty(noise, fc.boolean(), async (chunks, clear) => {
        const mailbox = new MemoryMailbox()
        mailbox.deliver(Buffer.from('A: 1\r\n\r\n.text\r\n'))
        const session = pop3Session(mailbox, { tls: clear ? null : VIRTUAL_TLS, canUpgrade: true })
        const driver = driven(session)
        for (const chunk of chunks) {
          driver.feed(chunk)
          await driver.settle()
          if (driver.upgrade) driver.upgraded()
        }
        await driver.advance(3_600_000)
        assert.notEqual(driver.closed, null)
        const text = Buffer.from(driver.take()).toString('latin1')
        assert.ok(text.endsWith('\r\n'))
        for (const line of text.slice(0, -2).split('\r\n')) assert.match(line, /^[\x20-\x7e]*$/)
        assert.equal(session.deadline(), null)
      }),
      { numRuns: 300 },
    )
  })

  test('ten bad commands are enough', async () => {
    const driver = driven(pop3Session(new MemoryMailbox()))
    await driver.settle()
    driver.takeText()
    const reply = await driver.exchange('\x16\x03\x01\r\n'.repeat(1000))
    assert.equal(reply.split('\r\n').length, 12)
    assert.equal(driver.closed?.error?.code, 'EPROTOCOL')
  })

  test('100,000 commands in one packet are answered in order without a stack or a stall', async () => {
    const { driver } = await signedIn(new MemoryMailbox())
    const reply = await driver.exchange(`${'NOOP\r\n'.repeat(100_000)}STAT\r\n`)
    assert.equal(reply.length, 100_000 * '+OK Nothing done\r\n'.length + '+OK 0 0\r\n'.length)
    assert.ok(reply.endsWith('+OK 0 0\r\n'))
  })
})

describe('pop3: handlers that misbehave', () => {
  test('one that answers twice, or after the client has gone, harms nobody', async () => {
    const failures: unknown[] = []
    const session = new Pop3ServerSession({
      tls: VIRTUAL_TLS,
      onFailure: (_what, error) => failures.push(error),
    })
    session.on('auth', info => {
      info.accept()
      info.reject()
      info.accept('somebody else')
    })
    let late: () => void = () => {}
    session.on('mailboxSession', it => {
      it.on('openFolder', (_name, cb) => {
        cb(null, { uidValidity: 1, total: 1 })
        cb(null, { uidValidity: 2, total: 2 })
      })
      it.on('resolveMessages', (_range, cb) => cb(null, [1]))
      it.on('messageMeta', (_ids, cb) => cb(null, [{ id: 1, uid: 1, size: 1, internalDate: 0, flags: [] }]))
      it.on('messageBody', (_id, responder) => {
        late = () => responder.send(Buffer.from('late'))
      })
    })
    const driver = driven(session)
    await driver.exchange('USER u\r\nPASS p\r\n')
    assert.equal(session.username, 'u')
    assert.equal(failures.length, 1)
    assert.match(await driver.exchange('UIDL 1\r\nRETR 1\r\n'), /^\+OK 1 1\.1\r\n$/)
    session.destroy()
    late()
    await driver.settle()
    assert.equal(driver.takeText(), '')
  })

  test('one that never answers is answered for, and the session goes on', async () => {
    const session = new Pop3ServerSession({ tls: VIRTUAL_TLS })
    session.on('auth', info => info.accept())
    session.on('mailboxSession', it => it.use({ openFolder: () => new Promise(() => {}) }))
    const driver = driven(session)
    await driver.exchange('USER u\r\nPASS p\r\n')
    // the handler's time is also all the time there is to log in
    await driver.advance(60_000)
    assert.match(driver.takeText(), /^-ERR /)
    assert.notEqual(driver.closed, null)
  })
})
