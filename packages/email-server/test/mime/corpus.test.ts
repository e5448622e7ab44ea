// The corpus: each hard case comes out as it says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AddressField, type ParsedMessage, parseMessage } from '../../src/mime/index.ts'
import { addressText } from './comparison.ts'
import { bytesOf, type Case, corpus, type Expected } from './corpus/index.ts'
import { outline, scanInPieces } from './helpers.ts'

function fieldText(field: AddressField | readonly AddressField[] | undefined): string | undefined {
  if (field === undefined) return undefined
  const fields = Array.isArray(field) ? (field as readonly AddressField[]) : [field as AddressField]
  return fields.map(one => addressText(one.value)).join(' | ')
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

const READ: {
  readonly [K in keyof Required<Expected>]: (m: ParsedMessage, raw: Buffer, expected: Expected) => unknown
} = {
  outline: (m, raw) => outline(raw, m.tree),
  subject: m => m.subject,
  from: m => fieldText(m.from),
  to: m => fieldText(m.to),
  cc: m => fieldText(m.cc),
  replyTo: m => fieldText(m.replyTo),
  date: m => m.date?.toISOString() ?? null,
  messageId: m => m.messageId,
  inReplyTo: m => m.inReplyTo,
  references: m => m.references,
  priority: m => m.priority,
  text: m => m.text,
  html: m => m.html,
  attachments: m =>
    m.attachments.map(
      a =>
        `${a.filename ?? '-'} ${a.contentType} ${JSON.stringify(Buffer.from(a.content).toString('latin1'))}`,
    ),
  headers: (m, _raw, { headers }) =>
    Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, value]) => [
        name,
        Array.isArray(value) ? m.headers.getAll(name) : plain(m.headers.get(name)),
      ]),
    ),
  truncated: m => m.truncated,
}

function check(one: Case): void {
  const raw = bytesOf(one)
  const parsed = parseMessage(raw)
  for (const key of Object.keys(one.expect) as (keyof Expected)[]) {
    assert.deepEqual(READ[key](parsed, raw, one.expect), one.expect[key], key)
  }
  assert.deepEqual(scanInPieces(raw, [1, 2, 3], { countLines: false }), parsed.tree)
}

for (const [topic, cases] of Object.entries(corpus)) {
  for (const one of cases) test(`${topic}: ${one.name}`, () => check(one))
}

test('every case has a name of its own, and there are at least 150', () => {
  const names = Object.values(corpus)
    .flat()
    .map(one => one.name)
  assert.equal(new Set(names).size, names.length)
  assert.ok(names.length >= 150, String(names.length))
})
