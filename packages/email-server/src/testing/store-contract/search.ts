// SEARCH, SORT and THREAD of a store beside the library's own: they must find the same. RFC 9051 §6.4.4, RFC 5256.
import assert from 'node:assert/strict'
import {
  evaluate,
  type SearchKey,
  type SearchSubject,
  type SortKey,
  sortMessages,
  THREAD_ALGORITHMS,
  type ThreadNode,
  type ThreadSubject,
  threadMessages,
} from '../../mailbox/index.ts'
import { envelopeOf, headerText, splitHeader } from '../../mime/index.ts'
import { type Box, type Check, check, type Kit } from './kit.ts'

const DAY = 86_400_000
const day = (date: string): number => Date.parse(`${date}T00:00:00Z`) / DAY

interface Sample {
  readonly head: string
  readonly body: string
  readonly flags: readonly string[]
  readonly date: string
}

const SAMPLES: readonly Sample[] = [
  {
    head: 'From: Ann <ann@a.test>\r\nTo: bob@b.test\r\nSubject: Lunch\r\nDate: Fri, 2 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@a.test>',
    ...{ body: 'At noon?', flags: ['Seen'], date: '2026-01-02T10:00:00Z' },
  },
  {
    head: 'From: Bob <bob@b.test>\r\nTo: ann@a.test\r\nCc: Carol <carol@c.test>\r\nSubject: Re: Lunch\r\nDate: Fri, 2 Jan 2026 11:00:00 +0000\r\nMessage-ID: <2@b.test>\r\nIn-Reply-To: <1@a.test>\r\nReferences: <1@a.test>',
    ...{ body: "Make it one o'clock.", flags: ['Seen', 'Answered'], date: '2026-01-02T11:00:05Z' },
  },
  {
    head: 'From: =?utf-8?q?J=C3=BCrgen?= <j@c.test>\r\nTo: ann@a.test\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\nDate: Thu, 1 Jan 2026 09:00:00 +0100\r\nMessage-ID: <3@c.test>',
    ...{ body: 'Ein frohes neues Jahr', flags: ['Flagged', 'work'], date: '2026-01-05T00:00:00Z' },
  },
  {
    head: 'From: list@lists.test\r\nTo: dev@lists.test\r\nSubject: [dev] 50% off_sale\r\nDate: Sat, 3 Jan 2026 10:00:00 +0000\r\nMessage-ID: <4@lists.test>\r\nList-Id: <dev.lists.test>',
    ...{ body: 'x'.repeat(5000), flags: ['Deleted', '$Junk'], date: '2026-01-03T12:00:00Z' },
  },
  {
    head: 'Subject: no date, no sender',
    ...{ body: '', flags: [], date: '2026-01-04T00:00:00Z' },
  },
  {
    head: 'From: Ann <ann@a.test>\r\nTo: carol@c.test\r\nSubject: Fwd: Lunch\r\nDate: Sun, 4 Jan 2026 10:00:00 +0000\r\nMessage-ID: <6@a.test>\r\nReferences: <1@a.test> <2@b.test>',
    ...{ body: 'LUNCH is at one', flags: ['Draft'], date: '2026-01-06T10:00:00Z' },
  },
]

const header = (name: string, value: string): SearchKey => ({ key: 'header', name, value })
const flag = (name: string, set = true): SearchKey => ({ key: 'flag', flag: name, set })
const CRITERIA: readonly (readonly [string, SearchKey])[] = [
  ['all', { key: 'all' }],
  ['nothing', { key: 'not', of: { key: 'all' } }],
  ...['Seen', 'Answered', 'Flagged', 'Deleted', 'Draft', 'work', '$Junk', 'unknown'].flatMap(
    name =>
      [
        [`with ${name}`, flag(name)],
        [`without ${name}`, flag(name, false)],
      ] as const,
  ),
  ...(
    [
      ['subject', 'lunch'],
      ['subject', 'LUNCH'],
      ['subject', 'Grüße'],
      ['subject', '50%'],
      ['subject', 'off_sale'],
      ['subject', 'offXsale'],
      ['subject', ''],
      ['from', 'ann'],
      ['from', 'jürgen'],
      ['from', 'Ann <ann'],
      ['to', 'ann@a.test'],
      ['cc', 'carol'],
      ['cc', ''],
      ['bcc', ''],
      ['list-id', 'dev.lists'],
      ['list-id', ''],
      ['message-id', '<3@c.test>'],
      ['x-none', ''],
      ['x-none', 'x'],
    ] as const
  ).map(([name, value]) => [`${name} with ${JSON.stringify(value)}`, header(name, value)] as const),
  ...['noon', 'NOON', 'lunch', 'nowhere', "o'clock", 'xxxxxx'].flatMap(
    value =>
      [
        [`body ${value}`, { key: 'body', value }],
        [`text ${value}`, { key: 'text', value }],
      ] as const,
  ),
  ...(['internal', 'sent'] as const).flatMap(of =>
    (['before', 'on', 'since'] as const).flatMap(is =>
      ['2026-01-01', '2026-01-02', '2026-01-04', '2030-01-01'].map(
        date => [`${of} ${is} ${date}`, { key: 'date', of, is, day: day(date) }] as const,
      ),
    ),
  ),
  ...(['larger', 'smaller'] as const).flatMap(is =>
    [0, 200, 5000].map(bytes => [`${is} than ${bytes} octets`, { key: 'size', is, bytes }] as const),
  ),
  ['both of two', { key: 'and', keys: [flag('Seen'), header('subject', 'lunch')] }],
  ['either of two', { key: 'or', keys: [flag('Draft'), flag('work')] }],
  ['neither of two', { key: 'not', of: { key: 'or', keys: [flag('Seen'), flag('Draft')] } }],
  [
    'deep inside',
    {
      key: 'and',
      keys: [
        { key: 'not', of: { key: 'and', keys: [flag('Seen'), flag('Answered')] } },
        { key: 'text', value: 'lunch' },
      ],
    },
  ],
]

const BY: readonly SortKey['by'][] = [
  'arrival',
  'cc',
  'date',
  'from',
  'size',
  'subject',
  'to',
  'displayFrom',
  'displayTo',
]
const ORDERS: readonly (readonly [string, readonly SortKey[]])[] = [
  ...BY.flatMap(
    by =>
      [
        [by, [{ by, reverse: false }]],
        [`${by}, reversed`, [{ by, reverse: true }]],
      ] as const,
  ),
  [
    'subject, then date reversed',
    [
      { by: 'subject', reverse: false },
      { by: 'date', reverse: true },
    ],
  ],
]

async function filled(kit: Kit): Promise<Box> {
  const box = await kit.box()
  for (const { head, body, flags, date } of SAMPLES) {
    await box.append(Buffer.from(`${head}\r\n\r\n${body}\r\n`), { flags, date: new Date(date) })
  }
  await box.open('INBOX')
  return box
}

async function subjects(box: Box): Promise<(ThreadSubject & SearchSubject)[]> {
  const found: (ThreadSubject & SearchSubject)[] = []
  for (const meta of await box.metas()) {
    const raw = await box.body(meta.uid)
    const fields = splitHeader(raw)
    found.push({ meta, raw, envelope: envelopeOf(fields), references: headerText(fields, 'references') })
  }
  return found
}

const uidOf = (ref: number | { readonly uid: number }): number => (typeof ref === 'number' ? ref : ref.uid)

function outline(nodes: readonly ThreadNode[]): unknown {
  return nodes.map(({ uid, children }) => [uid, outline(children)])
}

export const SEARCH_CHECKS: readonly Check[] = [
  ...CRITERIA.map(([what, criteria]) =>
    check(`SEARCH finds what the library finds: ${what}`, ['search', 'append'], async kit => {
      const box = await filled(kit)
      const wanted = (await subjects(box))
        .filter(subject => evaluate(criteria, subject, 0))
        .map(({ meta }) => meta.uid)
      assert.deepEqual((await box.ask('search', [criteria], {})).map(uidOf), wanted)
    }),
  ),
  ...ORDERS.map(([what, keys]) =>
    check(
      `SORT orders as the library does: ${what}`,
      ['sort', 'append'],
      async kit => {
        const box = await filled(kit)
        const wanted = sortMessages(await subjects(box), keys)
        assert.deepEqual((await box.ask('sort', [keys, { key: 'all' }], {})).map(uidOf), wanted)
      },
      ['SORT'],
    ),
  ),
  ...THREAD_ALGORITHMS.map(algorithm =>
    check(
      `THREAD ${algorithm} makes the threads that the library makes`,
      ['thread', 'append'],
      async kit => {
        const box = await filled(kit)
        const wanted = threadMessages(algorithm, await subjects(box))
        assert.deepEqual(outline(await box.ask('thread', [algorithm, { key: 'all' }], {})), outline(wanted))
      },
      [`THREAD=${algorithm}`],
    ),
  ),
  check(
    'SORT takes only what matches',
    ['sort', 'append'],
    async kit => {
      const box = await filled(kit)
      const found = await box.ask('sort', [[{ by: 'date', reverse: false }], flag('Seen')], {})
      assert.deepEqual(found.map(uidOf), (await box.uids()).slice(0, 2))
    },
    ['SORT'],
  ),
]
