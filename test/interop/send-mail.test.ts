// sendMail hands mail to Postfix's smtpd: by relay and by the DNS, composed and raw, alone and over a pool.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { createPool, MailError, type SendPoolOptions, sendMail } from 'email-server'
import { Zones } from 'email-server/testing'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { idOf, MESSAGES, withFinalNewline } from '../support/messages.ts'
import { IS_ROOT, startPostfix } from '../support/smtp-peers.ts'

let tls: TestCertificate
before(async () => {
  tls = await makeCertificate()
})

const SENDER = 'alice@sender.example'
const BOB = 'bob@example.test'
const needsRoot = IS_ROOT ? {} : { skip: 'needs root' }
/** Small enough for this Postfix. */
const SMALL = [...MESSAGES].filter(([, raw]) => raw.length < 900_000)

/** What is behind the header fields that Postfix has put on top, with CRLF: Maildir files have LF. */
function withoutTrace(raw: Buffer): Buffer {
  const crlf = raw.toString('latin1').replace(/\r?\n/g, '\r\n')
  return Buffer.from(crlf.slice(crlf.search(/^From: /m)), 'latin1')
}

async function refused(promise: Promise<unknown>): Promise<MailError> {
  const error = await promise.then(
    () => null,
    reason => reason,
  )
  assert.ok(error instanceof MailError, String(error))
  return error
}

test(
  'sendMail by relay: every message byte for byte, over STARTTLS, forty at once over a pool of four connections',
  needsRoot,
  async () => {
    await using postfix = await startPostfix(tls)
    const relay = { host: '127.0.0.1', port: postfix.port, requireTLS: true, tls: { ca: tls.cert } }
    const lines: string[] = []
    const pool = createPool({
      hostname: 'sender.example',
      maxPerDomain: 4,
      onLine: (_host, from, line) => lines.push(`${from} ${line}`),
    })
    const letters = Array.from({ length: 40 }, (_, i) => SMALL[i % SMALL.length]!)
    const results = await Promise.all(
      letters.map(([, raw]) => sendMail({ raw, envelope: { from: SENDER, to: [BOB] }, relay, pool })),
    )
    pool.close()
    for (const { accepted, response } of results) {
      assert.deepEqual(accepted, [BOB])
      assert.match(response, /^250 2\.0\.0 Ok: .*queued as/)
    }
    const secured = lines.filter(line => line === 'client STARTTLS').length
    assert.ok(secured >= 1 && secured <= 4, `${secured} connections`)
    const kept = await postfix.keeps(letters.length)
    for (const [id, raw] of SMALL) {
      const found = kept.filter(each => idOf(each) === id).map(withoutTrace)
      assert.equal(found.length, letters.filter(([name]) => name === id).length, id)
      for (const each of found) assert.deepEqual(each, withFinalNewline(raw), id)
    }
  },
)

test(
  'sendMail by the DNS: a dead MX host is passed over, and Postfix behind the next one takes a composed message',
  needsRoot,
  async () => {
    await using postfix = await startPostfix(tls)
    const zones = new Zones().add(`
      example.test.      MX 10 dead.example.test.
      example.test.      MX 20 mx.example.test.
      dead.example.test. A 127.0.0.9
      mx.example.test.   A 127.0.0.1
    `)
    const delivery: SendPoolOptions = {
      hostname: 'sender.example',
      port: postfix.port,
      privateHosts: true,
      resolver: { resolve: async (name, type) => zones.answer(name, type) },
    }
    const info = await sendMail({
      from: { name: 'Älice', address: SENDER },
      to: BOB,
      bcc: 'zoe@example.test',
      subject: 'Grüße',
      text: '.\r\n..\r\nHällo\r\n',
      attachments: [{ filename: 'a.bin', content: Buffer.from([0, 13, 10, 46, 13, 10, 255]) }],
      dsn: { notify: ['failure'], return: 'headers', id: 'QQ1' },
      delivery,
    })
    assert.deepEqual(info.accepted, [BOB, 'zoe@example.test'])
    assert.equal(info.deliveries.length, 1)
    const kept = await postfix.keeps(2)
    for (const raw of kept) {
      // the fields in front of it are Postfix's
      const sent = withoutTrace(raw).toString('latin1')
      assert.ok(sent.includes(info.messageId!))
      assert.doesNotMatch(sent, /zoe@|^bcc:/im)
    }
  },
)

test(
  'sendMail tells recipients of Postfix apart: taken, refused for good, and all of them refused',
  needsRoot,
  async () => {
    await using postfix = await startPostfix(tls)
    const relay = { host: '127.0.0.1', port: postfix.port, ignoreTLS: true }
    const letter = { from: SENDER, subject: 'Hello', text: 'Hello', relay }
    const some = await sendMail({ ...letter, to: ['nobody@example.test', BOB, 'x@elsewhere.example'] })
    assert.deepEqual(some.accepted, [BOB])
    assert.deepEqual(
      some.rejected.map(({ address, error }) => [address, error.responseCode]),
      [
        ['nobody@example.test', 550],
        ['x@elsewhere.example', 554],
      ],
    )
    const none = await refused(sendMail({ ...letter, to: 'nobody@example.test' }))
    assert.deepEqual([none.code, none.responseCode, none.enhancedCode], ['EENVELOPE', 550, '5.1.1'])
    const big = await refused(sendMail({ ...letter, to: BOB, text: 'line of text\r\n'.repeat(100_000) }))
    assert.deepEqual([big.permanent, big.enhancedCode], [true, '5.3.4'])
    await postfix.keeps(1)
  },
)

test(
  'sendMail to an address in UTF-8: Postfix with SMTPUTF8 takes it, one without is not asked to',
  needsRoot,
  async () => {
    const letter = { from: SENDER, to: 'zoë@example.test', subject: 'Grüße', text: 'Hällo' }
    {
      await using postfix = await startPostfix(tls)
      const relay = { host: '127.0.0.1', port: postfix.port, ignoreTLS: true }
      const { accepted } = await sendMail({ ...letter, relay })
      assert.deepEqual(accepted, ['zoë@example.test'])
      await postfix.keeps(1)
    }
    await using postfix = await startPostfix(tls, ['smtputf8_enable = no'])
    const relay = { host: '127.0.0.1', port: postfix.port, ignoreTLS: true }
    const error = await refused(sendMail({ ...letter, relay }))
    assert.equal(error.permanent, true)
    assert.deepEqual(await postfix.kept(), [])
  },
)

test(
  'sendMail to a Postfix that takes no 8BITMIME: what is 8bit arrives encoded, and says the same',
  needsRoot,
  async () => {
    await using postfix = await startPostfix(tls, ['smtpd_discard_ehlo_keywords = 8bitmime, silent-discard'])
    const relay = { host: '127.0.0.1', port: postfix.port, ignoreTLS: true }
    const raw = MESSAGES.get('eight-bit-utf-8')!
    await sendMail({ raw, envelope: { from: SENDER, to: [BOB] }, relay })
    const [kept] = await postfix.keeps(1)
    const text = kept!.toString('latin1')
    assert.doesNotMatch(text, /[^\0-\x7f]/)
    assert.match(text, /^Content-Transfer-Encoding: (quoted-printable|base64)$/m)
  },
)
