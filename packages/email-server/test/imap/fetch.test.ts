// FETCH: what is asked of the backend, how bodies reach the client, and what happens when they do not (RFC 3501 §6.4.5).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../src/base/errors.ts'
import type { MailboxHandlers, MailboxSession, MessageBody } from '../../src/mailbox/index.ts'
import { extractBodyStructure, extractEnvelope } from '../../src/mime/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { message, selected, type TestSession } from './setup.ts'

/** A folder of `count` messages whose handlers are counted. */
function backend(
  count: number,
  handlers: MailboxHandlers,
): { attach: (session: MailboxSession) => void; calls: Map<string, unknown[]> } {
  const calls = new Map<string, unknown[]>()
  const uids = Array.from({ length: count }, (_, i) => i + 1)
  const base: MailboxHandlers = {
    folders: () => [{ name: 'INBOX' }],
    openFolder: () => ({ uidValidity: 1, total: count, unread: 0, uidNext: count + 1 }),
    resolveMessages: ({ ranges }) => uids.filter(uid => ranges.some(([a, b]) => uid >= a && uid <= b)),
    messageMeta: ids => ids.map(id => ({ id, uid: Number(id), size: 10, internalDate: 0, flags: ['Seen'] })),
    ...handlers,
  }
  const counted: Record<string, unknown> = {}
  for (const [name, handler] of Object.entries(base)) {
    counted[name] = (first: unknown, ...rest: unknown[]) => {
      calls.set(name, [...(calls.get(name) ?? []), first])
      return (handler as (...args: unknown[]) => unknown)(first, ...rest)
    }
  }
  return { attach: session => void session.use(counted as MailboxHandlers), calls }
}

async function open(
  count: number,
  handlers: MailboxHandlers,
): Promise<TestSession & { calls: Map<string, unknown[]> }> {
  const { attach, calls } = backend(count, handlers)
  const test = await selected({ attach })
  calls.clear()
  return { ...test, calls }
}

async function* pieces(
  bytes: Uint8Array,
  size: number,
  pause?: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await pause?.()
    yield bytes.subarray(at, at + size)
  }
}

test('facts of a thousand messages are asked in two questions, and nothing else is asked', async () => {
  const { driver, calls } = await open(1000, {})
  const said = await driver.exchange('a FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE)\r\n')
  assert.equal(said.match(/^\* /gm)?.length, 1000)
  assert.deepEqual([...calls.keys()], ['messageMeta'])
  assert.deepEqual(
    calls.get('messageMeta')!.map(ids => (ids as unknown[]).length),
    [500, 500],
  )
})

test('UIDs alone are not asked for at all', async () => {
  const { driver, calls } = await open(3, {})
  assert.match(await driver.exchange('a FETCH 1:* UID\r\n'), /\* 3 FETCH \(UID 3\)/)
  assert.equal(calls.size, 0)
})

test('envelopes and structures that the backend keeps are not computed; those it has not kept are', async () => {
  const raw = message('one')
  const { driver, calls } = await open(2, {
    messageEnvelope: ids => ids.map(id => (id === 1 ? extractEnvelope(message('kept')) : null)),
    messageBodyStructure: ids => ids.map(() => extractBodyStructure(raw)),
    messageBody: () => raw,
  })
  const said = await driver.exchange('a FETCH 1:2 (ENVELOPE BODYSTRUCTURE)\r\n')
  assert.match(said, /\* 1 FETCH \(ENVELOPE \("Mon, 7 Feb 1994 21:52:25 -0800 \(PST\)" "kept"/)
  assert.match(said, /\* 2 FETCH \(ENVELOPE \("Mon, 7 Feb 1994 21:52:25 -0800 \(PST\)" "one"/)
  assert.deepEqual(calls.get('messageBody'), [2])
})

test('a stream is passed on as it comes, whatever its pieces', async () => {
  const raw = message('streamed', 'line\r\n'.repeat(1000))
  for (const size of [1, 7, 1000, 100_000]) {
    const { driver } = await open(1, {
      messageBody: () => ({ length: raw.length, stream: pieces(raw, size) }),
    })
    const whole = await driver.exchange('a FETCH 1 BODY.PEEK[]\r\n')
    assert.equal(
      whole,
      `* 1 FETCH (BODY[] {${raw.length}}\r\n${Buffer.from(raw)})\r\na OK FETCH completed\r\n`,
    )
    const part = await driver.exchange('a FETCH 1 (UID BODY.PEEK[]<100.50>)\r\n')
    assert.equal(
      part,
      `* 1 FETCH (UID 1 BODY[]<100> {50}\r\n${Buffer.from(raw).subarray(100, 150)})\r\na OK FETCH completed\r\n`,
    )
    const beyond = await driver.exchange('a FETCH 1 BODY.PEEK[]<1000000.5>\r\n')
    assert.equal(beyond, '* 1 FETCH (BODY[]<1000000> {0}\r\n)\r\na OK FETCH completed\r\n')
    const header = await driver.exchange('a FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]\r\n')
    assert.match(header, /\{21\}\r\nSubject: streamed\r\n\r\n\)/)
    const both = await driver.exchange('a FETCH 1 (RFC822.HEADER BODY.PEEK[] BODY.PEEK[TEXT])\r\n')
    assert.ok(both.includes(String(Buffer.from(raw))))
  }
})

test('of a long stream the header is read and no more, and the stream is told that it is left', async () => {
  let given = 0
  let left = false
  const raw = message('long', 'x'.repeat(1_000_000))
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of pieces(raw, 1000)) {
        given += piece.length
        yield piece
      }
    } finally {
      left = true
    }
  }
  const { driver } = await open(1, { messageBody: () => ({ length: raw.length, stream: source() }) })
  assert.match(await driver.exchange('a FETCH 1 (BODY.PEEK[HEADER] ENVELOPE)\r\n'), /a OK/)
  assert.equal(given, 1000)
  assert.ok(left)
})

test('a stream waits for a client that does not read, and holds little meanwhile', async () => {
  const raw = Buffer.alloc(5_000_000, 'x')
  let given = 0
  const { driver, session } = await open(1, {
    messageBody: () => ({
      length: raw.length,
      stream: pieces(raw, 10_000, async () => {
        given += 10_000
      }),
    }),
  })
  const pause = (): void => session.pauseOutput()
  session.on('send', pause)
  driver.feed('a FETCH 1 BODY.PEEK[]\r\n')
  await driver.settle()
  assert.ok(given < 200_000, `${given}`)
  session.off('send', pause)
  session.resumeOutput()
  await driver.settle()
  assert.equal(
    driver.take().length,
    '* 1 FETCH (BODY[] {5000000}\r\n'.length + 5_000_000 + ')\r\na OK FETCH completed\r\n'.length,
  )
})

test('a stream that is shorter or longer than announced, fails or gives text, cuts the connection', async () => {
  const raw = message('torn')
  const streams: Record<string, () => AsyncIterable<unknown>> = {
    short: () => pieces(raw.subarray(1), 50),
    long: () => pieces(Buffer.concat([raw, raw]), 50),
    'one octet more': () => pieces(Buffer.concat([raw, Buffer.from('x')]), raw.length),
    failing: async function* () {
      yield raw.subarray(0, 10)
      throw new Error('disk')
    },
    text: async function* () {
      yield 'text'
    },
  }
  for (const [name, stream] of Object.entries(streams)) {
    const { driver, failures } = await open(1, {
      messageBody: () => ({ length: raw.length, stream: stream() }) as MessageBody,
    })
    const said = await driver.exchange('a FETCH 1 BODY.PEEK[]\r\nb NOOP\r\n')
    assert.equal(driver.closed?.error?.code, 'ESTREAM', name)
    assert.doesNotMatch(said, /^[ab] /m, name)
    assert.equal(failures.length, 1, name)
  }
})

test('a stream that gives nothing for a minute cuts the connection', async () => {
  const { driver } = await open(1, {
    messageBody: () => ({ length: 5, stream: pieces(Buffer.from('hello'), 1, () => new Promise(() => {})) }),
  })
  driver.feed('a FETCH 1 BODY.PEEK[]\r\n')
  await driver.advance(60_000)
  assert.equal(driver.closed?.error?.code, 'ESTREAM')
})

test('a body that is no body is a fault of the server, and the session lives', async () => {
  const bodies: unknown[] = [
    null,
    'text',
    5,
    {},
    { length: -1, stream: pieces(new Uint8Array(0), 1) },
    { length: 5, stream: 7 },
  ]
  for (const body of bodies) {
    const { driver, failures } = await open(1, { messageBody: () => body as MessageBody })
    const said = await driver.exchange('a FETCH 1 BODY.PEEK[]\r\nb NOOP\r\n')
    assert.equal(said, 'a NO [SERVERBUG] Something went wrong here\r\nb OK NOOP completed\r\n')
    assert.equal(failures.length, 1)
  }
})

test('facts that are none are a fault of the server', async () => {
  const good = { id: 1, uid: 1, size: 1, internalDate: 0, flags: [] }
  const answers: unknown[] = [
    null,
    {},
    [{ ...good, size: -1 }],
    [{ ...good, size: 1.5 }],
    [{ ...good, flags: 'Seen' }],
  ]
  answers.push(
    [{ ...good, internalDate: 'yesterday' }],
    [{ ...good, flags: [1] }],
    [good, good],
    [{ ...good, uid: 2 }],
  )
  for (const answer of answers) {
    const { driver, failures } = await open(1, { messageMeta: () => answer as never })
    assert.match(await driver.exchange('a FETCH 1 FLAGS\r\n'), /^a NO \[SERVERBUG\]/, JSON.stringify(answer))
    assert.equal(failures.length, 1)
  }
})

test('a body that has been removed meanwhile is left out, a refused one is told', async () => {
  const { driver } = await open(3, {
    messageBody: id => {
      if (id === 1) throw new Refusal('EXPUNGEISSUED', 'gone')
      if (id === 3) throw new Refusal('NOPERM', 'not for you')
      return Buffer.from('x')
    },
  })
  const said = await driver.exchange('a FETCH 1:3 BODY.PEEK[]\r\n')
  assert.match(said, /^\* 2 FETCH \(BODY\[\] \{1\}\r\nx\)\r\na NO \[NOPERM\] not for you\r\n$/)
})

test('reading a body marks it as seen, and says so; PEEK, EXAMINE and a backend that refuses do not', async () => {
  const mailbox = new MemoryMailbox()
  for (let i = 0; i < 3; i++) mailbox.deliver(message(`m${i}`))
  const { driver } = await selected({ mailbox })
  assert.match(await driver.exchange('a FETCH 1 (FLAGS BODY[TEXT])\r\n'), /\(FLAGS \(\\Seen\) BODY\[TEXT\]/)
  assert.match(await driver.exchange('a FETCH 2 RFC822.TEXT\r\n'), /\(FLAGS \(\\Seen\) RFC822.TEXT/)
  assert.doesNotMatch(await driver.exchange('a FETCH 3 (RFC822.HEADER BODY.PEEK[])\r\n'), /FLAGS/)
  assert.deepEqual(
    mailbox.messages().map(each => each.flags),
    [['Seen'], ['Seen'], []],
  )
  await driver.exchange('a EXAMINE INBOX\r\n')
  assert.doesNotMatch(await driver.exchange('a FETCH 3 BODY[]\r\n'), /FLAGS/)
  assert.match(await driver.exchange('a STORE 3 +FLAGS (\\Seen)\r\n'), /^a NO \[READ-ONLY\]/)
  assert.deepEqual(mailbox.messages()[2]!.flags, [])
  const refused = await open(1, {
    messageMeta: () => [{ id: 1, uid: 1, size: 1, internalDate: 0, flags: [] }],
    messageBody: () => Buffer.from('x'),
    setFlags: () => {
      throw new Refusal('NOPERM', 'no')
    },
  })
  assert.match(
    await refused.driver.exchange('a FETCH 1 BODY[]\r\n'),
    /^\* 1 FETCH \(BODY\[\] \{1\}\r\nx\)\r\na OK/,
  )
})

test('flags with a backslash are taken, and the backend is told once', async () => {
  const { driver, failures } = await open(2, {
    messageMeta: ids =>
      ids.map(id => ({ id, uid: Number(id), size: 1, internalDate: 0, flags: ['\\Seen', 'seen', 'work'] })),
  })
  assert.match(await driver.exchange('a FETCH 1:2 FLAGS\r\n'), /\* 2 FETCH \(FLAGS \(\\Seen work\)\)/)
  assert.equal(failures.length, 1)
})

test('8-bit header text is sent as a literal, and quotes and backslashes are quoted', async () => {
  const raw = Buffer.from('Subject: Grüße\r\nFrom: "a \\"b\\" \\\\c" <x@y>\r\n\r\n')
  const { driver } = await open(1, { messageBody: () => raw })
  const said = await driver.exchange('a FETCH 1 ENVELOPE\r\n')
  assert.match(said, /ENVELOPE \(NIL \{7\}\r\nGrüße \(\("a \\"b\\" \\\\c" NIL "x" "y"\)\)/)
})
