// STORE (RFC 3501 §6.4.6), and \Recent where the backend knows what nobody has seen (§2.3.2).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlagsContext, MailboxHandlers } from '../../src/mailbox/index.ts'
import { loggedIn, selected, type TestSession } from './setup.ts'

const BASE: MailboxHandlers = {
  folders: () => [{ name: 'INBOX' }],
  openFolder: () => ({ uidValidity: 1, total: 4, unread: 0, uidNext: 5 }),
  resolveMessages: ({ ranges }) => [1, 2, 3, 4].filter(uid => ranges.some(([a, b]) => uid >= a && uid <= b)),
  messageMeta: ids =>
    ids.map(id => ({
      id,
      uid: Number(id),
      size: 1,
      internalDate: 0,
      flags: Number(id) % 2 ? ['Seen'] : ['work'],
    })),
}

interface Call {
  readonly ids: readonly unknown[]
  readonly flags: readonly string[]
  readonly context: FlagsContext
}

async function recording(more: MailboxHandlers = {}): Promise<TestSession & { calls: Call[] }> {
  const calls: Call[] = []
  const test = await selected({
    attach: session =>
      void session.use({
        ...BASE,
        setFlags: (ids, flags, context) => {
          calls.push({ ids, flags, context })
          return undefined
        },
        ...more,
      }),
  })
  return { ...test, calls }
}

test('messages with the same outcome are handed over together, with what the client said', async () => {
  const { driver, calls } = await recording()
  assert.equal(
    await driver.exchange('a STORE 1:4 +FLAGS (\\Flagged work)\r\n'),
    '* 1 FETCH (FLAGS (\\Seen \\Flagged work))\r\n* 2 FETCH (FLAGS (work \\Flagged))\r\n' +
      '* 3 FETCH (FLAGS (\\Seen \\Flagged work))\r\n* 4 FETCH (FLAGS (work \\Flagged))\r\na OK STORE completed\r\n',
  )
  const context = { mode: 'add', changed: ['Flagged', 'work'] }
  assert.deepEqual(calls, [
    { ids: [1, 3], flags: ['Seen', 'Flagged', 'work'], context },
    { ids: [2, 4], flags: ['work', 'Flagged'], context },
  ])
  calls.length = 0
  await driver.exchange('a UID STORE 2:3 -FLAGS.SILENT \\Seen WORK\r\n')
  assert.deepEqual(calls, [
    { ids: [2, 3], flags: [], context: { mode: 'remove', changed: ['Seen', 'WORK'] } },
  ])
  calls.length = 0
  assert.match(
    await driver.exchange('a UID STORE 4 FLAGS (x)\r\n'),
    /^\* 4 FETCH \(UID 4 FLAGS \(x\)\)\r\na OK/,
  )
  assert.deepEqual(calls, [{ ids: [4], flags: ['x'], context: { mode: 'set', changed: ['x'] } }])
})

test('what the backend says came out is what the client hears', async () => {
  const { driver } = await recording({ setFlags: ids => ids.map(id => ({ id, flags: ['\\Seen', 'other'] })) })
  assert.match(await driver.exchange('a STORE 2 FLAGS (x)\r\n'), /^\* 2 FETCH \(FLAGS \(\\Seen other\)\)/)
})

test('an answer to setFlags that is none is a fault of the server', async () => {
  for (const answer of ['yes', 5, {}, [null], [{ id: 1 }], [{ id: 1, flags: [1] }]]) {
    const { driver, failures } = await recording({ setFlags: () => answer as never })
    assert.match(
      await driver.exchange('a STORE 1 FLAGS (x)\r\n'),
      /^a NO \[SERVERBUG\]/,
      JSON.stringify(answer),
    )
    assert.equal(failures.length, 1)
  }
})

test('flags that do not last are ignored, as PERMANENTFLAGS has said', async () => {
  const { driver, calls } = await recording({
    openFolder: () => ({
      uidValidity: 1,
      total: 4,
      unread: 0,
      permanentFlags: ['Seen', 'work'],
      newKeywords: false,
    }),
  })
  await driver.exchange('a STORE 2 +FLAGS.SILENT (\\Seen \\Flagged work new)\r\n')
  assert.deepEqual(calls[0]!.context.changed, ['Seen', 'work'])
})

test('flags that a client can not set, and forms that are none, are BAD', async () => {
  const { driver } = await recording()
  const wrong = [
    'FLAGS (\\Recent)',
    'FLAGS (\\Foo)',
    'FLAGS (Seen)',
    'FLAGS',
    'FLAGS (',
    'FLAGS ()x',
    'FLAG (x)',
    '*FLAGS (x)',
  ]
  wrong.push(
    '+FLAGS.LOUD (x)',
    'FLAGS (x  y)',
    'FLAGS ( x)',
    `FLAGS (${Array.from({ length: 101 }, (_, i) => `k${i}`).join(' ')})`,
  )
  for (const args of wrong)
    assert.match(await driver.exchange(`a STORE 1 ${args}\r\nn NOOP\r\n`), /^a BAD/, args)
})

test('a message has at most 100 flags', async () => {
  const { driver } = await recording()
  const many = Array.from({ length: 100 }, (_, i) => `k${i}`).join(' ')
  assert.match(await driver.exchange(`a STORE 1 FLAGS.SILENT (${many})\r\n`), /^a OK/)
  assert.match(await driver.exchange(`a STORE 1 +FLAGS (${many})\r\n`), /^a NO \[LIMIT\]/)
})

test('a backend that knows what nobody has seen makes it \\Recent', async () => {
  const { driver } = await loggedIn({
    attach: session =>
      void session.use({
        ...BASE,
        openFolder: () => ({ uidValidity: 1, total: 4, unread: 0, uidNext: 5, recentFrom: 3 }),
      }),
  })
  assert.match(await driver.exchange('a SELECT INBOX\r\n'), /\* 4 EXISTS\r\n\* 2 RECENT\r\n/)
  assert.match(
    await driver.exchange('a FETCH 2:3 FLAGS\r\n'),
    /\* 2 FETCH \(FLAGS \(work\)\)\r\n\* 3 FETCH \(FLAGS \(\\Seen \\Recent\)\)/,
  )
  assert.match(await driver.exchange('a SEARCH RECENT\r\n'), /^\* SEARCH 3 4\r\n/)
  assert.match(await driver.exchange('a SEARCH NEW\r\n'), /^\* SEARCH 4\r\n/)
  assert.match(await driver.exchange('a SEARCH OLD\r\n'), /^\* SEARCH 1 2\r\n/)
})
