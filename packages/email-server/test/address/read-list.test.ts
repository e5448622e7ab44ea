import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Address,
  addressesFrom,
  readAddresses,
  readAddressList,
  toEnvelopeAddresses,
} from '../../src/address/index.ts'

const a = (name: string, address: string): Address => ({ name, address })
const group = (name: string, ...members: Address[]): Address => ({ name, address: '', group: members })

function table(cases: readonly (readonly [text: string, ...expected: Address[]])[], regular: boolean): void {
  for (const [text, ...expected] of cases) {
    assert.deepEqual(readAddresses(text), expected, text)
    const mailboxes = readAddressList(text).entries.flatMap(e => (e.kind === 'group' ? e.members : [e]))
    assert.equal(
      mailboxes.every(m => m.regular),
      regular,
      `regular: ${text}`,
    )
  }
}

test('RFC 5322 appendix A: the addresses of the examples', () => {
  table(
    [
      ['John Doe <jdoe@machine.example>', a('John Doe', 'jdoe@machine.example')],
      ['"Joe Q. Public" <john.q.public@example.com>', a('Joe Q. Public', 'john.q.public@example.com')],
      [
        'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
        a('Mary Smith', 'mary@x.test'),
        a('', 'jdoe@example.org'),
        a('Who?', 'one@y.test'),
      ],
      [
        '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
        a('', 'boss@nil.test'),
        a('Giant; "Big" Box', 'sysservices@example.net'),
      ],
      ['Pete <pete@silly.example>', a('Pete', 'pete@silly.example')],
      [
        'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
        group('A Group', a('Ed Jones', 'c@a.test'), a('', 'joe@where.test'), a('John', 'jdoe@one.test')),
      ],
      ['Undisclosed recipients:;', group('Undisclosed recipients')],
      // A.5, white space and comments
      ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', a('Pete', 'pete@silly.test')],
      [
        "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
        group(
          'A Group',
          a('Chris Jones', 'c@public.example'),
          a('', 'joe@example.org'),
          a('John', 'jdoe@one.test'),
        ),
      ],
      ['(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;', group('Hidden recipients')],
      // A.6.1, obsolete addressing
      ['Joe Q. Public <john.q.public@example.com>', a('Joe Q. Public', 'john.q.public@example.com')],
      [
        'Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example',
        a('Mary Smith', 'mary@example.net'),
        a('', 'jdoe@test.example'),
      ],
      // A.6.3
      ['John Doe <jdoe@machine(comment).  example>', a('John Doe', 'jdoe@machine.example')],
      ['Mary Smith\r\n  \r\n          <mary@example.net>', a('Mary Smith', 'mary@example.net')],
    ],
    true,
  )
})

test('quoted local parts, address literals and UTF-8 keep their meaning', () => {
  table(
    [
      ['"a b"@example.com', a('', '"a b"@example.com')],
      ['"a@b"@example.com', a('', '"a@b"@example.com')],
      ['"plain"@example.com', a('', 'plain@example.com')],
      ['"a".b@example.com', a('', 'a.b@example.com')],
      ['"a\\"\\\\b"@example.com', a('', '"a\\"\\\\b"@example.com')],
      ['""@example.com', a('', '""@example.com')],
      ['joe@[192.0.2.1]', a('', 'joe@[192.0.2.1]')],
      ['joe@[IPv6:2001:db8::1]', a('', 'joe@[IPv6:2001:db8::1]')],
      ['Jörg <jörg@bücher.example>', a('Jörg', 'jörg@bücher.example')],
      ['用户@例子.广告', a('', '用户@例子.广告')],
    ],
    true,
  )
})

test('names come from phrases, quoted strings, comments and encoded words', () => {
  table(
    [
      ['joe@example.com (Joe Doe)', a('Joe Doe', 'joe@example.com')],
      ['<joe@example.com> (Joe Doe)', a('Joe Doe', 'joe@example.com')],
      ['(Joe) <joe@example.com>', a('Joe', 'joe@example.com')],
      ['Joe (the boss) Doe <joe@example.com>', a('Joe Doe', 'joe@example.com')],
      ['"Doe, Joe" <joe@example.com>', a('Doe, Joe', 'joe@example.com')],
      ['=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_M=C3=BCller?= <j@example.com>', a('Jörg Müller', 'j@example.com')],
      ['"=?utf-8?Q?J=C3=B6rg?=" <j@example.com>', a('Jörg', 'j@example.com')],
      ['j@example.com (=?utf-8?Q?J=C3=B6rg?=)', a('Jörg', 'j@example.com')],
    ],
    true,
  )
})

test('what mailers write wrongly is read as good mail clients read it', () => {
  table([['a@x.test; b@x.test', a('', 'a@x.test'), a('', 'b@x.test')]], true)
  table(
    [
      ['A <a@x.test> B <b@x.test>', a('A', 'a@x.test'), a('B', 'b@x.test')],
      ['<a@x.test><b@x.test>', a('', 'a@x.test'), a('', 'b@x.test')],
      ['a@x.test b@x.test', a('', 'a@x.test'), a('', 'b@x.test')],
      ['A <a@x.test> b@x.test', a('A', 'a@x.test'), a('', 'b@x.test')],
      ['Joe Doe joe@x.test', a('Joe Doe', 'joe@x.test')],
      ['J. Doe joe@x.test', a('J. Doe', 'joe@x.test')],
      ['<joe@x.test> Joe', a('Joe', 'joe@x.test')],
      ['Joe <joe@x.test', a('Joe', 'joe@x.test')],
      ['Joe <joe@x.test, Ann <ann@x.test>', a('Joe', 'joe@x.test'), a('Ann', 'ann@x.test')],
      ['Joe @ Work <joe@x.test>', a('Joe @ Work', 'joe@x.test')],
      ['Joe [Work] <joe@x.test>', a('Joe [Work]', 'joe@x.test')],
      ["Joe O'Neil) <joe@x.test>", a("Joe O'Neil)", 'joe@x.test')],
      ['"Joe <joe@x.test>', a('"Joe', 'joe@x.test')],
      ['<mailto:joe@x.test>', a('', 'joe@x.test')],
      ['a..b@x.test', a('', 'a..b@x.test')],
      ['a.@x.test', a('', 'a.@x.test')],
      ['joe@x.test.', a('', 'joe@x.test.')],
      // commas and at-signs bare inside an encoded word
      ['=?utf-8?Q?Doe,_J=C3=B6rg?= <j@example.com>', a('Doe, Jörg', 'j@example.com')],
      ['=?utf-8?Q?a@b.c?= <j@example.com>', a('a@b.c', 'j@example.com')],
      ['Friends: a@x.test, B <b@x.test', group('Friends', a('', 'a@x.test'), a('B', 'b@x.test'))],
    ],
    false,
  )
})

test('groups inside groups give their members to the outer one, however deep', () => {
  table([['A: B: c@x.test; d@x.test', group('A', a('', 'c@x.test')), a('', 'd@x.test')]], true)
  const deep = `${'g:'.repeat(50_000)}a@x.test${';'.repeat(50_000)}`
  assert.deepEqual(readAddresses(deep), [group('g', a('', 'a@x.test'))])
})

test('text without an address stays text: nothing is guessed', () => {
  table(
    [
      ['root', a('root', '')],
      ['<root>', a('root', '')],
      ['Doe, Joe <joe@x.test>', a('Doe', ''), a('Joe', 'joe@x.test')],
      ['Joe <>', a('Joe', '')],
      ['joe@', a('joe@', '')],
      ['@x.test', a('@x.test', '')],
    ],
    false,
  )
  for (const empty of ['', ' ', ',', ' ,;, ', '\r\n ']) assert.deepEqual(readAddresses(empty), [])
})

test('misrouting: what can be read in two ways has no address', () => {
  table(
    [
      ['a@b.test@c.test', a('a@b.test@c.test', '')],
      ['<a@b.test@c.test>', a('a@b.test@c.test', '')],
      ['Joe <joe doe@x.test>', a('Joe', '')],
      ['Joe <a@x.test b@y.test>', a('Joe', '')],
      ['a\\@b@x.test', a('a\\@b@x.test', '')],
      ['(a@x.test', a('(a@x.test', '')],
      ['a[b@x.test', a('a[b@x.test', '')],
    ],
    false,
  )
})

test('misrouting: a quoted local part never becomes the domain of another (CVE-2025-13033)', () => {
  assert.deepEqual(readAddresses('"xclow3n@gmail.com x"@internal.domain'), [
    a('', '"xclow3n@gmail.com x"@internal.domain'),
  ])
  assert.deepEqual(readAddresses('"a@evil.test> b"@x.test'), [a('', '"a@evil.test> b"@x.test')])
  assert.deepEqual(readAddresses('"evil@x.test, b"@y.test'), [a('', '"evil@x.test, b"@y.test')])
})

test('encoded words are never decoded inside an address', () => {
  for (const text of ['=?utf-8?Q?joe=40evil.test?=@x.test', '<=?utf-8?Q?joe=40evil.test?=@x.test>'])
    assert.deepEqual(readAddresses(text), [a('', '=?utf-8?Q?joe=40evil.test?=@x.test')])
  // a domain is none when it looks like one
  assert.equal(readAddresses('joe@=?utf-8?Q?evil.test?=')[0]!.address, '')
  // an encoded word alone is a name, even when it decodes to an address
  assert.deepEqual(readAddresses('=?utf-8?Q?joe=40evil.test?='), [a('joe@evil.test', '')])
  assert.deepEqual(readAddresses('=?utf-8?Q?=3Cjoe=40evil.test=3E?= <ann@x.test>'), [
    a('<joe@evil.test>', 'ann@x.test'),
  ])
})

test('line ends never come through into names or addresses', () => {
  const text = '"a\r\n b"@x.test, "Joe\r\n Doe" <c@x.test>, (Ann\r\n Lee) <d@x.test>, "\rx"@y.test'
  for (const { name, address } of readAddresses(text))
    assert.ok(!/[\r\n]/.test(name + address), name + address)
})

test('a list beyond the limit is cut and flagged, groups and their members counted', () => {
  const many = Array.from({ length: 2001 }, (_, i) => `u${i}@x.test`).join(',')
  const cut = readAddressList(many)
  assert.equal(cut.entries.length, 2000)
  assert.equal(cut.truncated, true)
  assert.equal(readAddressList(many.slice(0, many.lastIndexOf(','))).truncated, false)
  const grouped = readAddressList(`g: ${many};`)
  assert.equal(grouped.truncated, true)
  assert.equal(grouped.entries[0]!.kind === 'group' && grouped.entries[0]!.members.length, 1999)
  assert.equal(readAddressList('g:;'.repeat(3000)).entries.length, 2000)
  assert.equal(readAddressList(many, { maxMailboxes: 5 }).entries.length, 5)
})

test('RFC 9051 §7.5.2: the four strings of ENVELOPE', () => {
  const text =
    '"Joe Q" <joe@x.test>, G: "a b"@x.test, =?utf-8?Q?=C3=A9?= <@r1,@r2:b@x.test>;, root, d@x.test (Dee)'
  assert.deepEqual(toEnvelopeAddresses(readAddressList(text)), [
    { name: 'Joe Q', route: null, mailbox: 'joe', host: 'x.test' },
    { name: null, route: null, mailbox: 'G', host: null },
    { name: null, route: null, mailbox: 'a b', host: 'x.test' },
    { name: '=?utf-8?Q?=C3=A9?=', route: '@r1,@r2', mailbox: 'b', host: 'x.test' },
    { name: null, route: null, mailbox: null, host: null },
    { name: null, route: null, mailbox: 'root', host: '' },
    { name: 'Dee', route: null, mailbox: 'd', host: 'x.test' },
  ])
})

test('callers may give text, objects, groups and arrays of all these', () => {
  assert.deepEqual(addressesFrom('Ann <ann@x.test>, bob@x.test', 'to'), [
    a('Ann', 'ann@x.test'),
    a('', 'bob@x.test'),
  ])
  assert.deepEqual(addressesFrom({ name: 'Ann', address: 'ann@x.test' }, 'to'), [a('Ann', 'ann@x.test')])
  assert.deepEqual(addressesFrom([{ address: 'Ann <ann@x.test>' }, ['bob@x.test', 'G: c@x.test;']], 'to'), [
    a('Ann', 'ann@x.test'),
    a('', 'bob@x.test'),
    group('G', a('', 'c@x.test')),
  ])
  assert.deepEqual(addressesFrom({ name: 'G', group: ['a@x.test', { address: 'b@x.test' }] }, 'to'), [
    group('G', a('', 'a@x.test'), a('', 'b@x.test')),
  ])
  for (const nothing of [undefined, null, '', []]) assert.deepEqual(addressesFrom(nothing, 'to'), [])
})

test('a caller’s text that has no clear meaning is refused by the name of its field', () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    ['root', 'EADDRESS'],
    ['a@b@c', 'EADDRESS'],
    ['Joe <>', 'EADDRESS'],
    [{ name: 'Joe' }, 'EADDRESS'],
    [{ address: 'a@x.test, b@x.test' }, 'EADDRESS'],
    [{ name: 5, address: 'a@x.test' }, 'EADDRESS'],
    [5, 'EADDRESS'],
    ['a@x.test\r\nBcc: b@x.test', 'EMESSAGE'],
    [{ name: 'a\nb', address: 'a@x.test' }, 'EMESSAGE'],
    [{ name: 'a', address: 'a@x.test\0' }, 'EMESSAGE'],
    [{ name: 'G\n', group: [] }, 'EMESSAGE'],
  ]
  for (const [input, code] of wrong)
    assert.throws(
      () => addressesFrom(input as string, 'replyTo'),
      (error: unknown) => (error as { code: string }).code === code && String(error).includes('replyTo'),
      JSON.stringify(input),
    )
})

test('the usual mailboxes are read as the same ones with a comment, which is read word by word', () => {
  const cases = [
    'joe@a.example',
    'joe.doe+x=y@mail.a.example',
    '<joe@a.example>',
    'Joe Doe <joe@a.example>',
    '"Doe, Joe" <joe@a.example>',
    '"" <joe@a.example>',
    '=?utf-8?Q?J=C3=B6?= =?utf-8?Q?rg?= <joe@a.example>',
    'Joe\t<joe@a.example>',
    'joe@a.example.',
    '.joe@a.example',
    'Joe <joe@a.example> x',
    'Joe  Doe <joe@a.example>',
    'J. Doe <joe@a.example>',
  ]
  for (const text of cases) {
    const wordByWord = readAddressList(`${text}(comment)`)
    const named = wordByWord.entries.map(entry =>
      entry.name === 'comment' ? { ...entry, name: null } : entry,
    )
    for (const rest of ['', ' ', ',', ';'])
      assert.deepEqual(readAddressList(text + rest).entries, named, text + rest)
  }
})

test('what one list has read says nothing about the next', () => {
  const list = readAddressList('team: a@x.example, B <b@x.example>; "C" <c@x.example>; d@x.example')
  assert.deepEqual(
    list.entries.map(entry => [entry.kind, entry.name]),
    [
      ['group', 'team'],
      ['mailbox', 'C'],
      ['mailbox', null],
    ],
  )
  assert.deepEqual(readAddressList('a@x.example, b').entries.length, 2)
  assert.deepEqual(readAddressList('a@x.example, b@x.example', { maxMailboxes: 1 }).truncated, true)
})
