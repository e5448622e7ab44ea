// LIST-EXTENDED, LIST-STATUS and SPECIAL-USE: the examples of RFC 5258 §5, RFC 5819 §3 and RFC 6154 §5.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../src/base/errors.ts'
import type { Folder, MailboxHandlers } from '../../src/mailbox/index.ts'
import type { SessionDriver } from '../../src/testing/index.ts'
import { loggedIn } from './setup.ts'

async function clientOf(folders: readonly Folder[], more: MailboxHandlers = {}): Promise<SessionDriver> {
  const { driver } = await loggedIn({
    attach: session => void session.use({ folders: () => folders, ...more }),
  })
  return driver
}

async function listed(driver: SessionDriver, args: string): Promise<readonly string[]> {
  const lines = (await driver.exchange(`a LIST ${args}\r\n`)).trimEnd().split('\r\n')
  assert.equal(lines.pop(), 'a OK LIST completed')
  return lines.map(line => line.replace('* LIST ', ''))
}

const named = (name: string, subscribed: boolean): Folder => ({ name, subscribed })
// example 1 and 2; Fruit/Peach does not exist and is not known to a backend that lists folders
const GARDEN: readonly Folder[] = [
  named('INBOX', true),
  named('Fruit', false),
  named('Fruit/Apple', false),
  named('Fruit/Banana', true),
  named('Tofu', false),
  named('Vegetable', true),
  named('Vegetable/Broccoli', true),
  named('Vegetable/Corn', false),
]

test('RFC 5258 §5: SUBSCRIBED, CHILDREN, several patterns, RECURSIVEMATCH', async () => {
  const driver = await clientOf(GARDEN)
  assert.deepEqual(await listed(driver, '(SUBSCRIBED) "" "*"'), [
    '(\\Subscribed \\HasNoChildren) "/" INBOX',
    '(\\Subscribed \\HasNoChildren) "/" Fruit/Banana',
    '(\\Subscribed \\HasChildren) "/" Vegetable',
    '(\\Subscribed \\HasNoChildren) "/" Vegetable/Broccoli',
  ])
  assert.deepEqual(await listed(driver, '() "" "%" RETURN (CHILDREN)'), [
    '(\\HasNoChildren) "/" INBOX',
    '(\\HasChildren) "/" Fruit',
    '(\\HasNoChildren) "/" Tofu',
    '(\\HasChildren) "/" Vegetable',
  ])
  assert.deepEqual(await listed(driver, '"" ("INBOX" "Tofu" "Fruit/%")'), [
    '(\\HasNoChildren) "/" INBOX',
    '(\\HasNoChildren) "/" Fruit/Apple',
    '(\\HasNoChildren) "/" Fruit/Banana',
    '(\\HasNoChildren) "/" Tofu',
  ])
  // example 8: Fruit is shown for what is subscribed below it, Vegetable for itself as well
  assert.deepEqual(await listed(driver, '(SUBSCRIBED RECURSIVEMATCH) "" "%"'), [
    '(\\Subscribed \\HasNoChildren) "/" INBOX',
    '(\\HasChildren) "/" Fruit ("CHILDINFO" ("SUBSCRIBED"))',
    '(\\Subscribed \\HasChildren) "/" Vegetable ("CHILDINFO" ("SUBSCRIBED"))',
  ])
  // all that is below is shown itself: Fruit need not be
  assert.deepEqual(await listed(driver, '(RECURSIVEMATCH SUBSCRIBED) "" "Fr*"'), [
    '(\\Subscribed \\HasNoChildren) "/" Fruit/Banana',
  ])
  assert.deepEqual(await listed(driver, '"" "To*" RETURN (SUBSCRIBED)'), ['(\\HasNoChildren) "/" Tofu'])
})

test('RFC 5258: a level that does not exist is \\NonExistent in the extended form, \\Noselect in the old one', async () => {
  const driver = await clientOf([named('foo/bar', true)])
  assert.deepEqual(await listed(driver, '"" "%"'), ['(\\Noselect \\HasChildren) "/" foo'])
  assert.deepEqual(await listed(driver, '"" "%" RETURN ()'), ['(\\NonExistent \\HasChildren) "/" foo'])
  assert.deepEqual(await listed(driver, '(SUBSCRIBED) "" "%"'), [])
})

test('RFC 5258: RECURSIVEMATCH alone, unknown options and broken forms are BAD', async () => {
  const driver = await clientOf(GARDEN)
  const wrong = [
    '(RECURSIVEMATCH) "" *',
    '(REMOTE RECURSIVEMATCH) "" *',
    '(FOO) "" *',
    '"" * RETURN (FOO)',
    '"" () RETURN ()',
  ]
  wrong.push(
    '"" * RETURN',
    '"" * FOO',
    '(SUBSCRIBED)',
    '"" * RETURN (STATUS)',
    '"" * RETURN (STATUS ())',
    '"" (* ',
  )
  for (const args of wrong)
    assert.match(await driver.exchange(`a LIST ${args}\r\nn NOOP\r\n`), /^a BAD /, args)
  assert.deepEqual(await listed(driver, '(REMOTE) "" Tofu'), ['(\\HasNoChildren) "/" Tofu'])
})

test('RFC 6154 §5: special uses are told, selected and returned', async () => {
  const driver = await clientOf([
    { name: 'INBOX' },
    { name: 'ToDo' },
    { name: 'Projects/Foo' },
    { name: 'SentMail', specialUse: 'Sent' },
    { name: 'MyDrafts', specialUse: '\\Drafts' },
  ])
  const special = ['(\\Sent \\HasNoChildren) "/" SentMail', '(\\Drafts \\HasNoChildren) "/" MyDrafts']
  assert.deepEqual(await listed(driver, '(SPECIAL-USE) "" "*"'), special)
  assert.deepEqual((await listed(driver, '"" "%" RETURN (SPECIAL-USE)')).slice(-2), special)
  assert.deepEqual(await listed(driver, '"" "S%"'), ['(\\HasNoChildren \\Sent) "/" SentMail'])
})

test('RFC 5819 §3: STATUS of each that can be selected; one that refuses is \\Noselect', async () => {
  const driver = await clientOf([{ name: 'INBOX' }, { name: 'bar' }, { name: 'top', selectable: false }], {
    status: name => {
      if (name === 'bar') throw new Refusal('NOPERM', 'not yours')
      return { uidValidity: 1, uidNext: 5, total: 17, unread: 16 }
    },
  })
  const said = await driver.exchange('a LIST "" % RETURN (STATUS (MESSAGES UNSEEN))\r\n')
  assert.equal(
    said,
    '* LIST (\\HasNoChildren) "/" INBOX\r\n' +
      '* STATUS INBOX (MESSAGES 17 UNSEEN 16)\r\n' +
      '* LIST (\\Noselect \\HasNoChildren) "/" bar\r\n' +
      '* LIST (\\Noselect \\HasNoChildren) "/" top\r\n' +
      'a OK LIST completed\r\n',
  )
})

test('folders that are none are a fault of the server', async () => {
  const answers: unknown[] = [
    null,
    {},
    [null],
    ['INBOX'],
    [{ name: '' }],
    [{ name: 5 }],
    [{ name: 'a', delimiter: '//' }],
  ]
  answers.push([{ name: 'a', specialUse: 'x\r\ny' }])
  for (const folders of answers) {
    const driver = await clientOf(folders as never)
    assert.match(await driver.exchange('a LIST "" *\r\n'), /^a NO \[SERVERBUG\]/, JSON.stringify(folders))
  }
})
