// RFC 5256 §3: sorting and threading of small mailboxes whose results follow from the text of the standard.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type SortKey,
  sortMessages,
  type ThreadNode,
  type ThreadSubject,
  threadMessages,
} from '../../src/mailbox/index.ts'
import { extractEnvelope } from '../../src/mime/index.ts'

interface Facts {
  readonly id?: string
  readonly refs?: string
  readonly replyTo?: string
  readonly subject?: string
  readonly day?: number
  readonly from?: string
  readonly size?: number
}

function subjects(all: readonly Facts[]): ThreadSubject[] {
  return all.map(({ id, refs, replyTo, subject = '', day, from = 'a@b', size = 1 }, i) => {
    const fields = [`From: ${from}`, `Subject: ${subject}`]
    if (id !== undefined) fields.push(`Message-ID: ${id}`)
    if (replyTo !== undefined) fields.push(`In-Reply-To: ${replyTo}`)
    if (day !== undefined) fields.push(`Date: ${day} Jan 2026 00:00:00 +0000`)
    return {
      meta: { uid: i + 1, size, internalDate: Date.UTC(2026, 0, i + 1) },
      envelope: extractEnvelope(Buffer.from(`${fields.join('\r\n')}\r\n\r\n`)),
      references: refs ?? null,
    }
  })
}

/** As THREAD writes it, for messages that are all seen or have several children. */
function shown(nodes: readonly ThreadNode[]): string {
  const inner = ({ uid, children }: ThreadNode): string => {
    const own = uid === null ? '' : String(uid)
    if (children.length === 0) return own
    const below = children.length === 1 ? inner(children[0]!) : shown(children)
    return own === '' ? below : `${own} ${below}`
  }
  return nodes.map(node => `(${inner(node)})`).join('')
}

const THREADS: readonly (readonly [name: string, all: readonly Facts[], expected: string])[] = [
  ['messages that know nothing of each other', [{ id: '<1@x>' }, { id: '<2@x>' }], '(1)(2)'],
  [
    'a chain by References',
    [{ id: '<1@x>' }, { id: '<2@x>', refs: '<1@x>' }, { id: '<3@x>', refs: '<1@x> <2@x>' }],
    '(1 2 3)',
  ],
  [
    'two replies',
    [{ id: '<1@x>' }, { id: '<2@x>', refs: '<1@x>' }, { id: '<3@x>', refs: '<1@x>' }],
    '(1 (2)(3))',
  ],
  [
    'In-Reply-To where References are missing',
    [{ id: '<1@x>' }, { id: '<2@x>', replyTo: '<1@x> (your message)' }],
    '(1 2)',
  ],
  [
    'only the first id of In-Reply-To',
    [{ id: '<1@x>' }, { id: '<2@x>' }, { id: '<3@x>', replyTo: '<2@x> <1@x>' }],
    '(1)(2 3)',
  ],
  ['quoted and unquoted ids are the same', [{ id: '<"a"@x>' }, { id: '<2@x>', refs: '<a@x>' }], '(1 2)'],
  ['ids differ by case', [{ id: '<a@x>' }, { id: '<2@x>', refs: '<A@x>' }], '(1)(2)'],
  ['a missing parent of one is left out', [{ id: '<2@x>', refs: '<1@x>' }], '(1)'],
  [
    'a missing parent of two stands above them',
    [
      { id: '<2@x>', refs: '<1@x>' },
      { id: '<3@x>', refs: '<1@x>' },
    ],
    '((1)(2))',
  ],
  [
    'of two with one id the second is a message by itself',
    [{ id: '<1@x>' }, { id: '<1@x>' }, { id: '<3@x>', refs: '<1@x>' }],
    '(1 3)(2)',
  ],
  ['a reply that says it is its own ancestor', [{ id: '<1@x>', refs: '<1@x>' }], '(1)'],
  [
    'a ring',
    [
      { id: '<1@x>', refs: '<2@x>' },
      { id: '<2@x>', refs: '<1@x>' },
    ],
    '(2 1)',
  ],
  [
    'one subject, the second a reply',
    [
      { id: '<1@x>', subject: 'x' },
      { id: '<2@x>', subject: 'Re: x' },
    ],
    '(1 2)',
  ],
  [
    'one subject, no reply',
    [
      { id: '<1@x>', subject: 'x' },
      { id: '<2@x>', subject: 'X' },
    ],
    '((1)(2))',
  ],
  [
    'one subject, the reply first',
    [
      { id: '<1@x>', subject: 'Re: x' },
      { id: '<2@x>', subject: 'x' },
    ],
    '(2 1)',
  ],
  [
    'subjects that are empty say nothing',
    [
      { id: '<1@x>', subject: 'Re:' },
      { id: '<2@x>', subject: '' },
    ],
    '(1)(2)',
  ],
  [
    'siblings by sent date',
    [
      { id: '<1@x>', day: 1 },
      { id: '<2@x>', refs: '<1@x>', day: 9 },
      { id: '<3@x>', refs: '<1@x>', day: 5 },
    ],
    '(1 (3)(2))',
  ],
  [
    'threads by sent date',
    [
      { id: '<1@x>', day: 9 },
      { id: '<2@x>', day: 5 },
    ],
    '(2)(1)',
  ],
]

for (const [name, all, expected] of THREADS) {
  test(`REFERENCES: ${name}`, () => {
    assert.equal(shown(threadMessages('REFERENCES', subjects(all))), expected)
  })
}

test('ORDEREDSUBJECT: one level below the first of each subject, threads by their first date', () => {
  const all = [
    { subject: 'b', day: 5 },
    { subject: 'a', day: 7 },
    { subject: 'Re: b', day: 9 },
    { subject: 'Fwd: B', day: 3 },
    { subject: 're: a', day: 8 },
  ]
  assert.equal(shown(threadMessages('ORDEREDSUBJECT', subjects(all))), '(4 (1)(3))(2 5)')
})

const SORTS: readonly (readonly [keys: string, expected: readonly number[]])[] = [
  ['arrival', [1, 2, 3, 4]],
  ['-arrival', [4, 3, 2, 1]],
  ['size', [2, 4, 1, 3]],
  ['subject', [4, 1, 3, 2]],
  ['-subject date', [2, 3, 1, 4]],
  ['from', [3, 1, 2, 4]],
  ['displayFrom', [2, 3, 4, 1]],
  ['date', [3, 2, 1, 4]],
  ['to', [1, 2, 3, 4]],
]
const SORTED: readonly Facts[] = [
  { subject: 'Re: apple', from: 'Zoe <m@x>', size: 5, day: 4 },
  { subject: 'pear', from: 'Adam <n@x>', size: 1, day: 3 },
  { subject: 'APPLE', from: '=?utf-8?Q?=C3=9Cli?= <a@x>', size: 9, day: 2 },
  { subject: '', from: 'z@x', size: 2 }, // no Date: its arrival on the fourth counts, behind the other of that day
]

for (const [spelled, expected] of SORTS) {
  test(`SORT ${spelled}`, () => {
    const keys = spelled
      .split(' ')
      .map(
        word =>
          ({ by: word.replace('-', '') as SortKey['by'], reverse: word.startsWith('-') }) satisfies SortKey,
      )
    assert.deepEqual(sortMessages(subjects(SORTED), keys), expected)
  })
}

test('every message is in the threads once, whatever the references say', () => {
  const id = fc.integer({ min: 0, max: 12 }).map(n => `<${n}@x>`)
  const facts = fc.record({
    id,
    refs: fc.array(id, { maxLength: 6 }).map(ids => ids.join(' ')),
    subject: fc.constantFrom('', 'a', 'Re: a', 'b', 'Re: b'),
    day: fc.integer({ min: 1, max: 28 }),
  })
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 20 }), all => {
      for (const algorithm of ['REFERENCES', 'ORDEREDSUBJECT'] as const) {
        const uids: number[] = []
        const visit = (nodes: readonly ThreadNode[], depth: number): void => {
          for (const { uid, children } of nodes) {
            if (uid !== null) uids.push(uid)
            else assert.ok(depth === 0 && children.length > 1, 'only the root of a thread may be unseen')
            visit(children, depth + 1)
          }
        }
        visit(threadMessages(algorithm, subjects(all)), 0)
        assert.deepEqual(
          uids.sort((a, b) => a - b),
          all.map((_each, i) => i + 1),
        )
      }
    }),
  )
})

test('a discussion of 20,000 answers, each naming the one before', () => {
  const all = Array.from({ length: 20_000 }, (_each, i) => ({
    id: `<${i}@x>`,
    refs: `<${i - 1}@x>`,
    subject: 'Re: x',
  }))
  let depth = 0
  let [node] = threadMessages('REFERENCES', subjects(all))
  for (; node; node = node.children[0]) depth++
  assert.equal(depth, 20_000)
})
