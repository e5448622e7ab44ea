// What the extensions put before the listeners: parameters, times, trace clauses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IncomingMail } from '../../src/smtp/index.ts'
import { VIRTUAL_TLS } from '../../src/testing/index.ts'
import { type HarnessOptions, harness, NOON, withoutTrace } from './support.ts'

async function mailWith(
  params: string,
  options: HarnessOptions,
  message: readonly string[] = ['x'],
): Promise<IncomingMail> {
  let seen: IncomingMail | undefined
  const h = harness({
    ...options,
    onMail: mail => {
      seen = mail
      mail.accept()
    },
  })
  await h.say('EHLO x')
  if (options.role === 'submission')
    await h.say(`AUTH PLAIN ${Buffer.from('\0a\0secret').toString('base64')}`)
  const said = await h.say(
    `MAIL FROM:<a@x.example>${params}`,
    'RCPT TO:<bob@example.test>',
    'DATA',
    ...message,
    '.',
  )
  assert.ok(seen, said)
  return seen
}

const SUBMISSION: HarnessOptions = {
  role: 'submission',
  tls: VIRTUAL_TLS,
  dsn: true,
  extensions: { futureRelease: { maxInterval: 86_400 }, deliverBy: {}, mtPriority: {} },
}

test('a plain MAIL says nothing, and the listener sees nothing', async () => {
  const mail = await mailWith('', SUBMISSION)
  assert.deepEqual(mail.params, {
    size: null,
    body: null,
    smtputf8: false,
    requiretls: false,
    ret: null,
    envid: null,
    auth: null,
    holdFor: null,
    holdUntil: null,
    by: null,
    mtPriority: null,
  })
  assert.equal(mail.releaseTime, null)
  assert.equal(mail.deliverByTime, null)
  assert.equal(mail.tlsRequired, null)
})

test('HOLDFOR counts from MAIL, HOLDUNTIL is a time (RFC 4865 §4.2)', async () => {
  const held = await mailWith(' HOLDFOR=3600', SUBMISSION)
  assert.equal(held.params.holdFor, 3600)
  assert.equal(held.releaseTime, NOON + 3_600_000)
  const until = await mailWith(' HOLDUNTIL=2026-11-23T20:00:00.25Z', SUBMISSION)
  // not before it: a part of a second counts as a whole one
  assert.equal(until.releaseTime, Date.UTC(2026, 10, 23, 20, 0, 1))
})

test('FUTURERELEASE advertises both of its limits, in UTC (RFC 4865 §3)', async () => {
  const h = harness(SUBMISSION)
  assert.match(await h.say('EHLO x'), /\r\n250-FUTURERELEASE 86400 2026-11-24T12:00:00Z\r\n/)
  const maxDateTime = Date.UTC(2026, 10, 23, 18)
  const other = harness({
    role: 'submission',
    tls: VIRTUAL_TLS,
    extensions: { futureRelease: { maxInterval: 60, maxDateTime } },
  })
  assert.match(await other.say('EHLO x'), /\r\n250-FUTURERELEASE 60 2026-11-23T18:00:00Z\r\n/)
})

test('BY counts from MAIL, and may be in the past (RFC 2852 §4)', async () => {
  const mail = await mailWith(' BY=-60;NT', SUBMISSION)
  assert.deepEqual(mail.params.by, { seconds: -60, mode: 'N', trace: true })
  assert.equal(mail.deliverByTime, NOON - 60_000)
})

test('MT-PRIORITY stands in the trace field, as a user gave it and as a stranger was granted it (RFC 6710 §4.1, §7)', async () => {
  const users = await mailWith(' MT-PRIORITY=3', SUBMISSION)
  assert.equal(users.params.mtPriority, 3)
  assert.match(Buffer.from(users.rawBytes).toString(), /\r\n\tfor <bob@example\.test>\r\n\tPRIORITY 3;\r\n/)
  const strangers = await mailWith(' MT-PRIORITY=9', { extensions: { mtPriority: {} } })
  assert.equal(strangers.params.mtPriority, 0)
  assert.match(Buffer.from(strangers.rawBytes).toString(), /\tPRIORITY 0;/)
})

test('REQUIRETLS: no report may show more than the header, whatever RET says and wherever it stands (RFC 8689 §5)', async () => {
  for (const params of [' REQUIRETLS', ' RET=FULL REQUIRETLS', ' REQUIRETLS RET=FULL']) {
    const mail = await mailWith(params, { tls: VIRTUAL_TLS, dsn: true })
    assert.equal(mail.params.requiretls, true)
    assert.equal(mail.params.ret, 'HDRS')
    assert.equal(mail.tlsRequired, true)
  }
})

test('TLS-Required: No is told, and ignored beside REQUIRETLS (RFC 8689 §4.1)', async () => {
  const message = ['TLS-Required: No', '', 'x']
  assert.equal((await mailWith('', {}, message)).tlsRequired, false)
  assert.equal((await mailWith(' REQUIRETLS', { tls: VIRTUAL_TLS }, message)).tlsRequired, true)
  assert.equal((await mailWith('', {}, ['TLS-Required: Yes', '', 'x'])).tlsRequired, null)
})

test('BODY is what the client said of the content', async () => {
  for (const body of ['7BIT', '8BITMIME'] as const) {
    assert.equal((await mailWith(` BODY=${body.toLowerCase()}`, {})).params.body, body)
  }
})

test('binary content comes through octet by octet, whatever the octets and the chunks (RFC 3030 §3)', async () => {
  const h = harness()
  const octets = Buffer.from(Array.from({ length: 1024 }, (_, i) => (i * 7 + (i >> 8)) & 255))
  const content = Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), octets, Buffer.from('\r\n.\r\n\n\r\0')])
  await h.say('EHLO x', 'MAIL FROM:<> BODY=BINARYMIME', 'RCPT TO:<bob@example.test>')
  const cuts = [0, 1, 15, 16, 300, 1024, content.length]
  for (let i = 1; i < cuts.length; i++) {
    const chunk = content.subarray(cuts[i - 1], cuts[i])
    const last = i === cuts.length - 1 ? ' LAST' : ''
    h.driver.feed(Buffer.concat([Buffer.from(`BDAT ${chunk.length}${last}\r\n`), chunk]))
  }
  await h.driver.settle()
  assert.deepEqual(h.driver.takeText().match(/^\d+/gm)?.slice(-6), ['250', '250', '250', '250', '250', '250'])
  assert.equal(withoutTrace(h.taken[0]!.raw), content.toString('latin1'))
})

test('a message by BDAT that is too large for memory waits in the spool, and RSET in the middle frees it', async () => {
  let discarded = 0
  const chunks: Uint8Array[] = []
  const h = harness({
    limits: { messageInMemory: 100 },
    openSpool: async () => ({
      append: async chunk => {
        chunks.push(Uint8Array.prototype.slice.call(chunk))
      },
      readAll: () => Buffer.concat(chunks),
      async *stream() {
        yield* chunks
      },
      discard: () => {
        discarded++
      },
    }),
  })
  const line = `${'x'.repeat(998)}\r\n`
  await h.say('EHLO x', 'MAIL FROM:<>', 'RCPT TO:<bob@example.test>')
  assert.match(await h.driver.exchange(`BDAT 1000\r\n${line}`), /^250 /)
  assert.equal(chunks.length, 1)
  assert.match(await h.say('RSET'), /^250 /)
  assert.equal(discarded, 1)
  chunks.length = 0
  await h.say('MAIL FROM:<>', 'RCPT TO:<bob@example.test>')
  assert.match(
    await h.driver.exchange(`BDAT 1000\r\n${line}BDAT 1000 LAST\r\n${line}`),
    /^250 [^\r]*\r\n250 /,
  )
  assert.equal(withoutTrace(h.taken[0]!.raw), line + line)
  assert.equal(discarded, 2)
})

test('shutdown between two chunks lets the message end first', async () => {
  const h = harness()
  await h.say('EHLO x', 'MAIL FROM:<>', 'RCPT TO:<bob@example.test>')
  await h.driver.exchange('BDAT 5\r\nfirst')
  h.session.shutdown()
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '')
  assert.match(
    await h.driver.exchange('BDAT 0 LAST\r\nMAIL FROM:<>\r\n'),
    /^250 [^\r]*\r\n421 4\.3\.2 [^\r]*\r\n$/,
  )
  assert.equal(h.taken.length, 1)
})

test('a submitted message without Date or Message-ID gets them, in front; one that has them is left alone (RFC 6409 §8.2, §8.3)', async () => {
  const bare = await mailWith('', SUBMISSION, ['Subject: x', '', 'Date: in the body'])
  assert.equal(bare.messageId, `<${bare.id}@mx.example.test>`)
  assert.equal(bare.date?.getTime(), NOON)
  assert.ok(
    Buffer.from(bare.rawBytes)
      .toString()
      .endsWith(
        `+0000\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${bare.id}@mx.example.test>\r\nSubject: x\r\n\r\nDate: in the body\r\n`,
      ),
  )
  assert.equal(bare.size, bare.rawBytes.length)
  const whole = ['date: Mon, 23 Nov 2026 10:00:00 +0000', 'MESSAGE-ID : <1@x.example>', '', 'x']
  const own = await mailWith('', SUBMISSION, whole)
  assert.equal(own.messageId, '<1@x.example>')
  assert.equal(withoutTrace(Buffer.from(own.rawBytes).toString()), `${whole.join('\r\n')}\r\n`)
})

test('nothing is added to what strangers send, or where the owner wants nothing added', async () => {
  for (const options of [{}, { ...SUBMISSION, addMissingFields: false }]) {
    const mail = await mailWith('', options, ['Subject: x', '', 'x'])
    assert.equal(mail.messageId, undefined)
    assert.equal(withoutTrace(Buffer.from(mail.rawBytes).toString()), 'Subject: x\r\n\r\nx\r\n')
  }
})
