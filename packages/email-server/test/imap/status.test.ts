// STATUS with and without a handler for it, NAMESPACE likewise (RFC 3501 §6.3.10, RFC 2342).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailboxHandlers, MailboxSession } from '../../src/mailbox/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { loggedIn, message, selected } from './setup.ts'

const FOLDERS: ReadonlyMap<string, readonly number[]> = new Map([
  ['INBOX', [1, 2]],
  ['other', [4, 5, 9]],
])

function handlers(session: MailboxSession, opened: object): MailboxHandlers {
  const uids = (): readonly number[] => FOLDERS.get(session.currentFolder ?? '') ?? []
  return {
    folders: () => [{ name: 'INBOX', delimiter: '.' }],
    openFolder: name => ({ uidValidity: 7, total: FOLDERS.get(name)!.length, ...opened }),
    resolveMessages: ({ ranges }) => uids().filter(uid => ranges.some(([a, b]) => uid >= a && uid <= b)),
    messageMeta: ids =>
      ids.map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: id === 4 ? ['Seen'] : [] })),
  }
}

test('without a handler the folder is opened for a moment, and the open one stays open', async () => {
  const { driver, session } = await selected({ attach: each => void each.use(handlers(each, {})) })
  assert.match(
    await driver.exchange('a STATUS other (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)\r\n'),
    /^\* STATUS other \(MESSAGES 3 UIDNEXT 10 UIDVALIDITY 7 UNSEEN 2 RECENT 0\)\r\na OK/,
  )
  assert.equal(session.mailbox!.currentFolder, 'INBOX')
  assert.match(await driver.exchange('a FETCH 2 UID\r\n'), /\* 2 FETCH \(UID 2\)/)
})

test('what openFolder says is not counted again', async () => {
  const asked: string[] = []
  const { driver } = await loggedIn({
    attach: session => {
      const all = handlers(session, { unread: 1, uidNext: 77 })
      session.use({
        ...all,
        messageMeta: ids => {
          asked.push('messageMeta')
          return all.messageMeta!(ids, {})
        },
      })
    },
  })
  assert.match(
    await driver.exchange('a STATUS other (UIDNEXT UNSEEN)\r\n'),
    /^\* STATUS other \(UIDNEXT 77 UNSEEN 1\)\r\na OK/,
  )
  assert.deepEqual(asked, [])
})

test('a handler is told what is asked, and its nonsense is a fault of the server', async () => {
  const items: unknown[] = []
  const answers: unknown[] = [
    { uidValidity: 1, uidNext: 1, total: 3, unread: 0 },
    null,
    { total: -1 },
    { total: '3' },
  ]
  const { driver } = await loggedIn({
    attach: session => {
      session.use({
        status: (_name, context) => {
          items.push(context.items)
          return answers.shift() as never
        },
      })
    },
  })
  assert.match(await driver.exchange('a STATUS x (MESSAGES)\r\n'), /^\* STATUS x \(MESSAGES 3\)\r\na OK/)
  assert.deepEqual(items, [['total']])
  for (let i = 0; i < 3; i++) {
    assert.equal(
      await driver.exchange('a STATUS x (MESSAGES)\r\n'),
      'a NO [SERVERBUG] Something went wrong here\r\n',
    )
  }
})

test('STATUS=SIZE is advertised when the backend has promised it; SIZE is counted where it has not (RFC 8438, RFC 9051)', async () => {
  const mailbox = new MemoryMailbox()
  mailbox.deliver(message('one'))
  const size = mailbox.messages()[0]!.raw.length
  const { driver } = await loggedIn({ mailbox })
  assert.match(await driver.exchange('a STATUS INBOX (SIZE)\r\n'), new RegExp(`\\(SIZE ${size}\\)\\r\\na OK`))
  assert.match(await driver.exchange('b CAPABILITY\r\n'), / STATUS=SIZE/)
  const without = await loggedIn({ attach: each => void each.use(handlers(each, {})) })
  assert.match(await without.driver.exchange('a STATUS INBOX (SIZE)\r\n'), /\(SIZE \d+\)\r\na OK/)
  assert.doesNotMatch(await without.driver.exchange('b CAPABILITY\r\n'), / STATUS=SIZE/)
})

test('NAMESPACE: the root with the delimiter of the folders, or what the backend says (RFC 2342 §5, example 5.4)', async () => {
  const plain = await loggedIn({ attach: each => void each.use(handlers(each, {})) })
  assert.match(
    await plain.driver.exchange('a NAMESPACE\r\n'),
    /^\* NAMESPACE \(\("" "\."\)\) NIL NIL\r\na OK/,
  )
  const { driver } = await loggedIn({
    attach: session => {
      session.use({
        namespace: () => ({
          personal: [{ prefix: '', delimiter: '/' }],
          otherUsers: [{ prefix: '~', delimiter: '/' }],
          shared: [
            { prefix: '#shared/', delimiter: '/' },
            { prefix: '#öffentlich/', delimiter: '/' },
            { prefix: '#flat', delimiter: null },
          ],
        }),
      })
    },
  })
  assert.match(
    await driver.exchange('a NAMESPACE\r\n'),
    /^\* NAMESPACE \(\("" "\/"\)\) \(\("~" "\/"\)\) \(\("#shared\/" "\/"\)\("#&APY-ffentlich\/" "\/"\)\("#flat" NIL\)\)\r\na OK/,
  )
})
