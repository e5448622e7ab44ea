import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  answersQuestion,
  CLASS_IN,
  type DnsMessage,
  RCODE,
  readMessage,
  TYPE_NUMBERS,
  toAnswer,
  writeMessage,
  writeQuery,
} from '../../src/dns/index.ts'
import { fastest } from '../support/fastest.ts'

const EMPTY: DnsMessage = {
  id: 1,
  response: true,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: true,
  authenticData: false,
  rcode: RCODE.noError,
  questions: [],
  answers: [],
  authorities: [],
  edns: null,
}

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
const bytesOf = (text: string): string => Buffer.from(text, 'latin1').toString('hex')
const HEADER = (flags: string, counts: string): string => `0001 ${flags} ${counts}`
const rr = (name: string, type: keyof typeof TYPE_NUMBERS, value: string, more: object = {}) => ({
  name,
  type: TYPE_NUMBERS[type],
  class: CLASS_IN,
  ttl: 300,
  value,
  ...more,
})

describe('the bytes of a query', () => {
  test('are those of RFC 1035 §4.1 with EDNS (RFC 6891 §6.1.2): RD and AD set, 1,232 octets over UDP', () => {
    const query = writeQuery(0xbeef, { name: 'mx.example', type: TYPE_NUMBERS.TXT, class: CLASS_IN })
    assert.equal(
      Buffer.from(query).toString('hex'),
      `beef0120000100000000000102${bytesOf('mx')}07${bytesOf('example')}0000100001${'0000290 4d0 00000000 0000'.replaceAll(' ', '')}`,
    )
  })

  test('have no additional record without EDNS', () => {
    const query = writeQuery(1, { name: 'a', type: TYPE_NUMBERS.A, class: CLASS_IN }, false)
    assert.equal(
      Buffer.from(query).toString('hex'),
      '0001012000010000000000000161000001 0001'.replaceAll(' ', ''),
    )
  })
})

describe('reading a reply', () => {
  test('names are put together from pointers (RFC 1035 §4.1.4, its own example)', () => {
    // F.ISI.ARPA at 12, FOO.F.ISI.ARPA by a pointer to it, ARPA by a pointer into it
    const message = readMessage(
      hex(`${HEADER('8180', '0001 0002 0000 0000')}
        01 46 03 495349 04 41525041 00 0001 0001
        03 464f4f c00c 0001 0001 0000003c 0004 c0000201
        c012 0005 0001 0000003c 0002 c01c`),
    )
    assert.equal(message?.questions[0]?.name, 'F.ISI.ARPA')
    assert.deepEqual(
      message?.answers.map(answer => [answer.name, answer.value]),
      [
        ['FOO.F.ISI.ARPA', '192.0.2.1'],
        ['ARPA', 'FOO.F.ISI.ARPA'],
      ],
    )
  })

  test('a pointer to itself, forward or in a circle is no name', () => {
    const question = (name: string): string => `${HEADER('8180', '0001 0000 0000 0000')} ${name} 0001 0001`
    for (const name of ['c00c', 'c00d 00', '0161 c00c', 'c00e c00c', 'c0ff', '40', '8000']) {
      assert.equal(readMessage(hex(question(name))), null, name)
    }
  })

  test('a name has 255 octets at most, also when pointers make it', () => {
    const label = `3f${'61'.repeat(63)}`
    const long = (tail: string): string =>
      `${HEADER('8180', '0001 0000 0000 0000')} ${label.repeat(3)} ${tail} 0001 0001`
    assert.equal(readMessage(hex(long(`3d${'61'.repeat(61)}00`)))?.questions[0]?.name.length, 253)
    assert.equal(readMessage(hex(long(`3e${'61'.repeat(62)}00`))), null)
    assert.equal(readMessage(hex(long('c00c'))), null)
  })

  test('every way to cut it short is no message', () => {
    const whole = writeMessage({
      ...EMPTY,
      questions: [{ name: 'example.com', type: TYPE_NUMBERS.MX, class: CLASS_IN }],
      answers: [rr('example.com', 'MX', 'mx.example.com', { priority: 10 })],
      edns: 1232,
    })
    assert.notEqual(readMessage(whole), null)
    for (let end = 0; end < whole.length; end++) assert.equal(readMessage(whole.subarray(0, end)), null)
  })

  test('a record whose data do not fill its length is no record', () => {
    const a = (length: string, data: string): Uint8Array =>
      hex(`${HEADER('8180', '0000 0001 0000 0000')} 00 0001 0001 0000003c ${length} ${data}`)
    assert.notEqual(readMessage(a('0004', 'c0000201')), null)
    assert.equal(readMessage(a('0003', 'c00002')), null)
    assert.equal(readMessage(a('0005', 'c000020100')), null)
    assert.equal(readMessage(a('ffff', 'c0000201')), null)
  })

  test('a TTL with its first bit set counts as zero (RFC 2181 §8)', () => {
    const ttl = (text: string): number | undefined =>
      readMessage(hex(`${HEADER('8180', '0000 0001 0000 0000')} 00 0001 0001 ${text} 0004 c0000201`))
        ?.answers[0]?.ttl
    assert.deepEqual([ttl('7fffffff'), ttl('80000000'), ttl('ffffffff')], [0x7fffffff, 0, 0])
  })

  test('the strings of a TXT record are joined; bytes that are no UTF-8 stay one character each', () => {
    const txt = (data: string): string | undefined => {
      const length = hex(data).length.toString(16).padStart(4, '0')
      return readMessage(
        hex(`${HEADER('8180', '0000 0001 0000 0000')} 00 0010 0001 0000003c ${length} ${data}`),
      )?.answers[0]?.value
    }
    assert.equal(txt(`03${bytesOf('v=s')}03${bytesOf('pf1')}`), 'v=spf1')
    // é cut in two strings is still é
    assert.equal(txt('01c3 01a9'), 'é')
    assert.equal(txt('0196'), '\u0096')
    assert.equal(txt('00'), '')
  })

  test('labels with dots and other bytes are escaped, and do not become other names', () => {
    const message = readMessage(hex(`${HEADER('8180', '0001 0000 0000 0000')} 03 612e62 01 ff 00 0001 0001`))
    assert.equal(message?.questions[0]?.name, 'a\\046b.\\255')
  })
})

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/)
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map(labels => labels.join('.'))
const ttl = fc.integer({ min: 0, max: 0x7fffffff })
const record = fc.oneof(
  fc.record({ name, ttl, value: fc.ipV4() }).map(fields => ({ ...fields, type: TYPE_NUMBERS.A })),
  fc.record({ name, ttl, value: name }).map(fields => ({ ...fields, type: TYPE_NUMBERS.CNAME })),
  fc.record({ name, ttl, value: name }).map(fields => ({ ...fields, type: TYPE_NUMBERS.PTR })),
  fc
    .record({ name, ttl, priority: fc.integer({ min: 0, max: 65_535 }), value: name })
    .map(fields => ({ ...fields, type: TYPE_NUMBERS.MX })),
  fc
    .record({ name, ttl, value: fc.string({ unit: 'grapheme', maxLength: 600 }) })
    .filter(({ value }) => !Buffer.from(value).includes('\ufffd'))
    .map(fields => ({ ...fields, type: TYPE_NUMBERS.TXT })),
  fc
    .record({ name, ttl, usage: fc.integer({ min: 0, max: 255 }), data: fc.uint8Array({ maxLength: 64 }) })
    .map(({ usage, data, ...fields }) => ({
      ...fields,
      type: TYPE_NUMBERS.TLSA,
      value: `${usage} 1 1 ${Buffer.from(data).toString('hex')}`,
    })),
  fc.record({ name, ttl, value: name, minimum: ttl }).map(fields => ({ ...fields, type: TYPE_NUMBERS.SOA })),
  fc
    .record({ name, ttl, data: fc.uint8Array({ maxLength: 40 }) })
    .map(({ data, ...fields }) => ({ ...fields, type: 9999, value: Buffer.from(data).toString('hex') })),
)

test('what is written is read: every record, every section', () => {
  const message = fc.record({
    id: fc.integer({ min: 0, max: 65_535 }),
    response: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 15 }),
    questions: fc.array(
      fc.record({ name, type: fc.integer({ min: 0, max: 65_535 }), class: fc.constant(CLASS_IN) }),
      {
        maxLength: 2,
      },
    ),
    answers: fc.array(
      record.map(fields => ({ ...fields, class: CLASS_IN })),
      { maxLength: 5 },
    ),
    authorities: fc.array(
      record.map(fields => ({ ...fields, class: CLASS_IN })),
      { maxLength: 2 },
    ),
    edns: fc.option(fc.integer({ min: 512, max: 65_535 })),
  })
  fc.assert(
    fc.property(message, sample => {
      const plain = structuredClone(sample)
      assert.deepEqual(readMessage(writeMessage(plain)), plain)
    }),
  )
})

test('an extended code needs EDNS (RFC 6891 §6.1.3) and comes back', () => {
  assert.equal(readMessage(writeMessage({ ...EMPTY, rcode: 23, edns: 1232 }))?.rcode, 23)
})

test('bytes of any kind are read or refused, in bounded time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      const message = readMessage(bytes)
      if (message)
        for (const type of ['A', 'MX', 'TXT'] as const) toAnswer(message, 'example.com', type, true)
    }),
    { numRuns: 5000 },
  )
  const base = writeMessage({
    ...EMPTY,
    questions: [{ name: 'example.com', type: TYPE_NUMBERS.MX, class: CLASS_IN }],
    answers: [
      rr('example.com', 'MX', 'mx.example.com', { priority: 10 }),
      rr('a.example', 'TXT', 'v=spf1 -all'),
    ],
    edns: 1232,
  })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      changes => {
        const bytes = Uint8Array.from(base)
        for (const [at, value] of changes) bytes[at] = value
        readMessage(bytes)
      },
    ),
    { numRuns: 5000 },
  )
})

test('64 KiB of pointers to pointers cost less than a quarter of a second', async () => {
  // a ladder of pointers, each to the one before, then records that begin at its top
  const ladder = Buffer.alloc(16_000)
  for (let at = 2; at < ladder.length; at += 2) ladder.writeUInt16BE(0xc000 | (12 + 11 + at - 2), at)
  const head = hex(`${HEADER('8180', '0000 1000 0000 0000')} 00 270f 0001 0000003c 3e80`)
  const top = 0xc000 | (12 + 11 + ladder.length - 2)
  const records = Buffer.concat(
    Array.from({ length: 3500 }, () => hex(`${top.toString(16)} 0001 0001 0000003c 0004 c0000201`)),
  )
  const bytes = Buffer.concat([head, ladder, records])
  assert.equal(readMessage(bytes), null)
  assert.ok((await fastest(() => readMessage(bytes))) < 250)
})

describe('what a message answers', () => {
  const question = { name: 'www.example.com', type: TYPE_NUMBERS.A, class: CLASS_IN }
  const reply = (more: Partial<DnsMessage>): DnsMessage => ({ ...EMPTY, questions: [question], ...more })

  test('only a response with our id and our question is an answer (RFC 5452 §9.1)', () => {
    const fits = (message: DnsMessage): boolean => answersQuestion(message, 1, 'www.example.com', 'A')
    assert.ok(fits(reply({})))
    assert.ok(fits(reply({ questions: [{ ...question, name: 'WWW.Example.COM' }] })))
    assert.ok(!fits(reply({ id: 2 })))
    assert.ok(!fits(reply({ response: false })))
    assert.ok(!fits(reply({ questions: [] })))
    assert.ok(!fits(reply({ questions: [{ ...question, type: TYPE_NUMBERS.MX }] })))
    assert.ok(!fits(reply({ questions: [{ ...question, class: 3 }] })))
    assert.ok(!fits(reply({ questions: [{ ...question, name: 'www.example.org' }] })))
    assert.ok(!fits(reply({ questions: [question, question] })))
  })

  test('aliases are followed within it, and the least TTL counts', () => {
    const answers = [
      { ...rr('www.example.com', 'CNAME', 'Web.example.net'), ttl: 60 },
      rr('web.example.NET', 'A', '192.0.2.1'),
      rr('web.example.net', 'A', '192.0.2.2'),
      rr('other.example', 'A', '192.0.2.66'),
    ]
    assert.deepEqual(toAnswer(reply({ answers }), 'www.example.com', 'A', false), {
      ok: true,
      records: [{ value: '192.0.2.1' }, { value: '192.0.2.2' }],
      ttl: 60,
    })
  })

  test('ten aliases are followed, the eleventh and circles are SERVFAIL', () => {
    const chain = (length: number): DnsMessage =>
      reply({
        answers: [
          ...Array.from({ length }, (_, i) =>
            rr(i === 0 ? 'www.example.com' : `n${i}.example`, 'CNAME', `n${i + 1}.example`),
          ),
          rr(`n${length}.example`, 'A', '192.0.2.1'),
        ],
      })
    assert.equal(toAnswer(chain(10), 'www.example.com', 'A', false).ok, true)
    assert.deepEqual(toAnswer(chain(11), 'www.example.com', 'A', false), { ok: false, failure: 'servfail' })
    const circle = reply({
      answers: [rr('www.example.com', 'CNAME', 'b.example'), rr('b.example', 'CNAME', 'www.example.com')],
    })
    assert.deepEqual(toAnswer(circle, 'www.example.com', 'A', false), { ok: false, failure: 'servfail' })
  })

  test('no such name, no data and failures are told apart (RFC 2308 §2), with the time from the SOA (§5)', () => {
    const soa = { ...rr('example.com', 'SOA', 'ns.example.com', { minimum: 900 }), ttl: 3600 }
    const failure = (more: Partial<DnsMessage>): unknown =>
      toAnswer(reply(more), 'www.example.com', 'A', false)
    assert.deepEqual(failure({ rcode: RCODE.nameError, authorities: [soa] }), {
      ok: false,
      failure: 'nxdomain',
      ttl: 900,
    })
    assert.deepEqual(failure({ authorities: [{ ...soa, ttl: 30 }] }), {
      ok: false,
      failure: 'nodata',
      ttl: 30,
    })
    assert.deepEqual(failure({}), { ok: false, failure: 'nodata' })
    assert.deepEqual(failure({ answers: [rr('www.example.com', 'AAAA', '2001:db8::1')] }), {
      ok: false,
      failure: 'nodata',
    })
    for (const rcode of [RCODE.serverFailure, RCODE.refused, RCODE.formatError, RCODE.notImplemented, 23]) {
      assert.deepEqual(failure({ rcode }), { ok: false, failure: 'servfail' })
    }
  })

  test('the AD bit counts only from a resolver that is trusted', () => {
    const message = reply({ authenticData: true, answers: [rr('www.example.com', 'A', '192.0.2.1')] })
    assert.equal(toAnswer(message, 'www.example.com', 'A', true).ad, true)
    assert.equal(toAnswer(message, 'www.example.com', 'A', false).ad, undefined)
  })
})
