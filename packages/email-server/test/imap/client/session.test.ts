// The client's session against our own server: both in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImapClientSession } from '../../../src/imap/index.ts'
import { MemoryMailbox, SessionPair } from '../../../src/testing/index.ts'
import { message, TEST_TLS, testSession } from '../setup.ts'

async function talk(
  letters: number,
): Promise<{ client: ImapClientSession; pair: SessionPair; mailbox: MemoryMailbox }> {
  const mailbox = new MemoryMailbox()
  for (let i = 1; i <= letters; i++) mailbox.deliver(message(`letter ${i}`))
  const client = new ImapClientSession({ isServer: false, tls: TEST_TLS, now: 0 })
  const pair = new SessionPair(testSession({ mailbox }).session, client)
  pair.greet()
  await pair.run(client.ready())
  await pair.run(client.login('fred', 'pw'))
  return { client, pair, mailbox }
}

test('logs in, opens a mailbox, searches, and fetches envelopes', async () => {
  const { client, pair } = await talk(3)
  const info = await pair.run(client.select('INBOX'))
  assert.equal(info.total, 3)
  const uids = await pair.run(client.search({ seen: false, subject: 'letter' }))
  assert.deepEqual(uids, [1, 2, 3])
  const all = await pair.run(client.fetch(uids, ['UID', 'ENVELOPE', 'BODY.PEEK[]']).all())
  assert.deepEqual(
    all.map(each => each.envelope?.subject),
    ['letter 1', 'letter 2', 'letter 3'],
  )
  assert.deepEqual(Buffer.from(all[1]!.body!), Buffer.from(message('letter 2')))
  await pair.run(client.logout())
  assert.equal(client.state, 'closed')
})

test('a command that is awaited inside a fetch loop does not hang it', async () => {
  const { client, pair } = await talk(200)
  await pair.run(client.select('INBOX'))
  const loop = async (): Promise<number> => {
    let seen = 0
    for await (const each of client.fetch('1:*', { envelope: true, body: true })) {
      await client.store(each.uid, 'Seen', '+')
      seen++
    }
    return seen
  }
  assert.equal(await pair.run(loop()), 200)
  assert.deepEqual(await pair.run(client.search({ seen: false })), [])
})

test('a streamed body comes whole, and a loop that is left early gives the connection back', async () => {
  const { client, pair } = await talk(50)
  await pair.run(client.select('INBOX'))
  const one = async (): Promise<Uint8Array> => {
    for await (const each of client.fetch('1:*', { body: true }, { stream: true }))
      return each.content!.bytes()
    throw new Error('no message')
  }
  assert.deepEqual(Buffer.from(await pair.run(one())), Buffer.from(message('letter 1')))
  await pair.run(client.noop())
})

test('when the connection goes, every promise rejects with ECONNECTION', async () => {
  const { client, pair } = await talk(1)
  const lost = [client.select('INBOX'), client.noop(), client.list('', '*')]
  const outcomes = Promise.allSettled(lost)
  pair.client.destroy()
  for (const each of await outcomes) {
    assert.equal(each.status, 'rejected')
    assert.equal((each.status === 'rejected' ? each.reason : null).code, 'ECONNECTION')
  }
})

test('what the server can do and others cannot: several at once, one for another, rights, quotas, metadata, ids', async () => {
  const { client, pair } = await talk(1)
  const run = <T>(promise: PromiseLike<T>): Promise<T> => pair.run(Promise.resolve(promise))
  await run(client.select('INBOX'))
  const several = await run(
    client.appendAll('INBOX', [{ content: message('a') }, { content: message('b'), flags: 'Seen' }]),
  )
  assert.deepEqual(
    several.map(each => each?.uid),
    [2, 3],
  )
  const replaced = await run(client.replace(2, 'INBOX', message('c')))
  assert.equal(replaced?.uid, 4)
  assert.deepEqual(await run(client.search({ all: true })), [1, 3, 4])
  const [facts] = await run(
    client.fetch(4, {
      size: true,
      modseq: true,
      emailId: true,
      saveDate: true,
      preview: true,
      internalDate: true,
    }),
  )
  assert.equal(facts!.size, message('c').length)
  assert.equal(typeof facts!.modseq, 'bigint')
  assert.match(facts!.emailId!, /./)
  assert.ok(facts!.saveDate instanceof Date)
  assert.equal((await run(client.namespace())).personal.length, 1)
  const created = await run(client.create('Archive/2026', { specialUse: 'Archive' }))
  assert.match(created.mailboxId ?? '', /./)
  const threads = await run(client.thread('ORDEREDSUBJECT', 'UTF-8', { all: true }))
  assert.equal(threads.length, 3)
  for (const capability of ['QUOTA', 'METADATA', 'ACL'] as const) {
    if (client.capability.some(each => each.startsWith(capability))) continue
    const asked: Record<string, () => Promise<unknown>> = {
      QUOTA: () => client.getQuotaRoot('INBOX'),
      METADATA: () => client.getMetadata('INBOX', '/private/comment'),
      ACL: () => client.myRights('INBOX'),
    }
    await assert.rejects(run(asked[capability]!()), { code: 'ECONFIG', message: new RegExp(capability) })
  }
})
