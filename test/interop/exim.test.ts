// BDAT (RFC 3030) as somebody else speaks it: Exim, which sends chunks to every server that takes them, the first of them pipelined behind
// the recipients.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createServer, type Server } from 'email-server'
import { eximSends } from '../support/exim.ts'

const FROM = 'alice@a.example'
const BOB = 'bob@example.test'

interface Taken {
  readonly to: readonly string[]
  readonly raw: string
}

let server: Server
let taken: Taken[] = []

before(async () => {
  server = createServer({
    host: '127.0.0.1',
    hostname: 'mx.example.test',
    ports: { inbound: 0 },
    maxSize: 1_000_000,
  })
  server.addDomain('example.test')
  server.on('smtpSession', session => {
    session.on('rcpt', (address, _params, ctx) => {
      if (address.startsWith('unknown')) ctx.reject(550, 'No such user')
      else ctx.accept()
    })
    session.on('mail', mail => {
      taken.push({ to: mail.to, raw: Buffer.from(mail.rawBytes).toString('latin1') })
      if (mail.subject === 'refuse me') mail.reject(554, '5.7.1 Not this one')
      else mail.accept()
    })
  })
  await server.listen()
})
after(() => server.close())

/** Has Exim send it (with LF, as it is on Unix); its log, and what came in. */
async function send(
  text: string,
  to: readonly string[],
  transport: readonly string[] = [],
): Promise<{ readonly log: string; readonly mails: readonly Taken[] } | null> {
  taken = []
  const port = server.ports.inbound!
  const log = await eximSends(Buffer.from(text), { port, from: FROM, to, transport })
  return log === null ? null : { log, mails: taken }
}

function bodyOf(raw: string): string {
  return raw.slice(raw.indexOf('\r\n\r\n') + 4)
}

const BODIES: readonly (readonly [string, string])[] = [
  ['a line', 'Hello\n'],
  ['dots', '.\n..\n.a line\n\n.\n'],
  ['no body', ''],
  ['half a megabyte', Array.from({ length: 9000 }, (_, i) => `.line ${i} ${'x'.repeat(i % 60)}\n`).join('')],
]

for (const [name, body] of BODIES) {
  test(`Exim sends ${name} in chunks, and every octet comes in once`, async t => {
    const sent = await send(`From: ${FROM}\nTo: ${BOB}\nSubject: chunks\n\n${body}`, [BOB])
    if (!sent) return t.skip('needs root')
    // K: what Exim logs of a message that went by BDAT
    assert.match(sent.log, /=> bob@example\.test .* K C="250[ -].*2\.0\.0 OK, taken as/)
    assert.equal(sent.mails.length, 1)
    assert.equal(bodyOf(sent.mails[0]!.raw), body.replaceAll('\n', '\r\n'))
  })
}

const MESSAGE = `From: ${FROM}\nTo: ${BOB}\nSubject: hello\n\nHello\n`

test('Exim hears which recipients are refused, in the middle of what it has pipelined', async t => {
  const sent = await send(MESSAGE, ['unknown1@example.test', BOB, 'unknown2@example.test'])
  if (!sent) return t.skip('needs root')
  assert.match(sent.log, /=> bob@example\.test .* K C="250/)
  assert.match(sent.log, /\*\* unknown1@example\.test .* 550 5\.1\.1 No such user/)
  assert.match(sent.log, /\*\* unknown2@example\.test .* 550 5\.1\.1 No such user/)
  assert.deepEqual(
    sent.mails.map(({ to }) => to),
    [[BOB]],
  )
})

test('Exim pipelines a chunk behind a recipient that is refused: nothing comes in, and its octets are no commands', async t => {
  const sent = await send(`From: ${FROM}\nSubject: NOOP\n\nQUIT\n`, ['unknown@example.test'])
  if (!sent) return t.skip('needs root')
  assert.match(sent.log, /\*\* unknown@example\.test .* 550 5\.1\.1 No such user/)
  assert.deepEqual(sent.mails, [])
})

test('Exim hears that the message is refused behind its last chunk', async t => {
  const sent = await send(MESSAGE.replace('hello', 'refuse me'), [BOB])
  if (!sent) return t.skip('needs root')
  assert.match(sent.log, /\*\* bob@example\.test .* after pipelined end of data: 554 5\.7\.1 Not this one/)
})

for (const [name, transport] of [
  ['announces by SIZE more than is taken', []],
  ['announces it by its chunks only', ['size_addition = -1']],
] as const) {
  test(`Exim ${name}: refused for good, and nothing comes in`, async t => {
    const sent = await send(`${MESSAGE}${`${'x'.repeat(70)}\n`.repeat(16_000)}`, [BOB], transport)
    if (!sent) return t.skip('needs root')
    assert.match(sent.log, /\*\* bob@example\.test .*: 552 5\.3\.4 Message too big/)
    assert.deepEqual(sent.mails, [])
  })
}

test('Exim that does not speak BDAT sends the same by DATA', async t => {
  const body = '.\n..\n.a line\n'
  const sent = await send(MESSAGE.replace('Hello\n', body), [BOB], ['hosts_try_chunking ='])
  if (!sent) return t.skip('needs root')
  assert.match(sent.log, /=> bob@example\.test .*\] C="250/)
  assert.equal(bodyOf(sent.mails[0]!.raw), body.replaceAll('\n', '\r\n'))
})
