// NOTIFY (RFC 5465) where a dialogue alone does not show it: limits, rights, what comes while something else happens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailboxSession } from '../../src/mailbox/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { loggedIn, message, selected, type TestSession } from './setup.ts'

const MESSAGES = '(MessageNew MessageExpunge)'

async function watching(groups: string, mailbox = new MemoryMailbox()): Promise<TestSession> {
  const test = await loggedIn({ mailbox })
  assert.match(await test.driver.exchange(`n NOTIFY SET ${groups}\r\n`), /n OK/)
  return test
}

async function told({ driver }: TestSession): Promise<string> {
  await driver.settle()
  return driver.takeText()
}

test('NOTIFY is not there for backends that do not watch folders', async () => {
  const { driver } = await loggedIn({
    attach: session => void session.use({ folders: () => [{ name: 'INBOX' }] }),
  })
  assert.doesNotMatch(await driver.exchange('a CAPABILITY\r\n'), /NOTIFY/)
  assert.match(await driver.exchange('a NOTIFY NONE\r\n'), /a BAD There is no such command/)
})

test('notification overflow: more than can be kept ends in NOTIFY NONE, and one line says so', async () => {
  let session: MailboxSession | null = null
  const states: boolean[] = []
  let release: ((value: []) => void) | null = null
  let asked = 0
  const { driver } = await loggedIn({
    attach(it) {
      session = it
      it.use({
        folders: () => (asked++ === 0 ? [] : new Promise<[]>(resolve => (release = resolve))),
        watchFolders: on => void states.push(on),
      })
    },
  })
  assert.match(await driver.exchange('a NOTIFY SET (personal (MailboxName))\r\n'), /a OK/)
  // the first news is being told, and the backend does not answer
  session!.notifyFolder({ kind: 'created', folder: 'f' })
  await driver.settle()
  for (let i = 0; i < 5000; i++) session!.notifyFolder({ kind: 'created', folder: `f${i}` })
  await driver.settle()
  release!([])
  await driver.settle()
  const said = driver.takeText()
  assert.equal(said.match(/^\* LIST/gm)?.length, 1)
  assert.match(said, /\* OK \[NOTIFICATIONOVERFLOW\] [^\r]+\r\n$/)
  assert.deepEqual(states, [true, false])
  session!.notifyFolder({ kind: 'created', folder: 'later' })
  await driver.settle()
  assert.equal(driver.takeText(), '')
})

test('many changes of one folder are one STATUS', async () => {
  const mailbox = new MemoryMailbox()
  const test = await watching(`(personal ${MESSAGES})`, mailbox)
  for (let i = 0; i < 2000; i++) mailbox.deliver(message('m'))
  const lines = (await told(test)).split('\r\n').filter(Boolean)
  assert.ok(lines.length <= 2, lines.join())
  assert.equal(lines.at(-1), '* STATUS INBOX (UIDNEXT 2001 MESSAGES 2000)')
})

test('a folder that the user may not look into is listed as such, and nothing is told of it', async () => {
  const mailbox = new MemoryMailbox()
  let rights = 'l'
  const attach = (session: MailboxSession): void => {
    mailbox.attach(session)
    session.use({ myRights: folder => (folder === 'Archive' ? rights : 'lr') })
  }
  const test = await loggedIn({ mailbox, attach })
  const said = await test.driver.exchange(
    `n NOTIFY SET STATUS (mailboxes (INBOX Archive nowhere) ${MESSAGES})\r\n`,
  )
  assert.equal(
    said,
    '* STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)\r\n* LIST (\\NoAccess) "/" Archive\r\nn OK NOTIFY completed\r\n',
  )
  mailbox.deliver(message('m'), { folder: 'Archive' })
  assert.equal(await told(test), '')
  rights = 'lr'
  mailbox.deliver(message('m'), { folder: 'Archive' })
  assert.equal(await told(test), '* STATUS Archive (UIDNEXT 3 MESSAGES 2)\r\n')
})

test('SUBSCRIBED follows the subscriptions', async () => {
  const mailbox = new MemoryMailbox()
  const test = await watching(`(subscribed ${MESSAGES})`, mailbox)
  mailbox.deliver(message('m'), { folder: 'Sent' })
  assert.equal(await told(test), '* STATUS Sent (UIDNEXT 2 MESSAGES 1)\r\n')
  await test.driver.exchange('u UNSUBSCRIBE Sent\r\n')
  mailbox.deliver(message('m'), { folder: 'Sent' })
  assert.equal(await told(test), '')
})

test('PERSONAL and INBOXES are folders of the user himself', async () => {
  const mailbox = new MemoryMailbox({ folders: ['Other/smith', 'Otherwise'] })
  const attach = (session: MailboxSession): void => {
    mailbox.attach(session)
    session.use({
      namespace: () => ({
        personal: [{ prefix: '', delimiter: '/' }],
        otherUsers: [{ prefix: 'Other/', delimiter: '/' }],
        shared: null,
      }),
    })
  }
  for (const filter of ['personal', 'inboxes']) {
    const test = await loggedIn({ mailbox, attach })
    await test.driver.exchange(`n NOTIFY SET (${filter} ${MESSAGES})\r\n`)
    mailbox.deliver(message('m'), { folder: 'Other/smith' })
    assert.equal(await told(test), '')
    mailbox.deliver(message('m'), { folder: 'Otherwise' })
    assert.match(await told(test), /^\* STATUS Otherwise /)
  }
})

test('MAILBOXES expands no wildcard, SUBTREE takes no name that only begins alike', async () => {
  const mailbox = new MemoryMailbox({ folders: ['a', 'a/b', 'ab'] })
  const stars = await watching(`(mailboxes ("*" "%" "a*") ${MESSAGES})`, mailbox)
  const tree = await watching(`(subtree a ${MESSAGES})`, mailbox)
  for (const folder of ['a', 'a/b', 'ab']) mailbox.deliver(message('m'), { folder })
  assert.equal(await told(stars), '')
  assert.equal(
    await told(tree),
    '* STATUS a (UIDNEXT 2 MESSAGES 1)\r\n* STATUS a/b (UIDNEXT 2 MESSAGES 1)\r\n',
  )
})

test('what happens while a command runs is told behind it, and never in the middle of its lines', async () => {
  const mailbox = new MemoryMailbox()
  mailbox.deliver(message('m', 'x'.repeat(100_000)))
  let release: (() => void) | null = null
  const attach = (session: MailboxSession): void => {
    session.use({
      messageBody: () => ({
        length: 6,
        stream: (async function* () {
          yield Buffer.from('a:')
          await new Promise<void>(resolve => (release = resolve))
          yield Buffer.from(' b\r\n')
        })(),
      }),
    })
    const { use } = session
    // the mailbox in memory answers all the rest
    session.use = function (handlers, options) {
      const { messageBody: _own, ...others } = handlers
      return use.call(this, others, options)
    }
    mailbox.attach(session)
  }
  const { driver } = await selected({ mailbox, attach })
  await driver.exchange(`n NOTIFY SET (selected ${MESSAGES}) (personal ${MESSAGES})\r\n`)
  driver.feed('f UID FETCH 1 BODY.PEEK[]\r\n')
  await driver.settle()
  mailbox.deliver(message('n'))
  mailbox.deliver(message('n'), { folder: 'Sent' })
  await driver.settle()
  assert.equal(driver.takeText(), '* 1 FETCH (UID 1 BODY[] {6}\r\na:')
  release!()
  await driver.settle()
  assert.equal(
    driver.takeText(),
    ' b\r\n)\r\n* 2 EXISTS\r\n* 1 RECENT\r\n* STATUS Sent (UIDNEXT 2 MESSAGES 1)\r\nf OK UID FETCH completed\r\n',
  )
})

test('a command that comes while news are being told waits for them', async () => {
  const mailbox = new MemoryMailbox()
  let release: (() => void) | null = null
  let slow = false
  const attach = (session: MailboxSession): void => {
    const { use } = session
    session.use = function (handlers, options) {
      const { status, ...others } = handlers
      return use.call(
        this,
        {
          ...others,
          status: async (name, context) => {
            if (slow) await new Promise<void>(resolve => (release = resolve))
            return status!(name, context)
          },
        },
        options,
      )
    }
    mailbox.attach(session)
  }
  const { driver } = await loggedIn({ mailbox, attach })
  await driver.exchange(`n NOTIFY SET (personal ${MESSAGES})\r\n`)
  slow = true
  mailbox.deliver(message('n'))
  await driver.settle()
  driver.feed('a NOOP\r\n')
  await driver.settle()
  assert.equal(driver.takeText(), '')
  release!()
  await driver.settle()
  assert.equal(driver.takeText(), '* STATUS INBOX (UIDNEXT 2 MESSAGES 1)\r\na OK NOOP completed\r\n')
})

test('with NOTIFY NONE a client hears of what it does itself, and of nothing else', async () => {
  const mailbox = new MemoryMailbox()
  for (let i = 0; i < 4; i++) mailbox.deliver(message(`m${i}`), { flags: ['Deleted'] })
  const { driver } = await selected({ mailbox })
  const other = await selected({ mailbox })
  await driver.exchange('n NOTIFY NONE\r\n')
  await other.driver.exchange('a UID EXPUNGE 1\r\n')
  await other.driver.exchange('a STORE 1 +FLAGS (\\Flagged)\r\n')
  mailbox.deliver(message('new'))
  assert.equal(await driver.exchange('a NOOP\r\n'), 'a OK NOOP completed\r\n')
  assert.equal(await driver.exchange('a IDLE\r\nDONE\r\n'), '+ idling\r\na OK IDLE completed\r\n')
  assert.equal(await driver.exchange('a UID EXPUNGE 3\r\n'), '* 3 EXPUNGE\r\na OK UID EXPUNGE completed\r\n')
  // the numbers are still those that the client knows
  assert.match(await driver.exchange('a FETCH 3 UID\r\n'), /^\* 3 FETCH \(UID 4\)/)
  const said = await driver.exchange('n NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))\r\n')
  assert.equal(
    said,
    '* 1 EXPUNGE\r\n* 1 FETCH (UID 2 FLAGS (\\Deleted \\Flagged))\r\n* 3 EXISTS\r\n* 1 RECENT\r\nn OK NOTIFY completed\r\n',
  )
})

test('a session that is over is told nothing, and asks nothing', async () => {
  const mailbox = new MemoryMailbox()
  const test = await watching(`(personal ${MESSAGES})`, mailbox)
  test.driver.destroy()
  mailbox.deliver(message('m'))
  assert.equal(await told(test), '')
  assert.deepEqual(test.failures, [])
})

test('news that are none are the caller’s fault', async () => {
  const { session } = await loggedIn()
  for (const news of [{ kind: 'new' }, { kind: 'odd', folder: 'a' }, { kind: 'renamed', folder: 'a' }])
    assert.throws(() => session.mailbox!.notifyFolder(news as never), { code: 'EUSAGE' })
})
