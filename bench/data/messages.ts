// Messages of the kinds that a parser meets: a letter, a large attachment, parts within parts.

const CRLF = '\r\n'
const HEADER = [
  'Return-Path: <alice@a.example>',
  'Received: from mx.a.example (mx.a.example [192.0.2.1]) by mx.b.example with ESMTPS id 4F2A;',
  '\tThu, 19 Nov 2026 10:00:02 +0000',
  'From: =?utf-8?Q?Alice_M=C3=BCller?= <alice@a.example>',
  'To: Bob <bob@b.example>, "Carol, of C" <carol@c.example>',
  'Cc: team: dave@d.example, erin@e.example;',
  'Subject: =?utf-8?B?R3LDvMOfZSBhdXMgWsO8cmljaA==?= and more',
  'Date: Thu, 19 Nov 2026 10:00:00 +0000',
  'Message-ID: <letter.1@a.example>',
  'In-Reply-To: <letter.0@b.example>',
  'References: <letter.a@b.example> <letter.0@b.example>',
  'MIME-Version: 1.0',
]

function message(contentType: string, body: string): Buffer {
  return Buffer.from(`${[...HEADER, `Content-Type: ${contentType}`].join(CRLF)}${CRLF}${CRLF}${body}`)
}

function part(header: string, body: string): string {
  return `${header}${CRLF}${CRLF}${body}${CRLF}`
}

function lines(text: string, size: number): string {
  return `${text}${CRLF}`.repeat(Math.ceil(size / (text.length + 2)))
}

const TEXT = lines('Caf=C3=A9 at noon, said the letter, and then it went on for a while so that =', 1300)
const HTML = lines(
  '<p style=3D"color:#333">Caf=C3=A9 at <b>noon</b>, said the letter &amp; went on.</p>',
  2600,
)
const QP = 'Content-Transfer-Encoding: quoted-printable'

/** About 5 KB of multipart/alternative. */
export const LETTER: Buffer = message(
  'multipart/alternative; boundary="=_alt"',
  `--=_alt${CRLF}${part(`Content-Type: text/plain; charset=utf-8${CRLF}${QP}`, TEXT)}` +
    `--=_alt${CRLF}${part(`Content-Type: text/html; charset=utf-8${CRLF}${QP}`, HTML)}--=_alt--${CRLF}`,
)

const BYTES = Buffer.from(Array.from({ length: 57 * 1024 }, (_, i) => (i * 7919) >>> 3))
const BASE64 = `${BYTES.toString('base64').replace(/.{76}/g, `$&${CRLF}`)}`

/** 10 MB, nearly all of it one base64 attachment. */
export const LARGE: Buffer = message(
  'multipart/mixed; boundary="=_mixed"',
  `--=_mixed${CRLF}${part('Content-Type: text/plain', 'See the attachment.')}--=_mixed${CRLF}${part(
    `Content-Type: application/octet-stream; name=a.bin${CRLF}Content-Disposition: attachment; filename=a.bin${CRLF}Content-Transfer-Encoding: base64`,
    BASE64.repeat(Math.round((10 << 20) / BASE64.length)),
  )}--=_mixed--${CRLF}`,
)

function nested(depth: number): string {
  let body = part('Content-Type: text/plain', 'at the bottom')
  for (let level = depth; level > 0; level--) {
    body = part(
      `Content-Type: multipart/mixed; boundary="=_${level}"`,
      `--=_${level}${CRLF}${body}--=_${level}--`,
    )
  }
  return body
}

/** 50 multiparts, one within the other. */
export const NESTED: Buffer = message(
  'multipart/mixed; boundary="=_0"',
  `--=_0${CRLF}${nested(49)}--=_0--${CRLF}`,
)
