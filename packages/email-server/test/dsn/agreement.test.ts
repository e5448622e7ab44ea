// What mailparser and postal-mime show a reader of our delivery reports.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { simpleParser } from 'mailparser'
import PostalMime from 'postal-mime'
import { composeDsn } from '../../src/dsn/index.ts'
import { basics, fixed } from './kit.ts'

const raw = Buffer.from(
  composeDsn(
    {
      ...basics,
      originalMessage:
        'Message-ID: <lunch@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n',
      returnContent: 'full',
    },
    fixed(),
  ).bytesSync(),
)

it('mailparser: subject, thread, text, the message as a file', async () => {
  const mail = await simpleParser(raw)
  assert.equal(mail.subject, 'Not delivered: Grüße')
  assert.equal(mail.inReplyTo, '<lunch@example.com>')
  assert.equal(mail.headers.get('auto-submitted'), 'auto-replied')
  assert.match(mail.text!, /<bob@unknown\.example>\n {4}FAILED\./)
  assert.match(mail.text!, /Final-Recipient: rfc822; bob@unknown\.example/)
  const [inner] = mail.attachments
  assert.equal(inner!.contentType, 'message/rfc822')
  assert.equal((await simpleParser(inner!.content)).messageId, '<lunch@example.com>')
})

it('postal-mime: the same', async () => {
  const mail = await PostalMime.parse(raw, { forceRfc822Attachments: true })
  assert.equal(mail.subject, 'Not delivered: Grüße')
  assert.match(mail.text!, /<bob@unknown\.example>\n {4}FAILED\./)
  assert.deepEqual(
    mail.attachments.map(({ mimeType }) => mimeType),
    ['message/delivery-status', 'message/rfc822'],
  )
})
