// When a client hears of what happened: RFC 3501 §5.2, §5.5, §7.3, §7.4.1; RFC 2177.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../src/base/errors.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { loggedIn, message, selected } from './setup.ts'

function mailboxOf(count: number): MemoryMailbox {
  const mailbox = new MemoryMailbox()
  for (let i = 1; i <= count; i++) mailbox.deliver(message(`m${i}`))
  return mailbox
}

test('an IDLE client is told at once, a waiting one at its next command', async () => {
  const mailbox = mailboxOf(1)
  const [idle, waiting] = [await selected({ mailbox }), await selected({ mailbox })]
  assert.equal(await idle.driver.exchange('a IDLE\r\n'), '+ idling\r\n')
  mailbox.deliver(message('new'))
  await idle.driver.settle()
  await waiting.driver.settle()
  assert.equal(idle.driver.takeText(), '* 2 EXISTS\r\n* 1 RECENT\r\n')
  assert.equal(waiting.driver.takeText(), '')
  assert.equal(
    await waiting.driver.exchange('b NOOP\r\n'),
    '* 2 EXISTS\r\n* 1 RECENT\r\nb OK NOOP completed\r\n',
  )
  assert.equal(await idle.driver.exchange('DONE\r\n'), 'a OK IDLE completed\r\n')
})

test('EXPUNGE is not told during FETCH, STORE and SEARCH by sequence number, but during their UID variants', async () => {
  const mailbox = mailboxOf(4)
  const one = await selected({ mailbox })
  const other = await selected({ mailbox })
  await one.driver.exchange('a STORE 2 +FLAGS.SILENT (\\Deleted)\r\na EXPUNGE\r\n')
  for (const command of ['FETCH 4 UID', 'STORE 4 +FLAGS.SILENT (\\Seen)', 'SEARCH ALL']) {
    assert.doesNotMatch(await other.driver.exchange(`b ${command}\r\n`), /EXPUNGE/, command)
  }
  // the numbers are still the old ones: number 4 is UID 4
  assert.match(await other.driver.exchange('b FETCH 4 UID\r\n'), /\* 4 FETCH \(UID 4\)/)
  assert.match(await other.driver.exchange('b UID FETCH 4 UID\r\n'), /\* 2 EXPUNGE\r\nb OK/)
  assert.match(await other.driver.exchange('b FETCH 3 UID\r\n'), /\* 3 FETCH \(UID 4\)/)
})

test('a message that is gone is left out of FETCH, and found gone even when the backend has not said so', async () => {
  const uids = [1, 2, 3]
  const { driver } = await selected({
    attach: session => {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 3, uidNext: 4 }),
        resolveMessages: ({ ranges }) => uids.filter(uid => ranges.some(([a, b]) => uid >= a && uid <= b)),
        messageMeta: ids =>
          ids
            .filter(id => uids.includes(Number(id)))
            .map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: [] })),
      })
    },
  })
  uids.splice(1, 1)
  assert.equal(
    await driver.exchange('a FETCH 1:3 RFC822.SIZE\r\n'),
    '* 1 FETCH (RFC822.SIZE 1)\r\n* 3 FETCH (RFC822.SIZE 1)\r\na OK FETCH completed\r\n',
  )
  assert.equal(await driver.exchange('b NOOP\r\n'), '* 2 EXPUNGE\r\nb OK NOOP completed\r\n')
})

test("a session's own EXPUNGE and STORE are told once, also when the backend repeats them to it", async () => {
  const mailbox = mailboxOf(3)
  const { driver, session } = await selected({ mailbox })
  assert.equal(
    await driver.exchange('a STORE 1:2 +FLAGS (\\Deleted)\r\n'),
    '* 1 FETCH (FLAGS (\\Deleted))\r\n* 2 FETCH (FLAGS (\\Deleted))\r\na OK STORE completed\r\n',
  )
  assert.equal(
    await driver.exchange('b EXPUNGE\r\n'),
    '* 1 EXPUNGE\r\n* 1 EXPUNGE\r\nb OK EXPUNGE completed\r\n',
  )
  session.mailbox!.notifyVanished([1, 2])
  session.mailbox!.notifyFlags(null, 2, ['Seen'])
  assert.equal(await driver.exchange('c NOOP\r\n'), 'c OK NOOP completed\r\n')
})

test('an echo of flags that the session has set itself is not told, a different outcome is', async () => {
  const mailbox = mailboxOf(2)
  const base = await selected({ mailbox })
  let echo: readonly string[] = ['Seen']
  const { driver } = await selected({
    attach: session => {
      mailbox.attach(session)
      const ask = session.ask.bind(session)
      session.ask = async (name, args, context) => {
        const answer = await ask(name, args, context)
        if (name === 'setFlags') session.notifyFlags(null, 1, echo)
        return answer
      }
    },
  })
  assert.equal(await driver.exchange('a STORE 1 FLAGS.SILENT (\\Seen)\r\n'), 'a OK STORE completed\r\n')
  echo = ['Seen', 'work']
  assert.equal(
    await driver.exchange('b STORE 1 FLAGS.SILENT (\\Seen)\r\n'),
    '* 1 FETCH (UID 1 FLAGS (\\Seen work))\r\nb OK STORE completed\r\n',
  )
  base.driver.destroy()
})

test('a silent STORE tells the outcome when another session had changed the flags unheard', async () => {
  const mailbox = mailboxOf(2)
  const [one, other] = [await selected({ mailbox }), await selected({ mailbox })]
  await other.driver.exchange('a STORE 1 +FLAGS (\\Flagged)\r\n')
  assert.equal(
    await one.driver.exchange('a STORE 1:2 +FLAGS.SILENT (\\Seen)\r\n'),
    '* 1 FETCH (FLAGS (\\Flagged \\Seen))\r\na OK STORE completed\r\n',
  )
})

test('notifyExpunge counts with what was announced before it', async () => {
  const { driver, session } = await selected({ mailbox: mailboxOf(5) })
  // "3, then 3 again" removes the messages that were 3 and 4
  session.mailbox!.notifyExpunge(3)
  session.mailbox!.notifyExpunge(3)
  session.mailbox!.notifyExpunge(1)
  assert.equal(
    await driver.exchange('a NOOP\r\n'),
    '* 1 EXPUNGE\r\n* 2 EXPUNGE\r\n* 2 EXPUNGE\r\na OK NOOP completed\r\n',
  )
  assert.equal(await driver.exchange('b UID SEARCH ALL\r\n'), '* SEARCH 2 5\r\nb OK UID SEARCH completed\r\n')
})

test('thousands of flag changes are kept small, and told as they are when they are told', async () => {
  const mailbox = mailboxOf(1500)
  const { driver, session } = await selected({ mailbox })
  for (const { uid } of mailbox.messages()) session.mailbox!.notifyFlags(null, uid, ['Flagged'])
  const told = await driver.exchange('a NOOP\r\n')
  assert.equal(told.match(/ FETCH \(UID [0-9]+ FLAGS \(\\Flagged\)\)/g)?.length, 1000)
  // beyond a thousand the backend is asked, and it has them without the flag
  assert.equal(told.match(/ FETCH \(UID [0-9]+ FLAGS \(\)\)/g)?.length, 500)
})

test('what arrives while a folder is being opened is not lost, and what vanishes meanwhile does not stay', async () => {
  let open: ((ids: readonly number[]) => void) | null = null
  const asked: string[] = []
  const test = await loggedIn({
    attach: session => {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 2, uidNext: 3 }),
        resolveMessages: ({ ranges }) => {
          asked.push(JSON.stringify(ranges))
          if (ranges[0]![0] > 1) return [3]
          return new Promise<readonly number[]>(resolve => {
            open = resolve
          })
        },
        messageMeta: ids =>
          ids.map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: ['Seen'] })),
      })
    },
  })
  test.driver.feed('a SELECT INBOX\r\n')
  await test.driver.settle()
  const mailbox = test.session.mailbox!
  assert.equal(mailbox.currentFolder, 'INBOX')
  mailbox.notifyExists(3)
  mailbox.notifyVanished(1)
  open!([1, 2])
  await test.driver.settle()
  const opened = test.driver.takeText()
  assert.match(opened, /\* 2 EXISTS\r\n(?:.*\r\n)*\* 3 EXISTS\r\n\* 1 RECENT\r\na OK/)
  assert.equal(await test.driver.exchange('b NOOP\r\n'), '* 1 EXPUNGE\r\nb OK NOOP completed\r\n')
})

test('messages whose ids are not their UIDs are asked for by range, and called by their ids', async () => {
  const called: unknown[] = []
  const { driver, failures } = await selected({
    attach: session => {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 3 }),
        resolveMessages: ({ ranges }) =>
          [5, 7, 9]
            .filter(uid => ranges.some(([a, b]) => uid >= a && uid <= b))
            .map(uid => ({ id: `m${uid}`, uid })),
        messageMeta: ids => {
          called.push(ids)
          return ids.map(id => ({
            id,
            uid: Number(String(id).slice(1)),
            size: 3,
            internalDate: 0,
            flags: [],
          }))
        },
      })
    },
  })
  called.length = 0
  assert.equal(
    await driver.exchange('a FETCH 2:3 (UID RFC822.SIZE)\r\n'),
    '* 2 FETCH (UID 7 RFC822.SIZE 3)\r\n* 3 FETCH (UID 9 RFC822.SIZE 3)\r\na OK FETCH completed\r\n',
  )
  assert.deepEqual(called, [['m7', 'm9']])
  assert.deepEqual(failures, [])
})

test('notifyFlags takes backslashes, and throws at its caller what can not be a flag', async () => {
  const { driver, session } = await selected({ mailbox: mailboxOf(1) })
  session.mailbox!.notifyFlags(1, 1, ['\\Seen', 'FLAGGED', '$work'])
  assert.match(await driver.exchange('a NOOP\r\n'), /\* 1 FETCH \(UID 1 FLAGS \(\\Seen \\Flagged \$work\)\)/)
  for (const bad of ['', 'two words', 'x\r\ny', 'x]', '\\\\x', 'ü', '(']) {
    assert.throws(() => session.mailbox!.notifyFlags(null, 1, [bad]), { code: 'EUSAGE' }, bad)
  }
})

test('new mail that could not be looked for is looked for again', async () => {
  let broken = false
  const mailbox = mailboxOf(1)
  const { driver, failures } = await selected({
    attach: session => {
      mailbox.attach(session)
      const ask = session.ask.bind(session)
      session.ask = (name, args, context) =>
        broken && name === 'resolveMessages' ? Promise.reject(new Error('away')) : ask(name, args, context)
    },
  })
  broken = true
  mailbox.deliver(message('new'))
  assert.equal(await driver.exchange('a FETCH 1 UID\r\n'), '* 1 FETCH (UID 1)\r\na OK FETCH completed\r\n')
  assert.equal(failures.length, 1)
  broken = false
  assert.match(await driver.exchange('b FETCH 1 UID\r\n'), /\* 2 EXISTS\r\n\* 1 RECENT\r\nb OK/)
})

test('a STORE that fails midway tells what it has changed all the same', async () => {
  const flags = new Map<number, readonly string[]>([
    [1, ['a']],
    [2, ['b']],
  ])
  const { driver } = await selected({
    attach: session => {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 2, unread: 0 }),
        resolveMessages: ({ ranges }) => [1, 2].filter(uid => ranges.some(([a, b]) => uid >= a && uid <= b)),
        messageMeta: ids =>
          ids.map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: flags.get(Number(id))! })),
        setFlags: ids => {
          if (ids[0] === 2) throw new Refusal('OVERQUOTA', 'too many flags')
          return undefined
        },
      })
    },
  })
  assert.equal(
    await driver.exchange('a STORE 1:2 +FLAGS (\\Seen)\r\n'),
    '* 1 FETCH (UID 1 FLAGS (a \\Seen))\r\na NO [OVERQUOTA] too many flags\r\n',
  )
})
