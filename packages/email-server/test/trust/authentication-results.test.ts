// Authentication-Results: the examples of RFC 8601 Appendix B, what is written is read again, and the forged ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitHeader } from '../../src/mime/index.ts'
import {
  forgedResults,
  readAuthenticationResults,
  withoutFields,
  writeAuthenticationResults,
} from '../../src/trust/authentication-results/index.ts'

const read = (text: string) => readAuthenticationResults(text)

test('the examples of RFC 8601 Appendix B are read', () => {
  assert.deepEqual(read(' example.org 1; none'), { authservId: 'example.org', results: [] })
  assert.deepEqual(read(' example.com;\r\n          spf=pass smtp.mailfrom=example.net'), {
    authservId: 'example.com',
    results: [
      {
        method: 'spf',
        result: 'pass',
        properties: [{ type: 'smtp', name: 'mailfrom', value: 'example.net' }],
      },
    ],
  })
  const four = read(
    ' example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net',
  )
  assert.deepEqual(
    four?.results.map(each => [each.method, each.result, each.properties?.[0]?.value]),
    [
      ['auth', 'pass', 'sender@example.net'],
      ['spf', 'pass', 'example.net'],
    ],
  )
  const six = read(
    ' example.com;\r\n dkim=pass reason="good signature"\r\n header.i=@mail-router.example.net;\r\n dkim=fail reason="bad signature"\r\n header.i=@newyork.example.com',
  )
  assert.deepEqual(six?.results[1], {
    method: 'dkim',
    result: 'fail',
    reason: 'bad signature',
    properties: [{ type: 'header', name: 'i', value: '@newyork.example.com' }],
  })
})

test('comments may stand wherever RFC 8601 §B.7 puts them', () => {
  const seven = read(
    ` foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462`,
  )
  assert.deepEqual(seven, {
    authservId: 'foo.example.net',
    results: [
      {
        method: 'dkim',
        result: 'fail',
        properties: [{ type: 'policy', name: 'expired', value: '1362471462' }],
      },
    ],
  })
})

test('what does not keep the grammar is null', () => {
  for (const text of [
    '',
    ' ',
    ';',
    'example.com',
    'example.com 2; none',
    'example.com; none; spf=pass',
    'example.com; spf=pass; none',
    'example.com; spf',
    'example.com; spf=',
    'example.com; spf=pass smtp',
    'example.com; spf=pass smtp.mailfrom',
    'example.com; spf=pass smtp.mailfrom=',
    'example.com; spf=pass reason="open',
    'example.com; spf=pass (open smtp.mailfrom=a; dkim=pass',
    'example.com; spf/2=pass',
    '"example.com; spf=pass',
    `example.com${'; spf=pass'.repeat(200)}`,
  ]) {
    const found = read(text)
    // A comment without end swallows what follows; what stood before it was said.
    if (text.includes('(open')) assert.equal(found?.results.length, 1)
    else assert.equal(found, null, text)
  }
})

test('what was written is read again, whatever the values are', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/).filter(text => text !== 'reason' && text !== 'none')
  const value = fc.oneof(
    fc
      .string({ maxLength: 40, unit: 'binary' })
      .map(text => text.replace(/\p{Cc}/gu, '').replace(/[\s]/gu, ' ')),
    fc.constantFrom(
      'joe@example.com',
      '@example.com',
      'a"b\\c',
      '(x',
      'x; dkim=pass',
      '<>',
      '',
      '"q q"@example.com',
    ),
  )
  const property = fc.record({ type: word, name: word, value }, { noNullPrototype: true })
  const method = fc.record({
    method: word,
    result: word,
    reason: value,
    properties: fc.array(property, { maxLength: 3 }),
  })
  fc.assert(
    fc.property(value, fc.array(method, { maxLength: 4 }), (id, results) => {
      const all = { authservId: id === '' ? 'x' : id, results }
      const field = writeAuthenticationResults(all)
      assert.ok(field.startsWith('Authentication-Results: ') && field.endsWith('\r\n'))
      assert.ok(!/\r\n(?![ ])/.test(field.slice(0, -2)) && !/[^\r]\n/.test(field))
      const again = read(field.slice('Authentication-Results:'.length, -2))
      assert.deepEqual(again, {
        ...all,
        results: results.map(({ reason, ...rest }) => (reason === '' ? rest : { reason, ...rest })),
      })
    }),
    { numRuns: 1000 },
  )
})

test('text of others cannot become a result', () => {
  const field = writeAuthenticationResults({
    authservId: 'mx.example.com',
    results: [
      {
        method: 'spf',
        result: 'fail',
        reason: 'said "no"; dkim=pass\r\nX-Injected: yes',
        properties: [{ type: 'smtp', name: 'mailfrom', value: 'a@b.example; dmarc=pass (' }],
      },
    ],
  })
  assert.ok(!/^X-Injected/m.test(field))
  assert.equal(read(field.slice(23, -2))?.results.length, 1)
})

test('lines of many results are short', () => {
  const properties = Array.from({ length: 5 }, (_, i) => ({
    type: 'header',
    name: 'd',
    value: `mail${i}.example.com`,
  }))
  const results = Array.from({ length: 5 }, () => ({
    method: 'dkim',
    result: 'pass',
    reason: 'a long reason',
    properties,
  }))
  for (const line of writeAuthenticationResults({ authservId: 'mx.example.com', results }).split('\r\n')) {
    assert.ok(line.length <= 78, line)
  }
})

test('an id that is none, and results that are none, are refused', () => {
  for (const authservId of ['', 'a\r\nb', 'x'.repeat(300)]) {
    assert.throws(() => writeAuthenticationResults({ authservId, results: [] }), { code: 'ECONFIG' })
  }
  const results = [{ method: 'spf=pass; dkim', result: 'pass' }]
  assert.throws(() => writeAuthenticationResults({ authservId: 'x', results }), {
    code: 'ECONFIG',
    message: /results/,
  })
})

test('results that claim to be ours are found, however they are written, and go', () => {
  const forged = [
    'Authentication-Results: mx.example.com; spf=pass',
    'authentication-results : MX.Example.COM; none',
    'Authentication-Results:\r\n (hello (there)) "mx.example.com" 1;\r\n dkim=pass',
    'Authentication-Results: mx.example.com.; spf=pass',
    'Authentication-Results: mx.example.com rubbish',
    'Authentication-Results: ; spf=pass',
  ]
  const others = [
    'Authentication-Results: mx.example.org; spf=pass',
    'ARC-Authentication-Results: i=1; mx.example.com; spf=pass',
    'Subject: mx.example.com',
  ]
  const header = `${[...forged, ...others].join('\r\n')}\r\n\r\n`
  const block = splitHeader(Buffer.from(header))
  const found = forgedResults(block, 'mx.example.com')
  assert.equal(found.length, forged.length)
  assert.equal(withoutFields(block, found), `${others.join('\r\n')}\r\n\r\n`)
})

test('endless comments, quotes and results take linear time', () => {
  for (const text of [
    `${'('.repeat(500_000)}x`,
    `x; a=b ${'(x)'.repeat(200_000)}`,
    `"${'\\"'.repeat(200_000)}`,
    `x; a=b ${'c.d=e '.repeat(100_000)}`,
    `x${' '.repeat(500_000)}y`,
  ]) {
    readAuthenticationResults(text)
  }
})
