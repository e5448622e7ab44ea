// The scanner: part trees of well-formed and broken messages, the same for every split, within its limits.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type MessagePart, scanMessage } from '../../src/mime/index.ts'
import { assertLinear, bytes, message, outline, scanInPieces } from './helpers.ts'

const nested = message([
  'From: a@example.com',
  'Content-Type: multipart/mixed; boundary=outer',
  '',
  'preamble',
  '--outer',
  'Content-Type: multipart/alternative; boundary="inner"',
  '',
  '--inner',
  '',
  'plain',
  '--inner  ',
  'Content-Type: text/html',
  '',
  '<p>',
  '',
  '--inner--',
  'epilogue of inner',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'Subject: within',
  'Content-Type: multipart/digest; boundary=d',
  '',
  '--d',
  '',
  'Subject: one',
  '',
  'first',
  '--d--',
  '--outer--',
  'epilogue',
])

test('a nested message becomes the tree that RFC 2046 describes', () => {
  const tree = scanMessage(nested)
  assert.equal(
    outline(nested, tree),
    'multipart/mixed(multipart/alternative(text/plain "plain", text/html "<p>\\r\\n"), ' +
      'message/rfc822(multipart/digest(message/rfc822(text/plain "first"))))',
  )
  assert.equal(tree.bodyEnd, nested.length)
  const html = tree.parts[0]!.parts[1]!
  assert.equal(html.lines, 1)
  assert.equal(nested.toString('latin1', html.headerStart, html.bodyStart), 'Content-Type: text/html\r\n\r\n')
  // RFC 2046 §5.1.1: what follows the closing delimiter, up to the outer delimiter, is still of the inner multipart.
  assert.ok(nested.toString('latin1', 0, tree.parts[0]!.bodyEnd).endsWith('epilogue of inner'))
  assert.equal(tree.parts[1]!.lines, 8)
})

test('every split of a message gives the tree of the whole', () => {
  const whole = scanMessage(nested)
  for (let cut = 0; cut <= nested.length; cut++) {
    assert.deepEqual(scanInPieces(nested, [cut, nested.length]), whole, `cut at ${cut}`)
  }
  for (const size of [1, 2, 3, 7]) assert.deepEqual(scanInPieces(nested, [size]), whole)
})

/** Text that is mostly mail: pieces that mean something to the scanner, in any order. */
const mailish: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\r\n\r\n',
        '--',
        '--a',
        '--a--',
        '--ab\r\n',
        '\r\n--a\r\n',
        '\n--a--\n',
        '\r\n--a \t\r\n',
        'Content-Type: multipart/mixed; boundary=a\r\n\r\n',
        'Content-Type: multipart/mixed; boundary=ab\n\n',
        'Content-Type: multipart/digest; boundary="a"\r\n\r\n',
        'Content-Type: message/rfc822\r\n\r\n',
        'Content-Transfer-Encoding: base64\r\n',
        'From: x\r\n',
        'From x\n',
        'no field at all\r\n',
        ' folded\r\n',
        ': no name\r\n',
        'text',
        '\x00',
        '\xff\xfe',
      ),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 40 },
  )
  .map(pieces => pieces.join(''))

test('any text: no throw, offsets in order, the same tree for every split', () => {
  fc.assert(
    fc.property(
      mailish,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      (text, sizes) => {
        const raw = bytes(text)
        const limits = { maxDepth: 4, maxParts: 8, maxHeaderSize: 120, maxTotalHeaderSize: 400, maxFields: 3 }
        for (const options of [{}, limits]) {
          const whole = scanMessage(raw, options)
          assert.deepEqual(scanInPieces(raw, sizes, options), whole)
          assert.equal(whole.bodyEnd, raw.length)
          checkOrder(raw, whole, 0, raw.length)
        }
      },
    ),
    { numRuns: 3000 },
  )
})

test('any bytes at all: no throw, and the root part is the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), raw => {
      const tree = scanMessage(raw)
      assert.equal(tree.headerStart, 0)
      assert.equal(tree.bodyEnd, raw.length)
    }),
    { numRuns: 2000 },
  )
})

function checkOrder(raw: Uint8Array, part: MessagePart, from: number, to: number): void {
  assert.ok(part.headerStart >= from && part.bodyStart >= part.headerStart)
  assert.ok(part.bodyEnd >= part.bodyStart && part.bodyEnd <= to)
  const { header } = part
  assert.equal(header.offset, part.headerStart)
  assert.equal(header.text, Buffer.from(raw.subarray(part.headerStart, part.bodyStart)).toString('latin1'))
  if (part.type === 'text' || part.type === 'message') {
    const body = Buffer.from(raw.subarray(part.bodyStart, part.bodyEnd)).toString('latin1')
    assert.equal(part.lines, body.split('\n').length - 1)
  }
  let at = part.bodyStart
  for (const child of part.parts) {
    checkOrder(raw, child, at, part.bodyEnd)
    at = child.bodyEnd
  }
}

test('past the depth limit a multipart is a leaf, and the tree says so', () => {
  const lines: string[] = []
  for (let i = 0; i < 6; i++) lines.push(`Content-Type: multipart/mixed; boundary=b${i}`, '', `--b${i}`)
  lines.push('', 'deep')
  const raw = message(lines)
  const tree = scanMessage(raw, { maxDepth: 3 })
  assert.equal(
    outline(raw, tree).replace(/ ".*"/, ' …'),
    'multipart/mixed!(multipart/mixed!(multipart/mixed!(multipart/mixed! …)))',
  )
  assert.equal(scanMessage(raw).truncated, false)
})

test('past the limit on parts the rest of the message is left alone', () => {
  const raw = message([
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    '',
    '1',
    '--b',
    '',
    '2',
    '--b',
    '',
    '3',
  ])
  const tree = scanMessage(raw, { maxParts: 3 })
  assert.equal(outline(raw, tree), 'multipart/mixed!(text/plain "1", text/plain "2")')
  assert.equal(
    outline(raw, scanMessage(raw, { maxParts: 4 })),
    'multipart/mixed(text/plain "1", text/plain "2", text/plain "3")',
  )
})

test('past the size of a header the rest of it is body, opaque', () => {
  const raw = message([
    'Content-Type: multipart/mixed; boundary=b',
    `X: ${'x'.repeat(100)}`,
    '',
    '--b',
    '',
    '1',
    '--b--',
  ])
  const tree = scanMessage(raw, { maxHeaderSize: 60 })
  assert.equal(tree.kind, 'leaf')
  assert.equal(tree.truncated, true)
  assert.equal(tree.bodyStart, 43)
  assert.equal(scanMessage(raw, { maxHeaderSize: 43 + 105 + 2 }).kind, 'multipart')
})

test('past the number of fields the header still ends at its blank line', () => {
  const raw = message(['A: 1', 'B: 2', ' folded', 'C: 3', ' folded', 'From: x', '', 'body'])
  const tree = scanMessage(raw, { maxFields: 2 })
  assert.deepEqual(
    tree.header.fields.map(field => field.name),
    ['A', 'B'],
  )
  assert.equal(outline(raw, tree), 'text/plain! "body"')
})

for (const [name, make] of [
  [
    'parts',
    (n: number) => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(n)}--b--`,
  ],
  [
    'nesting',
    (n: number) =>
      Array.from(
        { length: n },
        (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
      ).join(''),
  ],
  ['messages in messages', (n: number) => 'Content-Type: message/rfc822\r\n\r\n'.repeat(n)],
  ['fields', (n: number) => 'Subject: x\r\n'.repeat(n)],
  ['lines that are no fields', (n: number) => `From: a\r\n${'no field\r\n'.repeat(n)}To: b\r\n\r\n`],
  ['carriage returns', (n: number) => `Subject: ${'\r'.repeat(n)}\r\n\r\n`],
  ['folded lines', (n: number) => `Subject: x\r\n${' y\r\n'.repeat(n)}\r\n`],
  [
    'lines that look like delimiters',
    (n: number) => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--c\r\n'.repeat(n)}`,
  ],
  [
    'parts without a blank line',
    (n: number) => `Content-Type: multipart/mixed; boundary=b\n\n${'--b\nA: x\n'.repeat(n)}`,
  ],
  [
    'closing delimiters',
    (n: number) => `Content-Type: multipart/mixed; boundary=b\n\n${'--b--\n'.repeat(n)}`,
  ],
] as const) {
  test(`the time to scan grows with the number of ${name}, no faster`, () => {
    const limits = {
      maxDepth: 1e6,
      maxParts: 1e6,
      maxFields: 1e6,
      maxHeaderSize: 1e8,
      maxTotalHeaderSize: 1e8,
    }
    assertLinear(
      n => bytes(make(n)),
      raw => scanMessage(raw, limits),
    )
  })
}

test("a field's key is its name in lower case, however it is written", () => {
  const names = [
    'From',
    'MESSAGE-ID',
    'Message-Id',
    'mime-version',
    'List-Unsubscribe-Post',
    'X-Priority',
    'Subject!',
  ]
  const near = ['Frxm', 'FroM-', 'Fr/m', 'To_', 'tO', 'C', 'X-MSMail-Prioritz', 'D~te']
  for (const name of [...names, ...near]) {
    const block = scanMessage(bytes(`${name}: x\r\n\r\n`)).header
    assert.deepEqual(
      block.fields.map(field => [field.name, field.key]),
      [[name, name.toLowerCase()]],
    )
  }
})
