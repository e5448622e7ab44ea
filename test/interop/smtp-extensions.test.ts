// SMTP and LMTP as other people's programs speak them: swaks, Python's smtplib, nodemailer, and the clients of a Postfix.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createServer, type Server } from 'email-server'
import { startPostfix } from '../support/postfix.ts'
import { run } from '../support/programs.ts'

// from build/test/interop
const PYTHON = fileURLToPath(new URL('../../../test/interop/lmtp_python.py', import.meta.url))
const MESSAGE = Buffer.from('Subject: dots\r\n\r\n.\r\n..\r\n.a line\r\ntext\r\n')

interface Taken {
  readonly role: string
  readonly params: { readonly size: number | null; readonly body: string | null }
  readonly to: readonly string[]
  readonly raw: string
}

let server: Server
let taken: Taken[] = []

before(async () => {
  server = createServer({
    host: '127.0.0.1',
    hostname: 'mx.example.test',
    dsn: true,
    ports: { inbound: 0, lmtp: 0 },
  })
  server.addDomain('example.test')
  server.on('smtpSession', session => {
    session.on('rcpt', (address, _params, ctx) => {
      if (address.startsWith('unknown')) ctx.reject(550, 'No such user')
      else ctx.accept()
    })
    session.on('mail', mail => {
      taken.push({
        role: session.role,
        params: mail.params,
        to: mail.to,
        raw: Buffer.from(mail.rawBytes).toString('latin1'),
      })
      for (const recipient of mail.recipients) {
        if (recipient.address.startsWith('full')) recipient.reject(552, '5.2.2 Mailbox full')
        if (recipient.address.startsWith('busy')) recipient.reject(450, '4.2.1 Mailbox busy')
      }
      mail.accept()
    })
    session.on('undelivered', () => {})
  })
  await server.listen()
})
after(() => server.close())

/** What has come in, and the list is empty again. */
function takeAll(): Taken[] {
  const all = taken
  taken = []
  return all
}

function bodyOf(raw: string): string {
  return raw.slice(raw.indexOf('\r\n\r\n') + 4)
}

const swaks = async (port: number, args: readonly string[]): Promise<string> => {
  const text = 'Subject: dots\n\n.\n..\n.a line\ntext\n'
  const out = await run('swaks', [
    ...[
      '--server',
      '127.0.0.1',
      '--port',
      String(port),
      '--helo',
      'client.example',
      '--from',
      'alice@a.example',
    ],
    ...['--data', text.replaceAll('\n', '\\n'), '--timeout', '20', ...args],
  ])
  return out.toString()
}

for (const pipeline of [false, true]) {
  const how = pipeline ? ['--pipeline'] : []
  test(`swaks delivers by ESMTP${pipeline ? ', pipelined' : ''}, dots and all`, async () => {
    const said = await swaks(server.ports.inbound!, ['--to', 'bob@example.test,carol@example.test', ...how])
    assert.match(said, /250 2\.0\.0 OK, taken as/)
    const [mail] = takeAll()
    assert.deepEqual(mail?.to, ['bob@example.test', 'carol@example.test'])
    assert.match(bodyOf(mail!.raw), /^\.\r\n\.\.\r\n\.a line\r\ntext\r\n/)
  })

  test(`swaks delivers by LMTP${pipeline ? ', pipelined' : ''}, and hears of each recipient`, async () => {
    const said = await swaks(server.ports.lmtp!, [
      '--protocol',
      'LMTP',
      '--to',
      'bob@example.test,full@example.test',
      ...how,
    ])
    assert.match(
      said,
      /250 2\.0\.0 <bob@example\.test> OK[^\n]*\n[^\n]*552 5\.2\.2 <full@example\.test> Mailbox full/,
    )
    assert.equal(takeAll()[0]?.role, 'lmtp')
  })
}

test('smtplib.LMTP delivers to some and hears of the others; smtplib.SMTP hears one reply', async () => {
  const python = async (
    protocol: string,
    port: number,
  ): Promise<{ features: Record<string, string>; refused: object }> =>
    JSON.parse(
      (
        await run(
          'python3',
          [PYTHON, protocol, String(port), 'alice@a.example', 'bob@example.test', 'unknown@example.test'],
          {
            input: MESSAGE,
          },
        )
      ).toString(),
    )
  const lmtp = await python('lmtp', server.ports.lmtp!)
  assert.deepEqual(lmtp.refused, { 'unknown@example.test': [550, '5.1.1 No such user'] })
  assert.equal(lmtp.features.limits, 'RCPTMAX=100')
  assert.ok('chunking' in lmtp.features && 'binarymime' in lmtp.features && 'dsn' in lmtp.features)
  const smtp = await python('smtp', server.ports.inbound!)
  assert.deepEqual(smtp.refused, { 'unknown@example.test': [550, '5.1.1 No such user'] })
  const mails = takeAll()
  assert.deepEqual(
    mails.map(({ role }) => role),
    ['lmtp', 'inbound'],
  )
  for (const { raw } of mails) assert.equal(bodyOf(raw), bodyOf(MESSAGE.toString()))
})

/** One message into a queue, by the plainest of clients. */
async function submit(port: number, to: readonly string[], parameters = ''): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', chunk => (heard += chunk.toString()))
  const lines = [
    'EHLO client.example',
    `MAIL FROM:<alice@a.example>${parameters}`,
    ...to.map(name => `RCPT TO:<${name}>`),
    'DATA',
  ]
  for (const line of lines) {
    socket.write(`${line}\r\n`)
  }
  while (!/^354/m.test(heard)) await once(socket, 'data')
  socket.write(`${MESSAGE.toString().replaceAll('\r\n.', '\r\n..')}.\r\nQUIT\r\n`)
  await once(socket, 'close')
  assert.match(heard, /^250 2\.0\.0 Ok: queued/m)
}

/** Looks until it is there; 20 seconds at most. */
async function until<T>(look: () => Promise<T | null> | T | null): Promise<T> {
  for (
    const end = Date.now() + 20_000;
    Date.now() < end;
    await new Promise(resolve => setTimeout(resolve, 50))
  ) {
    const found = await look()
    if (found !== null) return found
  }
  throw new Error('it did not come')
}

test("Postfix's lmtp delivers to us, and tells recipients apart", async t => {
  await using postfix = await startPostfix(`lmtp:inet:127.0.0.1:${server.ports.lmtp}`)
  if (!postfix) return t.skip('needs Postfix, and root for its master')
  await submit(
    postfix.port,
    ['bob@example.test', 'full@example.test', 'busy@example.test', 'unknown@example.test'],
    ' BODY=8BITMIME',
  )
  const log = await until(async () => {
    const text = await postfix.log()
    return text.match(/to=<\w+@example\.test>.*status=/g)?.length === 4 ? text : null
  })
  assert.match(
    log,
    /to=<bob@example\.test>.*dsn=2\.0\.0, status=sent \(250 2\.0\.0 <bob@example\.test> OK, taken as/,
  )
  assert.match(log, /to=<full@example\.test>.*dsn=5\.2\.2, status=bounced/)
  assert.match(log, /to=<busy@example\.test>.*dsn=4\.2\.1, status=deferred/)
  assert.match(log, /to=<unknown@example\.test>.*dsn=5\.1\.1, status=bounced/)
  const mail = takeAll().find(({ to }) => to[0] === 'bob@example.test')
  assert.deepEqual([...mail!.to].sort(), ['bob@example.test', 'busy@example.test', 'full@example.test'])
  assert.equal(bodyOf(mail!.raw), bodyOf(MESSAGE.toString()))
  assert.match(
    mail!.raw,
    /^Received: from queue\.example\.test \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example\.test with LMTP id /,
  )
})

test("Postfix's smtp relays to us, pipelined, with SIZE and DSN", async t => {
  await using postfix = await startPostfix(`smtp:[127.0.0.1]:${server.ports.inbound}`)
  if (!postfix) return t.skip('needs Postfix, and root for its master')
  await submit(postfix.port, ['bob@example.test', 'unknown@example.test'], ' RET=HDRS ENVID=QQ1')
  const log = await until(async () => {
    const text = await postfix.log()
    return text.match(/to=<\w+@example\.test>.*status=/g)?.length === 2 ? text : null
  })
  assert.match(log, /to=<bob@example\.test>.*status=sent \(250 2\.0\.0 OK, taken as/)
  assert.match(log, /to=<unknown@example\.test>.*dsn=5\.1\.1, status=bounced/)
  const mail = takeAll().find(({ to }) => to[0] === 'bob@example.test')
  assert.ok(mail)
  assert.equal(bodyOf(mail.raw), bodyOf(MESSAGE.toString()))
  assert.ok(mail.params.size !== null && mail.params.size > MESSAGE.length)
})
