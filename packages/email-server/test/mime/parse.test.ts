// parseMessage beyond the corpus: laziness, options, limits, memory, and any bytes at all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  extractMessageMetadata,
  ParsedHeaders,
  parseMessage,
  resolveBinary,
  resolveSection,
  SearchableMessage,
  scanMessage,
  splitHeader,
} from '../../src/mime/index.ts'
import { bytes, message } from './helpers.ts'

test('what is not read is not decoded: the charset hook is asked when the text is', () => {
  const asked: string[] = []
  const raw = bytes('Content-Type: text/plain; charset=x-mine\r\n\r\nabc')
  const parsed = parseMessage(raw, {
    decodeCharset: (_bytes, label) => {
      asked.push(label)
      return 'decoded'
    },
  })
  assert.deepEqual(asked, [])
  assert.equal(parsed.text, 'decoded')
  assert.equal(parsed.text, 'decoded')
  assert.deepEqual(asked, ['x-mine'])
})

test('checksums are of the decoded content, MD5 unless told otherwise', () => {
  const raw = bytes('Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n')
  assert.equal(parseMessage(raw).attachments[0]!.checksum, '900150983cd24fb0d6963f7d28e17f72')
  assert.equal(
    parseMessage(raw, { checksumAlgo: 'sha1' }).attachments[0]!.checksum,
    'a9993e364706816aba3e25717850c26c9cd0d89d',
  )
  assert.equal(parseMessage(raw, { checksumAlgo: false }).attachments[0]!.checksum, undefined)
})

test('a parsed message is plain JSON with mailparser’s keys', () => {
  const raw = bytes('From: A <a@example.com>\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n<p>hi')
  const json = JSON.parse(JSON.stringify(parseMessage(raw)))
  assert.equal(json.subject, 'x')
  assert.equal(json.from.text, '"A" <a@example.com>')
  assert.equal(json.text, 'hi')
  assert.equal(json.html, '<p>hi')
  assert.deepEqual(json.headers['content-type'], { value: 'text/html', params: {} })
})

test('a raw message must be bytes or text, and the error says so', () => {
  assert.throws(() => parseMessage(42 as unknown as string), {
    code: 'ECONFIG',
    message: /raw must be the bytes/,
  })
})

test('bad options are refused at once, with their names', () => {
  for (const [options, name] of [
    [{ maxParts: 0 }, 'maxParts'],
    [{ maxDepth: Number.NaN }, 'maxDepth'],
    [{ maxHeaderSize: '1' as unknown as number }, 'maxHeaderSize'],
    [{ checksumAlgo: 'md6' }, 'checksumAlgo'],
  ] as const) {
    assert.throws(() => parseMessage('', options), {
      code: 'ECONFIG',
      message: new RegExp(`option ${name} must be`),
    })
  }
  assert.equal(parseMessage('x', { maxParts: Number.POSITIVE_INFINITY }).text, 'x')
})

test('headers are a map by name in any case, in the order of the message', () => {
  const raw = message(['Subject: x', 'X-Empty:', 'To: a@example.com', 'X-A: 1', 'x-a: 2', '', ''])
  const { headers, headerLines } = parseMessage(raw)
  assert.deepEqual([...headers.keys()], ['subject', 'to', 'x-a'])
  assert.equal(headers.size, 3)
  assert.equal(headers.get('SUBJECT'), 'x')
  assert.deepEqual(headers.get('X-A'), ['1', '2'])
  assert.equal(headers.has('x-empty'), false)
  assert.deepEqual(headerLines[1], { key: 'x-empty', line: 'X-Empty:' })
  const seen: string[] = []
  headers.forEach((_value, key) => {
    seen.push(key)
  })
  assert.deepEqual(
    seen,
    [...headers].map(([key]) => key),
  )
})

test('a header block alone has the same fields as in its message', () => {
  const block = splitHeader(bytes('Subject: one\r\n two\r\nFrom: a@b'))
  assert.deepEqual(
    block.fields.map(field => field.key),
    ['subject', 'from'],
  )
  assert.equal(new ParsedHeaders(block).get('subject'), 'one two')
})

test('what a limit leaves out is said, and the rest is an attachment or left alone', () => {
  const raw = message([
    'Content-Type: multipart/mixed; boundary=a',
    '',
    '--a',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    '',
    'x',
    '--b--',
    '--a--',
  ])
  const parsed = parseMessage(raw, { maxDepth: 1 })
  assert.equal(parsed.truncated, true)
  assert.equal(parsed.text, undefined)
  assert.equal(parsed.attachments[0]!.contentType, 'multipart/mixed')
  assert.equal(parseMessage(raw).truncated, false)
})

test('the content of any leaf of the tree can be had, shown or not, without its transfer encoding', () => {
  const raw =
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n--b--\r\n'
  const parsed = parseMessage(raw)
  assert.deepEqual(
    parsed.tree.parts.map(part => Buffer.from(parsed.contentOf(part)).toString()),
    ['plain', 'hi'],
  )
})

test('the calendar of an invitation is text with its method', () => {
  const raw = message([
    'Content-Type: text/calendar; method=request; charset=iso-8859-1',
    '',
    'SUMMARY:caf\xe9',
  ])
  assert.deepEqual(parseMessage(raw).calendar, { method: 'REQUEST', content: 'SUMMARY:café' })
  assert.equal(parseMessage(bytes('')).calendar, undefined)
})

test('images past the size that may be put into HTML stay links', () => {
  const raw = message([
    'Content-Type: multipart/related; boundary=b',
    '',
    '--b',
    'Content-Type: text/html',
    '',
    'cid:x cid:x cid:x',
    '--b',
    'Content-Type: image/gif',
    'Content-ID: <x>',
    '',
    'GIF',
    '--b--',
  ])
  const url = 'data:image/gif;base64,R0lG'
  assert.equal(parseMessage(raw, { maxInlinedImagesSize: 2 * url.length }).html, `${url} ${url} cid:x`)
  assert.equal(parseMessage(raw, { maxInlinedImagesSize: 0 }).html, 'cid:x cid:x cid:x')
  assert.equal(parseMessage(raw, { keepCidLinks: true }).html, 'cid:x cid:x cid:x')
})

test('parsing 10 MB with a base64 attachment takes at most one and a half times the message in memory', () => {
  const line = `${'QUJD'.repeat(19)}\r\n`
  const raw = bytes(
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n${line.repeat(10e6 / line.length)}--b--`,
  )
  const used = () => {
    const { arrayBuffers, heapUsed } = process.memoryUsage()
    return arrayBuffers + heapUsed
  }
  const before = used()
  const { attachments } = parseMessage(raw)
  assert.equal(attachments[0]!.size, Math.floor(10e6 / line.length) * 57)
  const more = (used() - before) / raw.length
  assert.ok(more <= 1.5, `${more.toFixed(2)} times the message`)
})

const piece = fc.constantFrom(
  '\r\n',
  '\r\n\r\n',
  '--b',
  '--b--',
  'Content-Type: ',
  'multipart/mixed; boundary=b',
  'multipart/related; boundary="b',
  'text/html',
  'text/plain; charset=',
  'utf-8',
  'utf-7',
  'iso-2022-jp',
  'x; format=flowed',
  'message/rfc822',
  'Content-Transfer-Encoding: ',
  'base64',
  'quoted-printable',
  'x-uuencode',
  'begin 644 a',
  'Content-Disposition: inline; filename*0*=',
  "utf-8''%",
  'Subject: ',
  'From: ',
  'To: ',
  'Date: ',
  'List-Id: ',
  'References: ',
  'DKIM-Signature: ',
  '=?utf-8?Q?=',
  '?=',
  '<',
  '>',
  '"',
  '(',
  ';',
  ':',
  ',',
  '=',
  '==',
  'cid:',
  '&#',
  '\xff',
  '\0',
  ' ',
  '\t',
  'a',
  '1',
)

test('whatever a message is, everything can be read of it, and nothing throws', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
      (pieces, path) => {
        const raw = bytes(pieces.join(''))
        JSON.stringify(parseMessage(raw, { defaultInlineEmbedded: true }))
        extractMessageMetadata(raw)
        const tree = scanMessage(raw)
        assert.ok([...new SearchableMessage(raw, tree).texts()].every(text => typeof text === 'string'))
        resolveBinary(raw, tree, path)
        for (const text of [null, 'HEADER', 'TEXT', 'MIME', 'HEADER.FIELDS', 'HEADER.FIELDS.NOT'] as const) {
          const found = resolveSection(raw, tree, { path, text, fields: ['subject', 'a'] })
          assert.ok(found === null || found.length <= raw.length + 2)
        }
      },
    ),
    { numRuns: 4000 },
  )
})

test('a message takes no other message’s place: two parsed at once share nothing', () => {
  const one = parseMessage(bytes('Subject: one\r\n\r\n1'))
  const two = parseMessage(bytes('Subject: two\r\n\r\n2'))
  assert.deepEqual([one.subject, two.subject, one.text, two.text], ['one', 'two', '1', '2'])
})
