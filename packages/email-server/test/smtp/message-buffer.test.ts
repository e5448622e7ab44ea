import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpoolFile } from '../../src/base/runtime.ts'
import { countFields } from '../../src/smtp/wire/field-count.ts'
import { MessageBuffer } from '../../src/smtp/wire/message-buffer.ts'

interface MemorySpool extends SpoolFile {
  readonly appended: Uint8Array[]
  readonly discarded: boolean
}

function memorySpool(): MemorySpool {
  const appended: Uint8Array[] = []
  let discarded = false
  return {
    appended,
    get discarded() {
      return discarded
    },
    append: async chunk => {
      appended.push(Uint8Array.prototype.slice.call(chunk))
    },
    readAll: () => Buffer.concat(appended),
    async *stream() {
      yield* appended
    },
    discard: () => {
      discarded = true
    },
  }
}

async function collect(buffer: MessageBuffer): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of buffer.stream()) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}

test('a message in one piece is kept as it came', () => {
  const buffer = new MessageBuffer(1 << 20, null)
  const piece = Buffer.from('Subject: x\r\n\r\nbody\r\n')
  buffer.append(piece)
  assert.equal(buffer.finish(), null)
  assert.equal(buffer.bytes(), piece)
  assert.equal(buffer.size, piece.length)
})

test('a message in single octets costs about what it weighs, and is the same', async () => {
  const buffer = new MessageBuffer(1 << 20, null)
  const text = 'Subject: x\r\n\r\n'.padEnd(50_000, 'abc\r\n')
  for (const octet of Buffer.from(text)) buffer.append(Uint8Array.of(octet))
  assert.equal(buffer.finish(), null)
  assert.ok(buffer.pieces()!.length < 10)
  assert.equal(await collect(buffer), text)
  assert.equal(Buffer.from(buffer.bytes()).toString(), text)
})

test('pieces of all sizes stay in order', async () => {
  const buffer = new MessageBuffer(1 << 20, null)
  let text = ''
  for (const length of [1, 2000, 3, 5, 70_000, 1023, 1024, 1, 17_000, 9]) {
    const piece = String.fromCharCode(97 + (length % 26)).repeat(length)
    text += piece
    buffer.append(Buffer.from(piece))
  }
  assert.equal(await collect(buffer), text)
  assert.equal(Buffer.from(buffer.bytes()).toString(), text)
})

test('what is too much for memory goes to the spool, in order, with the header still at hand', async () => {
  const spool = memorySpool()
  const buffer = new MessageBuffer(1000, async () => spool)
  const header = 'Subject: big\r\nReceived: x\r\n\r\n'
  let text = header
  buffer.append(Buffer.from(header))
  for (let i = 0; i < 40; i++) {
    const piece = `${i}`.padEnd(100 + i, 'x')
    text += piece
    buffer.append(Buffer.from(piece))
    await buffer.relieve()
  }
  await buffer.finish()
  assert.ok(spool.appended.length > 1)
  assert.equal(buffer.pieces(), null)
  assert.equal(Buffer.from(buffer.bytes()).toString(), text)
  assert.equal(await collect(buffer), text)
  assert.equal(Buffer.from(buffer.header()).toString(), header)
  buffer.release()
  assert.equal(spool.discarded, true)
  assert.throws(() => buffer.bytes(), { code: 'EUSAGE' })
})

test('a small message stays readable after it has been answered for', () => {
  const buffer = new MessageBuffer(1000, async () => memorySpool())
  buffer.append(Buffer.from('x'))
  buffer.finish()
  buffer.release()
  assert.equal(Buffer.from(buffer.bytes()).toString(), 'x')
})

test('a spool that opens after the message is lost is thrown away', async () => {
  const spool = memorySpool()
  const buffer = new MessageBuffer(1, async () => spool)
  buffer.append(Buffer.from('xyz'))
  const work = buffer.relieve()
  buffer.discard()
  await work
  assert.equal(spool.discarded, true)
  assert.equal(spool.appended.length, 0)
})

test('the header section ends at the first empty line, wherever the pieces were cut', () => {
  const text = 'A: 1\r\nB: 2\r\n\r\nC: 3\r\n\r\n'
  for (let at = 0; at <= text.length; at++) {
    const buffer = new MessageBuffer(1000, null)
    // long enough not to be joined with its neighbours
    buffer.append(Buffer.from('X: '.padEnd(2000, 'x')))
    buffer.append(Buffer.from(`\r\n${text.slice(0, at)}`))
    buffer.append(Buffer.from(text.slice(at)))
    assert.ok(Buffer.from(buffer.header()).toString().endsWith('x\r\nA: 1\r\nB: 2\r\n\r\n'))
  }
  const headless = new MessageBuffer(1000, null)
  headless.append(Buffer.from('\r\nReceived: not a field\r\n\r\n'))
  assert.equal(countFields(headless.header(), 'received'), 0)
})

test('a message without an empty line has a megabyte of header at most', () => {
  const buffer = new MessageBuffer(1 << 30, null)
  for (let i = 0; i < 100; i++) buffer.append(Buffer.alloc(65_536, 'x'))
  assert.equal(buffer.header().length, 1 << 20)
})

test('Received fields are counted in any case, at the start of a line only', () => {
  const header =
    'Received: a\r\n by b\r\nRECEIVED : c\r\nX-Received: d\r\nSubject: Received: e\r\nreceived:f\r\n\r\n'
  assert.equal(countFields(Buffer.from(header), 'received'), 3)
})
