// Mail from another IMAP server and to another one: here both are ours; Dovecot is the other one in test/interop/transfer-imap.test.ts.
import assert from 'node:assert/strict'
import { test as nodeTest, type TestContext } from 'node:test'
import {
  type ConnectImapOptions,
  connectIMAP,
  createServer,
  type ImapConnection,
  MailError,
  type NamespaceInfo,
} from 'email-server'
import type { MailboxHandlers } from 'email-server/mailbox'
import { readIMAP, type Store, type TransferMessage } from '../src/index.ts'
import { localName, plainName, remoteFolders, remoteName } from '../src/transfer/imap-folders.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { ALICE, allUids, BOB, bytesOf, later, message, OPEN, test, testStore } from './support.ts'

interface There {
  /** Connections that the client has made. */
  readonly connections: () => number
  readonly store: Store
  readonly way: ConnectImapOptions
  /** Lines that the client has said. */
  readonly said: string[]
}

/** A store behind a server, and the way to alice's mail in it. */
async function there(t: TestContext, cuts: readonly number[] = []): Promise<There> {
  const { store } = await testStore(t)
  const server = createServer({
    hostname: 'mail.example.test',
    host: '127.0.0.1',
    ports: { imap: 0 },
    allowInsecureAuth: true,
    closeTimeout: 1000,
  })
  store.attach(server)
  await server.listen()
  later(t, () => server.close())
  const proxy = await cuttingProxy(server.ports.imap!, cuts)
  later(t, () => proxy.close())
  const said: string[] = []
  const way: ConnectImapOptions = {
    host: '127.0.0.1',
    port: proxy.port,
    secure: false,
    auth: { user: ALICE, pass: 'password' },
    reconnect: { minDelay: 1, maxDelay: 5 },
    logger: { debug: facts => said.push(JSON.stringify(facts)) },
  }
  return { store, way, said, connections: () => proxy.connections }
}

interface Found {
  readonly raw: string
  readonly flags: readonly string[]
  readonly internalDate: number
}

async function contents(handlers: MailboxHandlers, folder: string): Promise<Found[]> {
  await handlers.openFolder!(folder, OPEN)
  const uids = await allUids(handlers)
  const metas = await handlers.messageMeta!(uids, {})
  const found: Found[] = []
  for (const [index, uid] of uids.entries()) {
    const { flags = [], internalDate } = metas[index]!
    const raw = (await bytesOf(handlers, uid)).toString('latin1')
    found.push({ raw, flags: [...flags].sort(), internalDate: Math.floor(Number(internalDate) / 1000) })
  }
  return found
}

async function everything(store: Store, user = ALICE): Promise<Record<string, Found[]>> {
  const handlers = store.mailbox(user)
  const all: Record<string, Found[]> = {}
  for (const name of await store.folderNames(user)) all[name] = await contents(handlers, name)
  return all
}

const SIZES = [0, 50, 1000, 40_000, 70_000, 200_000]

/** Messages of several sizes and kinds in several folders. */
async function fill(store: Store, count = 30): Promise<void> {
  const handlers = store.mailbox(ALICE)
  for (const name of ['Work/2025/Q1', 'Empty', 'Grüße & mehr'])
    await handlers.createFolder!(name, { specialUse: [] })
  await handlers.subscribe!('Work/2025/Q1', {})
  const folders = ['INBOX', 'Sent', 'Work/2025/Q1', 'Grüße & mehr']
  for (let i = 0; i < count; i++) {
    const flags = [['Seen'], ['Flagged', '$Label1'], [], ['Answered', 'Seen', 'todo'], ['Draft'], ['Deleted']]
    await store.storeMessage(
      ALICE,
      folders[i % folders.length]!,
      message(`message ${i}`, SIZES[i % SIZES.length]),
      flags[i % flags.length],
      { internalDate: new Date(Date.UTC(2020, 1, i + 1, 12, 34, 56)) },
    )
  }
}

function bodiesAsked(said: readonly string[]): number {
  return said.filter(line => line.includes('BODY.PEEK[]')).length
}

test('an account comes in whole: folders, subscriptions, octets, flags, arrivals; and a second time nothing, without a body on the way', async t => {
  const { store: from, way, said } = await there(t)
  await fill(from)
  const { store } = await testStore(t)
  const told: string[] = []
  const done = await store.importIMAP(ALICE, way, {
    onProgress: ({ added, skipped, total }) => told.push(`${added} ${skipped} ${total}`),
  })
  assert.deepEqual({ ...done, bytes: 0 }, { added: 30, skipped: 0, refused: 0, total: 30, bytes: 0 })
  assert.equal(told.at(-1), '30 0 30')
  assert.deepEqual(await everything(store), await everything(from))
  const subscribed = async (one: Store): Promise<string[]> =>
    (await one.mailbox(ALICE).folders!({})).filter(each => each.subscribed).map(({ name }) => name)
  assert.deepEqual(await subscribed(store), await subscribed(from))
  said.length = 0
  const again = await store.importIMAP(ALICE, way)
  assert.deepEqual(again, { added: 0, skipped: 30, refused: 0, total: 30, bytes: 0 })
  assert.equal(bodiesAsked(said), 0)
  assert.ok(!said.some(line => line.includes('password')))
})

test('what is new there comes; what was removed here meanwhile does not come back, unless its folder is gone', async t => {
  const { store: from, way } = await there(t)
  await fill(from)
  const { store } = await testStore(t)
  await store.importIMAP(ALICE, way)
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  await handlers.expunge!((await allUids(handlers)).slice(0, 3), {})
  await from.deliver(message('new'), [ALICE])
  const second = await store.importIMAP(ALICE, way)
  assert.deepEqual([second.added, second.skipped], [1, 30])
  assert.equal((await contents(handlers, 'INBOX')).length, 6)
  await handlers.deleteFolder!('Grüße & mehr', {})
  assert.equal((await store.importIMAP(ALICE, way)).added, 7)
})

test('without a place nothing is remembered, and nothing is there twice all the same', async t => {
  const { store: from, way, said } = await there(t)
  await fill(from)
  const { store } = await testStore(t)
  const imap = await connectIMAP(way)
  later(t, () => imap.logout())
  assert.equal((await store.importIMAP(ALICE, imap)).added, 30)
  said.length = 0
  assert.deepEqual([(await store.importIMAP(ALICE, imap)).skipped, bodiesAsked(said) > 0], [30, true])
  // the same account under another name
  assert.deepEqual(
    [
      (await store.importIMAP(ALICE, imap, { place: 'elsewhere' })).skipped,
      (await everything(store))['INBOX']!.length,
    ],
    [30, 8],
  )
})

test('connections that are lost again and again: all comes in, nothing twice', async t => {
  const cuts = [900, 60_000, 2000, 150_000, 3000, 100_000, 400_000, 5000]
  const { store: from, way, connections } = await there(t, cuts)
  await fill(from)
  const { store } = await testStore(t)
  const imap = await connectUntilItHolds(way)
  later(t, () => imap.logout())
  const done = await store.importIMAP(ALICE, imap, { place: 'there' })
  assert.equal(done.added + done.skipped, 30)
  assert.ok(connections() > 4, `${connections()} connections`)
  assert.deepEqual(await everything(store), await everything(from))
})

/** The first connection is not tried for again by the library. */
async function connectUntilItHolds(way: ConnectImapOptions): Promise<ImapConnection> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connectIMAP(way)
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}

test('an import that is broken off goes on where it was', async t => {
  const { store: from, way, said } = await there(t)
  for (let i = 0; i < 200; i++) await from.deliver(message(`m${i}`), [ALICE])
  const { store } = await testStore(t)
  const stop = new AbortController()
  const why = new Error('enough')
  const broken = store.importIMAP(ALICE, way, { onProgress: () => stop.abort(why), signal: stop.signal })
  await assert.rejects(broken, error => error === why)
  const { total } = await store.mailbox(ALICE).openFolder!('INBOX', OPEN)
  assert.ok(total > 0 && total < 200)
  said.length = 0
  const rest = await store.importIMAP(ALICE, way)
  assert.deepEqual([rest.added, rest.skipped], [200 - total, total])
  assert.deepEqual((await everything(store))['INBOX'], (await everything(from))['INBOX'])
})

test('a folder that was made anew there is another one: compared by its octets', async t => {
  const { store: from, way } = await there(t)
  await from.storeMessage(ALICE, 'Work', message('a'))
  await from.storeMessage(ALICE, 'Work', message('b'))
  const { store } = await testStore(t)
  await store.importIMAP(ALICE, way)
  await from.mailbox(ALICE).deleteFolder!('Work', {})
  await from.storeMessage(ALICE, 'Work', message('b'))
  await from.storeMessage(ALICE, 'Work', message('c'))
  const second = await store.importIMAP(ALICE, way)
  assert.deepEqual([second.added, second.skipped], [1, 1])
})

test('below a folder; one folder only; a folder that is not there', async t => {
  const { store: from, way } = await there(t)
  await from.deliver(message('in'), [ALICE])
  await from.storeMessage(ALICE, 'Sent', message('out'))
  const { store } = await testStore(t)
  await store.importIMAP(ALICE, way, { folder: 'Old' })
  assert.equal((await contents(store.mailbox(ALICE), 'Old')).length, 1)
  assert.equal((await contents(store.mailbox(ALICE), 'Old/Sent')).length, 1)
  assert.equal((await store.importIMAP(ALICE, way, { only: 'Sent' })).added, 1)
  assert.equal((await contents(store.mailbox(ALICE), 'INBOX')).length, 0)
  await assert.rejects(store.importIMAP(ALICE, way, { only: 'Nothing' }), { code: 'EMESSAGE' })
  await assert.rejects(store.importIMAP('carol@example.test', way), { code: 'EUSAGE' })
})

test('a message that is too long ends it, or is passed over and told', async t => {
  const { store: from, way } = await there(t)
  for (const size of [10, 5000, 20]) await from.deliver(message(`of ${size}`, size), [ALICE])
  const { store } = await testStore(t)
  await assert.rejects(store.importIMAP(ALICE, way, { maxMessage: 1000 }), { code: 'ELIMIT' })
  const refused: string[] = []
  const done = await store.importIMAP(ALICE, way, {
    maxMessage: 1000,
    onRefused: ({ folder, uid, error }) => refused.push(`${folder} ${uid} ${error.code}`),
  })
  assert.deepEqual(refused, ['INBOX 2 ELIMIT'])
  assert.deepEqual([done.added + done.skipped, done.refused], [2, 1])
})

test('readIMAP gives the messages without a store', async t => {
  const { store: from, way } = await there(t)
  await fill(from, 4)
  const imap = await connectIMAP(way)
  later(t, () => imap.logout())
  const found: TransferMessage[] = []
  for await (const one of readIMAP(imap)) found.push(one)
  assert.deepEqual(
    found.map(({ folder, flags }) => [folder, [...flags].sort()]),
    [
      ['INBOX', ['Seen']],
      ['Sent', ['$Label1', 'Flagged']],
      ['Grüße & mehr', ['Answered', 'Seen', 'todo']],
      ['Work/2025/Q1', []],
    ],
  )
})

test('an account goes out whole, several messages at a time; and a second time nothing', async t => {
  const { store: to, way, said } = await there(t)
  const { store } = await testStore(t)
  await fill(store)
  const done = await store.exportIMAP(ALICE, way)
  assert.deepEqual({ ...done, bytes: 0 }, { added: 30, skipped: 0, refused: 0, total: 30, bytes: 0 })
  assert.deepEqual(await everything(to), await everything(store))
  const appends = said.filter(line => line.includes('APPEND ')).length
  assert.ok(appends > 0 && appends < 30, `${appends} commands for 30 messages`)
  said.length = 0
  assert.equal((await store.exportIMAP(ALICE, way)).skipped, 30)
  assert.equal(said.filter(line => line.includes('APPEND ')).length + bodiesAsked(said), 0)
  await store.deliver(message('new'), [ALICE])
  assert.deepEqual([(await store.exportIMAP(ALICE, way)).added, bodiesAsked(said)], [1, 0])
})

test('what is there already is known by its octets, also when no earlier time is remembered', async t => {
  const { store: to, way } = await there(t)
  const { store } = await testStore(t)
  await fill(store)
  for (const name of ['message 0', 'message 8']) {
    await to.storeMessage(ALICE, 'INBOX', message(name, name === 'message 8' ? 1000 : 0))
  }
  // of the same size, and not the same
  await to.storeMessage(ALICE, 'INBOX', message('message 9', 1000))
  const imap = await connectIMAP(way)
  later(t, () => imap.logout())
  const done = await store.exportIMAP(ALICE, imap)
  assert.deepEqual([done.added, done.skipped], [28, 2])
  assert.deepEqual(
    [(await store.exportIMAP(ALICE, imap)).skipped, (await everything(to))['INBOX']!.length],
    [30, 9],
  )
})

test('an export whose connections are lost again and again: nothing is missing, nothing twice', async t => {
  const cuts = [900, 1500, 2500, 1200, 3000, 1300, 2000, 1400, 1600, 5000]
  const { store: to, way, connections } = await there(t, cuts)
  const { store } = await testStore(t)
  await fill(store)
  const imap = await connectUntilItHolds(way)
  later(t, () => imap.logout())
  const done = await store.exportIMAP(ALICE, imap)
  assert.equal(done.added + done.skipped, 30)
  assert.ok(connections() > 4, `${connections()} connections`)
  assert.deepEqual(await everything(to), await everything(store))
})

test('what the server does not take ends it, or is passed over and told', async t => {
  const { store: to, way } = await there(t)
  await to.setQuota(ALICE, { messages: 2 })
  const { store } = await testStore(t)
  for (const each of ['a', 'b', 'c']) await store.deliver(message(each), [ALICE])
  // no message's own fault
  await assert.rejects(store.exportIMAP(ALICE, way, { onRefused: () => {} }), { serverCode: 'OVERQUOTA' })
  await to.setQuota(ALICE, { messages: null })
  assert.equal((await store.exportIMAP(ALICE, way)).total, 3)
  assert.equal((await everything(to))['INBOX']!.length, 3)
})

test('an export is for the user whose it is, below a folder if that is said', async t => {
  const { store: to, way } = await there(t)
  const { store } = await testStore(t)
  await store.deliver(message('for bob'), [BOB])
  await store.storeMessage(BOB, 'Work/Plans', message('plan'))
  assert.equal((await store.exportIMAP(BOB, way, { folder: 'Bob' })).added, 2)
  assert.deepEqual(
    (await to.folderNames(ALICE)).filter(name => name.startsWith('Bob')),
    ['Bob', 'Bob/Archive', 'Bob/Drafts', 'Bob/Junk', 'Bob/Sent', 'Bob/Trash', 'Bob/Work', 'Bob/Work/Plans'],
  )
  await assert.rejects(store.exportIMAP(BOB, way, { only: 'Nothing' }), { code: 'NONEXISTENT' })
})

interface Listed {
  readonly name: string
  readonly delimiter?: string | null
  readonly attributes?: readonly string[]
  readonly specialUse?: string
}

/** A server that lists these folders. */
function listing(folders: readonly Listed[], namespaces?: NamespaceInfo): ImapConnection {
  const all = folders.map(folder => ({ delimiter: '.', attributes: [], specialUse: null, ...folder }))
  return {
    has: (name: string) => name === 'NAMESPACE' && namespaces !== undefined,
    list: async () => all,
    lsub: async () => [],
    namespace: async () => namespaces,
  } as unknown as ImapConnection
}

const USES = new Map(['Sent', 'Trash', 'Junk', 'Archive', 'Drafts'].map(use => [use, use]))

async function namesOf(imap: ImapConnection): Promise<readonly string[]> {
  const { all } = await remoteFolders(imap)
  const told = new Set(all.flatMap(({ specialUse }) => specialUse ?? []))
  return all.map(folder => localName(folder, USES, told))
}

nodeTest(
  'folders of other servers as ours: delimiters, namespaces, uses, what no name may have',
  async () => {
    const courier = {
      personal: [{ prefix: 'INBOX.', delimiter: '.' }],
      otherUsers: [{ prefix: 'user.', delimiter: '.' }],
      shared: [{ prefix: 'shared.', delimiter: '.' }],
    }
    const own = [
      'INBOX',
      'INBOX.Work.a/b',
      'INBOX.Sent Items',
      'INBOX.Other Users.x',
      'user.bob',
      'shared',
      'shared.all',
    ]
    assert.deepEqual(
      await namesOf(
        listing(
          own.map(name => ({ name })),
          courier,
        ),
      ),
      ['INBOX', 'Work/a_b', 'Sent', 'Other Users_/x'],
    )
    const gmail = [
      { name: '[Gmail]', attributes: ['Noselect'] },
      { name: '[Gmail]/All Mail', specialUse: 'All' },
      { name: '[Gmail]/Sent Mail', specialUse: 'Sent' },
      { name: '[Gmail]/Starred', specialUse: 'Flagged' },
      { name: '[Gmail]/Important', specialUse: 'Important' },
      { name: '[Gmail]/Spam', specialUse: 'Junk' },
      { name: 'Spam' },
      { name: 'INBOX' },
      { name: 'Travel/50% off*' },
    ].map(folder => ({ ...folder, delimiter: '/' }))
    assert.deepEqual(await namesOf(listing(gmail)), [
      'INBOX',
      'Sent',
      'Junk',
      // the server has said which one is for junk
      'Spam',
      'Travel/50_ off_',
      'Archive',
    ])
    assert.deepEqual(
      await namesOf(listing([{ name: 'a.b', delimiter: null }, { name: 'x..y.' }, { name: '.' }])),
      ['a.b', 'x/y', '_'],
    )
    const deep = Array.from({ length: 50 }, (_, i) => `l${i}`).join('.')
    const [folder] = (await remoteFolders(listing([{ name: deep }]))).all
    assert.equal(plainName(folder!).split('/').length, 31)
  },
)

nodeTest('our folders on other servers: delimiters, prefixes, uses', () => {
  const uses = new Map([['Sent', 'INBOX.Sent Items']])
  const at = (
    name: string,
    delimiter: string | null,
    prefix = '',
    specialUse: string | null = null,
  ): string => remoteName({ name, specialUse }, { all: [], prefix, delimiter }, uses)
  assert.equal(at('INBOX', '.', 'INBOX.'), 'INBOX')
  assert.equal(at('INBOX/x', '.', 'INBOX.'), 'INBOX.x')
  assert.equal(at('Work/v1.2', '.', 'INBOX.'), 'INBOX.Work.v1_2')
  assert.equal(at('Work/v1.2', '/'), 'Work/v1.2')
  assert.equal(at('Work/v1.2', null), 'Work_v1.2')
  assert.equal(at('Gesendet', '.', 'INBOX.', 'Sent'), 'INBOX.Sent Items')
})

test('what a view of all messages shows is taken when it is in no folder', async t => {
  const { store } = await testStore(t)
  const from = (name: string, folder: string, view: boolean): TransferMessage => ({
    raw: message(name),
    flags: [],
    internalDate: null,
    folder,
    ...(view && { onlyIfNowhere: true }),
  })
  await store.importMessages(ALICE, [
    from('a', 'INBOX', false),
    from('b', 'Work', false),
    from('a', 'Archive', true),
    from('c', 'Archive', true),
    from('b', 'Archive', true),
    from('c', 'Archive', true),
  ])
  assert.deepEqual(
    (await contents(store.mailbox(ALICE), 'Archive')).map(({ raw }) => /Subject: (.*)\r/.exec(raw)?.[1]),
    ['c'],
  )
})

/** A folder of messages 1 to 5 behind a server with habits. */
function habits(
  fetch: (uids: readonly number[]) => AsyncGenerator<object>,
  still: readonly number[] = [],
): ImapConnection {
  const mailbox = { uidValidity: 7, total: 5 }
  return {
    ...listing([{ name: 'INBOX' }]),
    mailbox,
    lock: async () => ({ mailbox, release: () => {} }),
    search: async ({ uid }: { uid?: readonly number[] }) => (uid ? still : [1, 2, 3, 4, 5]),
    fetch,
  } as unknown as ImapConnection
}

function told(uid: number, text: string | null): object {
  const content = {
    size: text === null ? null : text.length,
    bytes: async () => Buffer.from(text ?? ''),
    cancel: () => {},
  }
  return { uid, flags: ['Seen', 'Recent'], internalDate: new Date(0), size: 4, content }
}

async function marks(imap: ImapConnection, refused: number[] = []): Promise<string[]> {
  const found: string[] = []
  for await (const { origin } of readIMAP(imap, { onRefused: ({ uid }) => refused.push(uid) })) {
    found.push(`${origin!.uid} ${origin!.mark}`)
  }
  return found
}

nodeTest('answers in any order become messages in order; flags told unasked are none', async () => {
  const mixed = habits(async function* () {
    for (const uid of [4, 2, 5, 1, 3]) yield told(uid, 'text')
    yield { uid: 3, flags: [] }
  })
  assert.deepEqual(await marks(mixed), ['1 1', '2 2', '3 3', '4 4', '5 5'])
})

nodeTest('a message that is gone is none; one that is there and is not given is told', async () => {
  const refused: number[] = []
  const forgetful = habits(
    async function* () {
      for (const uid of [1, 3, 5]) yield told(uid, uid === 3 ? null : 'text')
    },
    [3],
  )
  assert.deepEqual(await marks(forgetful, refused), ['1 1', '5 1'])
  assert.deepEqual(refused, [3])
  await assert.rejects(
    async () => {
      for await (const _ of readIMAP(forgetful));
    },
    { code: 'EMESSAGE' },
  )
})

nodeTest('a message at which the server gives up is found, and the others come', async () => {
  const refused: number[] = []
  const broken = habits(async function* (uids) {
    for (const uid of uids) {
      if (uid === 2) throw new MailError('ECOMMAND', 'NO cannot read it', { permanent: true })
      yield told(uid, 'text')
    }
  })
  assert.deepEqual(await marks(broken, refused), ['1 1', '3 3', '4 4', '5 5'])
  assert.deepEqual(refused, [2])
})
