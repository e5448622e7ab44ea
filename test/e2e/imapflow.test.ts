// imapflow over the extensions that it knows: COMPRESS, CONDSTORE, QRESYNC, OBJECTID, MOVE, SPECIAL-USE, QUOTA, IDLE.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ImapFlow, type ImapFlowOptions } from 'imapflow'
import { type ImapServer, imapServer, letter } from '../support/imap-server.ts'

async function opens(
  port: number,
  options: Partial<ImapFlowOptions> = {},
): Promise<{ client: ImapFlow; events: string[] } & AsyncDisposable> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: 'bob', pass: 'password' },
    logger: false,
    ...options,
  } as ImapFlowOptions)
  const events: string[] = []
  client.on('error', error => events.push(`error ${error}`))
  client.on('expunge', ({ seq, uid, vanished, earlier }) =>
    events.push(`expunge ${vanished ? `uid ${uid}` : `seq ${seq}`}${earlier ? ' earlier' : ''}`),
  )
  client.on('flags', ({ uid, flags }) => events.push(`flags ${uid} ${[...(flags ?? [])].join(' ')}`))
  client.on('exists', ({ count }) => events.push(`exists ${count}`))
  await client.connect()
  return { client, events, [Symbol.asyncDispose]: () => client.logout() }
}

async function withLetters(...names: string[]): Promise<ImapServer> {
  const server = await imapServer({
    quota: root => ({ root, resources: [{ name: 'STORAGE', usage: 2048, limit: 1024 * 1024 }] }),
  })
  for (const name of names) server.mailbox.deliver(letter(name))
  return server
}

test('imapflow compresses, and reads whole messages through it', async () => {
  await using server = await withLetters('one', 'two')
  const said: string[] = []
  const log = (entry: { readonly src?: string; readonly msg?: string }): void =>
    void said.push(String(entry.msg))
  const logger = { trace: log, debug: log, info: log, warn: log, error: log }
  await using opened = await opens(server.port, { logger } as Partial<ImapFlowOptions>)
  const { client } = opened
  assert.ok(
    said.some(line => /^\S+ OK DEFLATE active/.test(line)),
    said.join('\n'),
  )
  await client.mailboxOpen('INBOX')
  const found: string[] = []
  for await (const { source } of client.fetch('1:*', { source: true })) found.push(source!.toString())
  assert.deepEqual(found, [letter('one').toString(), letter('two').toString()])
})

test('imapflow with QRESYNC is told by UID what vanished while it was here, and what while it was away', async () => {
  await using server = await withLetters('one', 'two', 'three', 'four')
  let known: { changedSince: bigint; uidValidity: bigint }
  {
    await using first = await opens(server.port, { qresync: true })
    const box = await first.client.mailboxOpen('INBOX')
    known = { changedSince: box.highestModseq!, uidValidity: box.uidValidity }
    await using other = await opens(server.port)
    await other.client.mailboxOpen('INBOX')
    await other.client.messageDelete('1', { uid: true })
    await first.client.noop()
    assert.ok(first.events.includes('expunge uid 1'), first.events.join())
    await other.client.messageDelete('2', { uid: true })
    await other.client.messageFlagsAdd('3', ['\\Flagged'], { uid: true })
  }
  await using back = await opens(server.port, { qresync: true })
  await back.client.mailboxOpen('INBOX', known)
  assert.deepEqual(back.events.filter(each => each.startsWith('expunge')).sort(), [
    'expunge uid 1 earlier',
    'expunge uid 2 earlier',
  ])
  assert.ok(back.events.includes('flags 3 \\Flagged'), back.events.join())
  assert.ok(!back.events.some(each => each.startsWith('error')))
})

test('imapflow asks for changes since, and stores only what is unchanged since (CONDSTORE)', async () => {
  await using server = await withLetters('one', 'two')
  await using opened = await opens(server.port)
  const { client } = opened
  const { highestModseq } = await client.mailboxOpen('INBOX')
  await client.messageFlagsAdd('2', ['\\Seen'], { uid: true })
  const changed: number[] = []
  for await (const each of client.fetch('1:*', { flags: true }, { uid: true, changedSince: highestModseq! }))
    changed.push(each.uid)
  assert.deepEqual(changed, [2])
  await client.messageFlagsAdd('1:2', ['\\Flagged'], { uid: true, unchangedSince: highestModseq! })
  assert.deepEqual(
    server.mailbox.messages().map(({ flags }) => flags.join()),
    ['Flagged', 'Seen'],
  )
})

test('imapflow moves, gets the new UIDs, finds folders by their use, and sees one email id in both places', async () => {
  await using server = await withLetters('one', 'two')
  await using opened = await opens(server.port)
  const { client } = opened
  const folders = await client.list()
  assert.equal(folders.find(({ specialUse }) => specialUse === '\\Trash')?.path, 'Trash')
  assert.equal(folders.find(({ specialUse }) => specialUse === '\\Sent')?.path, 'Sent')
  await client.mailboxOpen('INBOX')
  const before = await client.fetchOne('1', { threadId: true }, { uid: true })
  const moved = await client.messageMove('1', 'Trash', { uid: true })
  assert.deepEqual(moved && [...moved.uidMap!], [[1, 1]])
  await client.mailboxOpen('Trash')
  const after = await client.fetchOne('1', { threadId: true }, { uid: true })
  assert.ok(before && after && before.emailId)
  assert.equal(after.emailId, before.emailId)
})

test('imapflow reads the quota of a folder, in bytes', async () => {
  await using server = await withLetters()
  await using opened = await opens(server.port)
  const quota = await opened.client.getQuota('INBOX')
  assert.ok(quota)
  assert.equal(quota.storage?.limit, 1024 * 1024)
  assert.equal(quota.storage?.usage, 2048)
})

test('imapflow in IDLE hears of a new message at once', async () => {
  await using server = await withLetters('one')
  await using opened = await opens(server.port)
  const { client } = opened
  await client.mailboxOpen('INBOX')
  const idling = client.idle()
  const told = once(client, 'exists')
  server.mailbox.deliver(letter('two'))
  const [{ count }] = (await told) as [{ count: number }]
  assert.equal(count, 2)
  await client.noop()
  await idling
})
