import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MailError } from '../../src/base/errors.ts'
import { decodeParameters, encodeParameter } from '../../src/text/index.ts'

type Pairs = readonly (readonly [string, string])[]

const values = (pairs: Pairs): Record<string, string> =>
  Object.fromEntries(decodeParameters(pairs).parameters.map(p => [p.name, p.value]))
const defects = (pairs: Pairs): readonly string[] => decodeParameters(pairs).defects

test('RFC 2231 §3, §4 and §4.1: the examples', () => {
  assert.deepEqual(
    values([
      ['access-type', 'URL'],
      ['URL*0', 'ftp://'],
      ['URL*1', 'cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar'],
    ]),
    {
      'access-type': 'URL',
      url: 'ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar',
    },
  )
  const title = [['title*', "us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A"]] as const
  assert.deepEqual(decodeParameters(title).parameters, [
    { name: 'title', value: 'This is ***fun***', language: 'en-us' },
  ])
  const mixed = [
    ['title*0*', "us-ascii'en'This%20is%20even%20more%20"],
    ['title*1*', '%2A%2A%2Afun%2A%2A%2A%20'],
    ['title*2', "isn't it!"],
  ] as const
  assert.deepEqual(decodeParameters(mixed).parameters, [
    { name: 'title', value: "This is even more ***fun*** isn't it!", language: 'en' },
  ])
})

test('continuations count by number, not by order, and characters may lie across them', () => {
  assert.deepEqual(
    values([
      ['n*1*', '%A9.txt'],
      ['n*0*', "utf-8''caf%C3"],
    ]),
    { n: 'café.txt' },
  )
  const many = Array.from(
    { length: 12 },
    (_, i) => [`n*${11 - i}`, String.fromCharCode(97 + 11 - i)] as const,
  )
  assert.deepEqual(values(many), { n: 'abcdefghijkl' })
})

test('a percent sign is only special in an extended segment', () => {
  assert.deepEqual(
    values([
      ['n*0*', "utf-8''100%25"],
      ['n*1', '%25'],
    ]),
    { n: '100%%25' },
  )
})

test('what is wrong is read, and named', () => {
  const cases: readonly (readonly [string, Pairs, string, readonly string[]])[] = [
    [
      'the same name twice: the first',
      [
        ['n', 'a'],
        ['N', 'b'],
      ],
      'a',
      ['duplicate'],
    ],
    [
      'plain and extended: the extended one',
      [
        ['n', 'a'],
        ['n*', "utf-8''b"],
      ],
      'b',
      ['both-forms'],
    ],
    [
      'extended and plain: the extended one',
      [
        ['n*', "utf-8''b"],
        ['n', 'a'],
      ],
      'b',
      ['both-forms'],
    ],
    [
      'a gap: what is before it',
      [
        ['n*0', 'a'],
        ['n*2', 'c'],
      ],
      'a',
      ['missing-segment'],
    ],
    [
      'no beginning: what there is',
      [
        ['n*1*', 'a%20'],
        ['n*2', 'b'],
      ],
      'a b',
      ['missing-segment'],
    ],
    ['no apostrophes', [['n*', 'caf%C3%A9']], 'café', ['malformed']],
    ['one apostrophe', [['n*', "it's"]], "it's", ['malformed']],
    ['percent signs without digits', [['n*', "utf-8''100%25%2x%"]], '100%%2x%', ['malformed']],
    ['an unknown charset', [['n*', "x-no''caf%E9"]], 'café', []],
    ['an empty charset', [['n*', "''caf%C3%A9"]], 'café', []],
    ['raw characters in an extended value', [['n*', "utf-8''caf\u00e9"]], 'café', []],
    ['encoded words where none may be', [['n', '=?utf-8?Q?caf=C3=A9?=']], 'café', []],
    [
      'encoded words over continuations',
      [
        ['n*0', '=?utf-8?Q?caf='],
        ['n*1', 'C3=A9?='],
      ],
      'café',
      [],
    ],
    [
      'leading zeros',
      [
        ['n*00', 'a'],
        ['n*01', 'b'],
      ],
      'ab',
      [],
    ],
    ['a line end smuggled in', [['n*', "utf-8''a%0D%0Ab%00c"]], 'a b c', []],
  ]
  for (const [what, pairs, value, wrong] of cases) {
    assert.deepEqual(values(pairs), { n: value }, what)
    assert.deepEqual(defects(pairs), wrong, what)
  }
})

test('any name is a name: __proto__, constructor and asterisks alone', () => {
  const names = ['__proto__', 'constructor', 'toString', '*', 'a*b', 'a*-1', 'a*99999']
  const { parameters } = decodeParameters(names.map(name => [name, 'x'] as const))
  assert.deepEqual(
    parameters.map(p => p.name),
    names.map(name => name.toLowerCase()),
  )
  assert.equal(({} as { x?: unknown }).x, undefined)
})

test('more pairs than the limit are dropped and named', () => {
  const pairs = Array.from({ length: 5000 }, (_, i) => [`n*${i}`, 'x'] as const)
  const result = decodeParameters(pairs)
  assert.equal(result.parameters[0]!.value.length, 1000)
  assert.deepEqual(result.defects, ['limit'])
  assert.equal(decodeParameters(pairs, { maxPairs: 10 }).parameters[0]!.value.length, 10)
})

test('a value is written as token, quoted string, or RFC 2231, whichever it needs', () => {
  assert.deepEqual(encodeParameter('charset', 'utf-8'), ['charset=utf-8'])
  assert.deepEqual(encodeParameter('filename', 'a b.txt'), ['filename="a b.txt"'])
  assert.deepEqual(encodeParameter('filename', 'a"\\b'), ['filename="a\\"\\\\b"'])
  assert.deepEqual(encodeParameter('filename', ''), ['filename=""'])
  assert.deepEqual(encodeParameter('filename', 'é%.txt'), ["filename*=utf-8''%C3%A9%25.txt"])
  assert.deepEqual(encodeParameter('filename', '=?utf-8?Q?a?='), [
    "filename*=utf-8''%3D%3Futf-8%3FQ%3Fa%3F%3D",
  ])
})

test('a long value is written in continuations that split no character', () => {
  const pieces = encodeParameter('filename', 'é'.repeat(60))
  assert.ok(pieces.length > 1)
  for (const [i, piece] of pieces.entries()) {
    assert.ok(piece.length <= 76, piece)
    assert.match(
      piece,
      i === 0 ? /^filename\*0\*=utf-8''(%C3%A9)+$/ : new RegExp(`^filename\\*${i}\\*=(%C3%A9)+$`),
    )
  }
})

test('CR, LF and NUL are refused by name, and so is a name that is no token', () => {
  for (const value of ['a\r', 'a\nb', '\0'])
    assert.throws(
      () => encodeParameter('filename', value),
      (error: unknown) =>
        error instanceof MailError && error.code === 'EMESSAGE' && error.message.includes('filename'),
    )
  for (const name of ['', 'a b', 'a*', "a'", 'é', 'a\r\nb', 'a='])
    assert.throws(() => encodeParameter(name, 'x'), { code: 'EMESSAGE' }, name)
})

test('reading undoes writing', () => {
  const value = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.string({ maxLength: 200 }))
  fc.assert(
    fc.property(value, raw => {
      const text = raw.replace(/[\r\n\0]/g, '').replace(/\p{Surrogate}/gu, '')
      const pairs = encodeParameter('filename', text).map(piece => {
        const at = piece.indexOf('=')
        const content = piece.slice(at + 1)
        const plain = content.startsWith('"') ? content.slice(1, -1).replace(/\\(.)/g, '$1') : content
        assert.ok(piece.length <= 76)
        return [piece.slice(0, at), plain] as const
      })
      assert.deepEqual(values(pairs), { filename: text })
      assert.deepEqual(defects(pairs), [])
    }),
    { numRuns: 1000 },
  )
})

test('arbitrary pairs never throw', () => {
  const name = fc
    .array(fc.constantFrom('n', '*', '0', '1', '00', ' ', '__proto__'), { maxLength: 5 })
    .map(p => p.join(''))
  const value = fc
    .array(fc.constantFrom('%', "'", 'C3', 'A9', 'utf-8', '=?', '?=', '\r\n', 'é'), { maxLength: 8 })
    .map(p => p.join(''))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 10 }), pairs => {
      const { parameters } = decodeParameters(pairs)
      assert.equal(new Set(parameters.map(p => p.name)).size, parameters.length)
      for (const p of parameters) if (p.value.includes('\0')) assert.fail()
    }),
    { numRuns: 1000 },
  )
})
