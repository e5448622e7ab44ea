// The mail server of other people's tests, on real ports and in a virtual world.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { connectPOP3, connectSMTP, sendMail } from '../../src/index.ts'
import { createTestServer, ReceivedMessage, type TestServer, VirtualWorld } from '../../src/testing/index.ts'

const RELAY = (mail: TestServer) => ({ relay: mail.smtp })

describe('a test server on real ports', () => {
  let mail: TestServer
  before(async () => {
    mail = await createTestServer()
  })
  afterEach(() => mail.reset())
  after(() => mail.close())

  const send = (message: Record<string, unknown>) =>
    sendMail({
      ...{ from: 'app@example.com', to: 'ann@anywhere.example', subject: 'Hi', text: 'x', ...message },
      ...RELAY(mail),
    })

  test('takes mail for any address, and finds it with its links and codes', async () => {
    const waiting = mail.inbox('ann@anywhere.example').waitFor({ subject: /confirm/i })
    await send({
      subject: 'Please confirm',
      text: 'Your code is 123 456.\nOr go to https://example.com/confirm?token=a1&x=2.',
      html: '<p>Code <b>123 456</b>, <a href="https://example.com/confirm?token=a1&amp;x=2">or go</a></p>',
      attachments: [{ filename: 'terms.txt', content: 'Be kind.' }],
    })
    const message = await waiting
    assert.equal(message.code(), '123456')
    assert.deepEqual(message.links(), ['https://example.com/confirm?token=a1&x=2'])
    assert.equal(message.link('/confirm'), message.links()[0])
    assert.throws(() => message.link('/reset'), /no link has \/reset; there are: https/)
    assert.equal(message.from, 'app@example.com')
    assert.equal(message.attachments[0]?.filename, 'terms.txt')
    assert.equal(message.header('subject'), 'Please confirm')
  })

  test('each message is waited for once, and a wait that is in vain says what is there', async () => {
    const inbox = mail.inbox('ann@anywhere.example')
    await send({ subject: 'First' })
    await send({ subject: 'Second' })
    assert.equal((await inbox.waitFor()).subject, 'First')
    assert.equal((await inbox.waitFor()).subject, 'Second')
    await assert.rejects(inbox.waitFor({ subject: 'Third' }, { within: 1 }), {
      message:
        'no message with subject Third for ann@anywhere.example within 1 ms; there is: "First", "Second"',
    })
  })

  test('answers 451 twice, then takes the message', async () => {
    mail.fail('RCPT', '451 4.2.0 Later', 2)
    for (let i = 0; i < 2; i++) await assert.rejects(send({}), { responseCode: 451 })
    await send({ subject: 'At last' })
    assert.deepEqual(
      mail.messages.map(message => message.subject),
      ['At last'],
    )
    mail.fail('.', '552 5.3.4 Too big', 1)
    await assert.rejects(send({}), { responseCode: 552, enhancedCode: '5.3.4' })
  })

  test('forgets everything between two tests', async () => {
    const inbox = mail.inbox('ann@anywhere.example')
    await send({})
    mail.fail('MAIL', '550 5.1.0 No')
    mail.reset()
    assert.equal(inbox.messages.length, 0)
    assert.equal(mail.mailbox('ann@anywhere.example').messages().length, 0)
    await send({})
    assert.equal(inbox.messages.length, 1)
  })

  test('shows the mail by POP3, to whoever asks', async () => {
    await send({ subject: 'By POP3' })
    const pop = await connectPOP3({ ...mail.pop3, auth: { user: 'ann@anywhere.example', pass: 'any' } })
    assert.equal((await pop.stat()).count, 1)
    await pop.close()
  })
})

test('with users, nobody else may hand mail in', async () => {
  await using mail = await createTestServer({ users: { 'app@example.com': 'secret' } })
  const message = {
    from: 'app@example.com',
    to: ['ann@example.com'],
    content: Buffer.from('Subject: x\r\n\r\nx\r\n'),
  }
  const open = (auth: object) => connectSMTP({ ...mail.smtp, ...auth })
  const stranger = await open({})
  await assert.rejects(stranger.send(message), { responseCode: 530 })
  await stranger.close()
  await assert.rejects(open({ auth: { user: 'app@example.com', pass: 'guess' } }), { code: 'EAUTH' })
  const app = await open({ auth: { user: 'app@example.com', pass: 'secret' } })
  await app.send(message)
  await app.close()
  assert.equal(mail.inbox('ann@example.com').messages.length, 1)
})

test('with tls, its certificate is one that its authority vouches for', async () => {
  await using mail = await createTestServer({ tls: true })
  const smtp = await connectSMTP({ ...mail.smtp, requireTls: true, tls: { ca: mail.ca! } })
  await smtp.close()
  await assert.rejects(connectSMTP({ ...mail.smtp, requireTls: true }), { code: 'ETLS' })
})

test('lives in a virtual world as well, without a port', async () => {
  const world = new VirtualWorld()
  const opened = createTestServer({
    runtime: world.host('192.0.2.9'),
    host: '192.0.2.9',
    ports: { smtp: 25, imap: 143, pop3: 110 },
  })
  const mail = await world.run(opened)
  const vain = mail.inbox('ann@example.com').waitFor({}, { within: '1h' })
  await assert.rejects(world.run(vain), /within 1h; there is: nothing/)
  await world.run(mail.close())
  assert.deepEqual(world.holdings, { timers: 0, connectionEnds: 0, listeners: 0, spools: 0 })
})

describe('one-time codes', () => {
  for (const [text, code] of [
    ['Your verification code is 482913. It expires in 10 minutes.', '482913'],
    ['482 913 is your code', '482913'],
    ['G-482913 is your Google verification code', null],
    ['Code: 4829', '4829'],
    ['Order 20260115 was shipped.\n\nConfirm with this code:\n\n  77 bottles\n\n918273\n', '918273'],
    ['Founded in 1999.\nYour PIN: 5512', '5512'],
    ['Use X7K2Q9 as your login token', 'X7K2Q9'],
    ['Enter 123-456 to log in', '123456'],
    ['See https://example.com/123456 for more', null],
    ['Nothing here', null],
  ] as const) {
    test(`${JSON.stringify(text)} has ${code}`, () => {
      const raw = Buffer.from(`Subject: Hello\r\n\r\n${text.replaceAll('\n', '\r\n')}\r\n`)
      const auth = {
        dkim: null,
        spf: null,
        dmarc: null,
        rdns: null,
        dmarcPolicy: null,
        arc: null,
        details: null,
      }
      assert.equal(new ReceivedMessage({ raw, from: '', to: 'a@b.test', at: 0, auth }).code(), code)
    })
  }
})
