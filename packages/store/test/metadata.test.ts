// Notes on folders and on the server (METADATA, RFC 5464), through IMAP.
import assert from 'node:assert/strict'
import type { MailboxHandlers } from 'email-server/mailbox'
import { serveStore } from './imap-talk.ts'
import { ALICE, BOB, test, testStore } from './support.ts'

test('notes are kept, found by depth, replaced and removed', async t => {
  const { store } = await testStore(t)
  const talk = await (await serveStore(t, store)).talk()
  await talk.ok(
    'SETMETADATA INBOX (/private/comment "mine" /shared/comment {4+}\r\nours /private/a/b "deep")',
  )
  const read = async (command: string): Promise<string[]> =>
    [...(await talk.ok(command)).matchAll(/(\/[a-z/]+) (NIL|~?\{\d+\}\r\n\w+)/g)].map(
      ([, name, value]) => `${name} ${value!.replace(/^.*\r\n/, '')}`,
    )
  assert.deepEqual(await read('GETMETADATA INBOX (/private/comment /shared/comment /shared/x)'), [
    '/private/comment mine',
    '/shared/comment ours',
    '/shared/x NIL',
  ])
  assert.deepEqual(await read('GETMETADATA (DEPTH 1) INBOX /private'), ['/private/comment mine'])
  assert.deepEqual(await read('GETMETADATA (DEPTH infinity) INBOX (/private)'), [
    '/private/a/b deep',
    '/private/comment mine',
  ])
  await talk.ok('SETMETADATA INBOX (/private/comment "again" /private/a/b NIL)')
  assert.deepEqual(await read('GETMETADATA INBOX (/private/comment /private/a/b)'), [
    '/private/comment again',
    '/private/a/b NIL',
  ])
  assert.match(await talk.ok('GETMETADATA (MAXSIZE 3) INBOX /private/comment'), /LONGENTRIES 5/)
  assert.match(await talk.say('GETMETADATA Nowhere /private/comment'), /^NO \[NONEXISTENT\]/m)
})

test('private notes are of one user, shared ones of the server are its administrator’s to write', async t => {
  const { store } = await testStore(t)
  const served = await serveStore(t, store)
  const [alice, bob] = [await served.talk(ALICE), await served.talk(BOB)]
  await store.setServerMetadata('/shared/admin', Buffer.from('mailto:root@example.test'))
  await alice.ok('SETMETADATA "" (/private/comment "alice")')
  assert.match(
    await alice.say('SETMETADATA "" (/shared/comment "x" /private/comment "y")'),
    /^NO \[NOPERM\]/m,
  )
  assert.match(await alice.ok('GETMETADATA "" (/private/comment)'), /alice/)
  const seen = await bob.ok('GETMETADATA "" (/shared/admin /private/comment)')
  assert.match(seen, /root@example\.test/)
  assert.ok(!seen.includes('alice'))
  await store.setServerMetadata('/shared/admin', null)
  assert.match(await bob.ok('GETMETADATA "" /shared/admin'), /NIL/)
  assert.throws(() => store.setServerMetadata('/private/x', null), { code: 'EUSAGE' })
})

test('there is an end to the notes of a folder and to their size; a folder takes its notes with it', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE) as Required<MailboxHandlers>
  await handlers.createFolder('a', {})
  const large = [{ name: '/private/x', value: new Uint8Array(64 * 1024 + 1) }]
  await assert.rejects(handlers.setMetadata('a', large, {}) as Promise<unknown>, { code: 'TOOBIG' })
  const note = (i: number): { name: string; value: Buffer } => ({
    name: `/private/n${i}`,
    value: Buffer.from('x'),
  })
  const hundred = Array.from({ length: 100 }, (_, i) => note(i))
  await handlers.setMetadata('a', hundred, {})
  await assert.rejects(handlers.setMetadata('a', [note(100)], {}) as Promise<unknown>, { code: 'LIMIT' })
  const all = { depth: 'infinity' } as const
  assert.equal((await handlers.getMetadata('a', ['/private'], all)).length, 100)
  await handlers.renameFolder('a', 'b', {})
  assert.equal((await handlers.getMetadata('b', ['/private'], all)).length, 100)
  await handlers.deleteFolder('b', {})
  await handlers.createFolder('b', {})
  assert.equal((await handlers.getMetadata('b', ['/private'], all)).length, 0)
})
