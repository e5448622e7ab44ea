// INPROGRESS (RFC 9585): a client that waits hears that its command is being worked on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressCode } from '../../src/imap/server/progress.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { message, selected } from './setup.ts'

test('the four forms of RFC 9585 §4, as far as there is a list', () => {
  assert.equal(progressCode('tag', null), 'INPROGRESS ("tag" NIL NIL)')
  assert.equal(progressCode('A001', { done: 454, total: 1000 }), 'INPROGRESS ("A001" 454 1000)')
  // what is said to be done is not (RFC 9585 §4)
  assert.equal(progressCode('A001', { done: 1000, total: 1000 }), 'INPROGRESS ("A001" NIL NIL)')
  assert.equal(progressCode('a]b', { done: 0, total: 3 }), 'INPROGRESS (NIL 0 3)')
})

/** A session whose backend answers a search when it is told to. */
async function slowSearch() {
  const answers: ((uids: readonly number[]) => void)[] = []
  const mailbox = new MemoryMailbox()
  mailbox.deliver(message('one'))
  const test = await selected({
    mailbox,
    limits: { handlerTime: 3_600_000 },
    attach(session) {
      mailbox.attach(session)
      session.use({ search: () => new Promise(resolve => answers.push(resolve)) })
    },
  })
  return { ...test, answer: (uids: readonly number[]) => answers.shift()!(uids) }
}

test('a command that takes long is reported every twelve seconds, and not behind its end', async () => {
  const { driver, answer } = await slowSearch()
  assert.equal(await driver.exchange('A001 SEARCH TEXT slow\r\n'), '')
  await driver.advance(11_999)
  assert.equal(driver.takeText(), '')
  await driver.advance(1)
  const line = '* OK [INPROGRESS ("A001" NIL NIL)] Still working on this\r\n'
  assert.equal(driver.takeText(), line)
  await driver.advance(24_000)
  assert.equal(driver.takeText(), line + line)
  answer([1])
  await driver.settle()
  assert.equal(driver.takeText(), '* SEARCH 1\r\nA001 OK SEARCH completed\r\n')
  await driver.advance(60_000)
  assert.equal(driver.takeText(), '')
})

test('each command has its own twelve seconds, and an IDLE and a waiting client hear nothing', async () => {
  const { driver, answer } = await slowSearch()
  await driver.exchange('a SEARCH TEXT slow\r\n')
  await driver.advance(10_000)
  answer([])
  await driver.settle()
  await driver.exchange('b SEARCH TEXT slow\r\n')
  await driver.advance(10_000)
  assert.doesNotMatch(driver.takeText(), /INPROGRESS/)
  answer([])
  await driver.settle()
  driver.takeText()
  await driver.exchange('c IDLE\r\n')
  await driver.advance(60_000)
  assert.equal(driver.takeText(), '')
})

test('how far a search without a search handler has come is told', async () => {
  const uids = Array.from({ length: 1200 }, (_, i) => i + 1)
  let release = (): void => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  const { driver } = await selected({
    limits: { handlerTime: 3_600_000 },
    attach(session) {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 1200, unread: 0 }),
        resolveMessages: ({ ranges }) => uids.filter(uid => ranges.some(([a, b]) => uid >= a && uid <= b)),
        async messageMeta(ids) {
          if (ids.includes(1200)) await held
          return ids.map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: [] }))
        },
      })
    },
  })
  await driver.exchange('A001 SEARCH UNDELETED\r\n')
  await driver.advance(12_001)
  assert.equal(driver.takeText(), '* OK [INPROGRESS ("A001" 1000 1200)] Still working on this\r\n')
  release()
  await driver.advance(10)
  assert.match(driver.takeText(), /^\* SEARCH 1 2 3 .* 1200\r\nA001 OK /)
})

test('nothing comes into a response that is being written', async () => {
  let release = (): void => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one')
    await held
    yield Buffer.from('two')
  }
  const { driver } = await selected({
    limits: { handlerTime: 3_600_000 },
    attach(session) {
      session.use({
        folders: () => [{ name: 'INBOX' }],
        openFolder: () => ({ uidValidity: 1, total: 1, unread: 0 }),
        resolveMessages: () => [1],
        messageBody: () => ({ length: 6, stream: body() }),
      })
    },
  })
  assert.equal(await driver.exchange('a FETCH 1 BODY.PEEK[]\r\n'), '* 1 FETCH (BODY[] {6}\r\none')
  await driver.advance(40_000)
  assert.equal(driver.takeText(), '')
  release()
  await driver.settle()
  assert.equal(driver.takeText(), 'two)\r\na OK FETCH completed\r\n')
})
