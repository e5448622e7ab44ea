// Header fields: folding, repetition, raw 8-bit text, encoded words, dates, identifiers.
import { type Case, withHeader } from './case.ts'

export const headers: readonly Case[] = [
  {
    name: 'a folded subject',
    raw: withHeader('Subject: one', ' two', '\tthree'),
    expect: { subject: 'one two\tthree' },
    mailparser: {
      subject: 'it makes the tab of the fold a blank; RFC 5322 §2.2.3 takes only the line break away',
    },
  },
  {
    name: 'white space in front of the colon (RFC 5322 §4.5.8)',
    raw: withHeader('Subject : x'),
    expect: { subject: 'x' },
    python: { subject: 'it takes the line for the beginning of the body', plain: 'as above' },
  },
  { name: 'no white space behind the colon', raw: withHeader('Subject:x'), expect: { subject: 'x' } },
  {
    name: 'names of fields in any case',
    raw: withHeader('sUBJECT: x', 'MESSAGE-id: <a@b>'),
    expect: { subject: 'x', messageId: '<a@b>' },
  },
  {
    name: 'an empty subject',
    raw: withHeader('Subject:', 'From: a@example.com'),
    expect: { subject: undefined, from: 'a@example.com' },
  },
  {
    name: 'of two subjects the first counts',
    raw: withHeader('Subject: one', 'Subject: two'),
    expect: { subject: 'one', headers: { subject: ['one', 'two'] } },
  },
  {
    name: 'of two From fields the first counts',
    raw: withHeader('From: a@example.com', 'From: b@example.com'),
    expect: { from: 'a@example.com' },
    python: { from: 'it lists all' },
  },
  {
    name: 'a repeated field keeps its values and their order',
    raw: withHeader('X-A: 1', 'X-B: 2', 'x-a: 3'),
    expect: { headers: { 'X-A': ['1', '3'] } },
  },
  {
    name: '__proto__ and constructor are names like others',
    raw: withHeader('__proto__: x', 'constructor: y', 'Subject: z'),
    expect: { subject: 'z', headers: { __proto__: 'x', constructor: 'y', hasOwnProperty: undefined } },
  },
  {
    name: 'a field name may hold any printable character',
    raw: withHeader('X-{a}/b!: 1', 'Subject: x'),
    expect: { headers: { 'x-{a}/b!': '1' } },
  },
  {
    name: 'Q encoded words',
    raw: withHeader('Subject: =?iso-8859-1?Q?caf=E9_au_lait?='),
    expect: { subject: 'café au lait' },
  },
  { name: 'B encoded words', raw: withHeader('Subject: =?UTF-8?B?w7xiZXI=?='), expect: { subject: 'über' } },
  {
    name: 'white space between two encoded words vanishes (RFC 2047 §6.2)',
    raw: withHeader('Subject: =?utf-8?Q?a?= =?utf-8?Q?b?=', ' =?utf-8?Q?c?= d'),
    expect: { subject: 'abc d' },
  },
  {
    name: 'text between encoded words keeps its white space',
    raw: withHeader('Subject: =?utf-8?Q?a?= b =?utf-8?Q?c?='),
    expect: { subject: 'a b c' },
  },
  {
    name: 'a character cut across two encoded words',
    raw: withHeader('Subject: =?utf-8?B?w7w=?= =?utf-8?Q?=C3?= =?utf-8?Q?=BC?='),
    expect: { subject: 'üü' },
  },
  {
    name: 'an encoded word with a language (RFC 2231 §5)',
    raw: withHeader('Subject: =?us-ascii*en?Q?hello?='),
    expect: { subject: 'hello' },
  },
  {
    name: 'encoded words without white space around them',
    raw: withHeader('Subject: x=?utf-8?Q?=C3=A9?=y'),
    expect: { subject: 'xéy' },
  },
  {
    name: 'an encoded word with blanks in it',
    raw: withHeader('Subject: =?utf-8?Q?a b c?='),
    expect: { subject: 'a b c' },
  },
  {
    name: 'an encoded word that never ends stays as it is',
    raw: withHeader('Subject: =?utf-8?Q?abc'),
    expect: { subject: '=?utf-8?Q?abc' },
  },
  {
    name: 'an encoded word of an unknown encoding stays as it is',
    raw: withHeader('Subject: =?utf-8?X?abc?='),
    expect: { subject: '=?utf-8?X?abc?=' },
  },
  {
    name: 'an encoded word in an unknown charset loses no byte',
    raw: withHeader('Subject: =?x-nobody?Q?abc=E9?='),
    expect: { subject: 'abcé' },
    mailparser: { subject: 'a replacement character stands for the byte' },
    python: { subject: 'a surrogate stands for the byte' },
  },
  {
    name: 'base64 without padding in an encoded word',
    raw: withHeader('Subject: =?utf-8?B?w7xiZXI?='),
    expect: { subject: 'über' },
  },
  {
    name: 'windows-1252 in words that say iso-8859-1',
    raw: withHeader('Subject: =?iso-8859-1?Q?=80_=93x=94?='),
    expect: { subject: '€ “x”' },
    python: { subject: 'as mailparser' },
  },
  {
    name: 'line breaks that are encoded do not come back',
    raw: withHeader('Subject: =?utf-8?Q?a=0D=0ABcc:_x?='),
    expect: { subject: 'a Bcc: x' },
    mailparser: { subject: 'it keeps the line break' },
    python: { subject: 'it drops the line break' },
  },
  {
    name: 'raw UTF-8 in a subject (RFC 6532)',
    raw: withHeader('Subject: caf\xc3\xa9'),
    expect: { subject: 'café' },
  },
  {
    name: 'raw windows-1252 in a subject',
    raw: withHeader('Subject: \x93caf\xe9\x94'),
    expect: { subject: '“café”' },
    mailparser: { subject: 'it reads UTF-8 only' },
    python: { subject: 'it reads no raw 8-bit text' },
  },
  {
    name: 'a date with a zone',
    raw: withHeader('Date: Mon, 23 Nov 2026 10:20:30 +0130'),
    expect: { date: '2026-11-23T08:50:30.000Z' },
  },
  {
    name: 'a date without a day of the week and without seconds',
    raw: withHeader('Date: 23 Nov 2026 10:20 -0000'),
    expect: { date: '2026-11-23T10:20:00.000Z' },
  },
  {
    name: 'a date with an obsolete zone and a year of two digits (RFC 5322 §4.3)',
    raw: withHeader('Date: Fri, 21 Nov 97 09:55:06 EST'),
    expect: { date: '1997-11-21T14:55:06.000Z' },
  },
  {
    name: 'a date with comments (RFC 5322 A.5)',
    raw: withHeader(
      'Date: Thu,\n      13\n        Feb\n          1969\n      23:32\n               -0330 (Newfoundland Time)',
    ),
    expect: { date: '1969-02-14T03:02:00.000Z' },
  },
  {
    name: 'a wrong day of the week changes nothing',
    raw: withHeader('Date: Fri, 23 Nov 2026 10:20:30 +0000'),
    expect: { date: '2026-11-23T10:20:30.000Z' },
  },
  {
    name: 'a date that is none',
    raw: withHeader('Date: yesterday'),
    expect: { date: null },
    mailparser: { date: 'it answers the time of the parsing' },
  },
  { name: 'no date', raw: withHeader('Subject: x'), expect: { date: null } },
  {
    name: 'a message identifier without angle brackets gets them',
    raw: withHeader('Message-ID: a@b'),
    expect: { messageId: '<a@b>' },
    python: { messageId: 'it keeps what stands there' },
  },
  {
    name: 'references are several identifiers',
    raw: withHeader('References: <a@b>', ' <c@d>', 'In-Reply-To: <c@d>'),
    expect: { references: ['<a@b>', '<c@d>'], inReplyTo: '<c@d>' },
  },
  {
    name: 'one reference is a string',
    raw: withHeader('References: <a@b>'),
    expect: { references: '<a@b>' },
  },
  { name: 'X-Priority by number', raw: withHeader('X-Priority: 1 (Highest)'), expect: { priority: 'high' } },
  { name: 'Importance by word', raw: withHeader('Importance: Low'), expect: { priority: 'low' } },
  {
    name: 'List-* fields are one map',
    raw: withHeader(
      'List-Unsubscribe: <https://example.com/u>, <mailto:u@example.com?subject=x>',
      'List-ID: Friends <friends.example.com>',
    ),
    expect: {
      headers: {
        list: {
          unsubscribe: { url: 'https://example.com/u', mail: 'u@example.com?subject=x' },
          id: { name: 'Friends', id: 'friends.example.com' },
        },
      },
    },
  },
  {
    name: 'a field without a name is no field',
    raw: withHeader(': x', 'Subject: y'),
    expect: { subject: 'y', text: 'body\n' },
  },
  {
    name: 'a folded line in front of the first field is no field',
    raw: withHeader(' folded', 'Subject: y'),
    expect: { subject: 'y' },
  },
  {
    name: 'an unfolded field of many kilobytes',
    raw: withHeader(`Subject: ${'x'.repeat(10_000)}`),
    expect: { subject: 'x'.repeat(10_000) },
  },
  {
    name: 'a NUL in a field becomes a blank',
    raw: withHeader('Subject: a\0b'),
    expect: { subject: 'a b' },
    mailparser: { subject: 'it keeps the NUL' },
    python: { subject: 'it keeps the NUL' },
  },
]
