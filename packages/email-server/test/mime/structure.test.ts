// ENVELOPE and BODYSTRUCTURE: the standards' examples and what broken messages become.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type BodyStructure,
  type Disposition,
  type Envelope,
  type EnvelopeAddress,
  extractBodyStructure,
  extractEnvelope,
  type Parameters,
} from '../../src/mime/index.ts'
import { bytes, message } from './helpers.ts'

// RFC 9051 §7.5.2 in the spelling of the wire, so that expectations can be read as the standard prints them.
function nstring(text: string | null): string {
  return text === null ? 'NIL' : `"${text}"`
}
function list(items: readonly string[]): string {
  return items.length === 0 ? 'NIL' : `(${items.join(' ')})`
}
function parameters(pairs: Parameters): string {
  return list(pairs.map(([name, value]) => `"${name}" "${value}"`))
}
function disposition(value: Disposition | null): string {
  return value === null ? 'NIL' : `("${value.type}" ${parameters(value.parameters)})`
}
function addresses(all: readonly EnvelopeAddress[]): string {
  const one = (a: EnvelopeAddress) => `(${[a.name, a.route, a.mailbox, a.host].map(nstring).join(' ')})`
  return all.length === 0 ? 'NIL' : `(${all.map(one).join('')})`
}
function envelope(e: Envelope): string {
  const lists = [e.from, e.sender, e.replyTo, e.to, e.cc, e.bcc].map(addresses)
  return `(${[nstring(e.date), nstring(e.subject), ...lists, nstring(e.inReplyTo), nstring(e.messageId)].join(' ')})`
}
function body(s: BodyStructure, extended: boolean): string {
  const tail = `${disposition(s.disposition)} ${s.language === null ? 'NIL' : list(s.language.map(nstring))} ${nstring(s.location)}`
  if (s.kind === 'multipart') {
    const parts = s.parts.map(part => body(part, extended)).join('')
    return `(${parts} "${s.subtype}"${extended ? ` ${parameters(s.parameters)} ${tail}` : ''})`
  }
  const fields = [
    `"${s.type}" "${s.subtype}"`,
    parameters(s.parameters),
    nstring(s.id),
    nstring(s.description),
  ]
  fields.push(`"${s.encoding}"`, String(s.size))
  if (s.message !== null) fields.push(envelope(s.message.envelope), body(s.message.body, extended))
  if (s.lines !== null) fields.push(String(s.lines))
  if (extended) fields.push(nstring(s.md5), tail)
  return `(${fields.join(' ')})`
}

function structure(raw: Uint8Array, extended = false): string {
  return body(extractBodyStructure(raw), extended)
}

test('the envelope of the message in RFC 3501 §8', () => {
  const raw = message([
    'Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
    'From: Terry Gray <gray@cac.washington.edu>',
    'Subject: IMAP4rev1 WG mtg summary and minutes',
    'To: imap@cac.washington.edu',
    'cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>',
    'Message-Id: <B27397-0100000@cac.washington.edu>',
    'MIME-Version: 1.0',
    'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
    '',
    '',
  ])
  assert.equal(
    envelope(extractEnvelope(raw)),
    '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ' +
      '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL ' +
      '"<B27397-0100000@cac.washington.edu>")',
  )
  assert.equal(structure(raw), '("text" "plain" ("CHARSET" "US-ASCII") NIL NIL "7bit" 0 0)')
})

test('two parts, the second an encoded attachment, as in RFC 9051 §7.5.2', () => {
  const base64 = Array.from({ length: 73 }, () => 'x'.repeat(60)).join('\r\n')
  const raw = message([
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
    '',
    'text',
    '',
    '--b',
    'Content-Type: TEXT/PLAIN; CHARSET="US-ASCII"; NAME="cc.diff"',
    'Content-ID: <960723163407.20117h@cac.washington.edu>',
    'Content-Description: Compiler diff',
    'Content-Transfer-Encoding: BASE64',
    '',
    base64,
    '',
    '--b--',
  ])
  assert.equal(
    structure(raw),
    '(("text" "plain" ("CHARSET" "US-ASCII") NIL NIL "7bit" 6 1)' +
      '("text" "plain" ("CHARSET" "US-ASCII" "NAME" "cc.diff") "<960723163407.20117h@cac.washington.edu>" ' +
      '"Compiler diff" "base64" 4526 73) "mixed")',
  )
})

test('extension data come in the order of RFC 9051 §7.5.2', () => {
  const raw = message([
    'Content-Type: multipart/related; boundary=b; type="text/html"',
    'Content-Language: en, de',
    'Content-Location: http://example.com/',
    ' index',
    '',
    '--b',
    'Content-Type: application/pdf; name=a.pdf',
    'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==',
    'Content-Disposition: attachment; filename="a.pdf"; size=3',
    'Content-Language: fr',
    '',
    'PDF',
    '--b--',
  ])
  assert.equal(
    structure(raw, true),
    '(("application" "pdf" ("name" "a.pdf") NIL NIL "7bit" 3 "Q2hlY2sgSW50ZWdyaXR5IQ==" ' +
      '("attachment" ("filename" "a.pdf" "size" "3")) ("fr") NIL) ' +
      '"related" ("boundary" "b" "type" "text/html") NIL ("en" "de") "http://example.com/index")',
  )
})

test('a message within has its envelope, its structure and its lines', () => {
  const raw = message([
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    'From: a@example.com',
    '',
    'one',
    'two',
    '--b--',
  ])
  const a = '((NIL NIL "a" "example.com"))'
  assert.equal(
    structure(raw),
    `(("message" "rfc822" NIL NIL NIL "7bit" 47 (NIL "inner" ${a} ${a} ${a} NIL NIL NIL NIL NIL) ` +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 8 1) 4) "mixed")',
  )
})

test('a message within that is encoded has an empty envelope, as nothing of it can be read as it stands', () => {
  const raw = message([
    'Content-Type: message/rfc822',
    'Content-Transfer-Encoding: base64',
    '',
    'U3ViamVjdDogeA0KDQo=',
    '',
  ])
  assert.equal(
    structure(raw),
    '("message" "rfc822" NIL NIL NIL "base64" 22 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 22 1) 1)',
  )
})

test('a multipart without parts has an empty one, because IMAP has no other way to say it', () => {
  const raw = message(['Content-Type: multipart/mixed; boundary=b', '', 'nothing'])
  assert.equal(structure(raw), '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) "mixed")')
})

test('a multipart without a boundary is opaque bytes', () => {
  const raw = message(['Content-Type: multipart/mixed', '', 'what'])
  assert.equal(structure(raw), '("application" "octet-stream" NIL NIL NIL "7bit" 4)')
})

for (const [what, field, expected] of [
  ['missing', 'X: y', '"text" "plain" ("charset" "us-ascii")'],
  ['without a subtype (RFC 2045 §5.2)', 'Content-Type: text', '"text" "plain" ("charset" "us-ascii")'],
  ['without a charset', 'Content-Type: text/html', '"text" "html" ("charset" "us-ascii")'],
  ['in any case', 'CONTENT-TYPE: Text/HTML; CharSet=UTF-8', '"text" "html" ("CharSet" "UTF-8")'],
  [
    'with comments (RFC 2045 §5.1)',
    'Content-Type: text/plain; charset=us-ascii (Plain text)',
    '"text" "plain" ("charset" "us-ascii")',
  ],
  ['of two fields, the first', 'Content-Type: image/png\r\nContent-Type: image/gif', '"image" "png" NIL'],
  [
    'with continuations (RFC 2231 §3)',
    'Content-Type: message/external-body; access-type=URL;\r\n URL*0="ftp://";\r\n URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"',
    '"message" "external-body" ("access-type" "URL" "URL" "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar")',
  ],
  [
    'with a charset and a language (RFC 2231 §4.1)',
    "Content-Type: application/x-stuff;\r\n title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n title*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n title*2=\"isn't it!\"",
    `"application" "x-stuff" ("title*" "utf-8'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!")`,
  ],
  [
    'with an encoded word, as it stands',
    'Content-Type: application/x; name="=?utf-8?Q?=C3=A9?="',
    '"application" "x" ("name" "=?utf-8?Q?=C3=A9?=")',
  ],
] as const) {
  test(`Content-Type ${what}`, () => {
    assert.ok(
      structure(bytes(`${field}\r\n\r\n`)).startsWith(`(${expected} NIL NIL `),
      structure(bytes(`${field}\r\n\r\n`)),
    )
  })
}

for (const [what, header, key, expected] of [
  [
    'a group',
    'To: Friends: ann@example.com, Bob <bob@example.com>;',
    'to',
    '((NIL NIL "Friends" NIL)(NIL NIL "ann" "example.com")("Bob" NIL "bob" "example.com")(NIL NIL NIL NIL))',
  ],
  [
    'an empty group',
    'To: undisclosed-recipients:;',
    'to',
    '((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))',
  ],
  [
    'a source route',
    'To: <@a.example,@b.example:joe@c.example>',
    'to',
    '((NIL "@a.example,@b.example" "joe" "c.example"))',
  ],
  [
    'an encoded word, as it stands',
    'To: =?utf-8?Q?J=C3=B6?= <j@example.com>',
    'to',
    '(("=?utf-8?Q?J=C3=B6?=" NIL "j" "example.com"))',
  ],
  [
    'a quoted local part, without its quotes',
    'To: "a b"@example.com',
    'to',
    '((NIL NIL "a b" "example.com"))',
  ],
  ['an address that is empty', 'To: ', 'to', 'NIL'],
  ['raw UTF-8', 'To: J\xc3\xb6 <j@example.com>', 'to', '(("Jö" NIL "j" "example.com"))'],
  ['raw Latin-1', 'To: J\xf6 <j@example.com>', 'to', '(("Jö" NIL "j" "example.com"))'],
] as const) {
  test(`the envelope of ${what}`, () => {
    assert.equal(addresses(extractEnvelope(bytes(`${header}\r\n\r\n`))[key]), expected)
  })
}

test('Sender and Reply-To are From when they are missing or empty', () => {
  const from = '((NIL NIL "a" "x"))'
  const e = extractEnvelope(bytes('From: a@x\r\nReply-To:\r\n\r\n'))
  assert.equal(addresses(e.sender), from)
  assert.equal(addresses(e.replyTo), from)
  const own = extractEnvelope(bytes('From: a@x\r\nSender: b@x\r\nReply-To: c@x\r\n\r\n'))
  assert.equal(addresses(own.sender), '((NIL NIL "b" "x"))')
  assert.equal(addresses(own.replyTo), '((NIL NIL "c" "x"))')
})

test('a field that is there but empty is the empty string, one that is missing NIL', () => {
  const e = extractEnvelope(bytes('Subject:\r\nMessage-ID: \r\n\r\n'))
  assert.deepEqual([e.subject, e.messageId, e.date, e.inReplyTo], ['', '', null, null])
})

test('a folded Subject is one line, with the white space of the fold', () => {
  assert.equal(extractEnvelope(bytes('Subject: one\r\n two\r\n\tthree\r\n\r\n')).subject, 'one two\tthree')
})

test('no string of an envelope or a structure has a CR, a LF or a NUL in it', () => {
  const piece = fc.constantFrom(
    '\r',
    '\n',
    '\0',
    '\r\n ',
    ' x',
    '"',
    'a@b',
    '<',
    '=?utf-8?Q?=0D=0A?=',
    ';',
    "a*=utf-8''%0d%0a%00",
    '\\',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const value = pieces.join('')
      const raw = bytes(
        `Subject: ${value}\r\nFrom: ${value}\r\nContent-Type: text/x; ${value}\r\nContent-ID: ${value}\r\nContent-Disposition: a;${value}\r\nContent-Language: ${value}\r\n\r\n`,
      )
      const text = JSON.stringify([extractEnvelope(raw), extractBodyStructure(raw)])
      assert.doesNotMatch(text, /\\r|\\n|\\u0000/)
    }),
    { numRuns: 2000 },
  )
})
