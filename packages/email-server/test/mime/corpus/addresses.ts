// Address fields: groups, quoting, comments, obsolete and broken syntax.
import { type Case, withHeader } from './case.ts'

export const addresses: readonly Case[] = [
  { name: 'a bare address', raw: withHeader('From: a@example.com'), expect: { from: 'a@example.com' } },
  {
    name: 'a name and an address',
    raw: withHeader('From: Ann Example <a@example.com>'),
    expect: { from: 'Ann Example <a@example.com>' },
  },
  {
    name: 'a quoted name',
    raw: withHeader('From: "Example, Ann" <a@example.com>'),
    expect: { from: 'Example, Ann <a@example.com>' },
  },
  {
    name: 'quoted pairs in a name',
    raw: withHeader('From: "Ann \\"the\\" \\\\ Example" <a@example.com>'),
    expect: { from: 'Ann "the" \\ Example <a@example.com>' },
  },
  {
    name: 'an encoded name',
    raw: withHeader('From: =?utf-8?Q?J=C3=B6rg?= <j@example.com>'),
    expect: { from: 'Jörg <j@example.com>' },
  },
  {
    name: 'an encoded name in quotes, which RFC 2047 forbids',
    raw: withHeader('From: "=?utf-8?Q?J=C3=B6rg?=" <j@example.com>'),
    expect: { from: 'Jörg <j@example.com>' },
  },
  {
    name: 'an encoded comma divides nothing',
    raw: withHeader('From: =?utf-8?Q?Example=2C_Ann?= <a@example.com>'),
    expect: { from: 'Example, Ann <a@example.com>' },
  },
  {
    name: 'an encoded word in the address stays as it is (RFC 2047 §5)',
    raw: withHeader('To: <=?utf-8?Q?a?=@example.com>'),
    expect: { to: '=?utf-8?Q?a?=@example.com' },
    mailparser: {
      to: 'it decodes words in addresses, which RFC 2047 §5 forbids, and which hides where mail goes',
    },
    python: { to: 'as mailparser' },
  },
  {
    name: 'several addresses',
    raw: withHeader('To: a@example.com, B <b@example.com>,', ' c@example.com'),
    expect: { to: 'a@example.com, B <b@example.com>, c@example.com' },
  },
  {
    name: 'empty places between commas',
    raw: withHeader('To: a@example.com,, ,b@example.com,'),
    expect: { to: 'a@example.com, b@example.com' },
  },
  {
    name: 'semicolons for commas',
    raw: withHeader('To: a@example.com; b@example.com'),
    expect: { to: 'a@example.com, b@example.com' },
    python: { to: 'it stops at the semicolon' },
  },
  {
    name: 'a group',
    raw: withHeader('To: Friends: a@example.com, B <b@example.com>;'),
    expect: { to: 'Friends: a@example.com, B <b@example.com>;' },
  },
  {
    name: 'an empty group',
    raw: withHeader('To: undisclosed-recipients:;'),
    expect: { to: 'undisclosed-recipients: ;' },
  },
  {
    name: 'addresses around a group',
    raw: withHeader('To: x@example.com, G: a@example.com;, y@example.com'),
    expect: { to: 'x@example.com, G: a@example.com;, y@example.com' },
  },
  {
    name: 'the old form of a name, in a comment',
    raw: withHeader('From: a@example.com (Ann Example)'),
    expect: { from: 'Ann Example <a@example.com>' },
    python: { from: 'a comment is nothing to it' },
  },
  {
    name: 'comments everywhere (RFC 5322 A.5)',
    raw: withHeader('From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>'),
    expect: { from: 'Pete <pete@silly.test>' },
  },
  {
    name: 'a group with comments (RFC 5322 A.1.3, A.5)',
    raw: withHeader(
      'To: A Group(Some people)',
      "     :Chris Jones <c@(Chris's host.)public.example>,",
      '         joe@example.org,',
      '  John <jdoe@one.test> (my dear friend); (the end of the group)',
    ),
    expect: { to: 'A Group: Chris Jones <c@public.example>, joe@example.org, John <jdoe@one.test>;' },
    mailparser: { to: 'it takes the comment behind the group for one more address' },
  },
  {
    name: 'a source route (RFC 5322 §4.4)',
    raw: withHeader('To: <@a.example,@b.example:joe@c.example>'),
    expect: { to: 'joe@c.example' },
  },
  {
    name: 'a quoted local part',
    raw: withHeader('To: "a b"@example.com'),
    expect: { to: '"a b"@example.com' },
  },
  {
    name: 'a quoted @ hides no other domain',
    raw: withHeader('To: "victim@bank.example"@evil.example'),
    expect: { to: '"victim@bank.example"@evil.example' },
  },
  { name: 'a domain literal', raw: withHeader('To: joe@[192.0.2.1]'), expect: { to: 'joe@[192.0.2.1]' } },
  {
    name: 'an address as the name of another',
    raw: withHeader('From: "a@example.com" <b@example.net>'),
    expect: { from: 'a@example.com <b@example.net>' },
  },
  {
    name: 'a name without an address',
    raw: withHeader('To: nobody in particular'),
    expect: { to: 'nobody in particular <>' },
    python: { to: 'a local part alone is an address to it' },
  },
  {
    name: 'an address that is never closed',
    raw: withHeader('To: Ann <a@example.com'),
    expect: { to: 'Ann <a@example.com>' },
  },
  {
    name: 'a name with dots and no quotes (obs-phrase)',
    raw: withHeader('From: Ann B. Example <a@example.com>'),
    expect: { from: 'Ann B. Example <a@example.com>' },
  },
  {
    name: 'a domain in Unicode',
    raw: withHeader('To: a@b\xc3\xbccher.example'),
    expect: { to: 'a@bücher.example' },
    python: { to: 'it reads no raw 8-bit text' },
  },
  {
    name: 'a raw 8-bit name',
    raw: withHeader('From: J\xf6rg <j@example.com>'),
    expect: { from: 'Jörg <j@example.com>' },
    mailparser: { from: 'it reads UTF-8 only' },
    python: { from: 'it reads no raw 8-bit text' },
  },
  {
    name: 'several To fields',
    raw: withHeader('To: a@example.com', 'To: b@example.com'),
    expect: { to: 'a@example.com | b@example.com' },
  },
  {
    name: 'Cc and Reply-To',
    raw: withHeader('Cc: a@example.com', 'Reply-To: B <b@example.com>'),
    expect: { cc: 'a@example.com', replyTo: 'B <b@example.com>' },
  },
]
