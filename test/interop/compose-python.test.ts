// Python's `email` package reads what composeMessage writes: the same values, and not one defect.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { composeMessage, type MessageOptions } from 'email-server/mime'

interface Leaf {
  filename: string | null
  disposition: string | null
  charset: string | null
  method: string | null
  cid: string | null
  content: string
}

interface Facts {
  subject: string
  from: [string | null, [string, string][]][]
  to: [string | null, [string, string][]][]
  date: number
  types: string[]
  leaves: Leaf[]
  longest: number
  defects: string[]
}

function read(messages: readonly MessageOptions[]): Facts[] {
  const script = readFileSync(new URL('../../../test/interop/compose_facts.py', import.meta.url), 'utf8')
  const input = JSON.stringify(
    messages.map(options => Buffer.from(composeMessage(options).bytesSync()).toString('base64')),
  )
  const { stdout, stderr, status } = spawnSync('python3', ['-c', script], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64 << 20,
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Facts[]
}

const date = new Date(Date.UTC(2026, 10, 23, 12))
const base = { date, from: 'ann@example.com', to: 'bob@example.net', subject: 'Hi', text: 'x' }
const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 31) & 0xff))
const ics = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n'
const decoded = (leaf: Leaf): string => Buffer.from(leaf.content, 'base64').toString()

test('subjects in all scripts, of all lengths', () => {
  const subjects = [
    'Grüße aus Köln',
    '日本語のとても長い件名'.repeat(10),
    'word '.repeat(50).trim(),
    'a 🎉 b',
    '=?utf-8?q?x?=',
    ' leading and trailing ',
    `Re: ${'ü'.repeat(200)} end`,
  ]
  for (const [i, facts] of read(subjects.map(subject => ({ ...base, subject }))).entries()) {
    assert.equal(facts.subject, subjects[i])
    assert.deepEqual(facts.defects, [])
    assert.ok(facts.longest <= 78, String(facts.longest))
  }
})

test('addresses: names that need quotes or encoding, groups, quoted local parts, domains in Unicode', () => {
  const [facts] = read([
    {
      ...base,
      from: { name: 'Müller, "Jörg"', address: 'j@bücher.example' },
      to: [
        { name: 'Doe, John (Sales)', address: 'john@example.org' },
        { name: '日本語'.repeat(4), address: 'x@example.com' }, // one encoded word: older Pythons keep the blank between two
        '"a b"@example.com',
        {
          name: 'Freunde und Grüße',
          group: [{ address: 'e@example.com' }, { name: 'F', address: 'f@example.com' }],
        },
      ],
    },
  ])
  assert.deepEqual(facts!.defects, [])
  assert.deepEqual(facts!.from, [[null, [['Müller, "Jörg"', 'j@xn--bcher-kva.example']]]])
  assert.deepEqual(facts!.to, [
    [null, [['Doe, John (Sales)', 'john@example.org']]],
    [null, [['日本語'.repeat(4), 'x@example.com']]],
    [null, [['', '"a b"@example.com']]],
    [
      'Freunde und Grüße',
      [
        ['', 'e@example.com'],
        ['F', 'f@example.com'],
      ],
    ],
  ])
  assert.equal(facts!.date, date.getTime() / 1000)
})

test('texts in every encoding', () => {
  const texts = [
    'plain\ntext',
    'Grüße aus Köln, wo es heute regnet\n',
    '日本語'.repeat(300),
    'x'.repeat(2000),
    'From me\n.\n=',
    ' \t\n a \n',
  ]
  const all = read(texts.map(text => ({ ...base, text, html: `<p>${text}</p>` })))
  for (const [i, facts] of all.entries()) {
    assert.deepEqual(facts.defects, [])
    assert.deepEqual(facts.types, ['multipart/alternative', 'text/plain', 'text/html'])
    const lines = texts[i]!.replaceAll('\n', '\r\n')
    assert.deepEqual(facts.leaves.map(decoded), [lines, `<p>${lines}</p>`])
    assert.deepEqual(
      facts.leaves.map(leaf => leaf.charset),
      ['utf-8', 'utf-8'],
    )
  }
})

test('attachments: names, ids, octets', () => {
  const names = [
    'a.bin',
    'a b.bin',
    'a"b\\c.bin',
    'Größe.bin',
    `${'日本語'.repeat(30)}.bin`,
    `${'long '.repeat(40)}.bin`,
    "it's 100% *sure*.bin",
  ]
  const all = read(
    names.map(filename => ({
      ...base,
      html: '<p>',
      attachments: [
        { filename, content: bytes, cid: 'c@x' },
        { filename, content: 'a\nb' },
      ],
    })),
  )
  for (const [i, facts] of all.entries()) {
    assert.deepEqual(facts.defects, [])
    const [, , related, attached] = facts.leaves
    assert.deepEqual([related!.filename, attached!.filename], [names[i], names[i]])
    assert.equal(related!.cid, '<c@x>')
    assert.equal(related!.content, bytes.toString('base64'))
    assert.equal(decoded(attached!), 'a\nb')
  }
})

test('an invitation, a nested message, UTF-8 headers, 8bit and flowed text', () => {
  const inner = 'Subject: inner\r\n\r\nbody\r\n'
  const [invitation, nested, utf8, flowed] = read([
    { ...base, icalEvent: ics },
    { ...base, attachments: [{ contentType: 'message/rfc822', content: inner }] },
    {
      ...base,
      subject: 'Grüße',
      text: 'Grüße',
      attachments: [{ filename: 'ü.bin', content: 'x' }],
      smtpProfile: { smtputf8: true },
    },
    { ...base, text: 'word '.repeat(50), flowed: true },
  ])
  assert.deepEqual(invitation!.types, [
    'multipart/mixed',
    'multipart/alternative',
    'text/plain',
    'text/calendar',
    'application/ics',
  ])
  assert.equal(invitation!.leaves[1]!.method, 'REQUEST')
  assert.equal(invitation!.leaves[2]!.filename, 'invite.ics')
  assert.deepEqual(nested!.types, ['multipart/mixed', 'text/plain', 'message/rfc822', 'text/plain'])
  assert.equal(utf8!.subject, 'Grüße')
  assert.equal(decoded(utf8!.leaves[0]!), 'Grüße')
  assert.ok(flowed!.longest <= 78)
  for (const facts of [invitation, nested, utf8, flowed]) assert.deepEqual(facts!.defects, [])
})
