// What a message is made of for its reader: alternatives, attachments, file names, inline images, reports.
import { type Case, mixed, withHeader } from './case.ts'

function file(disposition: string, type = 'application/octet-stream'): string {
  return `Content-Type: ${type}\nContent-Disposition: ${disposition}\n\nx`
}

function named(
  name: string,
  value: string,
  filename: string,
  reasons: Pick<Case, 'mailparser' | 'python'> = {},
): Case {
  const expected = [`${filename} application/octet-stream "x"`]
  return { name, raw: mixed('\ntext', file(value)), expect: { attachments: expected }, ...reasons }
}

const pixel = 'R0lGODlhAQABAAAAACw='

export const parts: readonly Case[] = [
  {
    name: 'an alternative has a text and an HTML',
    raw: 'Content-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>html\n--b--\n',
    expect: { text: 'plain', html: '<p>html', attachments: [] },
  },
  {
    name: 'a message of HTML alone has a text made of it',
    raw: 'Content-Type: text/html\n\n<p>Hello <b>you</b>\n',
    expect: { text: 'Hello you', html: '<p>Hello <b>you</b>\n' },
  },
  {
    name: 'HTML alone beside an attachment has a text, too',
    raw: mixed('Content-Type: text/html\n\n<p>Hello', file('attachment; filename=a')),
    expect: { text: 'Hello', html: '<p>Hello', attachments: ['a application/octet-stream "x"'] },
  },
  {
    name: 'text and HTML that are no alternatives complete one another',
    raw: mixed('\nplain', 'Content-Type: text/html\n\n<p>html'),
    expect: { text: 'plain\nhtml', html: '<p>plain</p><br/>\n<p>html' },
  },
  {
    name: 'an alternative within a mixed, with a footer',
    raw: mixed(
      'Content-Type: multipart/alternative; boundary=a\n\n--a\n\nplain\n--a\nContent-Type: text/html\n\n<p>html\n--a--',
      '\nfooter',
    ),
    expect: { text: 'plain\nfooter', html: '<p>html<br/>\n<p>footer</p>' },
  },
  {
    name: 'a text that is an attachment is none of the text',
    raw: mixed('\nplain', file('attachment; filename=a.txt', 'text/plain')),
    expect: { text: 'plain', attachments: ['a.txt text/plain "x"'] },
  },
  {
    name: 'an inline text with a file name is still text',
    raw: mixed('\nplain', file('inline; filename=a.txt', 'text/plain')),
    expect: { text: 'plain\nx', attachments: [] },
  },
  {
    name: 'an unknown disposition is an attachment (RFC 2183 §2.8)',
    raw: mixed('\nplain', file('something', 'text/plain')),
    expect: { text: 'plain', attachments: ['- text/plain "x"'] },
  },
  {
    name: 'a disposition in any case',
    raw: mixed('\nplain', file('ATTACHMENT; FILENAME=a', 'text/plain')),
    expect: { attachments: ['a text/plain "x"'] },
  },
  named('a file name', 'attachment; filename=a.bin', 'a.bin'),
  named('a file name in quotes, with blanks', 'attachment; filename="a b.bin"', 'a b.bin'),
  named('a file name with blanks and no quotes', 'attachment; filename=a b.bin', 'a b.bin', {
    python: { attachments: 'it ends the name at the blank' },
  }),
  named('a file name with parentheses and no quotes', 'attachment; filename=a(1).bin', 'a(1).bin', {
    python: { attachments: 'it takes the parentheses for a comment' },
  }),
  named('a file name in RFC 2231 form', "attachment; filename*=utf-8'en'%e2%82%ac.bin", '€.bin'),
  named(
    'a file name in continuations',
    "attachment; filename*0*=utf-8''%e2%82; filename*1*=%ac; filename*2=.bin",
    '€.bin',
  ),
  named('continuations out of order', 'attachment; filename*1=b; filename*0=a; filename*2=.bin', 'ab.bin'),
  named(
    'a file name in both forms: RFC 2231 counts (RFC 8187 §3.2)',
    "attachment; filename=plain.bin; filename*=utf-8''%e2%82%ac.bin",
    '€.bin',
    { python: { attachments: 'it takes the plain form' } },
  ),
  named(
    'a file name as an encoded word, which RFC 2047 forbids',
    'attachment; filename="=?utf-8?Q?=E2=82=AC.bin?="',
    '€.bin',
  ),
  named('a raw UTF-8 file name', 'attachment; filename="\xe2\x82\xac.bin"', '€.bin'),
  named(
    'a file name with a path stays as the sender wrote it',
    'attachment; filename="../../etc/passwd"',
    '../../etc/passwd',
  ),
  named('quoted pairs in a file name', 'attachment; filename="a\\"b.bin"', 'a"b.bin'),
  named('a quote that is never closed', 'attachment; filename="a.bin', 'a.bin'),
  named('a missing semicolon', 'attachment filename=a.bin', 'a.bin', {
    mailparser: { attachments: 'it finds no file name' },
    python: { attachments: 'it finds no file name' },
  }),
  named('of two file names the first counts', 'attachment; filename=a.bin; filename=b.bin', 'a.bin'),
  named('a parameter of the name __proto__', 'attachment; __proto__=x; filename=a.bin', 'a.bin'),
  {
    name: 'the name parameter of Content-Type is a file name, too',
    raw: mixed('\ntext', 'Content-Type: application/pdf; name=a.pdf\n\nx'),
    expect: { attachments: ['a.pdf application/pdf "x"'] },
  },
  {
    name: 'the file name of the disposition goes before the name of the type',
    raw: mixed(
      '\ntext',
      'Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=b.pdf\n\nx',
    ),
    expect: { attachments: ['b.pdf application/pdf "x"'] },
  },
  {
    name: 'a type without a disposition is an attachment when it is no text',
    raw: mixed('\ntext', 'Content-Type: image/png\n\nx'),
    expect: { attachments: ['- image/png "x"'] },
  },
  {
    name: 'a message that is nothing but an attachment',
    raw: 'Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\neA==\n',
    expect: { text: undefined, attachments: ['a.pdf application/pdf "x"'] },
  },
  {
    name: 'an attachment of no bytes',
    raw: mixed('\ntext', 'Content-Type: application/pdf\nContent-Disposition: attachment; filename=a\n'),
    expect: { attachments: ['a application/pdf ""'] },
  },
  {
    name: 'an image within HTML becomes a data URL',
    raw: `Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src="cid:p@x">\n--b\nContent-Type: image/gif\nContent-ID: <p@x>\nContent-Transfer-Encoding: base64\n\n${pixel}\n--b--\n`,
    expect: { html: `<img src="data:image/gif;base64,${pixel}">` },
  },
  {
    name: 'a cid that names no image stays a link',
    raw: 'Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src="cid:nobody">\n--b--\n',
    expect: { html: '<img src="cid:nobody">' },
  },
  {
    name: 'winmail.dat stays an attachment',
    raw: mixed('\ntext', 'Content-Type: application/ms-tnef; name=winmail.dat\n\nx'),
    expect: { attachments: ['winmail.dat application/ms-tnef "x"'] },
  },
  {
    name: 'an invitation is an attachment beside the texts',
    raw: 'Content-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--b\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\n\nBEGIN:VCALENDAR\n--b--\n',
    expect: { text: 'plain', attachments: ['- text/calendar "BEGIN:VCALENDAR"'] },
  },
  {
    name: 'a delivery report’s fields are shown with its text (RFC 3464)',
    raw: 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; example.com\n--b\nContent-Type: text/rfc822-headers\n\nSubject: x\n--b--\n',
    expect: {
      text: 'It failed.\nReporting-MTA: dns; example.com',
      attachments: ['- text/rfc822-headers "Subject: x"'],
    },
  },
  {
    name: 'a forwarded message is an attachment',
    raw: mixed(
      '\nsee below',
      'Content-Type: message/rfc822\nContent-Disposition: attachment; filename=m.eml\n\nSubject: inner\n\nhi',
    ),
    expect: { text: 'see below', attachments: ['m.eml message/rfc822 "Subject: inner\\r\\n\\r\\nhi"'] },
  },
  {
    name: 'a message that is inline is shown with its head',
    raw: mixed(
      '\nsee below',
      'Content-Type: message/rfc822\nContent-Disposition: inline\n\nFrom: a@example.com\nSubject: inner\n\nhi',
    ),
    expect: { text: 'see below\n\nFrom: a@example.com\nSubject: inner\n\nhi', attachments: [] },
    python: { plain: 'the head is no text to it' },
  },
  {
    name: 'S/MIME and PGP signatures are attachments',
    raw: 'Content-Type: multipart/signed; boundary=b; protocol="application/pgp-signature"\n\n--b\n\nsigned\n--b\nContent-Type: application/pgp-signature; name=signature.asc\n\nx\n--b--\n',
    expect: { text: 'signed', attachments: ['signature.asc application/pgp-signature "x"'] },
  },
  {
    name: 'text of an unknown subtype is an attachment',
    raw: mixed('\ntext', 'Content-Type: text/x-diff\n\n+a'),
    expect: { text: 'text', attachments: ['- text/x-diff "+a"'] },
  },
  {
    name: 'a Content-Type that cannot be read is plain text (RFC 2045 §5.2)',
    raw: 'Content-Type: ;;;\n\nhi\n',
    expect: { text: 'hi\n' },
  },
  {
    name: 'a Content-Type with blanks around the slash',
    raw: 'Content-Type: text / html\n\n<p>hi',
    expect: { html: '<p>hi' },
    mailparser: {
      html: 'as above',
      attachments: 'as above',
    },
    python: {
      html: 'it takes the type for plain text',
      attachments: 'it takes it for an attachment of that odd type',
    },
  },
  {
    name: 'an empty Content-Disposition says nothing',
    raw: withHeader('Content-Disposition:', 'Content-Type: text/plain'),
    expect: { text: 'body\n', attachments: [] },
    python: { plain: 'an empty disposition is an attachment to it', attachments: 'as above' },
  },
  {
    name: 'the declared type counts, not what the file name ends with',
    raw: mixed('\ntext', file('attachment; filename=a.pdf')),
    expect: { attachments: ['a.pdf application/octet-stream "x"'] },
    mailparser: { attachments: 'it guesses the type by the name' },
  },
  {
    name: 'a missing type is plain text (RFC 2045 §5.2), even of an attachment',
    raw: mixed('\ntext', 'Content-Disposition: attachment; filename=a.pdf\n\nx'),
    expect: { text: 'text', attachments: ['a.pdf text/plain "x"'] },
    mailparser: { attachments: 'it guesses the type by the name' },
  },
]
