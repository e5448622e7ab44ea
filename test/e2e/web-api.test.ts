// The JSON API of `npm start`, with the real program behind it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTransport } from 'nodemailer'
import { ALICE, BOB, type Host, PASSWORD, startHost } from '../support/host.ts'
import { LineClient } from '../support/line-client.ts'
import { ask, deliver, INBOX, post } from '../support/web.ts'

let host: Host
before(async () => {
  host = await startHost()
})
after(() => host[Symbol.asyncDispose]())

const RESET = `From: Shop <support@shop.example>
To: ${ALICE}
Subject: =?utf-8?q?Reset_your_passw=C3=B6rd?=
Authentication-Results: mx.elsewhere.test; dkim=pass (a; comment) header.d=shop.example;
 spf=fail smtp.mailfrom=shop.example
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Your code is 482 913. Or follow https://shop.example/reset?token=abc.
--b
Content-Type: image/png; name=dot.png
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=dot.png

iVBORw0KGgo=
--b--
`

interface Message {
  readonly uid: number
  readonly subject: string
  readonly seen: boolean
  readonly code: string | null
  readonly links: readonly string[]
  readonly verdicts: readonly { method: string; result: string; by: string }[]
  readonly parts: readonly { id: string; filename: string | null; isPicture: boolean }[]
  readonly headers: readonly { name: string; value: string }[]
}

test('accounts, folders and messages are listed, newest first, page by page', async () => {
  const accounts = (await ask(host, '/api/accounts')).json<{ address: string; total: number }[]>()
  assert.deepEqual(
    accounts.map(({ address, total }) => [address, total]),
    [
      [ALICE, 7],
      [BOB, 7],
    ],
  )
  const folders = (await ask(host, `/api/accounts/${BOB}/folders`)).json<{ name: string }[]>()
  assert.deepEqual(folders.map(({ name }) => name).sort(), [
    ...['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash'],
  ])
  const bobs = `/api/accounts/${BOB}/folders/INBOX/messages`
  const uids: number[] = []
  let before = ''
  for (let page = 0; page < 4; page++) {
    const list = (await ask(host, `${bobs}?limit=3${before}`)).json<{
      messages: Message[]
      next: number | null
    }>()
    uids.push(...list.messages.map(({ uid }) => uid))
    if (list.next === null) break
    before = `&before=${list.next}`
  }
  assert.deepEqual(uids, [7, 6, 5, 4, 3, 2, 1])
  const found = (await ask(host, `${bobs}?search=${encodeURIComponent('zürich')}`)).json<{
    messages: Message[]
  }>()
  assert.deepEqual(
    found.messages.map(({ subject }) => subject),
    ['Grüße aus Zürich, 你好, Привет'],
  )
})

test('a message has its text, code, links, verdicts, parts and headers; its source is what was sent', async () => {
  const { uid } = await deliver(host, RESET)
  const message = (await ask(host, `${INBOX}/${uid}`)).json<Message>()
  assert.equal(message.subject, 'Reset your passwörd')
  assert.equal(message.code, '482913')
  assert.deepEqual(message.links, ['https://shop.example/reset?token=abc'])
  assert.deepEqual(
    message.verdicts.map(({ method, result, by }) => `${method}=${result} ${by}`),
    ['dkim=pass mx.elsewhere.test', 'spf=fail mx.elsewhere.test'],
  )
  assert.deepEqual(
    message.parts.map(({ id, filename, isPicture }) => [id, filename, isPicture]),
    [
      ['1', null, false],
      ['2', 'dot.png', true],
    ],
  )
  assert.deepEqual(
    message.headers.filter(({ name }) => name === 'Subject').map(({ value }) => value),
    ['Reset your passwörd'],
  )
  const source = await ask(host, `${INBOX}/${uid}/source`)
  assert.match(String(source.headers['content-type']), /^text\/plain/)
  assert.ok(source.text.endsWith(RESET.replaceAll('\n', '\r\n')))
  const part = await ask(host, `${INBOX}/${uid}/parts/2`)
  assert.equal(part.bytes.toString('base64'), 'iVBORw0KGgo=')
  assert.match(String(part.headers['content-disposition']), /^attachment; filename="dot.png"/)
})

test('read, unread and removed: as a mail client would', async () => {
  const { uid } = await deliver(host, 'Subject: short life\n\nx\n')
  assert.equal((await post(host, `${INBOX}/${uid}/seen`, { seen: true })).status, 200)
  assert.equal((await ask(host, `${INBOX}/${uid}`)).json<Message>().seen, true)
  assert.equal((await ask(host, `${INBOX}/${uid}`, { method: 'DELETE' })).status, 200)
  assert.equal((await ask(host, `${INBOX}/${uid}`)).status, 404)
  assert.equal((await ask(host, `${INBOX}/${uid}`, { method: 'DELETE' })).status, 404)
})

test('who waits for a message gets it as soon as it is there; in vain: what is there instead', async () => {
  const list = (await ask(host, `${INBOX}?limit=1`)).json<{ messages: Message[] }>()
  const after = list.messages[0]!.uid
  const path = `/api/accounts/${ALICE}/wait?after=${after}&subject=second&within=20`
  const waiting = ask(host, path)
  await deliver(host, 'Subject: the first\n\nx\n')
  await deliver(host, 'Subject: the SECOND\n\nx\n')
  const found = await waiting
  assert.equal(found.json<Message>().subject, 'the SECOND')
  // it is there already
  assert.equal((await ask(host, path)).json<Message>().subject, 'the SECOND')
  const vain = await ask(host, `/api/accounts/${ALICE}/wait?subject=never&within=0.05`)
  assert.equal(vain.status, 408)
  assert.match(vain.json<{ error: string }>().error, /there is: "the SECOND"/)
})

test('mail for elsewhere is in the outbox', async () => {
  const transport = createTransport({
    host: '127.0.0.1',
    port: host.ports.submission,
    ignoreTLS: true,
    auth: { user: BOB, pass: PASSWORD },
  })
  await transport.sendMail({ from: BOB, to: 'carol@elsewhere.test', subject: 'Far away', text: 'Hi' })
  transport.close()
  const { held, queued } = (await ask(host, '/api/outbox')).json<{
    held: { account: string; message: Message }[]
    queued: number
  }>()
  assert.deepEqual(
    held.map(({ account, message }) => [account, message.subject]),
    [[BOB, 'Far away']],
  )
  assert.equal(queued, 0)
})

interface Session {
  readonly id: number
  readonly user: string | null
  readonly closedAt: string | null
}

test('a session is seen with its user and every line, but no password', async () => {
  await using imap = await LineClient.open(host.ports.imap)
  imap.send(`a LOGIN ${BOB} ${PASSWORD}\r\nb SELECT INBOX\r\n`)
  await imap.expect(/^b OK .*\r\n/m)
  await using smtp = await LineClient.open(host.ports.submission)
  await smtp.expect(/^220 /)
  smtp.send('EHLO x\r\n')
  await smtp.expect(/^250 /m)
  smtp.send(`AUTH PLAIN ${Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64')}\r\n`)
  await smtp.expect(/^235 /m)
  const sessions = (await ask(host, '/api/sessions')).json<Session[]>()
  assert.deepEqual(
    sessions.slice(0, 2).map(({ user, closedAt }) => [user, closedAt]),
    [
      [ALICE, null],
      [BOB, null],
    ],
  )
  const said = await Promise.all(
    sessions.slice(0, 2).map(async ({ id }) => {
      const { lines } = (await ask(host, `/api/sessions/${id}`)).json<{
        lines: { by: string; text: string }[]
      }>()
      return lines.map(({ by, text }) => `${by}: ${text}`).join('\n')
    }),
  )
  assert.match(said[0]!, /^client: AUTH PLAIN \[secret\]$/m)
  assert.match(said[1]!, /^client: a LOGIN \[secret\]$/m)
  assert.match(said[1]!, /^server: b OK/m)
  assert.doesNotMatch(said.join('\n'), new RegExp(`${PASSWORD}|${Buffer.from(PASSWORD).toString('base64')}`))
})

test('a session over TLS from the start is read inside of it, and has its user', async () => {
  const { connect } = await import('node:tls')
  const socket = connect({ port: host.ports.imaps, host: '127.0.0.1', rejectUnauthorized: false })
  socket.setEncoding('latin1')
  socket.write(`a LOGIN ${BOB} ${PASSWORD}\r\n`)
  for await (const text of socket) if (String(text).includes('a OK')) break
  socket.destroy()
  const [session] = (await ask(host, '/api/sessions')).json<(Session & { tls: string })[]>()
  assert.match(session!.tls, /^TLSv1\.3 /)
  assert.equal(session!.user, BOB)
})

test('"answer 451 to RCPT twice, then accept", a refusal at the end of the message, and a reset', async () => {
  assert.equal(
    (await post(host, '/api/failures', { command: 'rcpt', reply: '451 4.2.0 Later', times: 2 })).status,
    201,
  )
  for (let i = 0; i < 2; i++) await assert.rejects(deliver(host, 'Subject: x\n\nx\n'), { responseCode: 451 })
  await deliver(host, 'Subject: at last\n\nx\n')
  const failures = (await ask(host, '/api/failures')).json<{ left: number; given: number }[]>()
  assert.deepEqual(
    failures.map(({ left, given }) => [left, given]),
    [[0, 2]],
  )
  await post(host, '/api/failures', { command: '.', reply: '554 5.7.1 Spam' })
  await assert.rejects(deliver(host, 'Subject: spam\n\nx\n'), { responseCode: 554 })
  await assert.rejects(deliver(host, 'Subject: spam\n\nx\n'), { responseCode: 554 })
  assert.equal((await ask(host, '/api/failures', { method: 'DELETE' })).text, '[]')
  await deliver(host, 'Subject: no spam\n\nx\n')
})

test('a failure that would be another reply, or none, is refused', async () => {
  for (const [command, reply, times] of [
    ['RCPT', '451 a\r\n250 b', 1],
    ['RCPT', '250-more', 1],
    ['RCPT', 'Later', 1],
    ['RCPT', '451 Später', 1],
    ['MAKE', '451 Later', 1],
    ['.', '250 Fine', 1],
    ['RCPT', '451 Later', 0],
    ['RCPT', `451 ${'x'.repeat(500)}`, 1],
  ]) {
    const { status } = await post(host, '/api/failures', { command, reply, times })
    assert.equal(status, 400, `${command} ${reply} ${times}`)
  }
})

test('a test message goes through the front door', async () => {
  assert.equal((await post(host, '/api/send', { to: BOB, subject: 'Try me' })).status, 200)
  const { messages } = (await ask(host, `/api/accounts/${BOB}/folders/INBOX/messages`)).json<{
    messages: Message[]
  }>()
  assert.equal(messages[0]!.subject, 'Try me')
  const refused = await post(host, '/api/send', { to: 'nobody@example.test' })
  assert.equal(refused.status, 502)
  assert.match(refused.json<{ error: string }>().error, /550 5\.1\.1/)
})

test('what is not there is 404, what is wrong is 400, and what cannot be done is 405', async () => {
  for (const [status, method, path] of [
    [404, 'GET', '/api/nothing'],
    [404, 'GET', '/api/accounts/nobody@example.test/folders'],
    [404, 'GET', `/api/accounts/${ALICE}/folders/Nowhere/messages`],
    [404, 'GET', `${INBOX}/99999`],
    [404, 'GET', `${INBOX}/1/parts/9`],
    [404, 'GET', `${INBOX}/1/html`],
    [404, 'GET', '/api/sessions/99999'],
    [404, 'DELETE', '/api/failures/99999'],
    [400, 'GET', `${INBOX}/one`],
    [400, 'GET', `${INBOX}/4294967296`],
    [400, 'GET', `${INBOX}?limit=201`],
    [400, 'GET', `/api/accounts/${ALICE}/wait?within=61`],
    [400, 'GET', '/api/accounts/%E0/folders'],
    [405, 'DELETE', '/api/accounts'],
    [405, 'DELETE', '/'],
    [405, 'PUT', '/api/failures'],
  ] as const) {
    assert.equal((await ask(host, path, { method })).status, status, `${method} ${path}`)
  }
})

test('an account is emptied, and all of them', async () => {
  assert.equal((await ask(host, INBOX, { method: 'DELETE' })).status, 200)
  assert.equal((await ask(host, INBOX)).json<{ total: number }>().total, 0)
  await ask(host, '/api/messages', { method: 'DELETE' })
  const accounts = (await ask(host, '/api/accounts')).json<{ total: number }[]>()
  assert.deepEqual(
    accounts.map(({ total }) => total),
    [0, 0],
  )
})
