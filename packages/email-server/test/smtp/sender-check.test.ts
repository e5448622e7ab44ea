// The port for checks of who sent a message: told of every message's beginning, bytes and end, and never trusted to behave.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageOrigin, MessageVerdict } from '../../src/trust/index.ts'
import { harness } from './support.ts'

const VERDICT = {
  spf: { result: 'softfail' },
  dkim: { result: 'none' },
  dmarc: { result: 'none', policy: null },
  rdns: { result: 'fail' },
  arc: { result: 'none' },
  headers: 'Authentication-Results: mx.example.test; spf=softfail\r\n',
  results: { authservId: 'mx.example.test', results: [] },
  forged: [],
  headerCut: false,
} as unknown as MessageVerdict

function port(finish: () => Promise<MessageVerdict> = async () => VERDICT) {
  const log: string[] = []
  const origins: MessageOrigin[] = []
  return {
    log,
    origins,
    checkMessage: (origin: MessageOrigin) => {
      origins.push(origin)
      log.push('begin')
      return {
        push: (bytes: Uint8Array) => log.push(`push ${Buffer.from(bytes).toString()}`),
        finish: () => {
          log.push('finish')
          return finish()
        },
        abandon: () => log.push('abandon'),
      }
    },
  }
}

const LINES = ['MAIL FROM:<a@x.example>', 'RCPT TO:<bob@example.test>', 'DATA'] as const

test('a check begins at MAIL, sees the message without its dots, and is over when the message is answered for', async () => {
  const { log, origins, checkMessage } = port()
  const h = harness({ checkMessage })
  await h.say('EHLO client.example', 'MAIL FROM:<a@x.example>')
  assert.deepEqual(log, ['begin'])
  assert.deepEqual(origins, [{ ip: '192.0.2.1', helo: 'client.example', sender: 'a@x.example' }])
  await h.say('RCPT TO:<bob@example.test>', 'DATA')
  assert.match(await h.say('Subject: x', '', '..dot', '.'), /^250 /)
  assert.equal(
    log
      .filter(line => line.startsWith('push'))
      .map(line => line.slice(5))
      .join(''),
    'Subject: x\r\n\r\n.dot\r\n',
  )
  assert.deepEqual(log.slice(-2), ['finish', 'abandon'])
  assert.match(h.taken[0]!.raw, /^Authentication-Results: mx\.example\.test; spf=softfail\r\nReceived: /)
})

test('a check sees the chunks of a BDAT, and lines as they were mended', async () => {
  const { log, checkMessage } = port()
  const h = harness({ checkMessage, lineBreaks: 'normalize' })
  await h.say('EHLO client.example', ...LINES.slice(0, 2))
  assert.match(
    await h.driver.exchange('BDAT 12\r\nSubject: x\r\nBDAT 3\r\n\r\naBDAT 1\r\n\nBDAT 1 LAST\r\nb'),
    /^(?:250 [^\r]*\r\n){4}$/,
  )
  assert.equal(
    log
      .filter(line => line.startsWith('push'))
      .map(line => line.slice(5))
      .join(''),
    'Subject: x\r\n\r\na\r\nb\r\n',
  )
  assert.deepEqual(log.slice(-2), ['finish', 'abandon'])
  assert.equal(log.filter(line => line === 'begin').length, 1)
})

for (const [what, lines] of [
  ['RSET', ['RSET']],
  ['EHLO', ['EHLO again.example']],
  ['QUIT', ['QUIT']],
  ['a message too big', ['DATA', 'x'.repeat(2000), '.']],
] as const) {
  test(`${what} gives up the check of the message at hand`, async () => {
    const { log, checkMessage } = port()
    const h = harness({ checkMessage, limits: { messageSize: 1000 } })
    await h.say('EHLO client.example', ...LINES.slice(0, 2))
    await h.say(...lines)
    assert.equal(log.at(-1), 'abandon')
    assert.equal(log.includes('finish'), false)
  })
}

test('a connection that breaks gives up the check too, while it is being finished', async () => {
  const { log, checkMessage } = port(() => new Promise(() => {}))
  const h = harness({ checkMessage })
  await h.say('EHLO client.example', ...LINES)
  await h.say('Subject: x', '', '.')
  h.driver.destroy()
  assert.deepEqual(log.slice(-2), ['finish', 'abandon'])
  assert.equal(h.taken.length, 0)
})

const broken = (): never => {
  throw new Error('no memory')
}
const FAULTS = {
  'throws at MAIL': broken,
  'throws at the bytes': () => ({ push: broken, finish: async () => VERDICT, abandon() {} }),
  'throws at the end': () => ({ push() {}, finish: broken, abandon() {} }),
  'rejects at the end': () => ({ push() {}, finish: async () => broken(), abandon() {} }),
  'throws when it is given up': () => ({ push: broken, finish: broken, abandon: broken }),
}
for (const [what, checkMessage] of Object.entries(FAULTS)) {
  test(`a check that ${what} is our failure: 451, told to the log alone, and the session goes on`, async () => {
    const h = harness({ checkMessage })
    await h.say('EHLO client.example', ...LINES)
    assert.equal(await h.say('Subject: x', '', '.'), '451 4.3.0 Local error; try again later\r\n')
    assert.deepEqual(h.failures, ['the check of the sender failed: no memory'])
    assert.equal(h.taken.length, 0)
    assert.match(await h.say('NOOP'), /^250 /)
  })
}

test('a check that never ends is ended for, after twice its time', async () => {
  const { checkMessage } = port(() => new Promise(() => {}))
  const h = harness({ checkMessage, limits: { authTime: 1000 } })
  await h.say('EHLO client.example', ...LINES)
  assert.equal(await h.say('Subject: x', '', '.'), '')
  await h.driver.advance(1999)
  assert.equal(h.driver.takeText(), '')
  await h.driver.advance(2)
  assert.match(h.driver.takeText(), /^451 4\.3\.0 /)
  assert.match(h.failures[0] ?? '', /no verdict after 2000 ms/)
})

test('the server may be asked to leave while a check is finished: the message is answered for first', async () => {
  let done: (verdict: MessageVerdict) => void = () => {}
  const { checkMessage } = port(
    () =>
      new Promise(resolve => {
        done = resolve
      }),
  )
  const h = harness({ checkMessage })
  await h.say('EHLO client.example', ...LINES)
  await h.say('Subject: x', '', '.')
  h.session.shutdown()
  done(VERDICT)
  await h.driver.settle()
  assert.match(h.driver.takeText(), /^250 [^\n]*\r\n421 4\.3\.2 /)
  assert.equal(h.taken.length, 1)
})
