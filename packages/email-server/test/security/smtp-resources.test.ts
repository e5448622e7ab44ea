// What a peer can make grow, and how far (each limit with its reply).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VIRTUAL_TLS } from '../../src/testing/index.ts'
import { atData, harness } from '../smtp/support.ts'

/** Feeds a megabyte at most, as long as it is taken. */
function flood(h: ReturnType<typeof harness>, piece: string): number {
  const bytes = Buffer.from(piece)
  let fed = 0
  while (fed < 1 << 20 && !h.driver.closed && !h.driver.paused) {
    h.driver.feed(bytes)
    fed += bytes.length
  }
  return fed
}

test('endless line: as a command', async () => {
  const h = harness()
  await h.say('EHLO x')
  assert.ok(flood(h, 'x'.repeat(1000)) <= 13_000)
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '500 5.5.2 Line too long\r\n421 4.7.0 A line without end\r\n')
  assert.equal(h.driver.closed?.error?.code, 'ELIMIT')
})

test('endless line: in an AUTH exchange', async () => {
  const h = harness({ role: 'submission', tls: VIRTUAL_TLS })
  await h.say('EHLO x', 'AUTH PLAIN')
  assert.ok(flood(h, 'QUJD'.repeat(250)) <= 13_000)
  await h.driver.settle()
  assert.match(h.driver.takeText(), /^500 5\.5\.6 [^\r]*\r\n421 /)
})

test('endless line: in a message it is text, up to the size of a message', async () => {
  const h = await atData({ limits: { messageSize: 100_000 } })
  const fed = flood(h, 'x'.repeat(1000))
  assert.ok(fed > 200_000 && fed <= 202_000)
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '421 4.3.4 Message far too big\r\n')
  assert.equal(h.taken.length, 0)
})

test('oversize: the rest of the message is not run as commands, and there is one reply', async () => {
  const h = await atData({ limits: { messageSize: 1000 } })
  const lines = [
    'x'.repeat(1200),
    'RSET',
    'MAIL FROM:<evil@x.example>',
    'RCPT TO:<bob@example.test>',
    'DATA',
    '.',
  ]
  assert.equal(await h.say(...lines), '552 5.3.4 Message too big\r\n')
  assert.equal(
    await h.say('RCPT TO:<bob@example.test>'),
    '503 5.5.1 Bad sequence of commands: no mail transaction is open\r\n',
  )
})

test('a client that never reads: nothing more is said, and soon nothing more is taken', async () => {
  const h = harness({ limits: { inputWindow: 4096 } })
  await h.say('EHLO x')
  h.session.pauseOutput()
  const fed = flood(h, 'NOOP\r\n'.repeat(100))
  assert.ok(fed <= 4096 + 2 * 600, `took ${fed}`)
  await h.driver.settle()
  assert.equal(h.driver.takeText(), '')
  h.session.resumeOutput()
  await h.driver.settle()
  assert.match(h.driver.takeText(), /^(?:250 2\.0\.0 OK\r\n)+$/)
  assert.equal(h.driver.paused, false)
  assert.match(await h.say('NOOP'), /^250/)
})

test('a client that pipelines while a handler is slow is paused, and loses nothing', async () => {
  let accept = (): void => {}
  const h = await atData({
    onMail: mail => {
      accept = () => mail.accept()
    },
    limits: { inputWindow: 4096 },
  })
  await h.say('x', '.')
  const fed = flood(h, 'NOOP\r\n'.repeat(100))
  assert.ok(h.driver.paused)
  accept()
  await h.driver.settle()
  const said = h.driver.takeText()
  assert.equal(said.split('\r\n').length - 1, 1 + fed / 6)
})

const ENVELOPE = ['MAIL FROM:<a@x.example>', 'RCPT TO:<bob@example.test>']
const BDAT_LIES: readonly (readonly [name: string, said: readonly string[], replies: readonly number[]])[] = [
  ['before RCPT', ['MAIL FROM:<a@x.example>', 'BDAT 6 LAST', 'NOOP'], [250, 554, 250]],
  ['before MAIL', ['BDAT 6 LAST', 'QUIT'], [503, 221]],
  ['negative', [...ENVELOPE, 'BDAT -6 LAST', 'NOOP'], [250, 250, 501, 250]],
  ['0 LAST, first of all', [...ENVELOPE, 'BDAT 0 LAST', 'NOOP'], [250, 250, 250, 250]],
  ['0 without end', [...ENVELOPE, 'BDAT 0', 'BDAT 0', 'BDAT 0 LAST'], [250, 250, 250, 250, 250]],
  ['then DATA', [...ENVELOPE, 'BDAT 2', 'DATA', 'RSET'], [250, 250, 250, 503, 250]],
  ['then MAIL', [...ENVELOPE, 'BDAT 2', 'MAIL FROM:<a@x.example>', 'RSET'], [250, 250, 250, 503, 250]],
  ['behind the last', [...ENVELOPE, 'BDAT 2 LAST', 'BDAT 2 LAST'], [250, 250, 250, 503]],
  ['beyond what is taken', [...ENVELOPE, 'BDAT 1001 LAST'], [250, 250, 552]],
  ['beyond it in sum', [...ENVELOPE, 'BDAT 999', 'BDAT 2 LAST'], [250, 250, 250, 552]],
  ['far beyond it', [...ENVELOPE, 'BDAT 4294967295 LAST'], [250, 250, 552, 421]],
  ['beyond all numbers', [...ENVELOPE, 'BDAT 99999999999999999999 LAST'], [250, 250, 552, 421]],
]

for (const [name, said, replies] of BDAT_LIES) {
  test(`bdat that lies: ${name}: one reply each, in order, and chunks are never run as commands`, async () => {
    const h = harness({ limits: { messageSize: 1000 } })
    await h.say('EHLO c')
    const wire = said
      .map(line => {
        const size = /^BDAT (\d{1,4})\b/.exec(line)
        return `${line}\r\n${size ? 'NOOP\r\n'.repeat(200).slice(0, Number(size[1])) : ''}`
      })
      .join('')
    const heard = await h.driver.exchange(Buffer.from(wire))
    assert.deepEqual(
      heard
        .split('\r\n')
        .slice(0, -1)
        .map(line => Number(line.slice(0, 3))),
      replies,
      heard,
    )
  })
}

test('rcpt flood: ten thousand recipients are answered, a hundred are kept', async () => {
  const h = harness()
  await h.say('EHLO x', 'MAIL FROM:<>')
  const said = await h.say(...Array.from({ length: 10_000 }, (_, i) => `RCPT TO:<u${i}@example.test>`))
  assert.equal(said.match(/^250 /gm)?.length, 100)
  assert.equal(said.match(/^452 4\.5\.3 /gm)?.length, 9_900)
  await h.say('DATA', '.')
  assert.equal(h.taken[0]?.to.length, 100)
})

test('rcpt flood: guessing at names ends the session after a hundred misses', async () => {
  const h = harness()
  h.session.on('rcpt', (_address, _params, ctx) => ctx.reject())
  await h.say('EHLO x', 'MAIL FROM:<>')
  const said = await h.say(...Array.from({ length: 1000 }, (_, i) => `RCPT TO:<u${i}@example.test>`))
  assert.equal(said.match(/^550 /gm)?.length, 101)
  assert.match(said, /\r\n421 4\.7\.0 Too many recipients refused\r\n$/)
})

test('binary noise: the session answers or closes, in little time, and other input is not waited for', async () => {
  let seed = 1
  for (let round = 0; round < 50; round++) {
    const h = harness()
    const noise = Buffer.alloc(5000)
    for (let i = 0; i < noise.length; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      noise[i] = seed >>> 16
    }
    h.driver.feed(noise)
    h.driver.feed('\r\n'.repeat(20))
    await h.driver.settle()
    assert.match(h.driver.takeText(), /^220 [^\r]*\r\n(?:500 [^\r]*\r\n)+421 [^\r]*\r\n$/)
    assert.ok(h.driver.closed)
  }
})

test('auth noise: what is no SASL message is refused, and costs a bad command each', async () => {
  const h = harness({ role: 'submission', tls: VIRTUAL_TLS, limits: { badCommands: 5 } })
  await h.say('EHLO x')
  for (const line of [
    'AUTH PLAIN ====',
    'AUTH PLAIN AAAA',
    'AUTH LOGIN =',
    'AUTH XOAUTH2 AAAA',
    `AUTH PLAIN ${Buffer.from('\0\0x').toString('base64')}`,
  ]) {
    assert.match(await h.say(line), /^501 5\.5\.2 [^\r]*\r\n$/)
  }
  assert.match(await h.say('AUTH A B C'), /^501 [^\r]*\r\n421 4\.7\.0 /)
})

test('hang-up: at every octet of a dialogue the session ends, and no half message is seen', async () => {
  const dialogue =
    'EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: x\r\n\r\ntext\r\n.\r\n'
  for (let at = 0; at < dialogue.length; at++) {
    for (const how of ['eof', 'destroy'] as const) {
      const h = harness()
      h.driver.feed(dialogue.slice(0, at))
      h.driver[how]()
      await h.driver.settle()
      assert.ok(h.driver.closed, `cut at ${at}`)
      assert.equal(h.taken.length, 0)
      assert.equal(h.session.deadline(), null)
    }
  }
})

test('wrong state: no command in any state brings the session down or a message in', async () => {
  const ways: readonly (readonly string[])[] = [
    [],
    ['EHLO x'],
    ['EHLO x', 'MAIL FROM:<>'],
    ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<bob@example.test>'],
  ]
  const commands = [
    'EHLO y',
    'HELO y',
    'MAIL FROM:<>',
    'RCPT TO:<bob@example.test>',
    'RSET',
    'NOOP',
    'VRFY x',
    'EXPN x',
    'HELP',
    'AUTH PLAIN',
    'BDAT five LAST',
    'BDAT -5',
    'ETRN x',
    'TURN',
    'SEND FROM:<a@b>',
    'XCLIENT ADDR=127.0.0.1',
    '.',
  ]
  for (const way of ways) {
    for (const command of commands) {
      const h = harness()
      for (const line of way) await h.say(line)
      assert.match(await h.say(command), /^(?:2|50[0-5])\d*[ -]/)
      assert.match(await h.say('NOOP'), /^250 /)
      assert.equal(h.taken.length, 0)
      assert.deepEqual(h.failures, [])
    }
  }
})

test('cross-protocol: the first line of HTTP ends the session, and nothing behind it is run', async () => {
  for (const verb of ['GET', 'POST', 'CONNECT', 'options', 'PROXY']) {
    const h = harness()
    await h.driver.settle()
    h.driver.take()
    const said = await h.say(
      `${verb} / HTTP/1.1`,
      'Host: mx.example.test:25',
      '',
      'EHLO x',
      'MAIL FROM:<evil@x.example>',
      'RCPT TO:<bob@example.test>',
      'DATA',
      'evil',
      '.',
    )
    assert.equal(said, '421 4.7.0 This is SMTP\r\n')
    assert.ok(h.driver.closed)
    assert.equal(h.taken.length, 0)
  }
})
