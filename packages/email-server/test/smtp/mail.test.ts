import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../src/index.ts'
import type { IncomingMail } from '../../src/smtp/index.ts'
import { atData, harness, withoutTrace } from './support.ts'

const MESSAGE = ['Subject: hello', '', '.a line', '.']
const BODY = 'Subject: hello\r\n\r\na line\r\n'

test('a message comes with its envelope, whole, a Received field before it and nothing else changed', async () => {
  let seen: IncomingMail | undefined
  const h = await atData({
    onMail: mail => {
      seen = mail
      mail.accept()
    },
  })
  assert.equal(await h.say(...MESSAGE), '250 2.0.0 OK, taken as 0707070707070707.1\r\n')
  assert.ok(seen)
  assert.equal(seen.from, 'a@x.example')
  assert.deepEqual(seen.to, ['bob@example.test'])
  assert.equal(seen.id, '0707070707070707.1')
  const raw = Buffer.from(seen.rawBytes).toString()
  assert.equal(
    raw,
    'Received: from client.example ([192.0.2.1])\r\n' +
      '\tby mx.example.test with ESMTP id 0707070707070707.1\r\n' +
      '\tfor <bob@example.test>;\r\n' +
      '\tMon, 23 Nov 2026 12:00:00 +0000\r\n' +
      BODY,
  )
  assert.equal(seen.size, raw.length)
  assert.equal(seen.returnPath, 'Return-Path: <a@x.example>\r\n')
})

test('what is inside is read when it is asked for, from memory and from the spool alike', async () => {
  const chunks: Uint8Array[] = []
  const spool = {
    append: async (chunk: Uint8Array) => {
      chunks.push(Uint8Array.prototype.slice.call(chunk))
    },
    readAll: () => Buffer.concat(chunks),
    async *stream() {
      yield* chunks
    },
    discard: () => {},
  }
  for (const small of [true, false]) {
    let seen = false
    const h = await atData({
      ...(small ? {} : { limits: { messageInMemory: 100 }, openSpool: async () => spool }),
      onMail: mail => {
        assert.equal(mail.subject, 'Grüße')
        assert.equal(mail.messageId, '<1@x.example>')
        assert.equal(mail.date?.toISOString(), '2026-11-23T12:00:00.000Z')
        assert.equal(mail.headers.get('x-trap'), 'yes')
        assert.equal(mail.text?.trim(), 'text')
        assert.equal(mail.html, false)
        assert.equal(mail.attachments.length, 1)
        assert.equal(mail.attachments[0]?.filename, 'a.bin')
        assert.deepEqual(new Set(Object.values(mail.auth)), new Set([null]))
        assert.equal(mail.authenticationResults, '')
        seen = true
        mail.accept()
      },
    })
    await h.say(
      'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
      'Message-ID: <1@x.example>',
      'Date: Mon, 23 Nov 2026 12:00:00 +0000',
      'X-Trap: yes',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
    )
    const last = [
      'Content-Type: text/plain',
      '',
      'text',
      '--b',
      'Content-Disposition: attachment; filename=a.bin',
      '',
      'x',
      '--b--',
      '.',
    ]
    assert.match(await h.say(...last), /^250 /)
    assert.equal(seen, true)
    assert.equal(chunks.length > 0, !small)
  }
})

test('data and end replay the message after mail; together the pieces are rawBytes', async () => {
  const events: string[] = []
  const pieces: Uint8Array[] = []
  const h = await atData({
    onMail: mail => {
      events.push('mail')
      mail.on('data', chunk => {
        events.push('data')
        pieces.push(chunk)
      })
      mail.on('end', () => {
        events.push('end')
        assert.deepEqual(Buffer.concat(pieces), Buffer.from(mail.rawBytes))
        mail.accept()
      })
    },
  })
  assert.match(await h.say(...MESSAGE), /^250 /)
  assert.deepEqual([...new Set(events)], ['mail', 'data', 'end'])
  assert.equal(events.at(-1), 'end')
})

test('listeners may come late: whoever asks for data after an await still gets all of it', async () => {
  let raw = ''
  const h = await atData({
    onMail: async mail => {
      await new Promise(resolve => setImmediate(resolve))
      mail.on('data', chunk => {
        raw += Buffer.from(chunk).toString()
      })
      mail.once('end', () => mail.accept())
    },
  })
  assert.match(await h.say(...MESSAGE), /^250 /)
  assert.equal(withoutTrace(raw), BODY)
})

test('a listener of end that comes after the end still hears of it', async () => {
  const h = await atData({
    onMail: mail => {
      mail.on('end', () => {
        setImmediate(() => mail.on('end', () => mail.accept()))
      })
    },
  })
  assert.match(await h.say(...MESSAGE), /^250 /)
})

test('for await gives the message in pieces', async () => {
  let raw = ''
  const h = await atData({
    onMail: async mail => {
      for await (const chunk of mail) raw += Buffer.from(chunk).toString()
      mail.accept()
    },
  })
  assert.match(await h.say(...MESSAGE), /^250 /)
  assert.equal(withoutTrace(raw), BODY)
})

test('nothing is answered before the handler has answered', async () => {
  let mail: IncomingMail | undefined
  const h = await atData({
    onMail: given => {
      mail = given
    },
  })
  assert.equal(await h.say(...MESSAGE), '')
  mail!.accept()
  await h.driver.settle()
  assert.match(h.driver.takeText(), /^250 /)
})

const rejections: readonly (readonly [args: readonly [code?: number, text?: string], expected: string])[] = [
  [[], '550 5.7.1 Message refused\r\n'],
  [[554, 'Spam'], '554 5.6.0 Spam\r\n'],
  [[550, '5.7.26 DMARC says no'], '550 5.7.26 DMARC says no\r\n'],
  [[451, 'Later'], '451 4.3.0 Later\r\n'],
  [[452], '452 4.3.1 Message cannot be taken now\r\n'],
  [[552, 'Mailbox full'], '552 5.3.4 Mailbox full\r\n'],
  // not a rejection, so that the handler is wrong: our fault
  [[250, 'OK'], '451 4.3.0 Local error; try again later\r\n'],
  [[99], '451 4.3.0 Local error; try again later\r\n'],
  [[Number.NaN], '451 4.3.0 Local error; try again later\r\n'],
]
for (const [args, expected] of rejections) {
  test(`mail.reject(${args.map(arg => JSON.stringify(arg)).join(', ')}) is answered ${expected.trim()}`, async () => {
    const h = await atData({ onMail: mail => mail.reject(...args) })
    assert.equal(await h.say(...MESSAGE), expected)
    // the session lives
    assert.equal(await h.say('NOOP'), '250 2.0.0 OK\r\n')
  })
}

test('a listener that throws, rejects, or fails in data or end is our fault: 451, logged, and the session lives', async () => {
  const failing: ((mail: IncomingMail) => unknown)[] = [
    () => {
      throw new Error('database password is hunter2')
    },
    () => Promise.reject(new Error('database password is hunter2')),
    mail =>
      mail.on('data', () => {
        throw new Error('database password is hunter2')
      }),
    mail => mail.on('end', () => Promise.reject(new Error('database password is hunter2'))),
  ]
  for (const onMail of failing) {
    const h = await atData({ onMail })
    assert.equal(await h.say(...MESSAGE), '451 4.3.0 Local error; try again later\r\n')
    assert.match(h.failures.join(), /hunter2/)
    assert.equal(await h.say('NOOP'), '250 2.0.0 OK\r\n')
  }
})

test('a listener that throws a Refusal, or an error with an SMTP code, refuses the message', async () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [new Refusal('OVERQUOTA', 'No room'), '552 5.2.2 No room\r\n'],
    [new Refusal('UNAVAILABLE', 'Later'), '451 4.3.0 Later\r\n'],
    [Object.assign(new Error('Not here'), { responseCode: 550 }), '550 5.7.1 Not here\r\n'],
    [{ code: 450, message: '4.7.1 Greylisted' }, '450 4.7.1 Greylisted\r\n'],
  ]
  for (const [error, expected] of cases) {
    const h = await atData({ onMail: () => Promise.reject(error) })
    assert.equal(await h.say(...MESSAGE), expected)
    assert.deepEqual(h.failures, [])
  }
})

test('a listener that never answers is answered for after mailHandlerTime', async () => {
  const h = await atData({ onMail: () => {}, limits: { mailHandlerTime: 7000 } })
  assert.equal(await h.say(...MESSAGE), '')
  await h.driver.advance(6999)
  assert.equal(h.driver.takeText(), '')
  await h.driver.advance(1)
  assert.equal(h.driver.takeText(), '451 4.3.0 Local error; try again later\r\n')
  assert.match(h.failures.join(), /7000 ms/)
})

test('the first answer counts; the second, also a late one, is logged', async () => {
  const h = await atData({
    onMail: mail => {
      mail.accept()
      mail.reject(550, 'No')
    },
  })
  assert.match(await h.say(...MESSAGE), /^250 [^\r]*\r\n$/)
  assert.match(h.failures.join(), /more than once/)
})

test('without a listener no message is taken: DATA is refused before it is sent', async () => {
  const h = harness({ onMail: false })
  await h.say('EHLO x', 'MAIL FROM:<a@x.example>', 'RCPT TO:<bob@example.test>')
  assert.equal(await h.say('DATA'), '451 4.3.0 No mail is taken here at the moment\r\n')
})

test('several messages in one session, the next envelope empty at first', async () => {
  const h = await atData()
  assert.match(await h.say('a', '.'), /taken as 0707070707070707\.1/)
  assert.equal(
    await h.say('RCPT TO:<bob@example.test>'),
    '503 5.5.1 Bad sequence of commands: no mail transaction is open\r\n',
  )
  await h.say('MAIL FROM:<>', 'RCPT TO:<carol@example.test>', 'DATA')
  assert.match(await h.say('b', '.'), /taken as 0707070707070707\.2/)
  assert.deepEqual(
    h.taken.map(({ from, to, raw }) => [from, to, withoutTrace(raw)]),
    [
      ['a@x.example', ['bob@example.test'], 'a\r\n'],
      ['', ['carol@example.test'], 'b\r\n'],
    ],
  )
})

test('the octets of a message come through unchanged: dots, 8-bit, NUL, long lines, no text at all', async () => {
  const bodies = [
    '.\r\n..\r\n...\r\n. \r\n.a\r\n',
    '\xff\xfe\x80 8-bit \xc3\xa9\r\n',
    'nul \0 inside\r\n',
    `${'x'.repeat(5000)}\r\n`,
    '',
    '\r\n\r\n\r\n',
    'no header, one line\r\n',
  ]
  for (const body of bodies) {
    const h = await atData()
    const wire = `${`\r\n${body}`.replaceAll('\r\n.', '\r\n..').slice(2)}.\r\n`
    assert.match(await h.driver.exchange(Buffer.from(wire, 'latin1')), /^250 /)
    assert.equal(withoutTrace(h.taken[0]!.raw), body)
  }
})

test('an 8-bit message in single octets is the same message', async () => {
  const h = await atData()
  for (const octet of Buffer.from('a\xe9\r\n..\r\n.b\r\n.\r\n', 'latin1')) h.driver.feed(Uint8Array.of(octet))
  await h.driver.settle()
  assert.match(h.driver.takeText(), /^250 /)
  assert.equal(withoutTrace(h.taken[0]!.raw), 'a\xe9\r\n.\r\nb\r\n')
})

test('XCLIENT: the Received field names the client that is spoken for, also when two of them say the same HELO', async () => {
  const h = harness({ xclient: () => true })
  for (const address of ['192.0.2.7', '192.0.2.8']) {
    await h.say(`XCLIENT ADDR=${address} HELO=spike.example`)
    await h.say('MAIL FROM:<a@x.example>', 'RCPT TO:<bob@example.test>', 'DATA')
    assert.match(await h.say(...MESSAGE), /^250 /)
    assert.match(
      h.taken.at(-1)!.raw,
      new RegExp(`^Received: from spike\\.example \\(\\[${address}\\]\\)\\r\\n`),
    )
  }
})
