// What a client can make grow or last, on the IMAP server: each has its limit and its answer.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/base/limits.ts'
import { listMatcher } from '../../src/imap/list-match.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { loggedIn, message, selected, testSession } from '../imap/setup.ts'

describe('imap: nesting', () => {
  test('SEARCH: 32 levels of parentheses, NOT and OR, not 33; 512 keys, not 513', async () => {
    const { driver } = await selected()
    const nested = (n: number): string => `${'('.repeat(n)}ALL${')'.repeat(n)}`
    const ask = (criteria: string): Promise<string> => driver.exchange(`a SEARCH ${criteria}\r\nn NOOP\r\n`)
    assert.match(await ask(nested(32)), /a OK/)
    assert.match(await ask(nested(33)), /^a BAD Nested too deeply/)
    assert.match(await ask(`${'NOT '.repeat(32)}ALL`), /a OK/)
    assert.match(await ask(`${'NOT '.repeat(10_000)}ALL`), /^a BAD Nested too deeply/)
    assert.match(await ask(`${'OR ALL '.repeat(5000)}ALL`), /^a BAD Nested too deeply/)
    assert.match(await ask('('.repeat(60_000)), /^a BAD Nested too deeply/)
    assert.match(await ask(Array(512).fill('ALL').join(' ')), /a OK/)
    assert.match(await ask(Array(513).fill('ALL').join(' ')), /^a BAD Expected fewer search keys/)
  })

  test('FETCH: 64 items, and part numbers 32 deep', async () => {
    const mailbox = new MemoryMailbox()
    mailbox.deliver(message('one'))
    const { driver } = await selected({ mailbox })
    const ask = (items: string): Promise<string> => driver.exchange(`a FETCH 1 ${items}\r\nn NOOP\r\n`)
    assert.match(await ask(`(${Array(64).fill('UID').join(' ')})`), /a OK/)
    assert.match(await ask(`(${Array(65).fill('UID').join(' ')})`), /^a BAD Expected fewer items/)
    assert.match(await ask(`BODY.PEEK[${Array(32).fill(1).join('.')}]`), /NIL/)
    assert.match(await ask(`BODY.PEEK[${Array(33).fill(1).join('.')}]`), /^a BAD/)
  })
})

describe('imap: sequence sets', () => {
  test('1:4294967295, *:*, reversed, and numbers that are none', async () => {
    const mailbox = new MemoryMailbox()
    for (let i = 1; i <= 3; i++) mailbox.deliver(message(`m${i}`))
    const { driver } = await selected({ mailbox })
    const ask = (set: string): Promise<string> => driver.exchange(`a UID FETCH ${set} UID\r\nn NOOP\r\n`)
    const told = async (set: string): Promise<number> =>
      (await ask(set)).match(/^\* [0-9]+ FETCH /gm)?.length ?? 0
    assert.equal(await told('1:4294967295'), 3)
    assert.equal(await told('4294967295:1'), 3)
    assert.equal(await told('*:*'), 1)
    assert.equal(await told('4294967295:*'), 1)
    assert.equal(await told('4294967295'), 0)
    for (const bad of ['0', '1:0', '4294967296', '1,', ',1', '1::2', '1:2:3', '-1', '1.5', 'x', '', '1:*,']) {
      assert.match(await ask(bad), /^a BAD /, bad)
    }
    assert.match(
      await driver.exchange('a FETCH 4 UID\r\nn NOOP\r\n'),
      /^a BAD There is no message of that number/,
    )
    assert.match(await driver.exchange('a FETCH 1:4 UID\r\nn NOOP\r\n'), /^a BAD/)
  })

  test('a thousand ranges are read, what merges costs nothing, more is refused', async () => {
    const { driver } = await selected()
    const odd = (n: number): string => Array.from({ length: n }, (_, i) => 2 * i + 1).join(',')
    const down = Array.from({ length: 9000 }, (_, i) => 9000 - i).join(',')
    assert.match(await driver.exchange(`a UID FETCH ${odd(1000)} UID\r\n`), /^a OK/)
    assert.match(
      await driver.exchange(`a UID FETCH ${odd(1001)} UID\r\nn NOOP\r\n`),
      /^a BAD Expected fewer ranges/,
    )
    assert.match(await driver.exchange(`a UID FETCH ${down} UID\r\n`), /^a OK/)
  })
})

describe('imap: LIST wildcards', () => {
  test('the pattern means what it says', () => {
    const cases: [pattern: string, name: string, matches: boolean][] = [
      ['*', 'a/b', true],
      ['%', 'a', true],
      ['%', 'a/b', false],
      ['%/%', 'a/b', true],
      ['a*c', 'a/b/c', true],
      ['a%c', 'abc', true],
      ['a%c', 'a/c', false],
      ['inbox', 'INBOX', true],
      ['inb*', 'INBOX', true],
      ['iNbOx/x', 'INBOX/x', true],
      ['iNbOx/x', 'INBOX/X', false],
      ['sent', 'Sent', false],
      ['', 'a', false],
      ['*%', 'a/b', true],
      ['%*', 'a/b', true],
      ['a%%b', 'a/b', false],
      ['*b', 'ab', true],
      ['*b', 'abc', false],
    ]
    for (const [pattern, name, expected] of cases) {
      assert.equal(listMatcher(pattern, '/')(name), expected, `${pattern} ${name}`)
    }
  })

  test('a pattern of 60,000 wildcards on 1,000 folders takes its time in milliseconds', async () => {
    const folders = Array.from({ length: 1000 }, (_, i) => `${'a'.repeat(90)}/${'b'.repeat(90)}${i}`)
    const { driver } = await loggedIn({ mailbox: new MemoryMailbox({ folders }) })
    for (const pattern of [
      '*%'.repeat(30_000),
      '*a'.repeat(30_000),
      `${'*a'.repeat(80)}*c`,
      `${'%a%'.repeat(60)}x`,
    ]) {
      const start = process.cpuUsage()
      assert.match(await driver.exchange(`a LIST "" "${pattern}"\r\n`), /a OK/)
      const { user } = process.cpuUsage(start)
      assert.ok(user < 2_000_000, `${user} µs`)
    }
  })
})

describe('imap: time', () => {
  test('logging in has 60 seconds, whatever is said meanwhile', async () => {
    const { driver } = testSession()
    driver.greet()
    for (let i = 0; i < 5; i++) {
      await driver.advance(11_000)
      await driver.exchange('a NOOP\r\n')
    }
    await driver.advance(5001)
    assert.match(driver.takeText(), /^\* BYE \[UNAVAILABLE\] Time to log in is over/)
    assert.equal(driver.closed?.error?.code, 'ETIMEDOUT')
  })

  test('a command has five minutes from its first byte, a literal ten, silence and IDLE half an hour', async () => {
    const cases: [said: string, ms: number][] = [
      ['a', DEFAULT_LIMITS.commandTime],
      ['a APPEND INBOX {10}\r\n', DEFAULT_LIMITS.imapUploadTime],
      ['', DEFAULT_LIMITS.imapIdle],
      ['a IDLE\r\n', DEFAULT_LIMITS.imapIdle],
    ]
    for (const [said, ms] of cases) {
      const { driver } = await selected()
      await driver.exchange(said)
      await driver.advance(ms - 1)
      assert.ok(driver.isOpen, said)
      await driver.advance(1)
      assert.match(driver.takeText(), /^\* BYE /, said)
    }
  })

  test('a drop a minute does not make a command last', async () => {
    const { driver } = await loggedIn()
    for (let i = 0; i < 5; i++) {
      driver.feed('a')
      await driver.advance(59_000)
    }
    assert.ok(driver.isOpen)
    await driver.advance(6000)
    assert.equal(driver.closed?.error?.code, 'ETIMEDOUT')
  })

  test('a handler that never answers costs one NO, and the session lives', async () => {
    const { driver, failures } = await loggedIn({
      attach: session => {
        session.use({
          folders: () => new Promise<never>(() => {}),
          openFolder: () => ({ uidValidity: 1, total: 0 }),
        })
      },
    })
    driver.feed('a LIST "" *\r\nb NOOP\r\n')
    await driver.advance(DEFAULT_LIMITS.handlerTime)
    // the client hears meanwhile that it is being worked on (RFC 9585)
    const [answer] = /a NO [\s\S]*$/.exec(driver.takeText()) ?? []
    assert.equal(answer, 'a NO [SERVERBUG] Something went wrong here\r\nb OK NOOP completed\r\n')
    assert.equal(failures.length, 1)
  })
})

describe('imap: guessing', () => {
  test('a wrong password waits a second, the third ends the session', async () => {
    const { driver } = testSession()
    driver.greet()
    await driver.settle()
    driver.takeText()
    for (const last of [false, false, true]) {
      assert.equal(await driver.exchange('a LOGIN fred wrong\r\n'), '')
      await driver.advance(999)
      assert.equal(driver.takeText(), '')
      await driver.advance(1)
      const said = driver.takeText()
      assert.match(said, /^a NO \[AUTHENTICATIONFAILED\] Authentication failed\r\n/)
      assert.equal(said.includes('* BYE'), last)
    }
    assert.equal(driver.closed?.error?.code, 'EAUTH')
  })

  test('ten bad commands end the session, unless good ones come between after login', async () => {
    const { driver } = testSession()
    driver.greet()
    await driver.settle()
    driver.takeText()
    for (let i = 0; i < 9; i++) assert.match(await driver.exchange('a NOSUCH\r\n'), /^a BAD/)
    assert.match(await driver.exchange('a NOSUCH\r\n'), /^a BAD .*\r\n\* BYE \[CLIENTBUG\]/)
    const patient = await loggedIn()
    for (let i = 0; i < 30; i++) await patient.driver.exchange('a NOSUCH\r\na NOOP\r\n')
    assert.ok(patient.driver.isOpen)
  })
})

describe('imap: back-pressure', () => {
  test('a client that never reads makes the server hold one window, then stop, and is cut in the end', async () => {
    const mailbox = new MemoryMailbox()
    for (let i = 0; i < 200; i++) mailbox.deliver(message(`m${i}`, 'x'.repeat(50_000)))
    const { driver, session } = await selected({ mailbox })
    let sent = 0
    session.on('send', bytes => {
      sent += bytes.length
      session.pauseOutput()
    })
    driver.feed('a FETCH 1:* BODY.PEEK[]\r\n')
    await driver.settle()
    assert.ok(sent < 300_000, `${sent} of 10,000,000 octets`)
    await driver.advance(DEFAULT_LIMITS.commandTime)
    assert.equal(driver.closed?.error?.code, 'ETIMEDOUT')
  })

  test('commands behind a slow handler wait, are answered in order, and stop the reading when they are many', async () => {
    let answer: (() => void) | null = null
    const { driver, session } = await loggedIn({
      attach: it => {
        it.use({
          folders: () =>
            new Promise(resolve => {
              answer = () => resolve([{ name: 'INBOX' }])
            }),
        })
      },
    })
    session.tick(0)
    assert.equal(session.feed(Buffer.from('a LIST "" *\r\nb NOOP\r\n')), true)
    assert.equal(session.feed(Buffer.from('c NOOP\r\n'.repeat(40_000))), false)
    await driver.settle()
    assert.equal(driver.takeText(), '')
    let resumed = 0
    session.on('resume', () => resumed++)
    answer!()
    await driver.settle()
    const said = driver.takeText()
    assert.match(said, /^\* LIST .*\r\na OK LIST completed\r\nb OK NOOP completed\r\nc OK/)
    assert.equal(said.match(/^c OK/gm)?.length, 40_000)
    assert.equal(resumed, 1)
  })
})

describe('imap: nonsense', () => {
  test('random and mutated input never throws, never hangs, and the session answers or ends', async () => {
    // xorshift, so that a failure can be run again
    let state = 0x2545f491
    const random = (below: number): number => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) % below
    }
    const seeds = [
      'a FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (A B)]<0.10> ENVELOPE)',
      'b UID SEARCH RETURN (MIN) CHARSET UTF-8 OR SUBJECT {3+}\r\nabc NOT (1:5 UID 3)',
      'c STORE 1 +FLAGS.SILENT (\\Seen x)',
      'd APPEND INBOX (\\Seen) "05-jan-1999 20:55:23 +0000" {5+}\r\nhello',
      'e LIST "" "%"',
      'f STATUS INBOX (MESSAGES UNSEEN)',
      'g COPY 1:2 Trash',
      'h IDLE\r\nDONE',
      'i ID ("a" NIL "b" "c")',
      'j SELECT INBOX',
      'k MOVE 1 "Trash"',
      'l CREATE "a\\"b"',
      'm ENABLE X Y',
    ]
    for (let round = 0; round < 400; round++) {
      const mailbox = new MemoryMailbox()
      mailbox.deliver(message('one'))
      const { driver, failures } = await selected({ mailbox })
      for (let i = 0; i < 6 && !driver.closed; i++) {
        const bytes = Buffer.from(`${seeds[random(seeds.length)]}\r\n`)
        for (let m = random(4); m > 0; m--) bytes[random(bytes.length)] = random(256)
        const cut = random(bytes.length)
        driver.feed(bytes.subarray(0, cut))
        driver.feed(bytes.subarray(cut))
        await driver.settle()
      }
      driver.takeText()
      driver.feed('\r\nDONE\r\n')
      await driver.settle()
      driver.destroy()
      assert.deepEqual(failures, [], `round ${round}`)
    }
  })
})
