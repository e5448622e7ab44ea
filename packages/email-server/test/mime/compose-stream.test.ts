// Contents that are streams: read once, in order, when the message is; lengths known beforehand; errors and early leaving.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { MailError } from '../../src/base/errors.ts'
import type { ComposedMessage, MessageOptions } from '../../src/mime/index.ts'
import { basics, compose } from './compose-helpers.ts'

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* parts
}

async function collect(message: ComposedMessage): Promise<Buffer> {
  const out: Uint8Array[] = []
  for await (const chunk of message.stream()) out.push(chunk)
  return Buffer.concat(out)
}

/** A stream that says what became of it. */
function watched(parts: readonly (string | Uint8Array)[], endless = false) {
  const state = { opened: false, returned: false, pulled: 0 }
  const stream: AsyncIterable<string | Uint8Array> & AsyncIterator<string | Uint8Array> = {
    [Symbol.asyncIterator]() {
      return stream
    },
    async next() {
      state.opened = true
      const value = parts[endless ? state.pulled % parts.length : state.pulled]
      state.pulled++
      return value === undefined ? { done: true, value: undefined } : { done: false, value }
    },
    async return() {
      state.returned = true
      return { done: true, value: undefined }
    },
  }
  return { state, stream }
}

const rejects = (code: string, name: RegExp) => (error: MailError) =>
  error.code === code && name.test(error.message)
const attach = (
  content: NonNullable<MessageOptions['attachments']>[number]['content'],
  more: object = {},
): MessageOptions => ({
  ...basics,
  text: 'x',
  attachments: [{ content, filename: 'x.bin', ...more }],
})

describe('a message in memory', () => {
  it('can be read as often as one likes, at once and in pieces, and is as long as it says', async () => {
    const options = {
      ...basics,
      text: 'Grüße\n'.repeat(50),
      html: '<p>',
      attachments: [{ content: Buffer.alloc(300_000, 'abc') }, { content: 'ü', filename: 'x.txt' }],
    }
    const message = compose(options)
    const whole = message.bytesSync()
    assert.equal(message.inMemory, true)
    assert.equal(whole.length, message.size)
    assert.deepEqual(await message.bytes(), whole)
    assert.deepEqual(await collect(message), whole)
    assert.deepEqual(await collect(message), whole)
  })

  it('comes in pieces of a moderate size', async () => {
    const message = compose({
      ...basics,
      text: 'line\n'.repeat(100_000),
      attachments: [{ content: Buffer.alloc(1_000_000) }],
    })
    let pieces = 0
    for await (const chunk of message.stream()) {
      assert.ok(chunk.length <= 160 * 1024, String(chunk.length))
      pieces++
    }
    assert.ok(pieces >= 10)
  })
})

describe('a message with streams', () => {
  it('is the same as one in memory', async () => {
    const data = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * 7) & 0xff))
    const inMemory = compose(attach(data)).bytesSync()
    const sources: (() => AsyncIterable<Uint8Array | string>)[] = [
      () => chunks(data.subarray(0, 1), data.subarray(1, 5000), Buffer.alloc(0), data.subarray(5000)),
      () => Readable.from([data.subarray(0, 77), data.subarray(77)]),
      () => new Blob([data]).stream() as ReadableStream<Uint8Array>,
    ]
    for (const source of sources) {
      const message = compose(attach(source()))
      assert.equal(message.size, null)
      assert.equal(message.inMemory, false)
      assert.deepEqual(await message.bytes(), inMemory)
      const sized = compose(attach(source(), { size: data.length }))
      assert.equal(sized.size, inMemory.length)
      assert.deepEqual(await collect(sized), inMemory)
    }
  })

  it('takes a web stream that is no async iterable', async () => {
    const stream = {
      getReader: () => new Blob(['abc']).stream().getReader(),
    } as unknown as AsyncIterable<Uint8Array>
    assert.deepEqual(await compose(attach(stream)).bytes(), compose(attach('abc')).bytesSync())
  })

  it('cannot be had at once', () => {
    assert.throws(() => compose(attach(chunks('a'))).bytesSync(), rejects('EUSAGE', /stream/))
  })

  it('can be read once', async () => {
    const message = compose(attach(chunks('a')))
    await message.bytes()
    await assert.rejects(message.bytes(), rejects('ESTREAM', /already been read/))
    const shared = chunks('a')
    const twice = compose({ ...basics, attachments: [{ content: shared }, { content: shared }] })
    await twice.bytes()
  })

  it('reads its streams one after the other, each when its turn comes', async () => {
    const first = watched([Buffer.alloc(100_000)])
    const second = watched([Buffer.alloc(100_000)])
    const message = compose({
      ...basics,
      attachments: [{ content: first.stream }, { content: second.stream }],
    })
    assert.equal(first.state.opened, false)
    const reader = message.stream()[Symbol.asyncIterator]()
    await reader.next()
    assert.deepEqual([first.state.opened, second.state.opened], [true, false])
    await reader.return?.()
  })

  it('texts may be streams: quoted-printable, line breaks made CRLF across chunks', async () => {
    const message = compose({
      ...basics,
      text: chunks('Gr', 'üße\r', '\nb\r', 'c\n', Buffer.from([0xc3]), Buffer.from([0xbc])),
    })
    const text = (await message.bytes()).toString()
    assert.ok(text.endsWith('Gr=C3=BC=C3=9Fe\r\nb\r\nc\r\n=C3=BC=\r\n'), text)
  })

  it('an invitation from a stream is read once and stands in both places', async () => {
    const ics = 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n'
    const { state, stream } = watched([ics.slice(0, 5), ics.slice(5)])
    const text = (
      await compose({ ...basics, text: 'x', icalEvent: { content: stream, method: 'REQUEST' } }).bytes()
    ).toString()
    assert.ok(
      text.includes(
        `method=REQUEST; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${ics}`,
      ),
    )
    assert.ok(text.includes(Buffer.from(ics).toString('base64')))
    assert.equal(state.pulled, 3)
  })

  it('a reader opens paths, now or later', async () => {
    for (const content of [
      'abc',
      Buffer.from('abc'),
      Promise.resolve('abc'),
      chunks('a', 'bc'),
      Promise.resolve(chunks('abc')),
    ]) {
      const message = compose({
        ...basics,
        text: 'x',
        attachments: [{ path: 'x.bin' }],
        reader: () => content,
      })
      assert.deepEqual(await message.bytes(), compose(attach('abc')).bytesSync())
    }
    const failing = compose({
      ...basics,
      attachments: [{ path: 'x.bin' }],
      reader: () => Promise.reject(new Error('gone')),
    })
    await assert.rejects(failing.bytes(), rejects('ESTREAM', /attachments\[0\]\.path failed: gone/))
  })

  it('a raw message may be a stream, with CRLF made on the way, or checked when its size is promised', async () => {
    const raw = compose({ raw: chunks('A: b\n', '\nbody\r', '\n') })
    assert.deepEqual([raw.size, raw.messageId, raw.bodyType], [null, null, '8BITMIME'])
    assert.equal((await raw.bytes()).toString(), 'A: b\r\n\r\nbody\r\n')
    const sized = compose({ raw: { content: chunks('A: b\r\n\r\nbody\r\n'), size: 14 } })
    assert.equal(sized.size, 14)
    assert.equal((await sized.bytes()).toString(), 'A: b\r\n\r\nbody\r\n')
    await assert.rejects(
      compose({ raw: { content: chunks('A: b\n\n'), size: 6 } }).bytes(),
      rejects('EMESSAGE', /raw.*CRLF/),
    )
  })

  it('an attached message from a stream is 8bit, and its lines are checked', async () => {
    const nested = (content: AsyncIterable<string>) =>
      attach(content, { contentType: 'message/rfc822', filename: undefined })
    const message = compose(nested(chunks('A: ü\n\nb') as AsyncIterable<string>))
    assert.equal(message.bodyType, '8BITMIME')
    assert.ok(
      (await message.bytes())
        .toString()
        .includes('Content-Transfer-Encoding: 8bit\r\n\r\nA: ü\r\n\r\nb\r\n--'),
    )
    await assert.rejects(
      compose(nested(chunks('x'.repeat(999)) as AsyncIterable<string>)).bytes(),
      rejects('EMESSAGE', /998/),
    )
    assert.throws(
      () =>
        compose({ ...nested(chunks('a') as AsyncIterable<string>), smtpProfile: { eightBitMime: false } }),
      rejects('EMESSAGE', /give its bytes/),
    )
  })
})

describe('a stream that does not keep its word', () => {
  const failing: [string, AsyncIterable<Uint8Array | string>, object, RegExp][] = [
    [
      'fails',
      (async function* () {
        yield 'a'
        throw new Error('disk gone')
      })(),
      {},
      /attachments\[0\]\.content failed: disk gone/,
    ],
    ['yields too little', chunks('ab'), { size: 3 }, /ended after 2 of 3 bytes/],
    ['yields too much', chunks('ab', 'cd'), { size: 3 }, /more than its size of 3 bytes/],
    ['yields objects', chunks({ a: 1 } as never), {}, /must yield bytes, not an object/],
  ]
  for (const [what, content, more, name] of failing) {
    it(`${what}: ESTREAM, by the name of the option`, async () => {
      await assert.rejects(collect(compose(attach(content, more))), rejects('ESTREAM', name))
    })
  }

  it('never makes the message longer than it said', async () => {
    const message = compose(attach(chunks('a'.repeat(57), 'b'.repeat(57), 'c'), { size: 100 }))
    let length = 0
    await assert.rejects(async () => {
      for await (const chunk of message.stream()) length += chunk.length
    })
    assert.ok(length <= message.size!)
  })

  it('and has no sensible size is refused', () => {
    for (const size of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3' as never]) {
      assert.throws(
        () => compose(attach(chunks('a'), { size })),
        rejects('ECONFIG', /attachments\[0\]\.size/),
      )
    }
  })

  it('and fails before it is read does not crash the process, and is an error when its turn comes', async () => {
    const stream = new Readable({ read() {} })
    const message = compose(attach(stream))
    stream.destroy(new Error('too early'))
    await new Promise(resolve => stream.once('close', resolve))
    await assert.rejects(message.bytes(), rejects('ESTREAM', /attachments\[0\]\.content failed/))
  })

  it('keeps the cause', async () => {
    const cause = new Error('why')
    // biome-ignore lint/correctness/useYield: it fails before it has anything to yield
    const stream = (async function* (): AsyncGenerator<string> {
      throw cause
    })()
    await assert.rejects(compose(attach(stream)).bytes(), (error: MailError) => error.cause === cause)
  })
})

describe('leaving early', () => {
  it('closes the stream that is being read, and those that are not yet', async () => {
    const reading = watched([Buffer.alloc(70_000)], true)
    const waiting = watched(['x'])
    const node = new Readable({ read() {} })
    const message = compose({
      ...basics,
      attachments: [{ content: reading.stream }, { content: waiting.stream }, { content: node }],
    })
    for await (const chunk of message.stream()) {
      assert.ok(chunk.length > 0)
      break
    }
    assert.deepEqual(
      [reading.state.returned, waiting.state.returned, waiting.state.opened],
      [true, true, false],
    )
    assert.equal(node.destroyed, true)
    await assert.rejects(message.bytes(), rejects('ESTREAM', /already/))
  })

  it('by an error in one stream closes the others', async () => {
    const waiting = watched(['x'])
    // biome-ignore lint/correctness/useYield: it fails before it has anything to yield
    const bad = (async function* (): AsyncGenerator<string> {
      throw new Error('no')
    })()
    await assert.rejects(
      compose({ ...basics, attachments: [{ content: bad }, { content: waiting.stream }] }).bytes(),
    )
    assert.equal(waiting.state.returned, true)
  })

  it('before reading: discard closes them all, and the message is gone', async () => {
    const waiting = watched(['x'])
    const node = new Readable({ read() {} })
    let cancelled = false
    const web = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) })
    const later = watched(['x'])
    const message = compose({
      ...basics,
      reader: () => Promise.resolve(later.stream),
      attachments: [{ content: waiting.stream }, { content: node }, { content: web }, { path: 'x' }],
    })
    message.discard()
    message.discard()
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(
      [waiting.state.returned, node.destroyed, cancelled, later.state.returned],
      [true, true, true, true],
    )
    await assert.rejects(message.bytes(), rejects('ESTREAM', /already/))
  })

  it('reads no more than is asked for', async () => {
    const { state, stream } = watched([Buffer.alloc(70_000)], true)
    const reader = compose(attach(stream)).stream()[Symbol.asyncIterator]()
    await reader.next()
    await reader.next()
    assert.ok(state.pulled <= 3, String(state.pulled))
    await reader.return?.()
  })
})

it('lengths are what was said, for all shapes whose streams tell theirs', async () => {
  const content = fc.uint8Array({ maxLength: 400 })
  const attachment = fc.record({
    content,
    cuts: fc.array(fc.nat(400), { maxLength: 4 }),
    inline: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(attachment, { maxLength: 4 }),
      fc.string(),
      fc.boolean(),
      fc.boolean(),
      async (list, text, html, binary) => {
        const options = (streams: boolean): MessageOptions => ({
          ...basics,
          text,
          html: html ? `<p>${text}` : undefined,
          smtpProfile: { binaryMime: binary || undefined },
          attachments: list.map(({ content: bytes, cuts, inline }, i) => {
            const at = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
            const stream = chunks(...at.slice(1).map((end, n) => bytes.subarray(at[n], end)))
            return {
              content: streams ? stream : bytes,
              size: bytes.length,
              filename: 'x.bin',
              cid: inline ? `${i}@x` : undefined,
            }
          }),
        })
        const whole = compose(options(false)).bytesSync()
        const streamed = compose(options(true))
        assert.equal(streamed.size, whole.length)
        assert.deepEqual(Buffer.from(await streamed.bytes()), Buffer.from(whole))
      },
    ),
    { numRuns: 200 },
  )
})
