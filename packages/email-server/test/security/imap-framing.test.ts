// Framing and injection, on the IMAP server: what a hostile client sends, and what a hostile message or handler says.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/base/limits.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { loggedIn, message, selected, testSession } from '../imap/setup.ts'

const BEFORE = DEFAULT_LIMITS.imapCommandBeforeLogin
const AFTER = DEFAULT_LIMITS.imapCommandLine

describe('imap: line without end', () => {
  test('before login it ends at 8 KiB, after login at 64 KiB, with BYE', async () => {
    const fresh = testSession()
    fresh.driver.greet()
    await fresh.driver.settle()
    fresh.driver.takeText()
    fresh.driver.feed('a'.repeat(BEFORE - 1))
    await fresh.driver.settle()
    assert.ok(fresh.driver.isOpen)
    assert.equal(await fresh.driver.exchange('a'), '* BYE [TOOBIG] The line is too long\r\n')
    assert.equal(fresh.driver.closed?.error?.code, 'ELIMIT')

    const { driver } = await loggedIn()
    driver.feed('a'.repeat(AFTER - 1))
    await driver.settle()
    assert.ok(driver.isOpen)
    assert.match(await driver.exchange('a'), /^\* BYE/)
  })

  test('a line that is too long but whole costs one BAD with its tag', async () => {
    const { driver } = await loggedIn()
    assert.match(
      await driver.exchange(`x1 NOOP ${'a'.repeat(AFTER)}\r\nx2 NOOP\r\n`),
      /^x1 BAD \[TOOBIG\] .*\r\nx2 OK/,
    )
  })

  test('in a SASL exchange and in IDLE', async () => {
    const sasl = testSession()
    sasl.driver.greet()
    await sasl.driver.exchange('a AUTHENTICATE PLAIN\r\n')
    assert.match(await sasl.driver.exchange('A'.repeat(DEFAULT_LIMITS.authLine)), /^\* BYE \[TOOBIG\]/)
    const idle = await selected()
    await idle.driver.exchange('a IDLE\r\n')
    assert.match(await idle.driver.exchange('A'.repeat(64)), /^\* BYE \[TOOBIG\]/)
  })

  test('a bare LF, a bare CR and NUL do not end a line, and are no part of one', async () => {
    for (const bad of ['a NOOP\nb NOOP\r\n', 'a NOOP\rb NOOP\r\n', 'a NOOP\0\r\n', 'a LIST "" "x\0y"\r\n']) {
      const { driver } = await loggedIn()
      const said = await driver.exchange(bad)
      assert.match(said, /^(a|\*) BAD .*\r\n$/, JSON.stringify(bad))
    }
  })
})

describe('imap: literal bomb', () => {
  test('before login a literal has at most 4 KiB; a larger one is refused before it is sent', async () => {
    const { driver } = testSession()
    driver.greet()
    await driver.settle()
    driver.takeText()
    assert.equal(
      await driver.exchange('a LOGIN {4097}\r\n'),
      'a BAD [TOOBIG] The literal is too large before login\r\n',
    )
    assert.match(await driver.exchange('a LOGIN {4096}\r\n'), /^\+ /)
    driver.feed('x'.repeat(4096))
    assert.match(await driver.exchange(' {4096}\r\n'), /^a BAD \[TOOBIG\]/)
    assert.match(await driver.exchange('a CAPABILITY\r\n'), /^\* CAPABILITY/)
  })

  test('numbers beyond every size, and signs, get BAD; without waiting for "+" they end the session', async () => {
    const { driver } = await selected()
    for (const size of [
      '4294967295',
      '4294967296',
      '99999999999999999999',
      '999999999999999999999999999999999',
    ]) {
      assert.match(await driver.exchange(`a SEARCH SUBJECT {${size}}\r\n`), /^a BAD \[TOOBIG\]/, size)
    }
    for (const size of ['-1', '+', '1-', '0x10', '1 ', '']) {
      assert.match(await driver.exchange(`a SEARCH SUBJECT {${size}}\r\n`), /^a BAD /, size)
      await driver.exchange('n NOOP\r\n')
    }
    assert.match(await driver.exchange('a SEARCH SUBJECT {99999999999999999999+}\r\n'), /^\* BYE \[TOOBIG\]/)
    assert.equal(driver.closed?.error?.code, 'ELIMIT')
  })

  test('one that is sent unasked and too large is swallowed, then refused, and the session goes on', async () => {
    const { driver } = await selected()
    driver.feed(`a SEARCH SUBJECT {${AFTER + 1}+}\r\n`)
    await driver.settle()
    assert.equal(driver.takeText(), '')
    driver.feed(`${'b NOOP\r\n'.repeat(AFTER / 8)}x`)
    await driver.settle()
    assert.equal(driver.takeText(), '', 'what is swallowed is never read as commands')
    assert.match(await driver.exchange('\r\nc NOOP\r\n'), /^a BAD \[TOOBIG\] .*\r\nc OK/)
  })

  test('empty ones count, and a command has at most 64', async () => {
    const { driver } = await selected()
    const said = await driver.exchange(`a SEARCH ${'SUBJECT {0+}\r\n '.repeat(65)}ALL\r\n`)
    assert.match(said, /^a BAD Too many literals\r\n/)
    assert.match(await driver.exchange('b NOOP\r\n'), /b OK/)
  })

  test('commands that take none refuse them before they are sent', async () => {
    const { driver } = await selected()
    for (const command of ['NOOP', 'STORE 1 FLAGS', 'CAPABILITY', 'IDLE', 'UID STORE 1 FLAGS', 'NOSUCH']) {
      assert.match(await driver.exchange(`a ${command} {10}\r\n`), /^a BAD /, command)
      assert.match(await driver.exchange('n NOOP\r\n'), /n OK/)
    }
  })

  test('a message that is too large is refused with TOOBIG before it is sent, in the right states only', async () => {
    const { driver } = await loggedIn({ limits: { messageSize: 1000 } })
    assert.match(await driver.exchange('a APPEND INBOX {1001}\r\n'), /^a NO \[TOOBIG\]/)
    assert.match(await driver.exchange('a APPEND INBOX {1000}\r\n'), /^\+ /)
    assert.match(await driver.exchange(`${'x'.repeat(1000)}\r\n`), /^a OK \[APPENDUID/)
    const fresh = testSession()
    fresh.driver.greet()
    await fresh.driver.settle()
    fresh.driver.takeText()
    assert.match(await fresh.driver.exchange('a APPEND INBOX {10}\r\n'), /^a BAD Log in first/)
  })
})

describe('imap: half a message', () => {
  test('a client that hangs up within a literal has appended nothing, wherever it hangs up', async () => {
    const raw = String(Buffer.from(message('half')))
    const command = `a APPEND INBOX (\\Seen) {${raw.length}+}\r\n${raw}\r\n`
    for (let cut = 0; cut < command.length; cut += 7) {
      const mailbox = new MemoryMailbox()
      const { driver } = await loggedIn({ mailbox })
      driver.feed(command.slice(0, cut))
      await driver.settle()
      driver.destroy()
      await driver.settle()
      assert.equal(mailbox.messages().length, 0)
    }
  })
})

describe('imap: STARTTLS injection', () => {
  test('what was said in clear behind STARTTLS is never read, in whatever pieces it comes', async () => {
    const attack = 'a STARTTLS\r\nb LOGIN mallory pw\r\nc CAPABILITY\r\n'
    for (let cut = 6; cut <= attack.length; cut++) {
      const { driver, session } = testSession({ tls: null, canUpgrade: true })
      const users: string[] = []
      session.on('auth', info => users.push(info.username))
      driver.greet()
      await driver.settle()
      driver.takeText()
      driver.feed(attack.slice(0, cut))
      driver.feed(attack.slice(cut))
      await driver.settle()
      assert.doesNotMatch(driver.takeText(), /^[bc] /m)
      assert.deepEqual(users, [])
    }
  })

  test('no password is asked for or taken in clear, unless the owner allows it', async () => {
    const { driver, session } = testSession({ tls: null })
    session.on('auth', () => assert.fail('asked'))
    driver.greet()
    await driver.settle()
    assert.match(driver.takeText(), /LOGINDISABLED/)
    assert.match(await driver.exchange('a LOGIN fred pw\r\n'), /^a NO \[PRIVACYREQUIRED\]/)
    assert.match(await driver.exchange('a AUTHENTICATE PLAIN\r\n'), /^a NO \[PRIVACYREQUIRED\]/)
    assert.match(await driver.exchange('a AUTHENTICATE LOGIN\r\n'), /^a NO \[PRIVACYREQUIRED\]/)
    const allowed = testSession({ tls: null, allowInsecureAuth: true })
    allowed.driver.greet()
    assert.match(await allowed.driver.exchange('a LOGIN fred pw\r\n'), /a OK \[CAPABILITY /)
  })
})

describe('imap: CR and LF from handlers', () => {
  const META = { id: 1, uid: 1, size: 1, internalDate: 0 }
  const broken = (meta: object) => ({
    attach: (session: import('../../src/mailbox/index.ts').MailboxSession) => {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 1 }),
        resolveMessages: ({ ranges }) => (ranges[0]![0] <= 1 ? [1] : []),
        messageMeta: () => [{ ...META, flags: [], ...meta }],
      })
    },
  })

  test('a flag with a line break is a fault of the server, and never reaches the wire', async () => {
    const { driver, failures } = await selected(broken({ flags: ['Seen', 'x\r\n* BYE'] }))
    const said = await driver.exchange('a FETCH 1 (RFC822.SIZE FLAGS)\r\nb NOOP\r\n')
    assert.equal(said, 'a NO [SERVERBUG] Something went wrong here\r\nb OK NOOP completed\r\n')
    assert.equal(failures.length, 1)
  })

  test('texts of refusals lose their line breaks, texts of failures are not told at all', async () => {
    const { driver, failures } = await loggedIn({
      attach: session => {
        session.use({
          folders: () => {
            throw new Error('secret: password is hunter2')
          },
          openFolder: () => {
            throw Object.assign(new Error('no\r\nb OK done \0'), { code: 'NOPERM' })
          },
        })
      },
    })
    assert.equal(await driver.exchange('a SELECT x\r\n'), 'a NO [NOPERM] no?b OK done ?\r\n')
    assert.equal(await driver.exchange('a LIST "" *\r\n'), 'a NO [SERVERBUG] Something went wrong here\r\n')
    assert.equal(failures.length, 1)
  })

  test('folder names, subjects and addresses with line breaks are quoted, encoded or sent as literals', async () => {
    const mailbox = new MemoryMailbox({ folders: ['evil\r\n* LIST () "/" x'] })
    mailbox.deliver(Buffer.from('Subject: =?utf-8?q?a=0D=0A?=\r\nFrom: "a\r\n b" <x@y>\r\n\r\n'))
    const { driver } = await selected({ mailbox })
    const said = await driver.exchange('a LIST "" *\r\nb FETCH 1 ENVELOPE\r\n')
    assert.equal(said.match(/^\* LIST /gm)?.length, 3)
    assert.equal(said.match(/^\* /gm)?.length, 4)
  })
})

describe('imap: names that are objects in JavaScript', () => {
  test('commands, items, flags, folders and header fields called __proto__ are ordinary', async () => {
    const { driver } = await selected({
      mailbox: new MemoryMailbox({ folders: ['__proto__', 'constructor'] }),
    })
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.match(await driver.exchange(`a ${name}\r\nn NOOP\r\n`), /^(a|\*) BAD /)
      assert.match(await driver.exchange(`a FETCH 1:* ${name}\r\nn NOOP\r\n`), /^a BAD /)
      assert.match(await driver.exchange(`a SEARCH ${name}\r\nn NOOP\r\n`), /^a BAD /)
      assert.match(await driver.exchange(`a SEARCH HEADER ${name} x\r\n`), /\* SEARCH\r\na OK/)
    }
    assert.match(await driver.exchange('a SELECT __proto__\r\n'), /a OK/)
    assert.match(
      await driver.exchange('a APPEND constructor (__proto__ constructor) {3+}\r\na\r\n\r\n'),
      /a OK/,
    )
    assert.match(
      await driver.exchange('a SELECT constructor\r\na FETCH 1 FLAGS\r\n'),
      /FLAGS \(__proto__ constructor\)/,
    )
  })
})

describe('imap: modified UTF-7', () => {
  test('what is not exactly modified UTF-7 is no name', async () => {
    const { driver } = await loggedIn()
    for (const name of ['&', '&AGE-', 'a&', '&Jjo', '&Jjo!-', '&U,BTFw-&ZeVnLIqe-', 'Grüße', '&2D3YAA-']) {
      assert.match(await driver.exchange(`a SELECT "${name}"\r\nn NOOP\r\n`), /^a BAD /, name)
    }
  })
})
