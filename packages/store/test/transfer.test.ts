// Import and export: mbox, Maildir, and a store in between. Files as other programs write them are written out here; programs
// that others wrote read and write them in test/interop/transfer-python.test.ts.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test as plainTest } from 'node:test'
import fc from 'fast-check'
import {
  MaildirWriter,
  maildirFolders,
  readMaildir,
  readMbox,
  type Store,
  type TransferMessage,
  writeMbox,
} from '../src/index.ts'
import { ALICE, allUids, bytesOf, message, OPEN, temporaryDirectory, test, testStore } from './support.ts'

async function* inPieces(text: string | Buffer, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string | Buffer, size: number = 64 * 1024): Promise<TransferMessage[]> {
  const found: TransferMessage[] = []
  for await (const one of readMbox(inPieces(text, size))) found.push(one)
  return found
}

async function written(messages: readonly TransferMessage[]): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of writeMbox(messages)) pieces.push(piece)
  return Buffer.concat(pieces)
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

interface Found {
  readonly subject: string
  readonly flags: readonly string[]
  readonly raw: string
  readonly internalDate: number
}

async function contents(store: Store, folder: string): Promise<Found[]> {
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!(folder, OPEN)
  const uids = await allUids(handlers)
  const metas = await handlers.messageMeta!(uids, {})
  const envelopes = await handlers.messageEnvelope!(uids, {})
  const found: Found[] = []
  for (const [index, uid] of uids.entries()) {
    found.push({
      subject: envelopes[index]?.subject ?? '',
      flags: metas[index]!.flags ?? [],
      raw: text(await bytesOf(handlers, uid)),
      internalDate: Number(metas[index]!.internalDate),
    })
  }
  return found
}

const MBOX = `From alice@example.test Thu Jan  1 12:34:56 2026
From: a@example.test
Subject: one
Status: RO
X-Status: AF
X-Keywords: $Label1 todo
 more
X-UID: 7

>From the start
>>From quoted once more
From here on it is text, for it has no date.

From neither this, after an empty line
last line

From MAILER-DAEMON Fri Jan  2 00:00:00 +0200 2026
Subject: two
X-Mozilla-Status: 1005
X-Mozilla-Status2: 00000000
X-Mozilla-Keys: $label2

body
From - Sat Jan 03 01:02:03 2026
this line is text: no empty line before the one above

From - Sat Jan 03 01:02:03 2026
Subject: deleted in Thunderbird, waiting to be compacted
X-Mozilla-Status: 0009

From - Sat Jan 03 04:05:06 2026
Subject: three

`

plainTest(
  'an mbox is read: quoting, dates, flags of several programs, at any cut of its octets',
  async () => {
    for (const size of [1, 2, 3, 7, 64, 65_536]) {
      for (const ends of ['\n', '\r\n']) {
        const found = await read(MBOX.replaceAll('\n', ends), size)
        assert.deepEqual(
          found.map(({ raw, flags, internalDate }) => ({
            raw: text(raw),
            flags,
            at: internalDate?.toISOString(),
          })),
          [
            {
              raw: 'From: a@example.test\r\nSubject: one\r\n\r\nFrom the start\r\n>From quoted once more\r\nFrom here on it is text, for it has no date.\r\n\r\nFrom neither this, after an empty line\r\nlast line\r\n',
              flags: ['Seen', 'Answered', 'Flagged', '$Label1', 'todo'],
              at: '2026-01-01T12:34:56.000Z',
            },
            {
              raw: 'Subject: two\r\n\r\nbody\r\nFrom - Sat Jan 03 01:02:03 2026\r\nthis line is text: no empty line before the one above\r\n',
              flags: ['Seen', 'Flagged', '$Forwarded', '$label2'],
              at: '2026-01-01T22:00:00.000Z',
            },
            // the empty line at the end is the file's
            { raw: 'Subject: three\r\n', flags: [], at: '2026-01-03T04:05:06.000Z' },
          ],
        )
      }
    }
  },
)

plainTest('what is no mbox is refused, an empty file has no messages, a message has an end', async () => {
  await assert.rejects(read('Subject: x\n\nbody\n'), { code: 'EMESSAGE' })
  await assert.rejects(read('From nobody\n'), { code: 'EMESSAGE' })
  assert.deepEqual(await read(''), [])
  assert.deepEqual(await read('\n\n'), [])
  const long = `From a Thu Jan  1 12:34:56 2026\nSubject: x\n\n${'x'.repeat(500)}\n`
  const reading = readMbox(inPieces(long, 100), { maxMessage: 400 })
  await assert.rejects(reading.next(), { code: 'ELIMIT' })
})

plainTest('an mbox that we write is read to the same messages', async () => {
  const line = fc.oneof(
    fc.constantFrom('', 'From x Thu Jan  1 12:34:56 2026', '>From y', '>>From', 'From ', '>', 'Status: RO'),
    fc.string({ maxLength: 20 }).map(it => it.replaceAll(/[\r\n]/g, '')),
  )
  const one = fc.record({
    body: fc.array(line, { maxLength: 8 }),
    flags: fc.uniqueArray(
      fc.constantFrom('Seen', 'Answered', 'Flagged', 'Draft', 'Deleted', '$Forwarded', 'x'),
    ),
    seconds: fc.integer({ min: 0, max: 4_000_000_000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), async (ones, cut) => {
      const messages = ones.map(({ body, flags, seconds }, index) => ({
        raw: Buffer.from(`Subject: ${index}\r\n\r\n${body.map(each => `${each}\r\n`).join('')}`, 'utf8'),
        flags,
        internalDate: new Date(seconds * 1000),
        folder: null,
      }))
      const found = await read(await written(messages), cut)
      assert.deepEqual(
        found.map(({ raw, flags, internalDate }) => [text(raw), [...flags].sort(), internalDate]),
        messages.map(({ raw, flags, internalDate }) => [text(raw), [...flags].sort(), internalDate]),
      )
    }),
    { numRuns: 300 },
  )
})

plainTest('flags that a stranger has written into his message are not taken for ours', async () => {
  const raw = Buffer.from('Subject: x\r\nX-Status: D\r\nStatus: RO\r\n folded\r\n\r\nbody\r\n')
  const [found] = await read(await written([{ raw, flags: [], internalDate: new Date(0), folder: null }]))
  assert.deepEqual(found!.flags, [])
  assert.equal(text(found!.raw), 'Subject: x\r\n\r\nbody\r\n')
})

test('an import is in order, durable as far as it is counted, and begun anew adds what is missing', async t => {
  const { store } = await testStore(t, { smallBody: 1000 })
  const raws = Array.from({ length: 150 }, (_, index) => message(`m${index}`, index % 10 === 0 ? 5000 : 10))
  const all = raws.map((raw, index) => ({
    raw,
    flags: index % 2 === 0 ? ['Seen', 'not a keyword'] : [],
    internalDate: new Date(1_700_000_000_000 + index * 1000),
    folder: index < 100 ? null : 'Old/2024',
  }))
  async function* breaking(): AsyncGenerator<TransferMessage> {
    yield* all.slice(0, 70)
    throw new Error('the file cannot be read')
  }
  const counted: number[] = []
  await assert.rejects(
    store.importMessages(ALICE, breaking(), { onProgress: ({ added }) => counted.push(added) }),
    /the file cannot be read/,
  )
  assert.deepEqual(counted, [64])
  assert.equal((await contents(store, 'INBOX')).length, 64)
  const second = await store.importMessages(ALICE, all)
  assert.deepEqual([second.added, second.skipped], [86, 64])
  assert.equal(
    second.bytes,
    raws.reduce((sum, { length }) => sum + length, 0),
  )
  const inbox = await contents(store, 'INBOX')
  assert.deepEqual(
    inbox.map(({ subject }) => subject),
    raws.slice(0, 100).map((_, index) => `m${index}`),
  )
  assert.deepEqual(inbox[2]!.flags, ['Seen'])
  assert.equal(inbox[2]!.internalDate, 1_700_000_002_000)
  assert.equal((await contents(store, 'Old/2024')).length, 50)
  const third = await store.importMessages(ALICE, all)
  assert.deepEqual([third.added, third.skipped], [0, 150])
  await assert.rejects(store.importMessages('nobody@example.test', []), { code: 'EUSAGE' })
  const controller = new AbortController()
  controller.abort()
  await assert.rejects(store.importMessages(ALICE, all, { signal: controller.signal }), {
    name: 'AbortError',
  })
})

test('an import ends where the account is full; what was counted stays', async t => {
  const { store } = await testStore(t)
  await store.setQuota(ALICE, { messages: 100 })
  const all = Array.from({ length: 150 }, (_, index) => ({
    raw: message(`m${index}`),
    flags: [],
    internalDate: null,
    folder: null,
  }))
  const counted: number[] = []
  await assert.rejects(store.importMessages(ALICE, all, { onProgress: ({ added }) => counted.push(added) }), {
    code: 'OVERQUOTA',
  })
  assert.deepEqual(counted, [64])
  assert.equal((await contents(store, 'INBOX')).length, 64)
})

test('an open session hears of an import', async t => {
  const { store } = await testStore(t)
  const totals: number[] = []
  const session = store.openMailbox(ALICE, change => {
    if (change.kind === 'exists') totals.push(change.total)
  })
  await session.handlers.openFolder!('INBOX', OPEN)
  await store.importMessages(ALICE, [{ raw: message('x'), flags: [], internalDate: null, folder: null }])
  assert.deepEqual(totals, [1])
})

test('a message without an arrival has that of its Date field', async t => {
  const { store } = await testStore(t)
  const raw = Buffer.from('Date: Thu, 1 Jan 2026 12:00:00 +0100\r\nSubject: x\r\n\r\n')
  await store.importMessages(ALICE, [{ raw, flags: [], internalDate: null, folder: null }])
  const [found] = await contents(store, 'INBOX')
  assert.equal(found!.internalDate, Date.UTC(2026, 0, 1, 11))
})

test('a Maildir of Dovecot is read: folders, flags, keywords, times', async t => {
  const directory = await temporaryDirectory(t)
  const put = async (folder: string, part: string, name: string, subject: string): Promise<void> => {
    await mkdir(join(directory, folder, part), { recursive: true })
    const path = join(directory, folder, part, name)
    await writeFile(path, `Subject: ${subject}\n\nbody\n`)
    await utimes(path, 1_700_000_000, 1_700_000_000)
  }
  await put('', 'cur', '1700000002.M2P1.host,S=20,W=21:2,RSab', 'second')
  await put('', 'cur', '1700000001.M1P1.host:2,DFPT', 'first')
  await put('', 'new', '1700000003.M3P1.host', 'third')
  await put('', 'tmp', '1700000009.M9P1.host', 'not yet there')
  await put('.Sent', 'cur', '1700000001.M1P1.host;2,S', 'sent')
  await put('.Archive.Entw&APw-rfe', 'cur', '1.M1P1.host', 'deep')
  await put('.Archive.Gr\u00fc\u00dfe', 'cur', '1.M1P1.host', 'utf-8')
  await put('plain/inside', 'cur', '1.M1P1.host', 'directories')
  await mkdir(join(directory, '.git', 'objects'), { recursive: true })
  await writeFile(join(directory, 'dovecot-keywords'), '0 $Label1\n1 todo\n99 beyond\nnonsense\n')
  const folders = await maildirFolders(directory)
  assert.deepEqual(
    folders.map(({ name, count }) => [name, count]),
    [
      ['INBOX', 3],
      ['Archive/Entw\u00fcrfe', 1],
      ['Archive/Gr\u00fc\u00dfe', 1],
      ['Sent', 1],
      ['plain/inside', 1],
    ],
  )
  const found: TransferMessage[] = []
  for (const folder of folders) for await (const one of readMaildir(folder)) found.push(one)
  assert.deepEqual(
    found.map(({ raw, flags, folder }) => [folder, text(raw).split('\r\n')[0], flags.join(' ')]),
    [
      ['INBOX', 'Subject: first', 'Draft Flagged $Forwarded Deleted'],
      ['INBOX', 'Subject: second', 'Answered Seen $Label1 todo'],
      ['INBOX', 'Subject: third', ''],
      ['Archive/Entw\u00fcrfe', 'Subject: deep', ''],
      ['Archive/Gr\u00fc\u00dfe', 'Subject: utf-8', ''],
      ['Sent', 'Subject: sent', 'Seen'],
      ['plain/inside', 'Subject: directories', ''],
    ],
  )
  assert.equal(found[0]!.internalDate?.getTime(), 1_700_000_000_000)
  await assert.rejects(maildirFolders(join(directory, '.git')), { code: 'EMESSAGE' })
})

test('a store goes through a Maildir into another store, folders, flags, keywords and all; the second time nothing is new', async t => {
  const { store } = await testStore(t, { smallBody: 1000 })
  const directory = join(await temporaryDirectory(t), 'maildir')
  await store.storeMessage(ALICE, 'INBOX', message('one'), ['Seen', '$Work'], {
    internalDate: new Date(1e12),
  })
  await store.storeMessage(ALICE, 'INBOX', message('two', 5000), ['Flagged', 'Draft'])
  await store.storeMessage(ALICE, 'A.b/c & d/\u00e4', message('three'), ['Answered', 'Deleted', '$Forwarded'])
  const exportAll = async (): Promise<number> => {
    const writer = new MaildirWriter(directory)
    let count = 0
    for (const folder of await store.folderNames(ALICE)) {
      await writer.folder(folder)
      for await (const one of store.exportMessages(ALICE, folder)) if (await writer.add(one)) count++
    }
    await writer.close()
    return count
  }
  assert.equal(await exportAll(), 3)
  assert.equal(await exportAll(), 0)
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  await handlers.setFlags!([2], ['Seen'], { mode: 'set', changed: ['Seen'] })
  assert.equal(await exportAll(), 0)
  assert.deepEqual(
    (await readdir(join(directory, 'cur'))).map(name => name.replace(/.*:/, '')).sort(),
    ['2,S', '2,Sa'],
    'flags follow',
  )
  assert.ok((await stat(join(directory, '.Sent', 'maildirfolder'))).isFile())
  assert.match(await readFile(join(directory, 'dovecot-keywords'), 'utf8'), /^0 \$Work\n$/)

  const { store: other } = await testStore(t)
  const all = async function* (): AsyncGenerator<TransferMessage> {
    for (const folder of await maildirFolders(directory)) yield* readMaildir(folder)
  }
  assert.equal((await other.importMessages(ALICE, all())).added, 3)
  assert.equal((await other.importMessages(ALICE, all())).added, 0)
  for (const folder of ['INBOX', 'A.b/c & d/\u00e4']) {
    assert.deepEqual(await contents(other, folder), await contents(store, folder))
  }
})

test('an export of a folder to an mbox, imported again, finds everything there', async t => {
  const { store } = await testStore(t)
  await store.storeMessage(ALICE, 'INBOX', message('one'), ['Seen'])
  await store.storeMessage(ALICE, 'INBOX', Buffer.from('Subject: x\r\n\r\nFrom me\r\n>From you\r\n'))
  const pieces: Uint8Array[] = []
  for await (const piece of writeMbox(store.exportMessages(ALICE))) pieces.push(piece)
  const again = await store.importMessages(ALICE, await read(Buffer.concat(pieces)))
  assert.deepEqual([again.added, again.skipped], [0, 2])
})
