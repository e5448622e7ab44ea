// What a store must keep of messages: every octet, UIDs that only grow, dates, numbers. RFC 9051 §2.3, §6.3.12, §6.4.3 to §6.4.8.
import assert from 'node:assert/strict'
import type { ClosedRange } from '../../base/ranges.ts'
import { timeOf } from '../../mailbox/index.ts'
import { type Check, check, letter, refused } from './kit.ts'

const head = 'Subject: x\r\n\r\n'
const BODIES: readonly (readonly [string, Uint8Array])[] = [
  ['an ordinary one', letter('ordinary')],
  ['one without a body', Buffer.from('Subject: only\r\n\r\n')],
  ['one without a header', Buffer.from('\r\njust text\r\n')],
  ['one octet', Buffer.from('x')],
  ['one that does not end in CRLF', Buffer.from(`${head}no end`)],
  ['one with bare LF and CR', Buffer.from(`${head}a\nb\rc\r\n`)],
  ['one with NUL', Buffer.from(`${head}\0\0\r\n`)],
  ['one with every octet', Buffer.concat([Buffer.from(head), Uint8Array.from({ length: 256 }, (_, i) => i)])],
  ['one that is no UTF-8', Buffer.concat([Buffer.from(head), Buffer.from('ff fe 80 c3 28', 'latin1')])],
  ['one with dots', Buffer.from(`${head}.\r\n..\r\n.x\r\n`)],
  ['one with a line of 100,000 octets', Buffer.from(`${head}${'y'.repeat(100_000)}\r\n`)],
  ['one of 127 KiB', Buffer.concat([Buffer.from(head), Buffer.alloc(127 * 1024, 'z\r\n')])],
  ['one of 129 KiB', Buffer.concat([Buffer.from(head), Buffer.alloc(129 * 1024, 'z\r\n')])],
  ['one of 3 MiB', Buffer.concat([Buffer.from(head), Buffer.alloc(3 * 1024 * 1024, 'abcdefgh\r\n')])],
]
const DATES = [
  '1970-01-01T00:00:01Z',
  '1999-12-31T23:59:59Z',
  '2026-02-28T12:00:00Z',
  '2038-01-19T03:14:08Z',
  '2100-01-01T00:00:00Z',
]
const RANGES: readonly (readonly [string, readonly ClosedRange[], readonly number[]])[] = [
  ['one', [[3, 3]], [3]],
  ['the first', [[1, 1]], [1]],
  ['the last', [[10, 10]], [10]],
  ['some', [[2, 5]], [2, 3, 5]],
  ['a gap', [[4, 4]], []],
  ['around a gap', [[3, 5]], [3, 5]],
  ['from one on', [[8, Number.POSITIVE_INFINITY]], [9, 10]],
  ['beyond the end', [[11, Number.POSITIVE_INFINITY]], []],
  ['far beyond', [[1_000_000, 4_294_967_295]], []],
  [
    'several',
    [
      [1, 2],
      [5, 6],
      [10, 10],
    ],
    [1, 2, 5, 6, 10],
  ],
  ['none', [], []],
  ['all', [[1, Number.POSITIVE_INFINITY]], [1, 2, 3, 5, 6, 7, 9, 10]],
  ['all, up to the largest UID', [[1, 4_294_967_295]], [1, 2, 3, 5, 6, 7, 9, 10]],
]

const BODY_CHECKS: readonly Check[] = BODIES.flatMap(([what, raw]) => [
  check(`${what} comes back octet by octet`, ['append'], async kit => {
    const box = await kit.box()
    const uid = await box.append(raw)
    assert.ok(Buffer.from(await box.body(uid)).equals(Buffer.from(raw)))
    assert.equal((await box.meta(uid)).size, raw.length)
  }),
  check(`${what} is the same after a copy`, ['append', 'copyMessages', 'createFolder'], async kit => {
    const box = await kit.box()
    const uid = await box.append(raw)
    await box.ask('createFolder', ['Copies'], {})
    await box.ask('copyMessages', [await box.ids([uid]), 'Copies'], {})
    await box.open('Copies')
    const [copy] = await box.uids()
    assert.ok(Buffer.from(await box.body(copy!)).equals(Buffer.from(raw)))
  }),
])

/** UIDs 1 to 10 without 4 and 8; whatever the numbers really are, they are translated. */
const RANGE_CHECKS: readonly Check[] = RANGES.map(([what, ranges, wanted]) =>
  check(`ranges of UIDs are resolved: ${what}`, ['append', 'expunge'], async kit => {
    const box = await kit.filled(10)
    const uids = await box.uids()
    const real = (uid: number): number => uids[uid - 1] ?? uid + uids.at(-1)!
    await box.expunge([real(4), real(8)])
    const asked = ranges.map(([from, to]) => [real(from), Number.isFinite(to) ? real(to) : to] as const)
    assert.deepEqual(await box.uids(asked), wanted.map(real))
  }),
)

const DATE_CHECKS: readonly Check[] = DATES.map(date =>
  check(`the date of arrival ${date} is kept`, ['append'], async kit => {
    const box = await kit.box()
    const uid = await box.append(letter('dated'), { date: new Date(date) })
    const kept = timeOf((await box.meta(uid)).internalDate)
    assert.equal(Math.floor(kept / 1000), Date.parse(date) / 1000)
  }),
)

export const MESSAGE_CHECKS: readonly Check[] = [
  ...BODY_CHECKS,
  ...RANGE_CHECKS,
  ...DATE_CHECKS,
  check('UIDs grow, one by one, in the order of arrival', ['append'], async kit => {
    const box = await kit.filled(20)
    const uids = await box.uids()
    assert.equal(uids.length, 20)
    assert.ok(uids.every((uid, i) => i === 0 || uid > uids[i - 1]!))
  }),
  check('a UID is never given again, not even that of the last message', ['append', 'expunge'], async kit => {
    const box = await kit.filled(3)
    const last = (await box.uids()).at(-1)!
    await box.expunge([last])
    assert.ok((await box.append(letter('later'))) > last)
    const { uidNext } = await box.open('INBOX')
    if (uidNext !== undefined) assert.ok(uidNext > last)
  }),
  check('UIDNEXT is what the next message gets, or less', ['append', 'status'], async kit => {
    const box = await kit.filled(3)
    const { uidNext } = await box.status('INBOX', ['uidNext'])
    assert.ok(uidNext > (await box.uids()).at(-1)!)
    assert.ok((await box.append(letter('next'))) >= uidNext)
  }),
  check(
    'APPEND answers the UID that the message has',
    ['append'],
    async kit => {
      const box = await kit.box()
      const placed = await box.ask('append', ['INBOX', letter('where'), []], {})
      const { uidValidity } = await box.open('INBOX')
      assert.deepEqual([placed?.uids, placed?.uidValidity], [await box.uids(), uidValidity])
    },
    ['UIDPLUS'],
  ),
  check(
    'several messages are appended in their order, all or none',
    ['appendAll'],
    async kit => {
      const box = await kit.box()
      const messages = ['one', 'two', 'three'].map(name => ({ raw: letter(name), flags: [name] }))
      await box.ask('appendAll', ['INBOX', messages], {})
      await box.open('INBOX')
      assert.deepEqual(
        (await box.metas()).map(({ flags }) => flags.filter(flag => flag !== 'Recent').join()),
        ['one', 'two', 'three'],
      )
    },
    ['MULTIAPPEND'],
  ),
  check(
    'a copy has the flags and the date, and stands in the order of the originals',
    ['copyMessages', 'createFolder'],
    async kit => {
      const box = await kit.box()
      const date = new Date('2020-05-05T05:05:05Z')
      const uids = [
        await box.append(letter('one'), { flags: ['Seen', 'work'], date }),
        await box.append(letter('two'), { flags: ['Flagged'], date }),
      ]
      await box.ask('createFolder', ['Copies'], {})
      const placed = await box.ask('copyMessages', [await box.ids(uids), 'Copies'], {})
      assert.deepEqual(await box.uids(), uids, 'the originals stay')
      await box.open('Copies')
      const metas = await box.metas()
      assert.deepEqual(
        metas.map(({ flags }) =>
          flags
            .filter(flag => flag !== 'Recent')
            .sort()
            .join(),
        ),
        ['Seen,work', 'Flagged'],
      )
      assert.ok(metas.every(({ internalDate }) => timeOf(internalDate) === date.getTime()))
      if (placed) assert.deepEqual(placed.uids, await box.uids())
    },
    ['UIDPLUS'],
  ),
  check('a copy into the same folder is another message', ['copyMessages'], async kit => {
    const box = await kit.filled(1)
    await box.ask('copyMessages', [await box.ids(await box.uids()), 'INBOX'], {})
    assert.equal((await box.uids()).length, 2)
  }),
  check('a copy to nowhere is refused with TRYCREATE, and nothing is copied', ['copyMessages'], async kit => {
    const box = await kit.filled(1)
    await refused(box.ask('copyMessages', [await box.ids(await box.uids()), 'Nowhere'], {}), 'TRYCREATE')
    assert.equal((await box.uids()).length, 1)
  }),
  check(
    'a move takes the messages away and puts them there, flags and all',
    ['move', 'createFolder'],
    async kit => {
      const box = await kit.filled(3)
      const uids = await box.uids()
      await box.store([uids[1]!], 'set', ['Flagged', 'work'])
      await box.ask('createFolder', ['Moved'], {})
      await box.ask('move', [await box.ids(uids.slice(1)), 'Moved'], {})
      assert.deepEqual(await box.uids(), uids.slice(0, 1))
      await box.open('Moved')
      const [first, second] = await box.uids()
      assert.deepEqual([await box.flags(first!), await box.flags(second!)], [['Flagged', 'work'], []])
      assert.match(Buffer.from(await box.body(second!)).toString(), /number 3/)
    },
    ['MOVE'],
  ),
  check(
    'a move to nowhere is refused with TRYCREATE, and nothing is lost',
    ['move'],
    async kit => {
      const box = await kit.filled(2)
      const uids = await box.uids()
      await refused(box.ask('move', [await box.ids(uids), 'Nowhere'], {}), 'TRYCREATE')
      assert.deepEqual(await box.uids(), uids)
    },
    ['MOVE'],
  ),
  check('expunge removes what it was given and nothing else', ['expunge'], async kit => {
    const box = await kit.filled(5)
    const uids = await box.uids()
    await box.store(uids, 'add', ['Deleted'])
    await box.expunge([uids[1]!, uids[3]!])
    assert.deepEqual(await box.uids(), [uids[0], uids[2], uids[4]])
  }),
  check('expunge of what has gone already does no harm', ['expunge'], async kit => {
    const box = await kit.filled(3)
    const uids = await box.uids()
    const ids = await box.ids(uids)
    await box.expunge([uids[1]!])
    await box.ask('expunge', [ids.slice(0, 2)], {})
    assert.deepEqual(await box.uids(), [uids[2]])
    await box.ask('expunge', [[]], {})
    assert.deepEqual(await box.uids(), [uids[2]])
  }),
  check(
    'a message that has gone has no metadata, the others keep their order',
    ['expunge', 'messageMeta'],
    async kit => {
      const box = await kit.filled(3)
      const uids = await box.uids()
      const ids = await box.ids(uids)
      await box.expunge([uids[1]!])
      const metas = await box.ask('messageMeta', [ids], {})
      assert.deepEqual(
        metas.map(({ uid }) => uid),
        [uids[0], uids[2]],
      )
    },
  ),
  check('folders do not share messages', ['expunge', 'createFolder', 'copyMessages'], async kit => {
    const box = await kit.filled(1)
    await box.ask('createFolder', ['Other'], {})
    await box.ask('copyMessages', [await box.ids(await box.uids()), 'Other'], {})
    await box.expunge(await box.uids())
    await box.open('Other')
    const [uid] = await box.uids()
    assert.match(Buffer.from(await box.body(uid!)).toString(), /number 1/)
  }),
  check(
    'replace puts the new message in and takes the old one out',
    ['replace'],
    async kit => {
      const box = await kit.filled(3)
      const uids = await box.uids()
      const [id] = await box.ids([uids[1]!])
      await box.ask('replace', [id!, 'INBOX', letter('better'), ['Draft']], {})
      const after = await box.uids()
      assert.deepEqual(after.slice(0, 2), [uids[0], uids[2]])
      assert.match(Buffer.from(await box.body(after[2]!)).toString(), /better/)
      await refused(box.ask('replace', [id!, 'INBOX', letter('late'), []], {}), 'NONEXISTENT')
      assert.deepEqual(await box.uids(), after)
    },
    ['REPLACE'],
  ),
  check('STATUS counts what is there', ['status'], async kit => {
    const box = await kit.filled(5)
    const uids = await box.uids()
    await box.store(uids.slice(0, 2), 'add', ['Seen'])
    const { total, unread } = await box.status('INBOX', ['total', 'unread'])
    assert.deepEqual([total, unread], [5, 3])
  }),
  check(
    'STATUS=SIZE is the sum of the sizes',
    ['status', 'supplies size'],
    async kit => {
      const box = await kit.filled(3)
      const sizes = (await box.metas()).map(({ size }) => size)
      assert.equal(
        (await box.status('INBOX', ['size'])).size,
        sizes.reduce((a, b) => a + b, 0),
      )
    },
    ['STATUS=SIZE'],
  ),
  check(
    'STATUS counts what has the flag Deleted',
    ['status', 'supplies deleted'],
    async kit => {
      const box = await kit.filled(3)
      await box.store((await box.uids()).slice(1), 'add', ['Deleted'])
      assert.equal((await box.status('INBOX', ['deleted'])).deleted, 2)
    },
    ['IMAP4rev2'],
  ),
  check(
    'copies have the id of their original, other messages have not',
    ['supplies emailId', 'copyMessages'],
    async kit => {
      const box = await kit.filled(2)
      const [first] = await box.uids()
      await box.ask('copyMessages', [await box.ids([first!]), 'INBOX'], {})
      const ids = (await box.metas()).map(({ emailId }) => emailId)
      assert.ok(ids.every(id => typeof id === 'string' && /^[A-Za-z0-9_-]{1,255}$/.test(id)))
      assert.equal(ids[0], ids[2])
      assert.notEqual(ids[0], ids[1])
    },
    ['OBJECTID'],
  ),
  check(
    'the time at which a message was put into its folder is kept',
    ['supplies saveDate'],
    async kit => {
      const box = await kit.box()
      const uid = await box.append(letter('saved'), { date: new Date('2001-01-01T00:00:00Z') })
      const { saveDate } = await box.meta(uid)
      assert.ok(saveDate !== undefined)
      if (saveDate !== null) assert.notEqual(timeOf(saveDate), Date.parse('2001-01-01T00:00:00Z'))
    },
    ['SAVEDATE'],
  ),
  check('what was answered for is there after a crash', ['crash', 'append'], async kit => {
    const box = await kit.filled(3)
    const uids = await box.uids()
    await box.store([uids[0]!], 'add', ['Flagged'])
    await box.expunge([uids[1]!])
    const { uidValidity } = await box.open('INBOX')
    kit.store = await kit.store.crash!()
    const after = await kit.box()
    assert.deepEqual(await after.uids(), [uids[0], uids[2]])
    assert.deepEqual(await after.flags(uids[0]!), ['Flagged'])
    assert.equal((await after.open('INBOX')).uidValidity, uidValidity)
    assert.ok((await after.append(letter('afterwards'))) > uids[2]!)
  }),
]
