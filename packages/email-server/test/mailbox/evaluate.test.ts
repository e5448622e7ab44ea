// The reference evaluator of search criteria (RFC 3501 §6.4.4, RFC 5032).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluate, type MessageMeta, type SearchKey, searchDepth } from '../../src/mailbox/index.ts'

const RAW = Buffer.from(
  [
    'From: =?iso-8859-1?q?J=F6rg_M=FCller?= <joerg@example.test>',
    'To: Anna <anna@example.test>',
    'Subject: =?utf-8?b?R3LDvMOfZQ==?= aus',
    ' Berlin',
    // in its own zone it is still the 6th, in UTC the 7th
    'Date: Sun, 6 Feb 1994 21:52:25 -0800',
    'X-Empty:',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Sch=C3=B6ne Gr=C3=BC=C3=9Fe, two=',
    ' lines',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('<p>Caf<b>é</b> &amp; Bar</p>').toString('base64'),
    '--b',
    'Content-Type: application/octet-stream',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('hidden').toString('base64'),
    '--b--',
    '',
  ].join('\r\n'),
)
const META: MessageMeta = {
  id: 7,
  uid: 7,
  size: RAW.length,
  internalDate: Date.UTC(1994, 1, 8, 23, 59, 59),
  flags: ['Seen', '$Work'],
  modseq: 50,
}
const NOW = (META.internalDate as number) + 100_000
const day = (year: number, month: number, date: number): number =>
  Date.UTC(year, month - 1, date) / 86_400_000

const header = (name: string, value: string): SearchKey => ({ key: 'header', name, value })
const dated = (of: 'internal' | 'sent' | 'saved', is: 'before' | 'on' | 'since', d: number): SearchKey => ({
  key: 'date',
  of,
  is,
  day: day(1994, 2, d),
})

const CASES: [name: string, criteria: SearchKey, expected: boolean][] = [
  ['all', { key: 'all' }, true],
  ['no keys at all', { key: 'and', keys: [] }, true],
  ['none of nothing', { key: 'or', keys: [] }, false],
  [
    'uid inside',
    {
      key: 'uid',
      ranges: [
        [1, 3],
        [7, 7],
      ],
    },
    true,
  ],
  [
    'uid outside',
    {
      key: 'uid',
      ranges: [
        [1, 6],
        [8, Number.POSITIVE_INFINITY],
      ],
    },
    false,
  ],
  ['flag', { key: 'flag', flag: 'Seen', set: true }, true],
  ['keyword without case', { key: 'flag', flag: '$work', set: true }, true],
  ['flag that is not there', { key: 'flag', flag: 'Deleted', set: false }, true],
  ['larger excludes the size', { key: 'size', is: 'larger', bytes: RAW.length }, false],
  ['larger', { key: 'size', is: 'larger', bytes: RAW.length - 1 }, true],
  ['smaller excludes the size', { key: 'size', is: 'smaller', bytes: RAW.length }, false],
  ['younger includes the second', { key: 'age', is: 'younger', seconds: 100 }, true],
  ['younger', { key: 'age', is: 'younger', seconds: 99 }, false],
  ['older', { key: 'age', is: 'older', seconds: 99 }, true],
  ['modseq', { key: 'modseq', atLeast: 50 }, true],
  ['modseq above', { key: 'modseq', atLeast: 51 }, false],
  ['internal on', dated('internal', 'on', 8), true],
  ['internal before excludes the day', dated('internal', 'before', 8), false],
  ['internal since includes the day', dated('internal', 'since', 8), true],
  ['internal since', dated('internal', 'since', 9), false],
  ['a folder that keeps no save dates is searched by arrival (RFC 8514)', dated('saved', 'on', 8), true],
  ['sent is the day of its own zone', dated('sent', 'on', 6), true],
  ['sent is not the day in UTC', dated('sent', 'on', 7), false],
  ['encoded words are decoded', header('from', 'jörg m'), true],
  ['case does not count', header('FROM', 'JÖRG MÜLLER'), true],
  ['addresses are searched', header('to', 'ANNA@'), true],
  ['folded lines are one', header('subject', 'Grüße aus Berlin'), true],
  ['the raw encoding is not searched', header('subject', '=?utf-8'), false],
  ['a field that is there', header('x-empty', ''), true],
  ['a field that is missing', header('x-missing', ''), false],
  ['an empty field has no text', header('x-empty', 'a'), false],
  ['composed and decomposed are the same', header('from', 'jo\u0308rg'), true],
  ['body text is decoded', { key: 'body', value: 'schöne grüße, two lines' }, true],
  ['HTML is read without its markup', { key: 'body', value: 'Café & Bar' }, true],
  ['attachments are not text', { key: 'body', value: 'hidden' }, false],
  ['the header is not body', { key: 'body', value: 'Berlin' }, false],
  ['text is header and body', { key: 'text', value: 'berlin' }, true],
  ['text is header and body too', { key: 'text', value: 'two lines' }, true],
  ['not', { key: 'not', of: header('subject', 'Berlin') }, false],
  ['and', { key: 'and', keys: [header('subject', 'Berlin'), { key: 'body', value: 'bar' }] }, true],
  ['or', { key: 'or', keys: [header('subject', 'Paris'), { key: 'body', value: 'bar' }] }, true],
]

for (const [name, criteria, expected] of CASES) {
  test(`search: ${name}`, () => {
    assert.equal(evaluate(criteria, { meta: META, raw: RAW }, NOW), expected)
    // without the bytes it is the same, or not known
    const early = evaluate(criteria, { meta: META, raw: null }, NOW)
    assert.equal(early, searchDepth(criteria) === 'meta' ? expected : null)
  })
}

test('search: what the facts decide needs no bytes', () => {
  const subject = { meta: META, raw: null }
  const body: SearchKey = { key: 'body', value: 'x' }
  const seen = (set: boolean): SearchKey => ({ key: 'flag', flag: 'Seen', set })
  assert.equal(evaluate({ key: 'and', keys: [body, seen(false)] }, subject, NOW), false)
  assert.equal(evaluate({ key: 'or', keys: [body, seen(true)] }, subject, NOW), true)
  assert.equal(evaluate({ key: 'not', of: { key: 'and', keys: [body, seen(false)] } }, subject, NOW), true)
  assert.equal(evaluate({ key: 'and', keys: [body, seen(true)] }, subject, NOW), null)
})

test('search: how deep one must look', () => {
  assert.equal(searchDepth({ key: 'and', keys: [{ key: 'all' }, header('a', 'b')] }), 'header')
  assert.equal(
    searchDepth({ key: 'not', of: { key: 'or', keys: [header('a', 'b'), { key: 'text', value: 'x' }] } }),
    'body',
  )
  assert.equal(searchDepth(dated('sent', 'on', 1)), 'header')
  assert.equal(searchDepth(dated('internal', 'on', 1)), 'meta')
})
