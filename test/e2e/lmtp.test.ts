// nodemailer delivers by LMTP, which it calls an option of SMTP.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServer } from 'email-server'
import { createTransport } from 'nodemailer'

test('nodemailer delivers by LMTP and tells the recipients apart', async () => {
  await using server = createServer({ host: '127.0.0.1', ports: { lmtp: 0 } })
  server.addDomain('example.test')
  const raws: string[] = []
  server.on('smtpSession', session => {
    session.on('mail', mail => {
      raws.push(Buffer.from(mail.rawBytes).toString())
      mail.recipients[1]?.reject(452, '4.2.2 Mailbox full')
      mail.accept()
    })
  })
  await server.listen()
  const transport = createTransport({
    host: '127.0.0.1',
    port: server.ports.lmtp!,
    lmtp: true,
    ignoreTLS: true,
  })
  const info = await transport.sendMail({
    from: 'alice@a.example',
    to: ['bob@example.test', 'full@example.test', 'nobody@elsewhere.example'],
    subject: 'by LMTP',
    text: '.\n..\ntext\n',
  })
  transport.close()
  assert.deepEqual(info.accepted, ['bob@example.test'])
  assert.deepEqual([...info.rejected].sort(), ['full@example.test', 'nobody@elsewhere.example'])
  assert.match(raws[0] ?? '', /\r\n\r\n\.\r\n\.\.\r\ntext\r\n/)
})
