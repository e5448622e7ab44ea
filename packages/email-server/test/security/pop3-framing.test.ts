// Framing and injection, on the POP3 server: what a hostile client sends, and what a hostile message or handler says.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Refusal } from '../../src/base/errors.ts'
import { Pop3ServerSession } from '../../src/pop3/index.ts'
import { MemoryMailbox, SessionDriver, VIRTUAL_TLS } from '../../src/testing/index.ts'
import { pop3Session } from '../pop3/set-up.ts'

function driven(session: Pop3ServerSession): SessionDriver {
  const driver = new SessionDriver(session)
  driver.greet()
  return driver
}

describe('pop3: line without end', () => {
  test('a command line is cut at its limit, before and after login, and the client is told', async () => {
    for (const [before, limit] of [
      // AUTH may need as much
      ['', 12 * 1024],
      ['USER alice\r\nPASS secret\r\n', 512],
    ] as const) {
      const driver = driven(pop3Session(new MemoryMailbox()))
      await driver.exchange(before)
      driver.feed('x'.repeat(limit - 1))
      await driver.settle()
      assert.ok(driver.isOpen)
      assert.equal(await driver.exchange('x'), '-ERR The line is too long\r\n')
      assert.equal(driver.closed?.error?.code, 'ELIMIT')
    }
  })

  test('the longest line that is allowed is read', async () => {
    const driver = driven(pop3Session(new MemoryMailbox()))
    await driver.settle()
    driver.takeText()
    assert.match(await driver.exchange(`USER ${'x'.repeat(512 - 7)}\r\n`), /^\+OK/)
    assert.match(await driver.exchange(`USER ${'x'.repeat(512 - 6)}\r\n`), /^-ERR The line is too long/)
  })

  test('AUTH takes an initial response as long as a token is; no other command a line as long', async () => {
    const driver = driven(pop3Session(new MemoryMailbox()))
    await driver.settle()
    driver.take()
    const message = `user=alice\x01auth=Bearer ${'x'.repeat(4000)}\x01\x01`
    driver.feed(`AUTH XOAUTH2 ${Buffer.from(message).toString('base64')}\r\n`)
    await driver.advance(1000)
    assert.match(await driver.exchange('AA==\r\n'), /^\+ .*\r\n-ERR \[AUTH\]/)
    assert.match(await driver.exchange(`NOOP ${'x'.repeat(600)}\r\n`), /^-ERR The line is too long/)
    assert.equal(driver.closed?.error?.code, 'ELIMIT')
  })

  test('a line of a SASL exchange has its own limit', async () => {
    const driver = driven(pop3Session(new MemoryMailbox()))
    await driver.exchange('AUTH PLAIN\r\n')
    assert.match(await driver.exchange(`${'A'.repeat(8192)}\r\n`), /^-ERR PLAIN wants/)
    await driver.exchange('AUTH PLAIN\r\n')
    assert.match(await driver.exchange('A'.repeat(12 * 1024)), /^-ERR The line is too long/)
    assert.equal(driver.closed?.error?.code, 'ELIMIT')
  })
})

describe('pop3: STLS injection', () => {
  test('what was said in clear behind STLS is never read, in whatever pieces it comes', async () => {
    const attack = 'STLS\r\nUSER mallory\r\nPASS x\r\nCAPA\r\n'
    for (let cut = 4; cut <= attack.length; cut++) {
      const users: string[] = []
      const session = new Pop3ServerSession({ canUpgrade: true })
      session.on('auth', info => {
        users.push(info.username)
        info.accept()
      })
      session.on('mailboxSession', it => new MemoryMailbox().attach(it))
      const driver = driven(session)
      await driver.settle()
      driver.takeText()
      driver.feed(attack.slice(0, cut))
      driver.feed(attack.slice(cut))
      await driver.settle()
      assert.equal(driver.takeText(), '+OK Begin TLS negotiation\r\n')
      // a driver that goes on feeding is not listened to either
      session.feed(Buffer.from('USER mallory\r\nPASS x\r\n'))
      assert.equal(driver.closed?.error?.code, 'EPROTOCOL')
      assert.deepEqual(users, [])
    }
  })

  test('nobody is known behind the handshake who was named before it', async () => {
    const session = pop3Session(new MemoryMailbox(), { tls: null, canUpgrade: true, allowInsecureAuth: true })
    const driver = driven(session)
    await driver.exchange('USER alice\r\nSTLS\r\n')
    driver.upgraded()
    assert.match(await driver.exchange('PASS secret\r\n'), /-ERR USER comes before PASS/)
  })

  test('a handshake that never comes ends with the time to log in, and nothing is said into it', async () => {
    const driver = driven(pop3Session(new MemoryMailbox(), { tls: null, canUpgrade: true }))
    await driver.exchange('STLS\r\n')
    await driver.advance(60_000)
    assert.equal(driver.takeText(), '')
    assert.equal(driver.closed?.error?.code, 'ETIMEDOUT')
  })
})

describe('pop3: secrets in clear', () => {
  test('no password is asked for or looked at without TLS', async () => {
    const session = new Pop3ServerSession({ canUpgrade: true })
    session.on('auth', () => assert.fail('asked'))
    const driver = driven(session)
    const reply = await driver.exchange(
      'CAPA\r\nUSER alice\r\nPASS secret\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nAUTH LOGIN\r\nAUTH XOAUTH2\r\n',
    )
    assert.doesNotMatch(reply, /^(USER|SASL)/m)
    assert.equal(reply.match(/^-ERR Passwords are not taken in clear/gm)?.length, 5)
  })

  test('the session is not told of a password by any error or failure', async () => {
    const told: string[] = []
    const session = new Pop3ServerSession({
      tls: VIRTUAL_TLS,
      onFailure: (what, error) => told.push(`${what} ${String(error)} ${JSON.stringify(error)}`),
    })
    session.on('auth', info => {
      told.push(JSON.stringify(info))
      throw new Error('the database is gone')
    })
    const driver = driven(session)
    await driver.exchange('USER alice\r\nPASS hunter2\r\n')
    await driver.advance(1000)
    told.push(driver.takeText())
    assert.ok(told.length >= 2)
    assert.doesNotMatch(told.join('\n'), /hunter2/)
  })
})

describe('pop3: CR, LF and NUL in replies', () => {
  const BREAKS = ['a\r\n+OK forged', 'a\nb', 'a\rb', 'a\0b', 'ä', '', 'x'.repeat(600)]

  test('no text of a handler breaks out of its line', async () => {
    for (const text of BREAKS) {
      const rejecting = new Pop3ServerSession({ tls: VIRTUAL_TLS })
      rejecting.on('auth', info => info.reject(text))
      const driver = driven(rejecting)
      await driver.exchange('USER u\r\nPASS p\r\n')
      await driver.advance(1000)
      assert.equal(driver.takeText(), '-ERR [AUTH] Wrong user name or password\r\n')

      const refusing = new Pop3ServerSession({ tls: VIRTUAL_TLS })
      refusing.on('auth', info => info.accept())
      refusing.on('mailboxSession', it => it.on('openFolder', (_name, cb) => cb(new Refusal('INUSE', text))))
      const other = driven(refusing)
      await other.exchange('USER u\r\n')
      assert.equal(await other.exchange('PASS p\r\n'), '-ERR [IN-USE] The maildrop cannot be opened\r\n')
    }
  })

  test('a name with a line break never reaches a handler', async () => {
    const session = new Pop3ServerSession({ tls: VIRTUAL_TLS, limits: { badCommands: 100 } })
    session.on('auth', () => assert.fail('asked'))
    const driver = driven(session)
    for (const name of ['a\nb', 'a\rb', 'a\0b', 'a\x7fb', 'a\tb']) {
      assert.match(await driver.exchange(`USER ${name}\r\n`), /-ERR Control characters in a command\r\n$/)
    }
    assert.match(
      await driver.exchange(Buffer.from('USER \xff\xfe\r\n', 'latin1')),
      /^-ERR A command that is not UTF-8\r\n$/,
    )
  })
})

describe('pop3: a message that pretends to end', () => {
  test('the client finds one end, wherever the dots stand and whatever ends the lines', async () => {
    const mailbox = new MemoryMailbox()
    const raws = [
      '\n.\n',
      '\r\n.\r\n',
      '\n.\r\n',
      '\r\n.\n',
      '\r.\r',
      '.\r\n+OK forged\r\n',
      'a\n.\n+OK 1 1\n.\n',
      '.',
    ]
    for (const raw of raws) mailbox.deliver(Buffer.from(`A: 1\r\n\r\n${raw}`))
    const driver = driven(pop3Session(mailbox))
    await driver.exchange('USER alice\r\nPASS secret\r\n')
    for (const [i, raw] of raws.entries()) {
      const reply = await driver.exchange(`RETR ${i + 1}\r\n`)
      const lines = reply.split(/\r?\n/)
      assert.equal(lines.indexOf('.'), lines.length - 2, JSON.stringify(raw))
    }
  })
})

describe('pop3: numbers', () => {
  test('that name no message, or are none, are errors', async () => {
    const mailbox = new MemoryMailbox()
    mailbox.deliver(Buffer.from('x'))
    const driver = driven(pop3Session(mailbox, { limits: { badCommands: 1000 } }))
    await driver.exchange('USER alice\r\nPASS secret\r\n')
    const numbers = [
      '0',
      '2',
      '-1',
      '+1',
      '1.0',
      '1e0',
      '0x1',
      '01x',
      '99999999999',
      '4294967297',
      ' 1',
      '1 ',
      '١',
      '',
    ]
    for (const command of ['RETR', 'DELE', 'LIST', 'UIDL', 'TOP']) {
      for (const number of numbers) {
        if (number === '' && (command === 'LIST' || command === 'UIDL')) continue
        const line = command === 'TOP' ? `TOP ${number} 1` : `${command} ${number}`
        assert.match(await driver.exchange(`${line}\r\n`), /^-ERR [^\r\n]+\r\n$/, line)
      }
    }
    assert.equal(await driver.exchange('STAT\r\n'), '+OK 1 1\r\n')
  })

  test('names of objects are no commands', async () => {
    const driver = driven(pop3Session(new MemoryMailbox()))
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.match(await driver.exchange(`${name}\r\n`), /-ERR Unknown command\r\n$/)
    }
  })
})
