// What stores and servers ask of a message: BINARY, preview, metadata, text for searching.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  extractMessageMetadata,
  previewOf,
  resolveBinary,
  SearchableMessage,
  scanMessage,
} from '../../src/mime/index.ts'
import { bytes, message } from './helpers.ts'

function binary(raw: Uint8Array, path: readonly number[]): string {
  const found = resolveBinary(raw, scanMessage(raw), path)
  return found.kind === 'content' ? Buffer.from(found.content).toString('latin1') : found.kind
}

const letter = message([
  'From: Ann <a@example.com>',
  'Subject: =?utf-8?Q?Caf=C3=A9?=',
  'Date: Mon, 23 Nov 2026 23:30:00 -0500',
  'Message-ID: <1@example.com>',
  'In-Reply-To: <0@example.com> (my first)',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: multipart/alternative; boundary=c',
  '',
  '--c',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'one caf=E9 =',
  'two',
  '--c',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('<p>Hidden&nbsp;<b>tre</b>asure</p>').toString('base64'),
  '--c--',
  '--b',
  'Content-Type: application/octet-stream; name="=?utf-8?Q?=C3=A9.bin?="',
  'Content-Transfer-Encoding: base64',
  '',
  'AAEC',
  '--b',
  'Content-Type: application/x',
  'Content-Transfer-Encoding: x-strange',
  '',
  'y',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Subject: =?utf-8?Q?inn=C3=A9r?=',
  '',
  'text within',
  '--b--',
])

test('BINARY is a leaf’s content without its transfer encoding', () => {
  assert.equal(binary(letter, [1, 1]), 'one caf\xe9 two')
  assert.equal(binary(letter, [2]), '\0\x01\x02')
  assert.equal(binary(letter, [4, 1]), 'text within')
  assert.equal(binary(letter, []), letter.toString('latin1'))
})

test('BINARY says why there is none', () => {
  assert.equal(binary(letter, [1]), 'not-a-leaf')
  assert.equal(binary(letter, [4]), 'not-a-leaf')
  assert.equal(binary(letter, [3]), 'unknown-encoding')
  assert.equal(binary(letter, [9]), 'no-such-part')
  assert.equal(binary(letter, [2, 1]), 'no-such-part')
})

test('BINARY of text has CRLF line endings whatever was encoded (RFC 9051 §7.5.2), other types none changed', () => {
  const encoded = Buffer.from('\na\nb\r\nc\n').toString('base64')
  const part = (type: string) =>
    bytes(`Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${encoded}`)
  assert.equal(binary(part('text/plain'), [1]), '\r\na\r\nb\r\nc\r\n')
  assert.equal(binary(part('image/svg'), [1]), '\na\nb\r\nc\n')
})

test('metadata is what a store keeps of a message', () => {
  const { envelope, bodyStructure, ...rest } = extractMessageMetadata(letter)
  assert.equal(envelope.messageId, '<1@example.com>')
  assert.equal(bodyStructure.kind, 'multipart')
  assert.deepEqual(rest, {
    size: letter.length,
    preview: 'one café two',
    subject: 'Café',
    sentAt: Date.UTC(2026, 10, 24, 4, 30),
    sentZone: -300,
    messageId: '<1@example.com>',
    references: ['<0@example.com>'],
    hasAttachments: true,
    truncated: false,
  })
})

test('a message without anything has metadata, too', () => {
  const { preview, subject, sentAt, messageId, references, hasAttachments } = extractMessageMetadata(
    bytes(''),
  )
  assert.deepEqual(
    [preview, subject, sentAt, messageId, references, hasAttachments],
    ['', '', null, null, [], false],
  )
})

test('references are identifiers in angle brackets, whatever stands between', () => {
  const references = (text: string) => extractMessageMetadata(bytes(`References: ${text}\r\n\r\n`)).references
  assert.deepEqual(references('<a@b> junk <c@d>,<e@f>'), ['<a@b>', '<c@d>', '<e@f>'])
  assert.deepEqual(references('<a@b <c@d> <e'), ['<c@d>'])
  assert.deepEqual(references('<a@\r\n b>'), ['<a@b>'])
  assert.deepEqual(references('none'), [])
})

test('an image shown within HTML and an invitation are no attachments', () => {
  const related = message([
    'Content-Type: multipart/related; boundary=b',
    '',
    '--b',
    'Content-Type: text/html',
    '',
    '<img src=cid:x>',
    '--b',
    'Content-Type: image/gif',
    'Content-ID: <x>',
    '',
    'GIF',
    '--b--',
  ])
  assert.equal(extractMessageMetadata(related).hasAttachments, false)
  const invitation = message([
    'Content-Type: multipart/alternative; boundary=b',
    '',
    '--b',
    '',
    'x',
    '--b',
    'Content-Type: text/calendar',
    '',
    'BEGIN:VCALENDAR',
    '--b--',
  ])
  assert.equal(extractMessageMetadata(invitation).hasAttachments, false)
})

for (const [name, raw, expected] of [
  ['is one line', 'Subject: x\n\n one\n\n two\t three\n', 'one two three'],
  ['passes over quoted text', 'Subject: x\n\n> old\nnew\n', 'new'],
  ['has quoted text when there is no other', 'Subject: x\n\n> old\n', '> old'],
  [
    'of HTML has no markup, no links and nothing invisible',
    'Content-Type: text/html\n\n<style>p{}</style><p>Hello <a href="http://example.com">you</a>&zwnj;&#8203;&nbsp;!',
    'Hello you !',
  ],
  [
    'prefers plain text to HTML in front of it',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>html\n--b\n\nplain\n--b--',
    'plain',
  ],
  [
    'takes the HTML when the plain text is empty',
    'Content-Type: multipart/alternative; boundary=b\n\n--b\n\n\n--b\nContent-Type: text/html\n\n<p>html\n--b--',
    'html',
  ],
  ['is empty for a message of images', 'Content-Type: image/png\n\nPNG', ''],
  ['looks into messages within', 'Content-Type: message/rfc822\n\nSubject: x\n\ninner', 'inner'],
] as const) {
  test(`a preview ${name}`, () => {
    const text = bytes(raw.replace(/\n/g, '\r\n'))
    assert.equal(previewOf(text, scanMessage(text)), expected)
  })
}

test('a preview has at most 200 characters, and none is cut (RFC 8970 §3.3)', () => {
  const raw = Buffer.from(`Content-Type: text/plain; charset=utf-8\r\n\r\n${'😀é'.repeat(50_000)}`)
  const preview = previewOf(raw, scanMessage(raw))
  assert.equal([...preview].length, 200)
  assert.equal(preview, '😀é'.repeat(100))
})

test('searching sees decoded headers, texts without markup, parts’ names and messages within', () => {
  const searchable = new SearchableMessage(letter, scanMessage(letter))
  assert.deepEqual(searchable.header('SUBJECT'), ['Café'])
  assert.ok([...searchable.headers()].includes('Subject: Café'))
  const body = [...searchable.bodies()].join('\n')
  for (const text of ['one café two', 'Hidden treasure', 'é.bin', 'innér', 'text within'])
    assert.ok(body.includes(text), text)
  assert.ok(!body.includes('Ann'), 'the message’s own header is no part of its body')
  assert.deepEqual([...searchable.bodies()], [...searchable.bodies()])
  assert.ok([...searchable.texts()].length > [...searchable.bodies()].length)
})
