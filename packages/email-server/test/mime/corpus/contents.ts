// Contents: transfer encodings, charsets, flowed text.
import { type Case, mixed } from './case.ts'

function encoded(encoding: string, body: string, type = 'text/plain; charset=utf-8'): string {
  return `Content-Type: ${type}\nContent-Transfer-Encoding: ${encoding}\n\n${body}`
}

export const contents: readonly Case[] = [
  { name: 'base64 text', raw: encoded('base64', 'aGVsbG8g\nd8O2cmxk\n'), expect: { text: 'hello wörld' } },
  {
    name: 'an encoding in any case, with blanks',
    raw: encoded(' BASE64 ', 'aGVsbG8=\n'),
    expect: { text: 'hello' },
    python: { plain: 'it compares the name with its blanks' },
  },
  {
    name: 'an encoding behind a comment',
    raw: encoded('(as usual) base64', 'aGVsbG8=\n'),
    expect: { text: 'hello' },
    python: { plain: 'it takes the comment for the encoding’s name' },
  },
  { name: 'base64 without padding', raw: encoded('base64', 'aGVsbG8\n'), expect: { text: 'hello' } },
  {
    name: 'foreign characters in base64 are skipped (RFC 2045 §6.8)',
    raw: encoded('base64', 'aGV*sb\nG8!=\n'),
    expect: { text: 'hello' },
  },
  {
    name: 'base64 in lines of odd length',
    raw: encoded('base64', 'aG\nVsb\nG8=\n'),
    expect: { text: 'hello' },
  },
  {
    name: 'two base64 texts, one behind the other',
    raw: encoded('base64', 'aGVsbG8=\nIHdvcmxk\n'),
    expect: { text: 'hello world' },
    python: { plain: 'it stops at the padding' },
  },
  {
    name: 'a mailing list’s footer behind base64 is not decoded',
    raw: encoded('base64', 'aGVsbG8=\n_____\nlist footer text\n'),
    expect: { text: 'hello' },
    mailparser: { plain: 'it decodes the footer' },
  },
  {
    name: 'base64 on one line of a megabyte’s kind',
    raw: encoded('base64', `${'QUJD'.repeat(1000)}\n`),
    expect: { text: 'ABC'.repeat(1000) },
  },
  {
    name: 'quoted-printable',
    raw: encoded('quoted-printable', 'caf=C3=A9 =3D\n'),
    expect: { text: 'café =\n' },
  },
  {
    name: 'soft line breaks',
    raw: encoded('quoted-printable', 'one=\n two=\n\nthree'),
    expect: { text: 'one two\nthree' },
  },
  {
    name: 'soft line breaks with blanks behind the equals sign',
    raw: encoded('quoted-printable', 'one= \ntwo'),
    expect: { text: 'onetwo' },
    python: { plain: 'it takes them for no soft breaks; RFC 2045 §6.7 rule 3 lets gateways add blanks' },
  },
  { name: 'lower-case hexadecimal', raw: encoded('quoted-printable', 'caf=c3=a9'), expect: { text: 'café' } },
  {
    name: 'an equals sign that begins nothing stays',
    raw: encoded('quoted-printable', 'a=b =zz 1=1\n'),
    expect: { text: 'a=b =zz 1=1\n' },
  },
  {
    name: 'white space at the end of a line is no content (RFC 2045 §6.7)',
    raw: encoded('quoted-printable', 'one  \ntwo=20\n'),
    expect: { text: 'one\ntwo \n' },
  },
  {
    name: 'an equals sign at the very end',
    raw: encoded('quoted-printable', 'one='),
    expect: { text: 'one' },
  },
  {
    name: 'raw 8-bit text in quoted-printable',
    raw: encoded('quoted-printable', 'caf\xc3\xa9=20x'),
    expect: { text: 'café x' },
  },
  { name: '8bit', raw: encoded('8bit', 'caf\xc3\xa9'), expect: { text: 'café' } },
  {
    name: 'an encoding that nobody knows changes nothing',
    raw: encoded('x-nobody', 'a=20b'),
    expect: { text: 'a=20b' },
  },
  {
    name: 'uuencode',
    raw: encoded('x-uuencode', 'begin 644 x.txt\n%:&5L;&\\\n`\nend\n'),
    expect: { text: 'hello' },
    mailparser: { plain: 'it knows no uuencode' },
  },
  {
    name: 'an encoded multipart is not decoded (RFC 2045 §6.4)',
    raw: 'Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\n1\n--b--\n',
    expect: { text: '1' },
  },
  {
    name: 'iso-8859-1',
    raw: encoded('8bit', 'caf\xe9', 'text/plain; charset=iso-8859-1'),
    expect: { text: 'café' },
  },
  {
    name: 'windows-1252 quotes',
    raw: encoded('8bit', '\x93\x80\x94', 'text/plain; charset=windows-1252'),
    expect: { text: '“€”' },
  },
  {
    name: 'a charset in quotes and upper case',
    raw: encoded('8bit', '\xe9', 'text/plain; charset="ISO-8859-1"'),
    expect: { text: 'é' },
  },
  {
    name: 'iso-8859-15',
    raw: encoded('8bit', '\xa4', 'text/plain; charset=iso-8859-15'),
    expect: { text: '€' },
  },
  {
    name: 'koi8-r',
    raw: encoded('8bit', '\xf0\xd2\xc9\xd7\xc5\xd4', 'text/plain; charset=koi8-r'),
    expect: { text: 'Привет' },
  },
  {
    name: 'shift_jis',
    raw: encoded('base64', 'k/qWew==', 'text/plain; charset=shift_jis'),
    expect: { text: '日本' },
  },
  {
    name: 'iso-2022-jp',
    raw: encoded('7bit', '\x1b$BF|K\\\x1b(B', 'text/plain; charset=iso-2022-jp'),
    expect: { text: '日本' },
  },
  {
    name: 'euc-kr',
    raw: encoded('8bit', '\xc7\xd1\xb1\xb9', 'text/plain; charset=ks_c_5601-1987'),
    expect: { text: '한국' },
  },
  {
    name: 'gb2312',
    raw: encoded('8bit', '\xd6\xd0\xb9\xfa', 'text/plain; charset=gb2312'),
    expect: { text: '中国' },
  },
  {
    name: 'utf-7',
    raw: encoded('7bit', 'Hi Mom -+Jjo--!', 'text/plain; charset=utf-7'),
    expect: { text: 'Hi Mom -☺-!' },
    mailparser: { plain: 'it refuses UTF-7 on purpose' },
  },
  {
    name: 'utf-16 with its byte order mark',
    raw: encoded('base64', '//5oAGkA', 'text/plain; charset=utf-16'),
    expect: { text: 'hi' },
  },
  {
    name: 'a byte order mark is not part of the text',
    raw: encoded('base64', '77u/aGk=', 'text/plain; charset=utf-8'),
    expect: { text: 'hi' },
    python: { plain: 'it keeps the mark' },
    mailparser: { plain: 'it keeps the mark, which says only how the text is encoded (RFC 3629 §6)' },
  },
  {
    name: 'malformed UTF-8 becomes replacement characters',
    raw: encoded('8bit', 'a\xffb'),
    expect: { text: 'a\ufffdb' },
  },
  {
    name: 'an unknown charset: UTF-8 where it is UTF-8',
    raw: encoded('8bit', 'caf\xc3\xa9', 'text/plain; charset=x-nobody'),
    expect: { text: 'café' },
  },
  {
    name: 'an unknown charset: windows-1252 where it is not',
    raw: encoded('8bit', 'caf\xe9', 'text/plain; charset=x-nobody'),
    expect: { text: 'café' },
    mailparser: { plain: 'a replacement character stands for the byte' },
    python: { plain: 'a replacement character stands for the byte' },
  },
  {
    name: 'no charset, yet UTF-8',
    raw: 'Subject: x\n\ncaf\xc3\xa9',
    expect: { text: 'café' },
  },
  {
    name: 'no charset, and not UTF-8 either',
    raw: 'Subject: x\n\ncaf\xe9',
    expect: { text: 'café' },
    mailparser: { plain: 'a replacement character stands for the byte' },
    python: { plain: 'as mailparser' },
  },
  {
    name: 'us-ascii with 8-bit text all the same',
    raw: encoded('8bit', 'caf\xc3\xa9', 'text/plain; charset=us-ascii'),
    expect: { text: 'café' },
    python: { plain: 'it believes the label' },
  },
  {
    name: 'flowed text (RFC 3676)',
    raw: encoded('7bit', 'one \ntwo\nthree\n', 'text/plain; charset=utf-8; format=flowed'),
    expect: { text: 'one two\nthree\n' },
    python: { plain: 'it leaves flowed text as it is' },
  },
  {
    name: 'flowed text with delsp',
    raw: encoded('7bit', 'one \ntwo\n', 'text/plain; format=flowed; delsp=yes'),
    expect: { text: 'onetwo\n' },
    python: { plain: 'it leaves flowed text as it is' },
  },
  {
    name: 'flowed text: stuffed lines lose one blank',
    raw: encoded('7bit', ' From me\n > no quote\n', 'text/plain; format=flowed'),
    expect: { text: 'From me\n> no quote\n' },
    python: { plain: 'it leaves flowed text as it is' },
  },
  {
    name: 'flowed text: a quoted paragraph',
    raw: encoded('7bit', '>> a \n>> b\n> c\n', 'text/plain; format=flowed'),
    expect: { text: '>> a b\n> c\n' },
    python: { plain: 'it leaves flowed text as it is' },
  },
  {
    name: 'flowed text: the signature separator flows nowhere',
    raw: encoded('7bit', 'bye \n-- \nme\n', 'text/plain; format=flowed'),
    expect: { text: 'bye \n-- \nme\n' },
    mailparser: { plain: 'it joins the separator to the line in front of it' },
  },
  {
    name: 'HTML is never flowed',
    raw: encoded('7bit', '<b> \nx</b>', 'text/html; format=flowed'),
    expect: { html: '<b> \nx</b>' },
  },
  {
    name: 'parts with different charsets are one text',
    raw: mixed(
      'Content-Type: text/plain; charset=iso-8859-1\n\n\xe9',
      'Content-Type: text/plain; charset=utf-8\n\n\xc3\xa9',
    ),
    expect: { text: 'é\né' },
  },
]
