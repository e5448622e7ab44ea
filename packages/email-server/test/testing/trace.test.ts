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
    assert.match(text, /C: AUTH PLAIN \[secret\]\n.* S: 235 /)
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
})
