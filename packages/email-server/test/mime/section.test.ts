// Sections of a message as IMAP names them: the example of RFC 3501 §6.4.5 and RFC 9051 §6.4.5.1, and the edges.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveSection, type Section, scanMessage, sectionRanges } from '../../src/mime/index.ts'
import { message } from './helpers.ts'

/** `4.2.HEADER.FIELDS (To From)` to a section. */
function section(text: string): Section {
  const fields = /\((.*)\)/.exec(text)?.[1]?.split(' ') ?? []
  const path = /^[0-9.]*/.exec(text)![0].split('.').filter(Boolean).map(Number)
  const word = /[A-Z][A-Z.]*[A-Z]/.exec(text.replace(/\(.*/, ''))?.[0] ?? null
  return { path, text: word as Section['text'], fields }
}

function read(raw: Uint8Array, text: string): string | null {
  const bytes = resolveSection(raw, scanMessage(raw), section(text))
  return bytes === null ? null : Buffer.from(bytes).toString('latin1')
}

// The shape of the standard's "complex message".
const complex = message([
  'From: outer@example.com',
  'To: you@example.com',
  'Content-Type: multipart/mixed; boundary=a',
  '',
  '--a',
  '',
  'one',
  '--a',
  'Content-Type: application/octet-stream',
  '',
  'two',
  '--a',
  'Content-Type: message/rfc822',
  'Content-Description: three',
  '',
  'Subject: three',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'X-Part: 3.1',
  '',
  'three one',
  '--b',
  'Content-Type: application/octet-stream',
  '',
  'three two',
  '--b--',
  '--a',
  'Content-Type: multipart/mixed; boundary=c',
  '',
  '--c',
  'Content-Type: image/gif',
  'Content-ID: <gif>',
  '',
  'GIF',
  '--c',
  'Content-Type: message/rfc822',
  '',
  'Subject: four two',
  'Content-Type: multipart/mixed; boundary=d',
  '',
  '--d',
  '',
  'four two one',
  '--d',
  'Content-Type: multipart/alternative; boundary=e',
  '',
  '--e',
  '',
  'plain',
  '--e',
  'Content-Type: text/richtext',
  '',
  'rich',
  '--e--',
  '--d--',
  '--c--',
  '--a--',
  '',
])

for (const [name, expected] of [
  [
    'HEADER',
    'From: outer@example.com\r\nTo: you@example.com\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n',
  ],
  ['1', 'one'],
  ['1.MIME', '\r\n'],
  ['2', 'two'],
  ['2.MIME', 'Content-Type: application/octet-stream\r\n\r\n'],
  ['3.HEADER', 'Subject: three\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'],
  ['3.MIME', 'Content-Type: message/rfc822\r\nContent-Description: three\r\n\r\n'],
  [
    '3.TEXT',
    '--b\r\nX-Part: 3.1\r\n\r\nthree one\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\nthree two\r\n--b--',
  ],
  ['3.1', 'three one'],
  ['3.2', 'three two'],
  ['3.1.MIME', 'X-Part: 3.1\r\n\r\n'],
  ['4.1', 'GIF'],
  ['4.1.MIME', 'Content-Type: image/gif\r\nContent-ID: <gif>\r\n\r\n'],
  ['4.2.HEADER', 'Subject: four two\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n'],
  ['4.2.HEADER.FIELDS (subject)', 'Subject: four two\r\n\r\n'],
  ['4.2.HEADER.FIELDS.NOT (SUBJECT)', 'Content-Type: multipart/mixed; boundary=d\r\n\r\n'],
  ['4.2.1', 'four two one'],
  ['4.2.2', '--e\r\n\r\nplain\r\n--e\r\nContent-Type: text/richtext\r\n\r\nrich\r\n--e--'],
  ['4.2.2.1', 'plain'],
  ['4.2.2.2', 'rich'],
  ['HEADER.FIELDS (to x-missing)', 'To: you@example.com\r\n\r\n'],
  ['HEADER.FIELDS (x-missing)', '\r\n'],
  ['HEADER.FIELDS.NOT (to from)', 'Content-Type: multipart/mixed; boundary=a\r\n\r\n'],
  ['MIME', null],
  ['5', null],
  ['1.1', null],
  ['1.HEADER', null],
  ['1.TEXT', null],
  ['4.HEADER', null],
  ['3.3', null],
  ['4.2.2.3', null],
  ['3.0', null],
] as const) {
  test(`the section [${name}] of the standard's complex message`, () => {
    assert.equal(read(complex, name), expected)
  })
}

test('the empty section is the whole message, TEXT what follows the blank line', () => {
  assert.equal(read(complex, ''), complex.toString('latin1'))
  assert.equal(read(complex, 'TEXT'), complex.toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n'))
})

test('the body of a message that is no multipart is its part 1', () => {
  const raw = message(['Subject: x', 'Content-Type: text/plain', '', 'body', ''])
  assert.equal(read(raw, '1'), 'body\r\n')
  assert.equal(read(raw, '1.MIME'), 'Subject: x\r\nContent-Type: text/plain\r\n\r\n')
  assert.equal(read(raw, '2'), null)
  assert.equal(read(raw, '1.1'), null)
  assert.equal(read(raw, '1.HEADER'), null)
})

test('a message whose body is a message has that as part 1', () => {
  const raw = message(['Content-Type: message/rfc822', '', 'Subject: inner', '', 'text'])
  assert.equal(read(raw, '1'), 'Subject: inner\r\n\r\ntext')
  assert.equal(read(raw, '1.HEADER'), 'Subject: inner\r\n\r\n')
  assert.equal(read(raw, '1.TEXT'), 'text')
  assert.equal(read(raw, '1.1'), 'text')
  assert.equal(read(raw, '1.1.MIME'), 'Subject: inner\r\n\r\n')
  assert.equal(read(raw, 'HEADER'), 'Content-Type: message/rfc822\r\n\r\n')
})

test('header sections keep folding, repetition and order, and match names without case', () => {
  const raw = message(['Received: a', ' by b', 'SUBJECT: x', 'received: c', 'X : y', '', ''])
  assert.equal(read(raw, 'HEADER.FIELDS (RECEIVED)'), 'Received: a\r\n by b\r\nreceived: c\r\n\r\n')
  assert.equal(read(raw, 'HEADER.FIELDS.NOT (Received)'), 'SUBJECT: x\r\nX : y\r\n\r\n')
  assert.equal(read(raw, 'HEADER.FIELDS (x)'), 'X : y\r\n\r\n')
})

test('a message without body and blank line has no blank line in its header sections', () => {
  const raw = message(['Subject: x', ''])
  assert.equal(read(raw, 'HEADER'), 'Subject: x\r\n')
  assert.equal(read(raw, 'HEADER.FIELDS (subject)'), 'Subject: x\r\n')
  assert.equal(read(raw, 'HEADER.FIELDS (to)'), '')
  assert.equal(read(raw, 'TEXT'), '')
  assert.equal(read(raw, '1'), '')
})

test('a message whose blank line is missing has one in its header subsets, which clients need', () => {
  const raw = message(['Subject: x', 'this is no field', '', 'text'])
  assert.equal(read(raw, 'HEADER.FIELDS (subject)'), 'Subject: x\r\n\r\n')
  assert.equal(read(raw, 'TEXT'), 'this is no field\r\n\r\ntext')
})

test('a multipart without any part has an empty part 1, as its BODYSTRUCTURE says', () => {
  const raw = message(['Content-Type: multipart/mixed; boundary=x', '', 'nothing', ''])
  assert.equal(read(raw, '1'), '')
  assert.equal(read(raw, '1.MIME'), '')
  assert.equal(read(raw, '2'), null)
})

test('fields past the limit are none of those that are named', () => {
  const raw = message(['A: 1', 'B: 2', 'C: 3', '', 'x'])
  const tree = scanMessage(raw, { maxFields: 2 })
  const get = (name: string) => Buffer.from(resolveSection(raw, tree, section(name))!).toString('latin1')
  assert.equal(get('HEADER.FIELDS (c)'), '\r\n')
  assert.equal(get('HEADER.FIELDS.NOT (b)'), 'A: 1\r\nC: 3\r\n\r\n')
})

test('a partial is cut from the section, and nothing lies beyond its end', () => {
  const tree = scanMessage(complex)
  const cut = (start: number, length: number) =>
    Buffer.from(resolveSection(complex, tree, section('3.1'), { start, length })!).toString('latin1')
  assert.equal(cut(0, 5), 'three')
  assert.equal(cut(6, 100), 'one')
  assert.equal(cut(9, 1), '')
  assert.equal(cut(4000, 2 ** 32), '')
  const fields = section('HEADER.FIELDS (to)')
  assert.equal(Buffer.from(resolveSection(complex, tree, fields, { start: 4, length: 3 })!).toString(), 'you')
})

test('ranges say where a section lies, and how long it is, without the message at hand', () => {
  const tree = scanMessage(complex)
  for (const name of [
    '',
    'TEXT',
    'HEADER',
    '3.TEXT',
    'HEADER.FIELDS (to)',
    'HEADER.FIELDS.NOT (to)',
    '4.2.2.2',
  ]) {
    const { ranges, size } = sectionRanges(tree, section(name))!
    const text = ranges.map(([start, end]) => complex.toString('latin1', start, end)).join('')
    assert.equal(text, read(complex, name))
    assert.equal(size, text.length)
  }
})
