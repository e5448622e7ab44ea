// Sessions recorded, printed, and turned into transcripts that run.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connectSMTP, POP3Session } from '../../src/index.ts'
import {
  createMailWorld,
  type MailWorld,
  MemoryMailbox,
  parseTranscript,
  printTrace,
  readTrace,
  replayEveryWay,
  traceToTranscript,
} from '../../src/testing/index.ts'
import { summaryOf } from '../../src/testing/summary.ts'

const RAW = Buffer.from('Subject: hi\r\n\r\n.AUTH PLAIN in a body\r\n')

async function traced(): Promise<MailWorld> {
  return createMailWorld({ trace: true, domains: ['a.test', 'b.test'] })
}

describe('a trace', () => {
  test('has both directions inside of TLS, and no password', async () => {
    const world = await traced()
    const opened = connectSMTP({
      host: 'mail.a.test',
      runtime: world.runtime(),
      auth: { user: 'ann@a.test', pass: 'hunter2' },
    })
    const smtp = await world.run(opened)
    await world.run(smtp.send({ from: 'ann@a.test', to: ['bob@b.test'], content: RAW }))
    await world.run(smtp.close())
    await world.close()
    const ndjson = world.recorder.ndjson()
    assert.ok(!ndjson.includes('hunter2'))
    assert.ok(!ndjson.includes(Buffer.from('\0ann@a.test\0hunter2').toString('base64')))
    assert.deepEqual(readTrace(ndjson), world.recorder.events)
    const text = printTrace(world.recorder.events)
    assert.match(text, /^#1 smtp 2026-01-01T00:00:00\.000Z 203\.0\.113\.1:\d+ to 192\.0\.2\.1:587$/m)
    assert.match(
      text,
      /\+0\.000 C: STARTTLS\n.*S: 220 .*\n.*-- TLSv1\.3 TLS_AES_256_GCM_SHA384 mail\.a\.test$/m,
    )
    assert.match(text, /C: AUTH PLAIN \[secret\]\n.*>> auth\(.*\n.*<< auth, .*\n.* S: 235 /)
    assert.match(text, /C: MAIL FROM:<ann@a\.test>/)
    // a body that looks like a command is a body
    assert.match(text, /C: \.AUTH PLAIN in a body$/m)
    assert.match(text, /^#2 smtp .* to 192\.0\.2\.2:25$/m)
  })

  for (const [name, port, lines] of [
    ['POP3 PASS', 110, ['USER ann@a.test', 'PASS hunter2']],
    ['POP3 AUTH with a continuation', 110, ['AUTH PLAIN', 'AGFubkBhLnRlc3QAaHVudGVyMg==']],
    ['IMAP LOGIN', 143, ['a LOGIN ann@a.test hunter2']],
    ['IMAP LOGIN with literals', 143, ['a LOGIN {10}', 'ann@a.test {7}', 'hunter2']],
    ['IMAP LOGIN without waiting', 143, ['a LOGIN {10+}\r\nann@a.test {7+}\r\nhunter2']],
    [
      'IMAP AUTHENTICATE with an initial response',
      143,
      ['a AUTHENTICATE PLAIN AGFubkBhLnRlc3QAaHVudGVyMg=='],
    ],
    ['IMAP AUTHENTICATE with a continuation', 143, ['a AUTHENTICATE PLAIN', 'AGFubkBhLnRlc3QAaHVudGVyMg==']],
  ] as const) {
    test(`hides the password of ${name}`, async () => {
      const world = await createMailWorld({
        trace: true,
        domains: [{ name: 'a.test', server: { allowInsecureAuth: true } }],
      })
      const dialogue = await world.connect('mail.a.test', port)
      await dialogue.hear()
      let heard = ''
      for (const line of lines) heard = await dialogue.say(line)
      assert.match(heard, /^(\+OK|a OK)/m, 'the login has worked')
      assert.match(await dialogue.say(port === 110 ? 'STAT' : 'b NOOP'), /OK/)
      await dialogue.close()
      await world.close()
      const ndjson = world.recorder.ndjson()
      assert.ok(!/hunter2|AGFub/.test(ndjson), ndjson)
      assert.match(ndjson, port === 110 ? /"STAT"/ : /"b NOOP"/)
    })
  }

  test('becomes a transcript that runs, cut at every point', async () => {
    const world = await createMailWorld({
      trace: true,
      domains: [{ name: 'a.test', server: { allowInsecureAuth: true } }],
    })
    world.mailbox('ann@a.test').deliver(RAW)
    const dialogue = await world.connect('mail.a.test', 110)
    await dialogue.hear()
    for (const line of ['USER ann@a.test', 'PASS hunter2', 'STAT', 'RETR 1', 'FOO', 'QUIT'])
      await dialogue.say(line)
    await dialogue.close()
    await world.close()
    const text = traceToTranscript(world.recorder.events).replace('PASS [secret]', 'PASS secret')
    assert.match(text, /^S: \+OK<<\*>>\nC: USER ann@a\.test$/m)
    assert.match(text, /^S: -ERR<<\*>>$/m)
    await replayEveryWay(parseTranscript(text), () => {
      const mailbox = new MemoryMailbox()
      mailbox.deliver(RAW)
      return {
        open() {
          const session = new POP3Session({ allowInsecureAuth: true })
          session.on('auth', info => info.accept())
          session.on('mailboxSession', it => mailbox.attach(it))
          return session
        },
      }
    })
  })

  test('has what handlers are asked and what they answer, with the time it took, in all three forms', async () => {
    const world = await createMailWorld({
      trace: true,
      tls: 'made up',
      domains: [{ name: 'a.test', server: { allowInsecureAuth: true } }],
    })
    world.mailbox('ann@a.test').deliver(RAW)
    world.faults.handler('status', 'throws', 1).handler('createFolder', 'hangs', 1)
    const dialogue = await world.connect('mail.a.test', 143)
    await dialogue.hear()
    for (const command of [
      'LOGIN ann@a.test hunter2',
      'SELECT INBOX',
      'FETCH 1 (UID FLAGS)',
      'STATUS Sent (MESSAGES)',
      'CREATE New',
      'DELETE Nowhere',
    ])
      await dialogue.say(`t ${command}`, /^t /m)
    await dialogue.close()
    const smtp = await world.connect('mx.a.test', 25)
    await smtp.hear()
    for (const line of ['EHLO x.test', 'MAIL FROM:<x@x.test>', 'RCPT TO:<ann@a.test>', 'DATA'])
      await smtp.say(line)
    await smtp.say('Subject: hi\r\n\r\nHi\r\n.')
    await smtp.close()
    await world.close()

    const { events } = world.recorder
    const calls = events.flatMap(({ kind, text, handler }) => (handler ? [{ kind, text, ...handler }] : []))
    const answerTo = (name: string): (typeof calls)[number] =>
      calls.find(each => each.kind === 'answer' && each.name === name)!
    assert.deepEqual(
      calls.find(({ name }) => name === 'auth'),
      {
        ...{ kind: 'call', call: 1, name: 'auth' },
        text: '{protocol: "imap", authMethod: "plain", username: "ann@a.test", remoteAddress: "203.0.113.1"}',
      },
    )
    assert.equal(answerTo('auth').text, '"ann@a.test"')
    assert.equal(answerTo('openFolder').outcome, 'answer')
    assert.match(answerTo('openFolder').text, /^\{.*uidValidity: 1\b/)
    assert.match(answerTo('messageMeta').text, /uid: 1, size: 38, flags: \[\]/)
    assert.deepEqual(
      [answerTo('status').outcome, answerTo('status').text],
      ['failure', "the handler 'status' failed"],
    )
    assert.deepEqual(
      [answerTo('createFolder').outcome, answerTo('createFolder').durationMs],
      ['failure', 60_000],
    )
    assert.match(answerTo('createFolder').text, /has not answered within 60000 ms/)
    assert.deepEqual(
      [answerTo('deleteFolder').outcome, answerTo('deleteFolder').text.split(' ')[0]],
      ['refusal', 'NONEXISTENT'],
    )
    const mail = calls.filter(({ name }) => name === 'mail')
    assert.deepEqual(
      mail.map(({ kind, text }) => [kind, text]),
      [
        ['call', '{from: "x@x.test", to: ["ann@a.test"], size: 19}'],
        ['answer', 'undefined'],
      ],
    )
    // each question has one answer
    for (const { connection } of events) {
      const numbers = events.filter(each => each.connection === connection && each.handler)
      for (const { handler } of numbers)
        assert.equal(numbers.filter(each => each.handler!.call === handler!.call).length, 2)
    }

    const ndjson = world.recorder.ndjson()
    assert.ok(!ndjson.includes('hunter2'))
    assert.deepEqual(readTrace(ndjson), events)
    assert.match(
      printTrace(events),
      /C: t CREATE New\n +\+0\.000 >> createFolder\(.*"New".*\)\n[\s\S]*\n +\+60\.000 << createFolder, 60000 ms, failure: .*\n.*S: t NO/,
    )
    const transcript = traceToTranscript(events)
    assert.match(transcript, /^# << deleteFolder, 0 ms, refusal: NONEXISTENT/m)
    parseTranscript(transcript)
  })

  test('summaries of what handlers are asked are short, and have no secrets', () => {
    for (const [value, summary] of [
      [[1, 2, 3, 4, 5, 6, 7], '[1, 2, 3, 4, 5, 2 more]'],
      [
        { password: 'hunter2', accessToken: 'x', uid: 1 },
        '{password: [secret], accessToken: [secret], uid: 1}',
      ],
      [new Uint8Array(1000), '1000 octets'],
      ['x'.repeat(100), `"${'x'.repeat(60)}…"`],
      [new Map([['a', new Set([1n])]]), '{"a": {1}}'],
      [{ a: { b: { c: { d: 1 } } } }, '{a: {b: {c: {…}}}}'],
      [(async function* () {})(), 'a stream'],
      [new Date(0), '1970-01-01T00:00:00.000Z'],
      [null, 'null'],
    ] as const)
      assert.equal(summaryOf(value), summary)
    assert.equal(summaryOf(Array.from({ length: 5 }, () => 'y'.repeat(60))).length, 200)
  })
})
