// HTML to text, text to HTML, flowed text, parameters: the small readers of the room.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { htmlToText, parameterOf, readStructured, textToHtml } from '../../src/mime/index.ts'
import { assertLinear } from './helpers.ts'

for (const [html, text] of [
  ['<p>one</p><p>two</p>', 'one\n\ntwo'],
  ['one<br>two<br/>three', 'one\ntwo\nthree'],
  ['<div>one</div><div>two</div>', 'one\ntwo'],
  ['  <b> a </b>  b\n\tc ', 'a b c'],
  ['<h1>Title</h1>text', 'Title\n\ntext'],
  ['<ul><li>a<li>b</ul>', '* a\n* b'],
  ['<ol><li>a</li><li>b</li></ol>', '1. a\n2. b'],
  ['<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>', '* a\n  * b\n* c'],
  ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
  ['<a href="http://example.com/">here</a>', 'here [http://example.com/]'],
  ['<a href="http://example.com/">http://example.com/</a>', 'http://example.com/'],
  ['<a href="mailto:a@example.com">a@example.com</a>', 'a@example.com'],
  ['<a href="javascript:x()">x</a>', 'x'],
  ['<img alt="a cat" src=x>', 'a cat'],
  ['<pre>a\n  b</pre>c', 'a\n  b\n\nc'],
  ['<blockquote>a<br>b</blockquote>c', '> a\n> b\n\nc'],
  ['a<hr>b', `a\n\n${'-'.repeat(40)}\n\nb`],
  ['&lt;&amp;&eacute;&euro;&#8364;&#x20AC;&#128;&nothing;', '<&é€€€€&nothing;'],
  ['a &copy b', 'a © b'],
  ['<style>x</style><script>if (a</b) "</"</script >a<!-- <p> -->b', 'ab'],
  ['<title>no</title><p title="a>b">yes</p>', 'yes'],
  ['a < b and b > c', 'a < b and b > c'],
  ['a <3 b', 'a <3 b'],
  ['a<p', 'a'],
  ['a<!-- never ends', 'a'],
  ['<script>never ends', ''],
  ['', ''],
  ['<p>a&nbsp;&nbsp;b', 'a  b'],
] as const) {
  test(`as text: ${html}`, () => assert.equal(htmlToText(html), text))
}

for (const [text, html] of [
  ['a\nb\n\nc', '<p>a<br/>b</p><p>c</p>'],
  ['<script>alert("x")</script>', '<p>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</p>'],
  [
    'see http://example.com/?a=1&b=2.',
    '<p>see <a href="http://example.com/?a=1&amp;b=2">http://example.com/?a=1&amp;b=2</a>.</p>',
  ],
  ['www.example.com', '<p><a href="http://www.example.com">www.example.com</a></p>'],
  ['(a@example.com)', '<p>(<a href="mailto:a@example.com">a@example.com</a>)</p>'],
  ['http://"onmouseover="x', '<p>http://&quot;onmouseover=&quot;x</p>'],
  ['javascript:alert(1)', '<p>javascript:alert(1)</p>'],
  ['', '<p></p>'],
] as const) {
  test(`as HTML: ${text}`, () => assert.equal(textToHtml(text), html))
}

test('no text becomes markup of its own', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      const rest = textToHtml(text).replace(/<\/?p>|<br\/>|<a href="[^"<>]*">|<\/a>/g, '')
      assert.doesNotMatch(rest, /[<>"]/)
    }),
    { numRuns: 2000 },
  )
})

test('any markup becomes some text', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '</',
    '<!--',
    '-->',
    '<p>',
    '<a href=',
    '"',
    "'",
    '<pre>',
    '</pre>',
    '<ul>',
    '<li>',
    '&',
    '#',
    ';',
    ' ',
    '\n',
    'x',
    '<script>',
    '</script',
    '<blockquote>',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
      assert.equal(typeof htmlToText(pieces.join('')), 'string')
    }),
    { numRuns: 3000 },
  )
})

for (const [name, make] of [
  ['open tags', (n: number) => '<b'.repeat(n)],
  ['comments', (n: number) => '<!--'.repeat(n)],
  ['nested elements', (n: number) => '<div><blockquote><ul>'.repeat(n)],
  ['silent elements', (n: number) => '<script></'.repeat(n)],
  ['references', (n: number) => '&amp'.repeat(n)],
  ['open links', (n: number) => '<a href="http://x">y'.repeat(n)],
  ['quotes', (n: number) => `<a x="${"'".repeat(n)}`],
] as const) {
  test(`the time to make text of HTML grows with the number of ${name}, no faster`, () => {
    assertLinear(make, html => htmlToText(html))
  })
}

for (const [text, value, parameters] of [
  ['text/plain; charset=utf-8', 'text/plain', [['charset', 'utf-8']]],
  [
    'text/plain;charset="a;b";x=y',
    'text/plain',
    [
      ['charset', 'a;b'],
      ['x', 'y'],
    ],
  ],
  [
    'text/plain; charset = utf-8 ; a=b',
    'text/plain',
    [
      ['charset', 'utf-8'],
      ['a', 'b'],
    ],
  ],
  ['text/plain (comment; x=y); charset=utf-8 (another)', 'text/plain', [['charset', 'utf-8']]],
  [
    'attachment; filename=my file (1).pdf; size=3',
    'attachment',
    [
      ['filename', 'my file (1).pdf'],
      ['size', '3'],
    ],
  ],
  [
    'text/plain charset=utf-8 format=flowed',
    'text/plain',
    [
      ['charset', 'utf-8'],
      ['format', 'flowed'],
    ],
  ],
  ['text/plain;;; ; a=b;', 'text/plain', [['a', 'b']]],
  ['x; a; b=c', 'x', [['b', 'c']]],
  ['x; a="unclosed', 'x', [['a', 'unclosed']]],
  [
    'x; a="q\\"p"; b=""',
    'x',
    [
      ['a', 'q"p'],
      ['b', ''],
    ],
  ],
  ['x; a=(c) d', 'x', [['a', 'd']]],
  ['x; a=b (unclosed', 'x', [['a', 'b (unclosed']]],
  ['', '', []],
] as const) {
  test(`a value and parameters: ${text}`, () => assert.deepEqual(readStructured(text), { value, parameters }))
}

test('any text is some value and parameters', () => {
  const piece = fc.constantFrom('(', ')', '"', '\\', ';', '=', ' ', 'a', 'b*0*', "'", '%41', '\t')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
      const { parameters } = readStructured(pieces.join(''))
      for (const [name] of parameters)
        assert.equal(typeof (parameterOf(parameters, name.toLowerCase()) ?? ''), 'string')
    }),
    { numRuns: 3000 },
  )
})
