// Nodemailer's options give the same message: both are composed, both are read by mailparser, and what a reader sees is compared.
// Where we differ on purpose, the case says how and why.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { simpleParser } from 'mailparser'
import nodemailer from 'nodemailer'
import { composeMessage, type MessageOptions } from '../../src/mime/index.ts'

const date = new Date(Date.UTC(2026, 10, 23, 12))
const base = {
  date,
  messageId: '<m@example.com>',
  from: 'Ann <ann@example.com>',
  to: 'bob@example.net',
  subject: 'Hi',
} as const
const png = Buffer.from('iVBORw0KGgo=', 'base64')
const ics =
  'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'

interface Case {
  readonly what: string
  readonly options: MessageOptions
  /** What we write instead, seen by a reader, and why. */
  readonly ours?: Partial<Seen>
}

interface Seen {
  subject: unknown
  addresses: unknown
  text: unknown
  html: unknown
  attachments: unknown
  headers: unknown
  envelope: unknown
  shape: string
}

const cases: Case[] = [
  { what: 'text', options: { ...base, text: 'Hello\nworld' } },
  { what: 'html', options: { ...base, html: '<p>Hello</p>' } },
  { what: 'text and html', options: { ...base, text: 'Hello', html: '<p>Hello</p>' } },
  {
    what: 'Unicode everywhere',
    options: {
      ...base,
      from: 'Jörg <j@bücher.example>',
      subject: 'Grüße 🎉',
      text: 'Grüße 🎉',
      html: '日本語'.repeat(100),
    },
  },
  { what: 'content as Buffer', options: { ...base, text: Buffer.from('ü'), html: Buffer.from('<p>ü') } },
  {
    what: 'content as object',
    options: { ...base, text: { content: 'ü' }, html: { content: 'w7w=', encoding: 'base64' } },
  },
  {
    what: 'headers as object',
    options: {
      ...base,
      text: 'x',
      headers: { 'X-A': 'ü', 'X-B': ['1', '2'], 'x-c': { prepared: true, value: 'as is' } },
    },
  },
  {
    what: 'headers as list',
    options: {
      ...base,
      text: 'x',
      headers: [
        { key: 'X-A', value: 'a' },
        { key: 'X-A', value: 'b' },
      ],
    },
  },
  {
    what: 'cc, bcc, replyTo, sender',
    options: {
      ...base,
      cc: ['c@example.com', { name: 'D', address: 'd@example.com' }],
      bcc: 'e@example.com',
      replyTo: 'r@example.com',
      sender: 's@example.com',
      text: 'x',
    },
    // nodemailer's stream transport leaves Bcc in the message; ours never does
    ours: {
      addresses: [
        '"Ann" <ann@example.com>',
        'bob@example.net',
        'c@example.com, "D" <d@example.com>',
        undefined,
        'r@example.com',
      ],
    },
  },
  { what: 'a group', options: { ...base, to: 'Friends: a@example.com, B <b@example.com>;', text: 'x' } },
  {
    what: 'inReplyTo and references',
    options: { ...base, inReplyTo: 'a@b', references: ['<x@y>', 'a@b'], text: 'x' },
  },
  {
    what: 'an envelope',
    options: {
      ...base,
      text: 'x',
      envelope: { from: 'bounce@example.com', to: 'x@example.com, Y <y@example.com>' },
    },
  },
  { what: 'high priority', options: { ...base, text: 'x', priority: 'high' } },
  { what: 'low priority', options: { ...base, text: 'x', priority: 'low' } },
  {
    what: 'an attachment',
    options: { ...base, text: 'x', attachments: [{ filename: 'a b.pdf', content: Buffer.from('%PDF') }] },
  },
  {
    what: 'a text attachment',
    options: { ...base, text: 'x', attachments: [{ filename: 'a.txt', content: 'a\nb' }] },
  },
  {
    what: 'an attachment from base64',
    options: {
      ...base,
      text: 'x',
      attachments: [{ filename: 'a.bin', content: 'AAEC', encoding: 'base64' }],
    },
  },
  {
    what: 'an attachment from a data: URI',
    options: { ...base, text: 'x', attachments: [{ path: 'data:image/png;base64,iVBORw0KGgo=' }] },
  },
  {
    what: 'attachments with names in other scripts',
    options: {
      ...base,
      text: 'x',
      attachments: [
        { filename: 'Größe.txt', content: 'x' },
        { filename: `${'日本語'.repeat(20)}.bin`, content: 'x' },
        { filename: "a'b%c(d).txt", content: 'x' },
      ],
    },
  },
  {
    what: 'an inline image',
    options: {
      ...base,
      html: '<img src="cid:i@x">',
      attachments: [{ filename: 'i.png', content: png, cid: 'i@x' }],
    },
  },
  {
    what: 'everything nested',
    options: {
      ...base,
      text: 'x',
      html: '<img src="cid:i@x">',
      attachments: [
        { filename: 'i.png', content: png, cid: 'i@x' },
        { filename: 'a.pdf', content: 'p' },
      ],
    },
  },
  {
    what: 'attachment headers',
    options: {
      ...base,
      text: 'x',
      attachments: [
        {
          filename: 'a.bin',
          content: 'x',
          contentType: 'application/x-own; v=1',
          contentDisposition: 'inline',
          headers: { 'X-Part': 'yes' },
        },
      ],
    },
  },
  {
    what: 'alternatives',
    options: { ...base, text: 'x', alternatives: [{ contentType: 'text/x-web-markdown', content: '**x**' }] },
  },
  {
    what: 'amp and watchHtml',
    options: { ...base, text: 'x', html: '<p>', amp: '<html amp4email>', watchHtml: '<b>' },
  },
  {
    what: 'a raw attachment',
    options: {
      ...base,
      text: 'x',
      attachments: [
        { raw: 'Content-Type: text/x-own\r\nContent-Disposition: attachment; filename=r.txt\r\n\r\nraw' },
      ],
    },
  },
  { what: 'a raw message', options: { ...base, raw: 'From: x@example.com\r\nSubject: raw\r\n\r\nbody\r\n' } },
  {
    what: 'lists',
    options: {
      ...base,
      text: 'x',
      list: {
        help: 'a@example.com?subject=help',
        unsubscribe: [{ url: 'https://example.com/u', comment: 'Leave' }],
        subscribe: [['a@example.com', 'https://example.com/s']],
        id: { url: 'n.example.com', comment: 'News' },
      },
    },
  },
  {
    what: 'an attached message',
    options: {
      ...base,
      text: 'x',
      attachments: [
        {
          contentType: 'message/rfc822',
          content: 'Subject: inner\r\n\r\nbody',
          contentDisposition: 'attachment',
        },
      ],
    },
  },
  {
    what: 'an invitation with its method',
    options: {
      ...base,
      text: 'x',
      html: '<p>',
      icalEvent: { method: 'REQUEST', content: ics, filename: 'i.ics' },
    },
  },
  {
    what: 'data: images',
    options: { ...base, html: '<img src="data:image/png;base64,iVBORw0KGgo=">', attachDataUrls: true },
  },
  { what: 'X-Mailer', options: { ...base, text: 'x', xMailer: 'Own 1.0' } },
]

async function seen(raw: Uint8Array, envelope: { from: unknown; to: unknown }): Promise<Seen> {
  const mail = await simpleParser(Buffer.from(raw))
  const text = (value: { text: string } | { text: string }[] | undefined) =>
    Array.isArray(value) ? value.map(one => one.text) : value?.text
  const lists = mail.headers.get('list')
  const header = (name: string) => mail.headers.get(name)
  const cids = new Map<string, string>()
  const neutral = (value: string | undefined) =>
    value?.replace(/[0-9a-f]{20,}@[a-z.]+/g, id => cids.set(id, cids.get(id) ?? `cid${cids.size}`).get(id)!)
  return {
    subject: mail.subject,
    addresses: [mail.from, mail.to, mail.cc, mail.bcc, mail.replyTo].map(text as (value: unknown) => unknown),
    text: mail.text?.trimEnd(),
    html: typeof mail.html === 'string' ? neutral(mail.html.trimEnd()) : mail.html,
    attachments: mail.attachments.map(one => ({
      filename: one.filename,
      type: one.contentType,
      disposition: one.contentDisposition,
      cid: neutral(one.cid),
      related: one.related,
      content: one.content.toString('latin1').trimEnd(),
    })),
    headers: [
      mail.date?.getTime(),
      mail.messageId,
      mail.inReplyTo,
      mail.references,
      header('priority'),
      lists,
      ...['x-a', 'x-b', 'x-c', 'x-mailer', 'x-priority', 'importance', 'sender'].map(header),
    ],
    envelope: { from: envelope.from, to: envelope.to },
    shape:
      Buffer.from(raw)
        .toString('latin1')
        .match(/^Content-Type: [^;\r]*/gm)
        ?.join() ?? '',
  }
}

describe('options of nodemailer', () => {
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' })

  for (const { what, options, ours } of cases) {
    it(`${what}: a reader sees the same message`, async () => {
      const message = composeMessage(options)
      const sent = await transport.sendMail(structuredClone(options) as never)
      const expected = await seen(sent.message as unknown as Uint8Array, sent.envelope)
      assert.deepEqual(await seen(message.bytesSync(), message.envelope), { ...expected, ...ours })
    })
  }
})
