// Attacks on what IMAP tells unasked: NOTIFY (RFC 5465 §9), searches kept up to date (RFC 5267 §6), and commands sent ahead.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { loggedIn, message, selected } from '../imap/setup.ts'

const MESSAGES = '(MessageNew MessageExpunge)'

describe('imap: notify-flood', () => {
  test('32 groups, 16 events, 1,000 names and 64 items, not one more', async () => {
    const { driver } = await loggedIn()
    const groups = (n: number): string => Array(n).fill('(personal none)').join(' ')
    const events = (n: number): string => Array(n).fill('MailboxName').join(' ')
    const names = (n: number): string => Array(n).fill('a').join(' ')
    const items = (n: number): string => Array(n).fill('UID').join(' ')
    const forms: readonly (readonly [(n: number) => string, number])[] = [
      [groups, 32],
      [n => `(personal (${events(n)}))`, 16],
      [n => `(mailboxes (${names(n)}) none)`, 1000],
      [n => `(selected (MessageNew (${items(n)}) MessageExpunge))`, 64],
    ]
    for (const [form, most] of forms) {
      assert.match(await driver.exchange(`a NOTIFY SET ${form(most)}\r\n`), /^a OK/)
      assert.match(await driver.exchange(`a NOTIFY SET ${form(most + 1)}\r\n`), /^a BAD/)
      await driver.exchange('b NOOP\r\n')
    }
  })

  test('a client that watches everything and reads nothing costs no more than the folders it watches', async () => {
    const folders = Array.from({ length: 50 }, (_, i) => `f${i}`)
    const mailbox = new MemoryMailbox({ folders })
    const { driver, session } = await loggedIn({ mailbox })
    driver.feed(`a NOTIFY SET (personal ${MESSAGES})\r\n`)
    // among many folders others have their turn
    await driver.advance(10)
    assert.match(driver.takeText(), /^a OK/m)
    let sent = 0
    session.on('send', bytes => {
      sent += bytes.length
    })
    session.pauseOutput()
    for (let round = 0; round < 100; round++) {
      for (const folder of folders) mailbox.deliver(message('m'), { folder })
      await driver.settle()
    }
    assert.equal(sent, 0)
    session.resumeOutput()
    for (let i = 0; i < 50; i++) await driver.settle()
    const lines = driver.takeText().split('\r\n').filter(Boolean)
    assert.ok(lines.length <= 2 * folders.length + 2, `${lines.length} lines of 5,000 deliveries`)
    assert.match(lines.at(-1)!, /^\* STATUS f\d+ \(UIDNEXT 101 MESSAGES 100\)$/)
  })

  test('folder names with line breaks never reach the wire as such', async () => {
    const { driver, session } = await loggedIn()
    await driver.exchange('a NOTIFY SET (personal (MailboxName SubscriptionChange))\r\n')
    for (const kind of ['created', 'subscription'] as const)
      session.mailbox!.notifyFolder({ kind, folder: 'a\r\nx OK done\0' })
    session.mailbox!.notifyFolder({ kind: 'renamed', folder: 'b', from: 'c\r\n* BYE' })
    await driver.settle()
    for (const line of driver.takeText().split('\r\n')) assert.match(line, /^$|^\* LIST /)
    assert.match(await driver.exchange('b NOOP\r\n'), /^b OK/)
  })

  test('metadata entries with control characters are refused to their caller', async () => {
    const { driver, session } = await loggedIn()
    session.mailbox!.use({ getMetadata: () => [], setMetadata: () => undefined })
    await driver.exchange('a NOTIFY SET (personal (MailboxMetadataChange))\r\n')
    for (const entry of ['/shared/a\r\nx OK done', '/shared/a\0', '/private/ü'])
      assert.throws(
        () => session.mailbox!.notifyFolder({ kind: 'metadata', folder: 'INBOX', entries: [entry] }),
        { code: 'EUSAGE', message: /entry/ },
      )
    await driver.settle()
    assert.equal(driver.takeText(), '')
    assert.match(await driver.exchange('b NOOP\r\n'), /^b OK/)
  })
})

describe('imap: context-flood', () => {
  test('16 searches are kept up to date, the next is answered once; CANCELUPDATE makes room', async () => {
    const { driver } = await selected()
    for (let i = 0; i < 16; i++)
      assert.doesNotMatch(await driver.exchange(`s${i} SEARCH RETURN (UPDATE) ALL\r\n`), /NOUPDATE/)
    assert.match(
      await driver.exchange('s16 SEARCH RETURN (UPDATE COUNT) ALL\r\n'),
      /^\* ESEARCH \(TAG "s16"\) COUNT 0\r\n\* NO \[NOUPDATE "s16"\] .*\r\ns16 OK/,
    )
    await driver.exchange('c CANCELUPDATE "s3"\r\n')
    assert.doesNotMatch(await driver.exchange('s17 SEARCH RETURN (UPDATE) ALL\r\n'), /NOUPDATE/)
    // another folder has none of them
    await driver.exchange('o SELECT INBOX\r\n')
    assert.match(await driver.exchange('c CANCELUPDATE "s4"\r\n'), /^c BAD/)
  })
})

describe('imap: commands that cross', () => {
  test('numbers sent ahead of an EXPUNGE that is told meanwhile never mean other messages (RFC 3501 §5.5)', async () => {
    const mailbox = new MemoryMailbox()
    for (let i = 0; i < 5; i++) mailbox.deliver(message(`m${i}`))
    const mine = await selected({ mailbox })
    const other = await selected({ mailbox })
    await other.driver.exchange('a STORE 1 +FLAGS (\\Deleted)\r\na EXPUNGE\r\n')
    // none of these may tell of the removal, so that all numbers are still those that the client knows
    const said = await mine.driver.exchange(
      'a FETCH 2 UID\r\nb STORE 2 +FLAGS (\\Flagged)\r\nc SEARCH 2\r\nd FETCH 2 UID\r\n',
    )
    assert.doesNotMatch(said, /EXPUNGE/)
    assert.equal(said.match(/^\* 2 FETCH \(UID 2\)/gm)?.length, 2)
    assert.deepEqual(
      mailbox
        .messages()
        .filter(({ flags }) => flags.includes('Flagged'))
        .map(({ uid }) => uid),
      [2],
    )
  })

  test('what was sent behind COMPRESS in clear is never read, in whatever pieces it comes', async () => {
    const attack = 'a COMPRESS DEFLATE\r\nb DELETE Sent\r\n'
    for (let cut = 1; cut <= attack.length; cut++) {
      const mailbox = new MemoryMailbox()
      const { driver } = await loggedIn({ mailbox, canDeflate: true })
      driver.feed(attack.slice(0, cut))
      driver.feed(attack.slice(cut))
      await driver.settle()
      assert.doesNotMatch(driver.takeText(), /^b /m)
      assert.deepEqual(mailbox.messages('Sent'), [])
    }
  })
})

describe('imap: path-traversal', () => {
  test('names like paths are names, and wildcards in them are letters', async () => {
    const mailbox = new MemoryMailbox()
    const { driver } = await loggedIn({ mailbox })
    for (const name of ['../../x', '/etc/passwd', 'a//b', 'c*%', '~root', 'CON', '.']) {
      const said = await driver.exchange(`a CREATE "${name}"\r\n`)
      assert.match(said, /^a (OK|NO)/, name)
      if (said.startsWith('a NO')) continue
      assert.match(
        await driver.exchange(`b STATUS "${name}" (MESSAGES)\r\n`),
        /^\* STATUS .* \(MESSAGES 0\)/,
        name,
      )
      assert.match(await driver.exchange(`b DELETE "${name}"\r\n`), /^b OK/, name)
    }
    assert.deepEqual(mailbox.messages('INBOX'), [])
  })
})
