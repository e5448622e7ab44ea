// The streaming parser: parts as they arrive, content read, left early or not at all, and nothing kept in memory.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { type MessagePart, parseMessage, parseMessageStream, scanMessage } from '../../src/mime/index.ts'
import { bytesOf, corpus } from './corpus/index.ts'
import { message } from './helpers.ts'

function* pieces(raw: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < raw.length; at += size) yield raw.subarray(at, at + size)
}

const letter = message([
  'From: a@example.com',
  'Content-Type: multipart/mixed; boundary=o',
  '',
  '--o',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'caf=E9',
  '--o',
  'Content-Type: application/pdf',
  'Content-Disposition: attachment; filename=a.pdf',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.alloc(3000, 'abc').toString('base64').replace(/.{76}/g, '$&\r\n'),
  '--o',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner',
  'Content-Type: multipart/alternative; boundary=i',
  '',
  '--i',
  '',
  'deep',
  '--i--',
  '--o--',
])

test('parts come in order, with their numbers, depth and content', async () => {
  for (const size of [1, 7, 64, 100_000]) {
    const seen: string[] = []
    for await (const part of parseMessageStream(pieces(letter, size))) {
      const content = part.part.kind === 'leaf' ? ` ${(await part.bytes()).length}` : ''
      seen.push(`${part.depth} [${part.path}] ${part.contentType}${content}`)
    }
    assert.deepEqual(seen, [
      '0 [] multipart/mixed',
      '1 [1] text/plain 4',
      '1 [2] application/pdf 3000',
      '1 [3] message/rfc822',
      '2 [3] multipart/alternative',
      '3 [3.1] text/plain 4',
    ])
  }
})

test('a part’s text is decoded from its charset', async () => {
  for await (const part of parseMessageStream([letter])) {
    if (part.path === '1') assert.equal(await part.text(), 'café')
    if (part.path === '2') assert.equal(part.filename, 'a.pdf')
  }
})

test('a streamed text is as parseMessage has it: flowed paragraphs whole, charsets of the hook known', async () => {
  const flowed = message(['Content-Type: text/plain; format=flowed; charset=x-mine', '', 'one ', 'two', ''])
  const decodeCharset = (raw: Uint8Array) => Buffer.from(raw).toString('latin1').toUpperCase()
  for await (const part of parseMessageStream(pieces(flowed, 9), { decodeCharset })) {
    assert.equal(await part.text(), 'ONE TWO\n')
  }
})

test('parts that nobody reads, or that are left early, stall nothing', async () => {
  const paths: string[] = []
  for await (const part of parseMessageStream(Readable.from(pieces(letter, 10)))) {
    paths.push(part.path)
    if (part.path !== '2') continue
    for await (const chunk of part) {
      assert.ok(chunk.length > 0)
      break
    }
  }
  assert.deepEqual(paths, ['', '1', '2', '3', '3', '3.1'])
})

test('a part that was passed, and one that was read, has no more content', async () => {
  const parts = []
  for await (const part of parseMessageStream([letter])) parts.push(part)
  for (const part of parts) assert.equal((await part.bytes()).length, 0)
  for await (const part of parseMessageStream([letter])) {
    if (part.path !== '1') continue
    assert.equal((await part.bytes()).length, 4)
    assert.equal((await part.bytes()).length, 0)
  }
})

test('leaving the loop ends the source', async () => {
  let ended = false
  async function* source() {
    try {
      for (;;) yield letter.subarray(0, 100)
    } finally {
      ended = true
    }
  }
  for await (const part of parseMessageStream(source())) {
    assert.equal(part.depth, 0)
    break
  }
  assert.equal(ended, true)
})

test('a source that fails makes the loop fail with its error', async () => {
  async function* source() {
    yield letter.subarray(0, 300)
    throw new Error('wire cut')
  }
  await assert.rejects(async () => {
    for await (const part of parseMessageStream(source())) if (part.path === '1') await part.bytes()
  }, /wire cut/)
})

test('content longer than the caller wants is refused, not gathered', async () => {
  for await (const part of parseMessageStream(pieces(letter, 50))) {
    if (part.path !== '2') continue
    await assert.rejects(part.bytes(2999), { code: 'ELIMIT' })
  }
})

test('the generator returns the tree that scanning the whole gives', async () => {
  const parts = parseMessageStream(pieces(letter, 33))
  let last = await parts.next()
  while (!last.done) last = await parts.next()
  assert.deepEqual(last.value, scanMessage(letter))
})

test('chunks may be strings, and the source may be empty', async () => {
  for await (const part of parseMessageStream(['Subject: é\r\n', '\r\n', 'hi']))
    assert.equal(await part.text(), 'hi')
  const parts = []
  for await (const part of parseMessageStream([])) parts.push(part)
  assert.equal(parts.length, 1)
})

test('every attachment of the corpus has the same content streamed as whole, for any chunks', async () => {
  for (const one of Object.values(corpus).flat()) {
    const raw = bytesOf(one)
    const whole = new Map(
      parseMessage(raw).attachments.map(a => [a.part.headerStart, Buffer.from(a.content)]),
    )
    for await (const part of parseMessageStream(pieces(raw, 3))) {
      const expected = part.part.kind === 'leaf' ? whole.get(part.part.headerStart) : undefined
      if (expected !== undefined) assert.deepEqual(Buffer.from(await part.bytes()), expected, one.name)
    }
  }
})

test('any bytes, read in any way: no failure, and the bodies of leaves are what the tree says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.constantFrom(
          '--b',
          '\r\n',
          '\n',
          'x',
          'Content-Type: multipart/mixed; boundary=b\n\n',
          '\n\n',
          '--b--',
        ),
        { maxLength: 30 },
      ),
      fc.integer({ min: 1, max: 8 }),
      async (words, size) => {
        const raw = Buffer.from(words.join(''))
        const bodies: [MessagePart, string][] = []
        for await (const part of parseMessageStream(pieces(raw, size))) {
          if (part.part.kind === 'leaf')
            bodies.push([part.part, Buffer.from(await part.bytes()).toString('latin1')])
        }
        for (const [part, body] of bodies) {
          assert.equal(body, raw.toString('latin1', part.bodyStart, part.bodyEnd))
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('a message of 150 MB with an attachment passes in bounded memory', async () => {
  const line = Buffer.from(`${'QUJD'.repeat(19)}\r\n`)
  const chunk = Buffer.concat(Array.from({ length: 1000 }, () => line))
  const rounds = Math.ceil(150e6 / chunk.length)
  function* source() {
    yield Buffer.from(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n',
    )
    for (let i = 0; i < rounds; i++) yield chunk
    yield Buffer.from('--b--\r\n')
  }
  const before = process.memoryUsage.rss()
  let length = 0
  let peak = 0
  let n = 0
  for await (const part of parseMessageStream(source())) {
    for await (const bytes of part) {
      length += bytes.length
      if (++n % 200 === 0) peak = Math.max(peak, process.memoryUsage.rss() - before)
    }
  }
  assert.equal(length, rounds * 1000 * 57)
  assert.ok(peak < 120e6, `${(peak / 1e6).toFixed(0)} MB more`)
})
