// SEARCH, SORT and THREAD of the store beside the reference evaluator: the same answers, whether the index of texts has come to
// a message or not.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  evaluate,
  type MailboxHandlers,
  type MessageMeta,
  type SearchKey,
  type SortKey,
  sortMessages,
  type ThreadSubject,
  threadMessages,
} from 'email-server/mailbox'
import { envelopeOf, headerText, splitHeader } from 'email-server/mime'
import fc from 'fast-check'
import { ALICE, allUids, BOB, bytesOf, message, OPEN, test, testStore } from './support.ts'

type Handlers = Required<MailboxHandlers>

const WORDS = [
  'Grüße',
  'ALPHA',
  'beta',
  'straße',
  'ﬁne',
  '日本語テキスト',
  'a.b',
  'İstanbul',
  'x',
  '',
  'line one',
]
const word = fc.constantFrom(...WORDS)
const text = fc.array(word, { maxLength: 5 }).map(words => words.join(' '))
const mailbox = fc.constantFrom('alice', 'Bob.Q', 'carol+x', 'zoë')

function encoded(value: string): string {
  if (/^[ -~]*$/.test(value)) return value
  return `=?utf-8?b?${Buffer.from(value).toString('base64')}?=`
}

interface Letter {
  readonly lines: readonly string[]
  readonly flags: readonly string[]
  readonly arrived: number
}

const header = fc
  .record({
    from: fc.option(fc.tuple(text, mailbox)),
    to: fc.option(fc.tuple(text, mailbox)),
    cc: fc.option(mailbox),
    subject: fc.option(fc.tuple(fc.constantFrom('', 'Re: ', '[list] ', 'Fwd: Re: '), text)),
    listId: fc.option(word),
    date: fc.option(fc.tuple(fc.integer({ min: 1, max: 28 }), fc.constantFrom('+0000', '+1300', '-1100'))),
    id: fc.nat(30),
    references: fc.array(fc.nat(30), { maxLength: 3 }),
    inReplyTo: fc.option(fc.nat(30)),
  })
  .map(each => [
    ...(each.from ? [`From: ${encoded(each.from[0])} <${encoded(each.from[1])}@one.test>`] : []),
    ...(each.to ? [`To: ${encoded(each.to[0])} <${encoded(each.to[1])}@two.test>`] : []),
    ...(each.cc ? [`Cc: <${encoded(each.cc)}@three.test>`, 'cc: <second@three.test>'] : []),
    ...(each.subject ? [`Subject: ${each.subject[0]}${encoded(each.subject[1])}`] : []),
    ...(each.listId ? [`List-Id: <${encoded(each.listId)}>`] : []),
    ...(each.date ? [`Date: ${each.date[0]} Oct 2026 23:30:00 ${each.date[1]}`] : []),
    `Message-ID: <${each.id}@id.test>`,
    ...(each.references.length > 0
      ? [`References: ${each.references.map(id => `<${id}@id.test>`).join('\r\n ')}`]
      : []),
    ...(each.inReplyTo === null ? [] : [`In-Reply-To: <${each.inReplyTo}@id.test>`]),
  ])

const content = fc.tuple(text, fc.constantFrom('plain', 'html', 'mixed')).map(([value, kind]) => {
  const type = 'Content-Type: text/plain; charset=utf-8'
  if (kind === 'plain') return [type, '', value]
  if (kind === 'html') return ['Content-Type: text/html; charset=utf-8', '', `<p>${value}</p><b>be</b>ta`]
  const base64 = Buffer.from(value).toString('base64')
  const part = ['--b', type, 'Content-Transfer-Encoding: base64', '', base64]
  const file = ['--b', 'Content-Type: application/pdf; name="alpha.pdf"', '', 'hidden beta', '--b--']
  return ['Content-Type: multipart/mixed; boundary=b', '', 'preamble ALPHA', ...part, ...file]
})

const FLAG_NAMES = ['Seen', 'Answered', 'Flagged', 'Deleted', 'Draft', '$Forwarded', 'Work']
const letter: fc.Arbitrary<Letter> = fc
  .tuple(header, content, fc.subarray(FLAG_NAMES), fc.integer({ min: 0, max: 40 * 86_400 }))
  .map(([fields, body, flags, seconds]) => ({
    lines: [...fields, ...body],
    flags,
    arrived: Date.UTC(2026, 8, 20) + seconds * 1000,
  }))

const DAY = Math.floor(Date.UTC(2026, 9, 10) / 86_400_000)
const day = fc.integer({ min: DAY - 25, max: DAY + 25 })
const value = fc.oneof(
  word,
  text,
  fc.constantFrom(
    'ß',
    'SS',
    'fine',
    'grüsse',
    'GRÜ',
    'oct 2026',
    '@one',
    'list-id',
    'a\r\nb',
    '"',
    'テキ',
    'é'.normalize('NFD'),
    'ta',
    'x',
    '日本',
    't',
  ),
)
const ranges = fc.uniqueArray(fc.integer({ min: 1, max: 90 }), { maxLength: 14 }).map(numbers => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const pairs: [number, number][] = []
  for (let i = 0; i + 1 < sorted.length; i += 2) pairs.push([sorted[i]!, sorted[i + 1]!])
  if (sorted.length % 2) pairs.push([sorted.at(-1)!, Number.POSITIVE_INFINITY])
  return pairs
})

const leaf: fc.Arbitrary<SearchKey> = fc.oneof(
  fc.constant({ key: 'all' as const }),
  fc.record({ key: fc.constant('uid' as const), ranges }),
  fc.record({
    key: fc.constant('flag' as const),
    flag: fc.constantFrom(...FLAG_NAMES, '$FORWARDED', 'wor', 'Recent'),
    set: fc.boolean(),
  }),
  fc.record({
    key: fc.constant('header' as const),
    name: fc.constantFrom(
      'From',
      'to',
      'CC',
      'Subject',
      'List-Id',
      'Message-ID',
      'References',
      'Date',
      'Nothing',
    ),
    value,
  }),
  fc.record({ key: fc.constantFrom('body' as const, 'text' as const), value }),
  fc.record({
    key: fc.constant('date' as const),
    of: fc.constantFrom('internal' as const, 'sent' as const, 'saved' as const),
    is: fc.constantFrom('before' as const, 'on' as const, 'since' as const),
    day,
  }),
  fc.record({
    key: fc.constant('size' as const),
    is: fc.constantFrom('larger' as const, 'smaller' as const),
    bytes: fc.integer({ min: 50, max: 500 }),
  }),
  fc.record({
    key: fc.constant('age' as const),
    is: fc.constantFrom('older' as const, 'younger' as const),
    // far from the edges: the two are asked a moment apart
    seconds: fc.integer({ min: 0, max: 400 }).map(hours => hours * 3600 + 1800),
  }),
  fc.record({ key: fc.constant('modseq' as const), atLeast: fc.integer({ min: 1, max: 90 }) }),
  fc.record({
    key: fc.constantFrom('emailId' as const, 'threadId' as const),
    id: fc.oneof(
      fc.integer({ min: 1, max: 60 }).map(id => `M${id}`),
      fc.integer({ min: 1, max: 60 }).map(id => `T${id}`),
      fc.constantFrom('M01', 'x', ''),
    ),
  }),
)

const criteria: fc.Arbitrary<SearchKey> = fc.letrec<{ key: SearchKey }>(tie => ({
  key: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 4, arbitrary: leaf },
    {
      weight: 2,
      arbitrary: fc.record({
        key: fc.constantFrom('and' as const, 'or' as const),
        keys: fc.array(tie('key'), { maxLength: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ key: fc.constant('not' as const), of: tie('key') }) },
  ),
})).key

const SORTS = ['arrival', 'cc', 'date', 'from', 'size', 'subject', 'to', 'displayFrom', 'displayTo'] as const
const sorting: fc.Arbitrary<SortKey[]> = fc.array(
  fc.record({ by: fc.constantFrom(...SORTS), reverse: fc.boolean() }),
  { minLength: 1, maxLength: 3 },
)

interface Known {
  readonly meta: MessageMeta
  readonly raw: Buffer
}

/** What the folder has, as the reference evaluators want it. */
async function known(handlers: Handlers): Promise<Known[]> {
  const metas = await handlers.messageMeta(await allUids(handlers), {})
  return Promise.all(metas.map(async meta => ({ meta, raw: await bytesOf(handlers, meta.uid) })))
}

function subjectOf({ meta, raw }: Known): ThreadSubject {
  const block = splitHeader(raw)
  return { meta, envelope: envelopeOf(block), references: headerText(block, 'references') }
}

async function filled(t: TestContext, letters: readonly Letter[]) {
  const { store, failures } = await testStore(t, { smallBody: 300 })
  for (const { lines, flags, arrived } of letters) {
    const raw = Buffer.from(lines.join('\r\n'))
    await store.storeMessage(ALICE, 'INBOX', raw, flags, { internalDate: new Date(arrived) })
  }
  const handlers = store.mailbox(ALICE) as Handlers
  await handlers.openFolder('INBOX', OPEN)
  await handlers.expunge([7, 8, 20], {})
  return { store, handlers, messages: await known(handlers), failures }
}

for (const indexed of [false, true]) {
  const when = indexed ? 'with the index of texts' : 'before the index of texts has come to them'
  test(`any criteria find, ${when}, what the reference evaluator finds; so do sorting and threads`, async t => {
    const letters = fc.sample(letter, { numRuns: 60, seed: 5 })
    const { store, handlers, messages, failures } = await filled(t, letters)
    await store.idle()
    if (!indexed) {
      // half of them are unknown again: new ones that nobody waited for
      for (const one of fc.sample(letter, { numRuns: 30, seed: 6 })) {
        const raw = Buffer.from([`X-New: 1`, ...one.lines].join('\r\n'))
        await store.storeMessage(ALICE, 'INBOX', raw, one.flags, { internalDate: new Date(one.arrived) })
      }
      messages.splice(0, messages.length, ...(await known(handlers)))
    }
    const numRuns = indexed ? 200 : 40
    await fc.assert(
      fc.asyncProperty(criteria, sorting, async (key, keys) => {
        const expected = messages.filter(({ meta, raw }) => evaluate(key, { meta, raw }, Date.now()))
        const uids = expected.map(({ meta }) => meta.uid)
        assert.deepEqual(await handlers.search(key, {}), uids)
        const subjects = expected.map(subjectOf)
        assert.deepEqual(await handlers.sort(keys, key, {}), sortMessages(subjects, keys))
        for (const algorithm of ['REFERENCES', 'ORDEREDSUBJECT'] as const) {
          assert.deepEqual(await handlers.thread(algorithm, key, {}), threadMessages(algorithm, subjects))
        }
      }),
      { numRuns },
    )
    assert.deepEqual(failures, [])
  })
}

async function open(t: TestContext) {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE) as Handlers
  await handlers.openFolder('INBOX', OPEN)
  return { store, handlers }
}

test('a message that answers another is in its thread, in whatever order the two come', async t => {
  const { store, handlers } = await open(t)
  const mails = [
    ['Message-ID: <c@x>', 'References: <a@x> <b@x>'],
    ['Message-ID: <other@x>'],
    ['Message-ID: <a@x>'],
    ['Message-ID: <d@x>', 'In-Reply-To: <c@x>'],
    ['Subject: no identifier'],
  ]
  for (const lines of mails) await store.deliver(Buffer.from([...lines, '', 'text'].join('\r\n')), [ALICE])
  const threads = (await handlers.messageMeta([1, 2, 3, 4, 5], {})).map(meta => meta.threadId!)
  assert.equal(new Set([threads[0], threads[2], threads[3]]).size, 1)
  assert.equal(new Set(threads).size, 3)
  assert.deepEqual(await handlers.search({ key: 'threadId', id: threads[0]! }, {}), [1, 3, 4])
})

test('a text is found in the folder that has it, not in those of others', async t => {
  const { store, handlers } = await open(t)
  await store.deliver(message('needle in a haystack'), [BOB])
  await store.deliver(message('hay'), [ALICE])
  await store.idle()
  assert.deepEqual(await handlers.search({ key: 'text', value: 'needle' }, {}), [])
  const others = store.mailbox(BOB) as Handlers
  await others.openFolder('INBOX', OPEN)
  assert.deepEqual(await others.search({ key: 'text', value: 'EEDLE IN' }, {}), [1])
})

test('what stands behind the characters that are indexed is found', async t => {
  const { store, handlers } = await open(t)
  const raw = Buffer.concat([message('large', 300_000), Buffer.from('the last words\r\n')])
  await store.deliver(raw, [ALICE])
  await store.deliver(message('small'), [ALICE])
  await store.idle()
  assert.deepEqual(await handlers.search({ key: 'body', value: 'last words' }, {}), [1])
  assert.deepEqual(await handlers.search({ key: 'body', value: 'absent words' }, {}), [])
  assert.deepEqual(await handlers.search({ key: 'body', value: 'body bytes' }, {}), [1])
})

test('an attack by noise, each character another, keeps nobody waiting for seconds and is found', async t => {
  const { store, handlers } = await open(t)
  const noise = fc
    .sample(fc.integer({ min: 0x4e00, max: 0x9fff }), { numRuns: 90_000, seed: 1 })
    .map(code => String.fromCodePoint(code))
    .join('')
  const raw = Buffer.from(`Content-Type: text/plain; charset=utf-8\r\n\r\n${noise} the end`)
  await store.deliver(raw, [ALICE])
  await store.idle()
  for (const value of [noise.slice(10, 20), noise.slice(80_000, 80_010), 'THE END']) {
    assert.deepEqual(await handlers.search({ key: 'body', value }, {}), [1])
  }
})

test('of a removed message neither text nor thread stay; the same message that comes again is found', async t => {
  const { store, handlers } = await open(t)
  const raw = Buffer.from('Message-ID: <gone@x>\r\nSubject: gone\r\n\r\nsome needle\r\n')
  await store.deliver(raw, [ALICE])
  await store.idle()
  await handlers.expunge([1], {})
  await store.idle()
  assert.deepEqual(await handlers.search({ key: 'text', value: 'needle' }, {}), [])
  await store.deliver(raw, [ALICE])
  await handlers.expunge([2], {})
  await store.deliver(raw, [ALICE])
  await store.idle()
  assert.deepEqual(await handlers.search({ key: 'text', value: 'needle' }, {}), [3])
})

test('criteria of thousands of keys, and deep ones, are answered', async t => {
  const { store, handlers } = await open(t)
  await store.deliver(message('one'), [ALICE])
  await store.deliver(message('two'), [ALICE])
  await store.idle()
  const many: SearchKey[] = Array.from({ length: 3000 }, (_, i) => ({
    key: 'size',
    is: 'larger',
    bytes: i % 10,
  }))
  const one: SearchKey = { key: 'header', name: 'subject', value: 'one' }
  assert.deepEqual(await handlers.search({ key: 'and', keys: [...many, one] }, {}), [1])
  assert.deepEqual(await handlers.search({ key: 'and', keys: [one, ...many] }, {}), [1])
  let deep: SearchKey = one
  for (let i = 0; i < 100; i++) deep = { key: i % 2 ? 'or' : 'and', keys: [deep, one] }
  assert.deepEqual(await handlers.search(deep, {}), [1])
})

test('an attack on the syntax of the index is a text like any other', async t => {
  const { store, handlers } = await open(t)
  await store.deliver(message('a "quoted" OR header:* NOT ^x'), [ALICE])
  await store.idle()
  for (const value of ['"quoted" or', 'OR header:*', 'NOT ^x', '")) or ((', "' or 1=1 --"]) {
    const found = await handlers.search({ key: 'text', value }, {})
    assert.deepEqual(found, value.startsWith('")') || value.startsWith("'") ? [] : [1], value)
  }
})
