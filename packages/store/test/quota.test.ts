// Quotas: what a user may keep is never exceeded, and what frees room is never refused (RFC 9208).
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { MailboxHandlers } from 'email-server/mailbox'
import { serveStore } from './imap-talk.ts'
import { ALICE, allUids, BOB, message, OPEN, test, testStore } from './support.ts'

type Handlers = Required<MailboxHandlers>

const RAW = message('quota', 1000)
const FULL = { code: 'OVERQUOTA' }

test('APPEND, COPY and delivery are refused when they would exceed the limit, and nothing of them is kept', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE) as Handlers
  await store.setQuota(ALICE, { storage: 2 * RAW.length + 10 })
  await handlers.append('INBOX', RAW, [], {})
  await handlers.openFolder('INBOX', OPEN)
  await assert.rejects(
    handlers.appendAll(
      'INBOX',
      [
        { raw: RAW, flags: [] },
        { raw: RAW, flags: [] },
      ],
      {},
    ) as Promise<unknown>,
    FULL,
  )
  await handlers.copyMessages([1], 'Archive', {})
  await assert.rejects(handlers.copyMessages([1], 'Sent', {}) as Promise<unknown>, FULL)
  await assert.rejects(store.deliver(RAW, [BOB, ALICE]), FULL)
  await assert.rejects(store.storeMessage(ALICE, 'Junk', RAW), FULL)
  assert.deepEqual(await allUids(handlers), [1])
  assert.equal((await store.mailbox(BOB).status!('INBOX', { items: [] })).total, 0)
  const { storage, messages, limits } = await store.quota(ALICE)
  assert.deepEqual([storage, messages], [2 * RAW.length, 2])
  assert.deepEqual(limits, { storage: 2 * RAW.length + 10, messages: null })
})

test('who is full may move, replace by something smaller, and expunge; then there is room', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE) as Handlers
  await handlers.append('INBOX', RAW, [], {})
  await handlers.append('INBOX', RAW, [], {})
  await store.setQuota(ALICE, { messages: 2, storage: 2 * RAW.length })
  await handlers.openFolder('INBOX', OPEN)
  assert.deepEqual((await handlers.move([1], 'Archive', {}))!.uids, [1])
  await assert.rejects(handlers.append('INBOX', message('x'), [], {}) as Promise<unknown>, FULL)
  await handlers.replace(2, 'INBOX', message('smaller'), [], {})
  await assert.rejects(
    handlers.replace(3, 'INBOX', message('larger', 3000), [], {}) as Promise<unknown>,
    FULL,
  )
  assert.deepEqual(await allUids(handlers), [3])
  await handlers.expunge([3], {})
  await handlers.append('INBOX', RAW, [], {})
})

test('a limit below what is there refuses what comes, and takes nothing away', async t => {
  const { store } = await testStore(t)
  await store.deliver(RAW, [ALICE])
  await store.setQuota(ALICE, { storage: 1 })
  assert.equal((await store.mailbox(ALICE).status!('INBOX', { items: [] })).total, 1)
  await assert.rejects(store.deliver(RAW, [ALICE]), FULL)
  await store.setQuota(ALICE, { storage: null })
  await store.deliver(RAW, [ALICE])
  for (const wrong of [-1, 1.5, Number.NaN]) {
    assert.throws(() => store.setQuota(ALICE, { storage: wrong }), { code: 'EUSAGE' })
  }
})

test('deliveries that come at once never exceed the limit together', async t => {
  const { store } = await testStore(t)
  await store.setQuota(ALICE, { messages: 5 })
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => store.deliver(message(`at once ${i}`), [ALICE])),
  )
  assert.equal(results.filter(result => result.status === 'fulfilled').length, 5)
  assert.equal((await store.mailbox(ALICE).status!('INBOX', { items: [] })).total, 5)
})

test('IMAP is told of the own quota in units of 1,024 octets, only administrators change quotas', async t => {
  const { store } = await testStore(t)
  await store.setQuota(ALICE, { storage: 4096, messages: 10 })
  const served = await serveStore(t, store, { administrators: [BOB.toUpperCase()] })
  const [alice, bob] = [await served.talk(ALICE), await served.talk(BOB)]
  await alice.append('INBOX', RAW.toString())
  assert.match(
    await alice.ok('GETQUOTAROOT INBOX'),
    /^\* QUOTAROOT INBOX alice@example\.test\r\n\* QUOTA alice@example\.test \(STORAGE 2 4 MESSAGE 1 10\)\r$/m,
  )
  assert.match(await alice.say(`GETQUOTA ${BOB}`), /^NO \[NONEXISTENT\]/m)
  assert.match(await alice.say(`SETQUOTA "" (STORAGE 99)`), /^(?:NO|BAD)/m)
  assert.match(await bob.ok('CAPABILITY'), /QUOTASET/)
  assert.match(await bob.ok(`SETQUOTA ${ALICE} (STORAGE 2)`), /QUOTA alice@example\.test \(STORAGE 2 2\)/)
  assert.match(await alice.append('INBOX', RAW.toString()), /^NO \[OVERQUOTA\]/m)
  assert.match(await bob.say(`SETQUOTA ${ALICE} (MAILBOX 2)`), /^NO/m)
  assert.match(await bob.say(`GETQUOTA nobody@example.test`), /^NO \[NONEXISTENT\]/m)
})

/** The replies of an SMTP server to these lines. */
async function smtp(port: number, lines: readonly string[]): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1' })
  const replies: string[] = []
  let left = [...lines]
  let text = ''
  for await (const chunk of socket) {
    text += chunk.toString()
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      if (line[3] === '-') continue
      replies.push(line)
      const next = left.shift()
      if (next === undefined) socket.destroy()
      else socket.write(`${next}\r\n`)
    }
    if (socket.destroyed) break
  }
  left = []
  return replies
}

test('SMTP says 452 4.2.2 for who is full, 552 for what he could never keep, and delivers to the others', async t => {
  const { store } = await testStore(t)
  const { inbound } = await serveStore(t, store)
  await store.setQuota(ALICE, { storage: 3000 })
  const mail = (size: string, to: readonly string[]): string[] => [
    'EHLO client.test',
    `MAIL FROM:<carol@elsewhere.test>${size}`,
    ...to.map(each => `RCPT TO:<${each}>`),
    'DATA',
    `Subject: x\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(30)}.`,
  ]
  const never = await smtp(inbound, mail(' SIZE=5000', [ALICE]))
  assert.match(never[3]!, /^552 5\.2\.3 /)
  const first = await smtp(inbound, mail('', [ALICE]))
  assert.match(first.at(-1)!, /^250 /)
  const full = await smtp(inbound, mail(' SIZE=2200', [ALICE, BOB]))
  assert.match(full[3]!, /^452 4\.2\.2 /)
  assert.match(full.at(-1)!, /^250 /)
  // the client does not say how large it is: it is found out at the end, for both
  const unannounced = await smtp(inbound, mail('', [ALICE, BOB]))
  assert.match(unannounced.at(-1)!, /^452 4\.2\.2 /)
  const totals = [ALICE, BOB].map(
    async user => (await store.mailbox(user).status!('INBOX', { items: [] })).total,
  )
  assert.deepEqual(await Promise.all(totals), [1, 1])
})
