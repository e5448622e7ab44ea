// Our SMTP client hands mail to servers that we did not write: Postfix, aiosmtpd, Dovecot's LMTP.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ConnectSmtpOptions, connectSMTP, MailError, type SmtpConnection } from 'email-server'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { idOf, MESSAGES, UNFINISHED, withFinalNewline } from '../support/messages.ts'
import { IS_ROOT, type Peer, startAiosmtpd, startDovecotLmtp, startPostfix } from '../support/smtp-peers.ts'

let tls: TestCertificate
before(async () => {
  tls = await makeCertificate()
})

const SENDER = 'alice@sender.example'
const BOB = 'bob@example.test'
/** Small enough for every server here. */
const SMALL = [...MESSAGES].filter(([, raw]) => raw.length < 900_000)
const needsRoot = IS_ROOT ? {} : { skip: 'needs root' }

/** What is behind the header fields that the server has put on top, with CRLF: Maildir files have LF. */
function withoutTrace(raw: Buffer): Buffer {
  const text = raw.toString('latin1')
  const crlf = text.includes('\r\n') ? text : text.replaceAll('\n', '\r\n')
  return Buffer.from(crlf.slice(crlf.search(/^From: /m)), 'latin1')
}

function assertKept(kept: readonly Buffer[], id: string, sent: Buffer): void {
  const found = kept.filter(raw => idOf(raw) === id).map(withoutTrace)
  assert.equal(found.length, 1, `${id} is there ${found.length} times`)
  assert.deepEqual(found[0], withFinalNewline(sent), `${id} is not what was sent`)
}

async function sendAll(smtp: SmtpConnection, to: string): Promise<number> {
  const letters = [...SMALL.map(([, raw]) => raw), UNFINISHED]
  const results = await Promise.all(
    letters.map(content => smtp.send({ from: SENDER, to: [to], content, params: { body: '8BITMIME' } })),
  )
  for (const { response } of results) assert.match(response, /^2/)
  return letters.length
}

async function* inPieces(raw: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < raw.length; at += size) yield raw.subarray(at, at + size)
}

async function refused(promise: Promise<unknown>): Promise<MailError> {
  const error = await promise.then(
    () => null,
    reason => reason,
  )
  assert.ok(error instanceof MailError, String(error))
  return error
}

for (const [name, postfixSays] of [
  ['with CHUNKING', []],
  ['without CHUNKING', ['smtpd_discard_ehlo_keywords = chunking, silent-discard']],
  ['without PIPELINING and CHUNKING', ['smtpd_discard_ehlo_keywords = pipelining, chunking, silent-discard']],
] as const) {
  test(
    `Postfix ${name} takes every message byte for byte, over STARTTLS and in clear`,
    needsRoot,
    async () => {
      await using postfix = await startPostfix(tls, postfixSays)
      const at = { host: '127.0.0.1', port: postfix.port }
      await using secured = await connectSMTP({ ...at, tls: { ca: tls.cert } })
      assert.equal(secured.tls?.authorized, true)
      assert.equal(secured.extensions.has('CHUNKING'), name === 'with CHUNKING')
      const count = await sendAll(secured, BOB)
      const kept = await postfix.keeps(count)
      for (const [id, raw] of SMALL) assertKept(kept, id, raw)
      assertKept(kept, 'unfinished', UNFINISHED)

      await using clear = await connectSMTP({ ...at, ignoreTls: true })
      const dots = MESSAGES.get('dots')!
      for (const size of [1, 7, 1000]) {
        await clear.send({ from: '', to: [BOB], content: inPieces(dots, size) })
      }
      const all = await postfix.keeps(count + 3)
      const found = all.filter(raw => idOf(raw) === 'dots').map(withoutTrace)
      assert.equal(found.length, 4)
      for (const raw of found) assert.deepEqual(raw, dots)
    },
  )
}

test(
  'Postfix refuses what it refuses, each in its own way, and goes on with the connection',
  needsRoot,
  async () => {
    await using postfix = await startPostfix(tls)
    await using smtp = await connectSMTP({ host: '127.0.0.1', port: postfix.port, ignoreTls: true })
    const plain = MESSAGES.get('plain')!
    const some = await smtp.send({
      from: SENDER,
      to: ['nobody@example.test', BOB, 'x@elsewhere.example'],
      content: plain,
    })
    assert.deepEqual(
      some.accepted.map(({ address }) => address),
      [BOB],
    )
    assert.deepEqual(
      some.rejected.map(({ address, error }) => [address, error.responseCode, error.permanent]),
      [
        ['nobody@example.test', 550, true],
        ['x@elsewhere.example', 554, true],
      ],
    )
    const none = await refused(smtp.send({ from: SENDER, to: ['nobody@example.test'], content: plain }))
    assert.equal(none.code, 'EENVELOPE')
    assert.equal(none.rejected?.length, 1)
    const big = await refused(
      smtp.send({ from: SENDER, to: [BOB], content: Buffer.alloc(1_000_001, 'x\r\n') }),
    )
    assert.equal(big.enhancedCode, '5.3.4')
    const lying = await refused(
      smtp.send({ from: SENDER, to: [BOB], content: inPieces(Buffer.alloc(3_000_000, 'x\r\n'), 65_536) }),
    )
    assert.equal(lying.code, 'EMESSAGE')
    assert.match((await smtp.verify(BOB)).response, /^25[02]/)
    const dsn = await smtp.send({
      from: SENDER,
      to: [{ address: BOB, notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;bob+x@example.test' }],
      params: { ret: 'HDRS', envid: 'QQ 1+1=2' },
      content: plain,
    })
    assert.equal(dsn.accepted.length, 1)
    const utf8 = await smtp.send({ from: 'zoë@sender.example', to: ['zoë@example.test'], content: plain })
    assert.equal(utf8.accepted.length, 1)
    await smtp.noop()
    await postfix.keeps(3)
  },
)

test(
  'outbound-smuggling: what looks like an end of data to somebody is one message for Postfix',
  needsRoot,
  async () => {
    await using postfix = await startPostfix(tls)
    await using smtp = await connectSMTP({ host: '127.0.0.1', port: postfix.port, ignoreTls: true })
    const forms = [
      '\n.\n',
      '\n.\r\n',
      '\r.\r',
      '\r\n.\n',
      '\r\n.\r',
      '\r\n\0.\r\n',
      '\r\n.\r\n',
      '\r.\r\n',
      '\n.\r',
    ]
    for (const [i, form] of forms.entries()) {
      const text = `From: a@b.example\r\nMessage-ID: <form-${i}@sender.example>\r\n\r\nx${form}MAIL FROM:<evil@x.example>\r\nRCPT TO:<${BOB}>\r\nDATA\r\nsmuggled\r\n`
      await smtp.send({ from: SENDER, to: [BOB], content: Buffer.from(text, 'latin1') })
    }
    const kept = await postfix.keeps(forms.length)
    assert.equal(kept.length, forms.length)
    for (const raw of kept) assert.match(raw.toString(), /smuggled/)
  },
)

test('aiosmtpd: STARTTLS, login, every message; a refused login and a refused recipient', async () => {
  await using peer = await startAiosmtpd('smtp', tls)
  const at: ConnectSmtpOptions = { host: '127.0.0.1', port: peer.port, tls: { ca: tls.cert } }
  for (const method of ['PLAIN', 'LOGIN']) {
    const wrong = await refused(connectSMTP({ ...at, auth: { user: 'alice', pass: 'wrong', method } }))
    assert.equal(wrong.code, 'EAUTH')
    assert.equal(wrong.responseCode, 535)
  }
  await using smtp = await connectSMTP({ ...at, auth: { user: 'alice', pass: 'secret' } })
  const count = await sendAll(smtp, BOB)
  const kept = await peer.keeps(count)
  for (const [id, raw] of SMALL) assertKept(kept, id, raw)
  const plain = MESSAGES.get('plain')!
  const nobody = await refused(smtp.send({ from: SENDER, to: ['nobody@example.test'], content: plain }))
  assert.equal(nobody.enhancedCode, '5.1.1')
  await using login = await connectSMTP({ ...at, auth: { user: 'alice', pass: 'secret', method: 'LOGIN' } })
  await login.send({ from: SENDER, to: ['zoë@example.test'], content: plain, params: { smtputf8: true } })
})

test('a certificate that nobody vouches for is refused', async () => {
  await using peer = await startAiosmtpd('smtp', tls)
  const error = await refused(connectSMTP({ host: '127.0.0.1', port: peer.port }))
  assert.equal(error.code, 'ETLS')
})

let dovecot: Peer | null = null
after(() => dovecot?.[Symbol.asyncDispose]())

test('Dovecot LMTP: each recipient has its own answer', needsRoot, async () => {
  dovecot = await startDovecotLmtp()
  await using lmtp = await connectSMTP({ host: '127.0.0.1', port: dovecot.port, lmtp: true })
  assert.ok(lmtp.extensions.has('PIPELINING'))
  const [id, content] = SMALL[0]!
  const to = [BOB, 'nobody@example.test', 'zoe@example.test']
  const result = await lmtp.send({ from: SENDER, to, content })
  assert.deepEqual(
    result.accepted.map(({ address }) => address),
    [BOB, 'zoe@example.test'],
  )
  assert.match(result.accepted[0]!.response, /bob@example\.test/)
  assert.match(result.accepted[1]!.response, /zoe@example\.test/)
  assert.equal(result.rejected[0]?.address, 'nobody@example.test')
  const kept = await dovecot.keeps(2)
  assert.equal(kept.filter(raw => idOf(raw) === id).length, 2)
  await sendAll(lmtp, BOB)
  const all = await dovecot.keeps(3 + SMALL.length)
  for (const [name, raw] of SMALL.slice(1)) assertKept(all, name, raw)
})
