// Structure: delimiters, nesting, headers that begin and end where they should not.
import { type Case, mixed } from './case.ts'

const two = 'multipart/mixed(text/plain "1", text/plain "2")'

export const structure: readonly Case[] = [
  {
    name: 'the simplest message of all',
    raw: 'Subject: x\n\nhello\n',
    expect: {
      outline: 'text/plain "hello\\r\\n"',
      subject: 'x',
      text: 'hello\n',
      html: false,
      attachments: [],
    },
  },
  {
    name: 'a header without a body',
    raw: 'Subject: x\n',
    expect: { outline: 'text/plain ""', subject: 'x', text: undefined },
  },
  {
    name: 'no bytes at all',
    raw: '',
    expect: { outline: 'text/plain ""', subject: undefined, text: undefined },
  },
  { name: 'only a blank line', raw: '\n', expect: { outline: 'text/plain ""', text: undefined } },
  {
    name: 'a body without a header, behind its blank line',
    raw: '\nhello',
    expect: { outline: 'text/plain "hello"', text: 'hello' },
  },
  {
    name: 'text without a header and without a blank line is the body',
    raw: 'hello there\nsecond line\n',
    expect: { text: 'hello there\nsecond line\n' },
    mailparser: { plain: 'it takes every line up to a blank one for the header' },
  },
  {
    name: 'a missing blank line: the first line that is no field begins the body',
    raw: 'Subject: x\nFrom: a@example.com\nHello, this is text\nmore\n\nend\n',
    expect: { subject: 'x', text: 'Hello, this is text\nmore\n\nend\n' },
    mailparser: { plain: 'it takes every line up to a blank one for the header' },
  },
  {
    name: 'a broken line in the header does not hide the fields behind it',
    raw: 'Subject: long subject that was\nwrapped without a blank\nFrom: a@example.com\nContent-Type: text/html\n\n<p>x\n',
    expect: { subject: 'long subject that was', from: 'a@example.com', html: '<p>x\n' },
    python: { from: 'it begins the body at the broken line', plain: 'as above', html: 'as above' },
  },
  {
    name: 'the mark of an mbox file is no field and ends nothing',
    raw: 'From a@example.com Mon Nov 23 10:00:00 2026\nSubject: x\n\nhello\n',
    expect: { subject: 'x', text: 'hello\n' },
  },
  {
    name: 'bare line feeds',
    eol: 'as is',
    raw: 'Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b\n\n2\n--b--\n',
    expect: { subject: 'x', outline: two },
  },
  {
    name: 'CRLF in the header, bare line feeds in the body',
    eol: 'as is',
    raw: 'Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\n\n1\n--b\n\n2\n--b--\n',
    expect: { outline: two },
  },
  {
    name: 'a bare carriage return ends no line',
    eol: 'as is',
    raw: 'Subject: x\r\n\r\none\rtwo\r\n',
    expect: { text: 'one\rtwo\n' },
  },
  { name: 'two parts', raw: mixed('\n1', '\n2'), expect: { outline: two, text: '1\n2' } },
  {
    name: 'preamble and epilogue are nobody’s text',
    raw: `Content-Type: multipart/mixed; boundary=b\n\nThis is a multi-part message.\n--b\n\n1\n--b\n\n2\n--b--\nbye\n`,
    expect: { outline: two, text: '1\n2' },
  },
  {
    name: 'a missing closing delimiter',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b\n\n2',
    expect: { outline: two },
  },
  {
    name: 'a closing delimiter without a line ending',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b\n\n2\n--b--',
    expect: { outline: two },
  },
  {
    name: 'white space behind delimiters (RFC 2046 §5.1.1)',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b  \n\n1\n--b\t\n\n2\n--b-- \n',
    expect: { outline: two },
  },
  {
    name: 'a line that only begins with the boundary is text',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bc\n1\n--b\n\n2\n--b--\n',
    expect: { outline: 'multipart/mixed(text/plain "--bc\\r\\n1", text/plain "2")' },
  },
  {
    name: 'a delimiter in the middle of a line is text',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1 --b\n--b\n\n2\n--b--\n',
    expect: { outline: 'multipart/mixed(text/plain "1 --b", text/plain "2")' },
  },
  {
    name: 'a delimiter with white space in front is text',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n --b\n--b\n\n2\n--b--\n',
    expect: { outline: 'multipart/mixed(text/plain "1\\r\\n --b", text/plain "2")' },
  },
  {
    name: 'the inner boundary begins with the outer one',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\n1\n--bb--\n--b\n\n2\n--b--\n',
    expect: { outline: 'multipart/mixed(multipart/alternative(text/plain "1"), text/plain "2")' },
  },
  {
    name: 'the outer boundary begins with the inner one',
    raw: 'Content-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n1\n--b--\n--bb\n\n2\n--bb--\n',
    expect: { outline: 'multipart/mixed(multipart/alternative(text/plain "1"), text/plain "2")' },
  },
  {
    name: 'an outer delimiter ends inner parts that were never closed',
    raw: 'Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\n1\n--o\n\n2\n--o--\n',
    expect: { outline: 'multipart/mixed(multipart/alternative(text/plain "1"), text/plain "2")' },
  },
  {
    name: 'an outer closing delimiter ends everything',
    raw: 'Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\n1\n--o--\nepilogue\n',
    expect: { outline: 'multipart/mixed(multipart/alternative(text/plain "1"))', text: '1' },
  },
  {
    name: 'inner and outer multipart with the same boundary',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n1\n--b--\n--b\n\n2\n--b--\n',
    expect: { outline: 'multipart/mixed(multipart/alternative(text/plain "1"), text/plain "2")' },
    python: { plain: 'its outer multipart ends with the inner one' },
  },
  {
    name: 'delimiters behind the closing one are epilogue',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b--\n--b\n\n2\n--b--\n',
    expect: { outline: 'multipart/mixed(text/plain "1")' },
  },
  {
    name: 'the line break in front of a delimiter belongs to the delimiter',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n\n--b\n\n\n--b--\n',
    expect: { outline: 'multipart/mixed(text/plain "1\\r\\n", text/plain "")' },
  },
  {
    name: 'a part without a header and without a blank line',
    raw: mixed('just text', '\n2'),
    expect: { outline: 'multipart/mixed(text/plain "just text", text/plain "2")' },
    mailparser: { plain: 'it takes every line up to a blank one for the header' },
  },
  {
    name: 'a part that has a header and no body',
    raw: mixed('Content-Type: text/plain', '\n2'),
    expect: { outline: 'multipart/mixed(text/plain "", text/plain "2")' },
  },
  {
    name: 'a delimiter directly behind a delimiter is an empty part',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n2\n--b--\n',
    expect: { outline: 'multipart/mixed(text/plain "", text/plain "2")' },
  },
  {
    name: 'a multipart whose delimiter never comes is shown as text',
    raw: 'Content-Type: multipart/mixed; boundary=b\n\n--c\n\nhello\n',
    expect: { outline: 'multipart/mixed()', text: '--c\n\nhello\n' },
    mailparser: { plain: 'it shows nothing' },
    python: { plain: 'it keeps the text as the payload of the multipart' },
  },
  {
    name: 'a multipart without a boundary is shown as text',
    raw: 'Content-Type: multipart/mixed\n\nhello\n',
    expect: { outline: 'multipart/mixed "hello\\r\\n"', text: 'hello\n', attachments: [] },
    mailparser: { plain: 'it shows nothing' },
    python: { plain: 'it keeps the text as the payload of the multipart' },
  },
  {
    name: 'an empty boundary is none',
    raw: 'Content-Type: multipart/mixed; boundary=""\n\n--\n\nhello\n----\n',
    expect: { outline: 'multipart/mixed "--\\r\\n\\r\\nhello\\r\\n----\\r\\n"' },
    mailparser: { plain: 'it shows nothing' },
    python: { plain: 'it splits at lines of two dashes' },
  },
  {
    name: 'a boundary with blanks and specials in quotes',
    raw: 'Content-Type: multipart/mixed; boundary="=_b (1): x?"\n\n--=_b (1): x?\n\n1\n--=_b (1): x?\n\n2\n--=_b (1): x?--\n',
    expect: { outline: two },
  },
  {
    name: 'a boundary with specials and no quotes',
    raw: 'Content-Type: multipart/mixed; boundary=----=_Part_1.2:3\n\n------=_Part_1.2:3\n\n1\n------=_Part_1.2:3\n\n2\n------=_Part_1.2:3--\n',
    expect: { outline: two },
    python: { plain: 'it ends the boundary at the colon' },
  },
  {
    name: 'a boundary behind a comment',
    raw: 'Content-Type: multipart/mixed; boundary=b (the boundary)\n\n--b\n\n1\n--b\n\n2\n--b--\n',
    expect: { outline: two },
  },
  {
    name: 'a boundary in RFC 2231 form',
    raw: "Content-Type: multipart/mixed; boundary*=us-ascii''b%31\n\n--b1\n\n1\n--b1\n\n2\n--b1--\n",
    expect: { outline: two },
  },
  {
    name: 'a boundary in continuations',
    raw: 'Content-Type: multipart/mixed; boundary*0=b; boundary*1=1\n\n--b1\n\n1\n--b1\n\n2\n--b1--\n',
    expect: { outline: two },
  },
  {
    name: 'of two Content-Type fields the first counts',
    raw: 'Content-Type: multipart/mixed; boundary=b\nContent-Type: text/plain\n\n--b\n\n1\n--b\n\n2\n--b--\n',
    expect: { outline: two },
  },
  {
    name: 'of two boundary parameters the first counts',
    raw: 'Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\n1\n--b\n\n2\n--b--\n',
    expect: { outline: two },
  },
  {
    name: 'a digest’s parts are messages unless they say otherwise (RFC 2046 §5.1.5)',
    raw: 'Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n--b\nContent-Type: text/plain\n\n2\n--b--\n',
    expect: { outline: 'multipart/digest(message/rfc822(text/plain "1"), text/plain "2")' },
    mailparser: { plain: 'it knows no digests', attachments: 'it knows no digests' },
  },
  {
    name: 'a message in a message in a message',
    raw: 'Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nSubject: innermost\n\n1\n',
    expect: { outline: 'message/rfc822(message/rfc822(text/plain "1\\r\\n"))' },
  },
  {
    name: 'a message within ends with its part, whatever its own multiparts lack',
    raw: 'Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\n1\n--o\n\n2\n--o--\n',
    expect: { outline: 'multipart/mixed(message/rfc822(multipart/mixed(text/plain "1")), text/plain "2")' },
    python: { attachments: 'it writes the message anew, completed' },
  },
  {
    name: 'a message within without a blank line in front of its end',
    raw: mixed('Content-Type: message/rfc822\n\nSubject: only a header', '\n2'),
    expect: { outline: 'multipart/mixed(message/rfc822(text/plain ""), text/plain "2")' },
    mailparser: { attachments: 'it gives the line ending of the header to the delimiter' },
    python: { attachments: 'it writes the message anew, completed' },
  },
  {
    name: 'a message within that is base64 stays bytes',
    raw: mixed(
      'Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA0KDQpoaQ==',
      '\n2',
    ),
    expect: {
      outline: 'multipart/mixed(message/rfc822 "U3ViamVjdDogeA0KDQpoaQ==", text/plain "2")',
      attachments: ['- message/rfc822 "Subject: x\\r\\n\\r\\nhi"'],
    },
    python: { attachments: 'it parses the encoded text as a message' },
  },
  {
    name: 'a header of a part is cut off by the delimiter',
    raw: mixed('Content-Type: text/html\nX-Y: z', '\n2'),
    expect: { outline: 'multipart/mixed(text/html "", text/plain "2")' },
  },
  {
    name: 'a folded boundary parameter',
    raw: 'Content-Type: multipart/mixed;\n\tboundary="b"\n\n--b\n\n1\n--b\n\n2\n--b--\n',
    expect: { outline: two },
  },
  {
    name: 'a continuation line that is only white space belongs to the field',
    raw: 'Subject: x\n \n y\nFrom: a@example.com\n\nbody\n',
    expect: { from: 'a@example.com', text: 'body\n' },
  },
  {
    name: 'a NUL in the body is a byte like others',
    raw: 'Subject: x\n\na\0b\n',
    expect: { text: 'a\0b\n' },
  },
]
