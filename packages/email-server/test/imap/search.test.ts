// SEARCH over the wire (RFC 3501 §6.4.4, RFC 4731): who is asked what, and what is answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SearchKey } from '../../src/mailbox/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { loggedIn, message, selected } from './setup.ts'

async function asked(command: string): Promise<SearchKey | undefined> {
  let criteria: SearchKey | undefined
  const mailbox = new MemoryMailbox()
  for (let i = 0; i < 9; i++) mailbox.deliver(message(`m${i}`))
  const { driver } = await selected({
    attach: session => {
      mailbox.attach(session)
      session.use({
        search: key => {
          criteria = key
          return []
        },
      })
    },
  })
  assert.match(await driver.exchange(`a ${command}\r\n`), /a OK/)
  return criteria
}

const SEEN = { key: 'flag', flag: 'Seen', set: true }

test('a search handler gets criteria without anything of the session in them', async () => {
  const cases: [command: string, criteria: unknown][] = [
    ['SEARCH SEEN', SEEN],
    ['SEARCH UNSEEN', { ...SEEN, set: false }],
    ['SEARCH 2:3', { key: 'uid', ranges: [[2, 3]] }],
    ['SEARCH *', { key: 'uid', ranges: [[9, 9]] }],
    ['SEARCH UID 5:*', { key: 'uid', ranges: [[5, Number.POSITIVE_INFINITY]] }],
    ['SEARCH UID 20:*', { key: 'uid', ranges: [[9, Number.POSITIVE_INFINITY]] }],
    [
      'SEARCH UID 7,3:4,5',
      {
        key: 'uid',
        ranges: [
          [3, 5],
          [7, 7],
        ],
      },
    ],
    ['SEARCH ON 1-Feb-1994', { key: 'date', of: 'internal', is: 'on', day: 8797 }],
    ['SEARCH SENTSINCE "1-Feb-1994"', { key: 'date', of: 'sent', is: 'since', day: 8797 }],
    ['SEARCH LARGER 100', { key: 'size', is: 'larger', bytes: 100 }],
    ['SEARCH HEADER X-A b', { key: 'header', name: 'X-A', value: 'b' }],
    ['SEARCH CC "x y"', { key: 'header', name: 'cc', value: 'x y' }],
    ['SEARCH KEYWORD $Work', { key: 'flag', flag: '$Work', set: true }],
    ['SEARCH UNKEYWORD seen', { key: 'all' }],
    ['SEARCH RECENT', { key: 'uid', ranges: [[10, Number.POSITIVE_INFINITY]] }],
    ['SEARCH CHARSET utf-8 SUBJECT {7+}\r\nGrüße', { key: 'header', name: 'subject', value: 'Grüße' }],
    ['SEARCH NOT (SEEN ALL)', { key: 'not', of: { key: 'and', keys: [SEEN, { key: 'all' }] } }],
    ['SEARCH YOUNGER 259200', { key: 'age', is: 'younger', seconds: 259200 }],
    ['SEARCH OR SEEN ALL', { key: 'or', keys: [SEEN, { key: 'all' }] }],
    ['SEARCH SEEN ALL', { key: 'and', keys: [SEEN, { key: 'all' }] }],
  ]
  for (const [command, criteria] of cases) assert.deepEqual(await asked(command), criteria, command)
})

test('every key of RFC 3501 is known, and what is none is a syntax error', async () => {
  const { driver } = await selected()
  const keys = `ALL ANSWERED BCC x BEFORE 1-Jan-2000 BODY x CC x DELETED DRAFT FLAGGED FROM x HEADER a b KEYWORD k LARGER 1 NEW
    NOT SEEN OLD ON 1-Jan-2000 OR SEEN DRAFT RECENT SEEN SENTBEFORE 1-Jan-2000 SENTON 1-Jan-2000 SENTSINCE 1-Jan-2000
    SINCE 1-Jan-2000 SMALLER 1 SUBJECT x TEXT x TO x UID 1 UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNKEYWORD k UNSEEN`
  assert.match(await driver.exchange(`a SEARCH ${keys.replace(/\s+/g, ' ')}\r\n`), /^\* SEARCH\r\na OK/)
  const wrong = [
    '',
    ' ',
    ' FOO',
    ' BEFORE 31-Feb-2000',
    ' BEFORE 1-Jan-20000',
    ' LARGER -1',
    ' OR SEEN',
    ' NOT',
    ' ()',
  ]
  wrong.push(
    ' (SEEN',
    ' SEEN)',
    ' SEEN  ALL',
    ' SEEN ',
    ' SUBJECT',
    ' UID',
    ' CHARSET UTF-8',
    ' RETURN (FOO) ALL',
    ' 0',
  )
  for (const criteria of wrong) {
    assert.match(await driver.exchange(`a SEARCH${criteria}\r\nn NOOP\r\n`), /^a BAD/, criteria)
  }
})

test('ESEARCH answers what was asked for, in numbers or UIDs', async () => {
  const mailbox = new MemoryMailbox()
  for (let i = 1; i <= 11; i++)
    mailbox.deliver(message(`m${i}`), { flags: [2, 10, 11].includes(i) ? ['Flagged'] : [] })
  const { driver } = await selected({ mailbox })
  const cases: [command: string, answer: string][] = [
    ['SEARCH RETURN (MIN COUNT) FLAGGED', '* ESEARCH (TAG "a") MIN 2 COUNT 3'],
    ['SEARCH RETURN () FLAGGED', '* ESEARCH (TAG "a") ALL 2,10:11'],
    ['UID SEARCH RETURN (MIN MAX) FLAGGED', '* ESEARCH (TAG "a") UID MIN 2 MAX 11'],
    ['SEARCH RETURN (MIN MAX ALL COUNT) DRAFT', '* ESEARCH (TAG "a") COUNT 0'],
    ['SEARCH RETURN (ALL) DRAFT', '* ESEARCH (TAG "a")'],
    ['SEARCH FLAGGED', '* SEARCH 2 10 11'],
  ]
  for (const [command, answer] of cases) {
    const said = await driver.exchange(`a ${command}\r\n`)
    assert.equal(said.split('\r\n')[0], answer)
  }
})

test('a search without a handler reads no more than it must', async () => {
  const bodies: unknown[] = []
  const { driver } = await loggedIn({
    attach: session => {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 4, unread: 0 }),
        resolveMessages: ({ ranges }) =>
          [1, 2, 3, 4].filter(uid => ranges.some(([a, b]) => uid >= a && uid <= b)),
        messageMeta: ids =>
          ids.map(id => ({
            id,
            uid: Number(id),
            size: 1,
            internalDate: 0,
            flags: Number(id) % 2 ? ['Seen'] : [],
          })),
        messageBody: id => {
          bodies.push(id)
          return message(`m${id}`)
        },
      })
    },
  })
  await driver.exchange('s SELECT INBOX\r\n')
  assert.match(await driver.exchange('a SEARCH SEEN LARGER 0\r\n'), /^\* SEARCH 1 3\r\n/)
  assert.deepEqual(bodies, [])
  assert.match(await driver.exchange('a SEARCH SEEN SUBJECT m3\r\n'), /^\* SEARCH 3\r\n/)
  assert.deepEqual(bodies, [1, 3])
  bodies.length = 0
  assert.match(await driver.exchange('a SEARCH 4 BODY hello\r\n'), /^\* SEARCH 4\r\n/)
  assert.deepEqual(bodies, [4])
})

test('what a search handler finds outside the view is not told', async () => {
  const mailbox = new MemoryMailbox()
  for (let i = 0; i < 3; i++) mailbox.deliver(message(`m${i}`))
  const { driver } = await selected({
    attach: session => {
      mailbox.attach(session)
      session.use({ search: () => [1, 3, 4, 90] })
    },
  })
  assert.match(await driver.exchange('a SEARCH ALL\r\n'), /^\* SEARCH 1 3\r\n/)
})

test('a search of 300 bodies lets others have a turn, and finishes', async () => {
  const mailbox = new MemoryMailbox()
  for (let i = 0; i < 300; i++) mailbox.deliver(message(`m${i}`))
  const { driver } = await selected({ mailbox })
  driver.feed('a SEARCH BODY hello\r\n')
  await driver.settle()
  assert.equal(driver.takeText(), '')
  await driver.advance(3)
  assert.match(driver.takeText(), / 299 300\r\na OK/)
})
