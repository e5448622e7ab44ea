// Mail from Dovecot into a store and out of a store to Dovecot: every octet, flag and arrival, broken off and begun anew, nothing twice.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openStore, readIMAP, type Store } from '@email-server/store'
import { type ConnectImapOptions, connectIMAP, type ImapConnection } from 'email-server'
import { TEST_CERT } from '../support/certificate.ts'
import { type Dovecot, startDovecot } from '../support/dovecot.ts'
import { MESSAGES } from '../support/messages.ts'

const USER = 'alice'
const PASSWORD = 'correct horse, battery=staple'
const ALICE = 'alice@example.test'
const LETTERS = [...MESSAGES.values()]

let dovecot: Dovecot
let directory: string
let store: Store
before(async () => {
  dovecot = await startDovecot(USER, PASSWORD, LETTERS)
  directory = await mkdtemp(join(tmpdir(), 'email-server-transfer-'))
  store = await openStore(`sqlite:${directory}`)
  await store.addDomain('example.test')
  await store.addUser(ALICE, 'password')
})
after(async () => {
  await store.close()
  await dovecot[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

function way(said: string[] = []): ConnectImapOptions {
  return {
    host: 'localhost',
    port: dovecot.imaps,
    tls: { ca: TEST_CERT },
    auth: { user: USER, pass: PASSWORD },
    logger: { debug: facts => said.push(JSON.stringify(facts)) },
  }
}

interface Found {
  readonly octets: string
  readonly flags: readonly string[]
  readonly arrived: number
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function sorted(flags: readonly string[] = []): readonly string[] {
  return flags.filter(flag => flag !== 'Recent').sort()
}

/** What Dovecot has, as its own FETCH tells it. */
async function inDovecot(imap: ImapConnection, folder: string): Promise<Found[]> {
  await imap.examine(folder)
  const all = await imap.fetch('1:*', { flags: true, internalDate: true, body: true })
  // it works on two FETCH at a time, and mixes their answers
  all.sort((a, b) => a.uid - b.uid)
  return all.map(({ body, flags, internalDate }) => ({
    octets: digest(body!),
    flags: sorted(flags),
    arrived: internalDate!.getTime(),
  }))
}

async function inStore(user: string, folder: string): Promise<Found[]> {
  const found: Found[] = []
  for await (const { raw, flags, internalDate } of store.exportMessages(user, folder)) {
    found.push({
      octets: digest(raw),
      flags: sorted(flags),
      arrived: internalDate!.getTime(),
    })
  }
  return found
}

const crlf = (text: string): string => text.replaceAll(/\r?\n/g, '\r\n')

test('from Dovecot: folders, subscriptions, octets, flags and arrivals; a second time without a body on the way', async () => {
  const imap = await connectIMAP(way())
  for (const name of ['Work/2025', 'Grüße & mehr', 'Empty']) await imap.create(name)
  await imap.subscribe('Work/2025')
  const flags = [['Seen'], ['Flagged', '$Label1'], [], ['Answered', 'todo']]
  for (const [i, folder] of ['Work/2025', 'Grüße & mehr', 'Sent', 'Trash', 'Work/2025'].entries()) {
    const text = crlf(`Subject: ${i}\n\n${'line\n'.repeat(i * 3000)}`)
    await imap.append(folder, text, flags[i % flags.length]!, {
      date: new Date(Date.UTC(2021, i, 2, 3, 4, 5)),
    })
  }
  const done = await store.importIMAP(ALICE, way())
  assert.deepEqual(
    { ...done, bytes: 0 },
    { added: LETTERS.length + 5, skipped: 0, refused: 0, total: LETTERS.length + 5, bytes: 0 },
  )
  for (const folder of ['INBOX', 'Work/2025', 'Grüße & mehr', 'Sent', 'Trash', 'Empty']) {
    assert.deepEqual(await inStore(ALICE, folder), await inDovecot(imap, folder), folder)
  }
  assert.equal((await inStore(ALICE, 'INBOX')).length, LETTERS.length)
  const subscribed = (await store.mailbox(ALICE).folders!({})).filter(each => each.subscribed)
  assert.ok(subscribed.some(({ name }) => name === 'Work/2025'))
  assert.ok(!subscribed.some(({ name }) => name === 'Empty'))
  const said: string[] = []
  const again = await store.importIMAP(ALICE, way(said))
  assert.deepEqual([again.added, again.skipped], [0, LETTERS.length + 5])
  assert.ok(!said.some(line => line.includes('BODY.PEEK[]')))
  await imap.append('Work/2025', crlf('Subject: new\n\n'))
  assert.equal((await store.importIMAP(ALICE, way())).added, 1)
  await imap.logout()
})

test('from Dovecot into an mbox, without a store', async () => {
  await using imap = await connectIMAP(way())
  let count = 0
  for await (const { folder } of readIMAP(imap, { only: 'INBOX' })) {
    assert.equal(folder, 'INBOX')
    count++
  }
  assert.equal(count, LETTERS.length)
})

test('to Dovecot: the same; broken off and begun anew; nothing twice, with a memory of it and without', async () => {
  const bob = 'bob@example.test'
  await store.addUser(bob, 'password')
  for (let i = 0; i < 300; i++) {
    const flags = [['Seen'], ['Flagged', '$Label1'], [], ['Answered', 'Draft', 'todo']]
    const folder = ['INBOX', 'Plans/v1.2/Grün', 'Sent'][i % 3]!
    const text = crlf(`Subject: ${i}\n\n${'a line\n'.repeat((i * 37) % 2000)}`)
    await store.storeMessage(bob, folder, Buffer.from(text), flags[i % flags.length]!, {
      internalDate: new Date(Date.UTC(2022, 0, 1 + i, 6, 7, 8)),
    })
  }
  const stop = new AbortController()
  const why = new Error('enough')
  const folder = 'From Bob'
  await assert.rejects(
    store.exportIMAP(bob, way(), {
      folder,
      signal: stop.signal,
      onProgress: ({ added }) => added > 0 && stop.abort(why),
    }),
    error => error === why,
  )
  const rest = await store.exportIMAP(bob, way(), { folder })
  assert.ok(rest.skipped > 0 && rest.added > 0, `${rest.added} and ${rest.skipped}`)
  assert.equal(rest.added + rest.skipped, 300)
  const imap = await connectIMAP(way())
  const same = async (): Promise<void> => {
    for (const [ours, theirs] of [
      ['INBOX', 'From Bob'],
      // Dovecot's Maildir takes no dot in a name
      ['Plans/v1.2/Grün', 'From Bob/Plans/v1_2/Grün'],
      ['Sent', 'From Bob/Sent'],
    ] as const) {
      assert.deepEqual(await inDovecot(imap, theirs), await inStore(bob, ours), theirs)
    }
  }
  await same()
  assert.equal((await store.exportIMAP(bob, way(), { folder })).skipped, 300)
  assert.equal((await store.exportIMAP(bob, imap, { folder })).skipped, 300)
  await same()
  await imap.logout()
})

test('to Dovecot and back: what went out comes in as it was', async () => {
  const carol = 'carol@example.test'
  await store.addUser(carol, 'password')
  await store.importIMAP(carol, way(), { only: 'From Bob/Plans/v1_2/Grün' })
  assert.deepEqual(
    await inStore(carol, 'From Bob/Plans/v1_2/Grün'),
    await inStore('bob@example.test', 'Plans/v1.2/Grün'),
  )
})
