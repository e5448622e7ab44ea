import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  isAddressLiteral,
  isSmtpDomain,
  type PathOptions,
  readMailbox,
  readPath,
} from '../../src/address/index.ts'

const path = (text: string, options: PathOptions = {}): unknown => {
  const result = readPath(text, 0, options)
  return result.ok ? [result.mailbox?.address ?? null, result.end] : result.fault
}

test('RFC 5321 §4.1.2: paths, with the offset behind them', () => {
  assert.deepEqual(path('<joe@example.com>'), ['joe@example.com', 17])
  assert.deepEqual(path('<joe@example.com> SIZE=5'), ['joe@example.com', 17])
  assert.deepEqual(path('<joe@[192.0.2.1]>'), ['joe@[192.0.2.1]', 17])
  assert.deepEqual(path('<joe@[IPv6:2001:db8::1]>'), ['joe@[IPv6:2001:db8::1]', 24])
  const result = readPath('MAIL FROM:<a.b@X.test>', 10)
  assert.deepEqual(result, {
    ok: true,
    mailbox: { address: 'a.b@X.test', local: 'a.b', domain: 'X.test' },
    end: 22,
  })
})

test('a source route is checked and dropped', () => {
  assert.deepEqual(path('<@a.test,@b.test:joe@example.com>'), ['joe@example.com', 33])
  assert.deepEqual(path('<@a.test:joe@example.com>'), ['joe@example.com', 25])
  for (const wrong of [
    '<@a.test>',
    '<@a.test,joe@x.test>',
    '<@:joe@x.test>',
    '<@a.test,:joe@x.test>',
    '<@a_b:joe@x.test>',
    `<${'@a,'.repeat(1000)}`,
  ])
    assert.equal(path(wrong), 'syntax', wrong)
})

test('the null path and Postmaster are for those who ask for them', () => {
  assert.deepEqual(path('<>', { nullPath: true }), [null, 2])
  assert.equal(path('<>'), 'syntax')
  assert.deepEqual(path('<PostMaster>', { postmaster: true }), ['PostMaster', 12])
  assert.equal(path('<postmaster>'), 'syntax')
  assert.deepEqual(path('<postmaster@x.test>', { postmaster: true }), ['postmaster@x.test', 19])
})

test('quoted local parts lose the quoting that they do not need', () => {
  assert.deepEqual(path('<"joe"@x.test>'), ['joe@x.test', 14])
  assert.deepEqual(path('<"a b"@x.test>'), ['"a b"@x.test', 14])
  assert.deepEqual(path('<"Joe\\,Smith"@x.test>'), ['"Joe,Smith"@x.test', 21])
  assert.deepEqual(path('<"a\\"b"@x.test>'), ['"a\\"b"@x.test', 15])
  assert.deepEqual(path('<"a@evil.test> x"@x.test>'), ['"a@evil.test> x"@x.test', 25])
})

test('what is no path is refused', () => {
  for (const wrong of [
    '',
    'joe@x.test',
    '<joe@x.test',
    '< joe@x.test>',
    '<joe@x.test >',
    '<joe @x.test>',
    '<joe>',
    '<@x.test>',
    '<joe@>',
    '<joe@@x.test>',
    '<a@b@x.test>',
    '<.a@x.test>',
    '<a.@x.test>',
    '<a..b@x.test>',
    '<a b@x.test>',
    '<joe@x_y.test>',
    '<joe@x.test.>',
    '<joe@-x.test>',
    '<joe@x-.test>',
    '<joe@x..test>',
    '<joe@[1.2.3]>',
    '<joe@[]>',
    '<joe@[1.2.3.4>',
    '<"joe@x.test>',
    '<"a\rb"@x.test>',
    '<"a\\\x01"@x.test>',
    '<(c)joe@x.test>',
    '<joe@x.test(c)>',
    '<joe\0@x.test>',
  ])
    assert.equal(path(wrong), 'syntax', wrong)
})

test('RFC 6531 §3.3: characters above U+007F only with SMTPUTF8, and only well-formed', () => {
  for (const text of ['<jörg@x.test>', '<joe@bücher.test>', '<"jö rg"@x.test>']) {
    assert.equal(path(text), 'non-ascii', text)
    assert.deepEqual(path(text, { smtputf8: true }), [text.slice(1, -1), text.length])
  }
  for (const text of [
    '<j\ufffd@x.test>',
    '<joe@b\ufffd.test>',
    '<joe@ü..test>',
    '<joe@ü_x.test>',
    '<joe@ü.test.>',
    '<joe@ü。test>',
  ])
    assert.equal(path(text, { smtputf8: true }), 'syntax', text)
})

test('RFC 5321 §4.5.3.1: 64, 255 and 256 octets are allowed, one more is too long', () => {
  const domain = (length: number): string => `${'abcdefg.'.repeat(40).slice(0, length - 2)}xx`
  assert.deepEqual(path(`<${'a'.repeat(64)}@x.test>`), [`${'a'.repeat(64)}@x.test`, 73])
  assert.equal(path(`<${'a'.repeat(65)}@x.test>`), 'too-long')
  assert.equal(path(`<"${'a'.repeat(63)}"@x.test>`), 'too-long')
  assert.equal(domain(252).length, 252)
  assert.deepEqual(path(`<a@${domain(252)}>`), [`a@${domain(252)}`, 256])
  assert.equal(path(`<a@${domain(253)}>`), 'too-long')
  assert.equal(isSmtpDomain(domain(255)), true)
  assert.equal(isSmtpDomain(domain(256)), false)
  assert.deepEqual(path(`<${'ö'.repeat(32)}@x.test>`, { smtputf8: true }), [`${'ö'.repeat(32)}@x.test`, 41])
  assert.equal(path(`<${'ö'.repeat(33)}@x.test>`, { smtputf8: true }), 'too-long')
})

test('RFC 5321 §4.1.3: address literals', () => {
  for (const right of [
    '[0.0.0.0]',
    '[255.255.255.255]',
    '[012.1.1.1]',
    '[IPv6:::]',
    '[ipv6:::1]',
    '[IPv6:1:2:3:4:5:6:7:8]',
    '[IPv6:1::8]',
    '[IPv6:1:2:3:4:5:6:1.2.3.4]',
    '[IPv6:::1.2.3.4]',
    '[IPv6:1:2:3:4::1.2.3.4]',
    '[x-tag:some.thing@else]',
  ])
    assert.equal(isAddressLiteral(right), true, right)
  for (const wrong of [
    '',
    '[]',
    '1.2.3.4',
    '[1.2.3]',
    '[1.2.3.4.5]',
    '[1.2.3.256]',
    '[1.2.3.0004]',
    '[1.2.3.]',
    '[IPv6:]',
    '[IPv6::]',
    '[IPv6:1:2:3:4:5:6:7]',
    '[IPv6:1:2:3:4:5:6:7:8:9]',
    '[IPv6:1::2::3]',
    '[IPv6:12345::]',
    '[IPv6:g::]',
    '[IPv6:1:2:3:4:5:6::8]',
    '[IPv6:1:2:3:4:5:1.2.3.4]',
    '[IPv6:1:2:3:4:5::1.2.3.4]',
    '[IPv6:1:::2]',
    '[IPv6:1.2.3.4]',
    '[2001:db8::1]',
    '[tag:]',
    '[tag:a b]',
    '[tag-:a]',
    '[:a]',
  ])
    assert.equal(isAddressLiteral(wrong), false, wrong)
})

test('reading what was read gives the same again', () => {
  const local = fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.stringMatching(/^[a-z.]{1,8}$/))
  const written = local.map(text => `"${text.replace(/[\\"]/g, '\\$&')}"@x.test`)
  fc.assert(
    fc.property(written, text => {
      const first = readMailbox(text)
      assert.ok(first.ok, text)
      const second = readMailbox(first.mailbox!.address)
      assert.ok(second.ok && second.end === first.mailbox!.address.length)
      assert.deepEqual(second.mailbox, first.mailbox)
    }),
    { numRuns: 1000 },
  )
})

test('arbitrary text never throws, and what is taken has no character that could leave its line', () => {
  const text = fc.array(
    fc.constantFrom(
      '<',
      '>',
      '@',
      ':',
      ',',
      '"',
      '\\',
      '.',
      'a',
      'x.test',
      '[',
      ']',
      '1.2.3.4',
      'ö',
      '\0',
      '\r',
      ' ',
    ),
    {
      maxLength: 14,
    },
  )
  fc.assert(
    fc.property(text, fc.boolean(), (parts, smtputf8) => {
      const line = `<${parts.join('')}>`
      const result = readPath(line, 0, { smtputf8, nullPath: true, postmaster: true })
      if (!result.ok) return
      assert.ok(line[result.end - 1] === '>' && result.end <= line.length)
      assert.ok(!/[\0\r\n]/.test(result.mailbox?.address ?? ''))
    }),
    { numRuns: 5000 },
  )
})
