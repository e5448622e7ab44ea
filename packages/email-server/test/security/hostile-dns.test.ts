// DNS that lies, floods or is silent, from the wire to the verdict: a real client on loopback, the cache, and the checks behind it. Never a
// pass, never a wait without end.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  CachingResolver,
  type DnsMessage,
  RCODE,
  readMessage,
  TYPE_NUMBERS,
  writeMessage,
} from '../../src/dns/index.ts'
import { checkDMARC, checkRdns, checkSPF, dnsClient, nodeRuntime } from '../../src/node/index.ts'
import { type DnsServerOptions, type Respond, serveDns } from '../support/dns-server.ts'

type Verdicts = readonly [spf: string, dmarc: string, rdns: string]

async function verdicts(respond: Respond, options: DnsServerOptions = {}): Promise<Verdicts> {
  const server = await serveDns(respond, options)
  try {
    const resolve = dnsClient({ servers: [server.address], timeoutMs: 40 })
    const resolver = new CachingResolver({ runtime: { ...nodeRuntime, resolve } })
    const [spf, dmarc, rdns] = await Promise.all([
      checkSPF('192.0.2.1', 'example.com', { resolver, timeoutMs: 2000 }),
      checkDMARC(
        { from: ['a@example.com'], spf: { result: 'pass', domain: 'evil.test' } },
        { resolver, timeoutMs: 2000 },
      ),
      checkRdns('192.0.2.1', { resolver, helo: 'mx.example.com', timeoutMs: 2000 }),
    ])
    return [spf.result, dmarc.result, rdns.result]
  } finally {
    await server.close()
  }
}

/** A reply to whatever is asked, from what a test changes in an empty one. */
const reply =
  (change: (query: DnsMessage) => Partial<DnsMessage>): Respond =>
  query => {
    const asked = readMessage(query)!
    return writeMessage({ ...asked, response: true, recursionAvailable: true, ...change(asked) })
  }

const record = (query: DnsMessage, value: string, type: number = query.questions[0]!.type) => ({
  ...query.questions[0]!,
  type,
  ttl: 300,
  value,
})
/** Records for every question: an SPF record, a DMARC record, a name, an address, by the type that is asked for. */
const passing = (query: DnsMessage) => {
  const { name, type } = query.questions[0]!
  if (type === TYPE_NUMBERS.TXT)
    return [record(query, name.startsWith('_dmarc') ? 'v=DMARC1; p=none' : 'v=spf1 +all')]
  if (type === TYPE_NUMBERS.PTR) return [record(query, 'mx.example.com')]
  return type === TYPE_NUMBERS.A ? [record(query, '192.0.2.1')] : []
}

const NOTHING_KNOWN: Verdicts = ['temperror', 'temperror', 'temperror']
const NOTHING_THERE: Verdicts = ['none', 'none', 'permerror']

describe('the checks, when the DNS', () => {
  for (const [what, respond, expected, options] of [
    ['answers as it should', reply(query => ({ answers: passing(query) })), ['pass', 'fail', 'pass']],
    ['is silent', () => null, NOTHING_KNOWN],
    ['fails', reply(() => ({ rcode: RCODE.serverFailure })), NOTHING_KNOWN],
    ['refuses', reply(() => ({ rcode: RCODE.refused })), NOTHING_KNOWN],
    ['knows no such name', reply(() => ({ rcode: RCODE.nameError })), NOTHING_THERE],
    ['is lame: no error, no answer', reply(() => ({})), NOTHING_THERE],
    [
      'says no such name and answers all the same',
      reply(query => ({ rcode: RCODE.nameError, answers: passing(query) })),
      NOTHING_THERE,
    ],
    [
      'answers with another id',
      reply(query => ({ id: query.id ^ 1, answers: passing(query) })),
      NOTHING_KNOWN,
    ],
    [
      'answers another question',
      reply(query => ({
        questions: [{ ...query.questions[0]!, name: 'other.example' }],
        answers: passing(query),
      })),
      NOTHING_KNOWN,
    ],
    [
      'answers with records of another name',
      reply(query => ({ answers: passing(query).map(one => ({ ...one, name: 'other.example' })) })),
      NOTHING_THERE,
    ],
    [
      'answers with records of another class',
      reply(query => ({ answers: passing(query).map(one => ({ ...one, class: 3 })) })),
      NOTHING_THERE,
    ],
    [
      'answers with records of another type',
      reply(query => ({
        answers: [record(query, 'v=spf1 +all', 99), record(query, '2001:db8::1', TYPE_NUMBERS.AAAA)],
      })),
      NOTHING_THERE,
    ],
    [
      'cuts every answer, and TCP is refused',
      reply(query => ({ truncated: true, answers: passing(query) })),
      NOTHING_KNOWN,
      { udpOnly: true },
    ],
    ['cuts every answer, over TCP too', reply(() => ({ truncated: true })), NOTHING_KNOWN],
    [
      'goes in circles of aliases',
      reply(query => ({ answers: [record(query, query.questions[0]!.name, TYPE_NUMBERS.CNAME)] })),
      NOTHING_KNOWN,
    ],
    [
      'answers with aliases to nowhere',
      reply(query => ({ answers: [record(query, 'nowhere.example', TYPE_NUMBERS.CNAME)] })),
      NOTHING_THERE,
    ],
    ['answers with half a message', (query: Buffer) => query.subarray(0, 20), NOTHING_KNOWN],
    ['answers with zeros', () => new Uint8Array(512), NOTHING_KNOWN],
    ['echoes the question', (query: Buffer) => query, NOTHING_KNOWN],
  ] as readonly [string, Respond, Verdicts, DnsServerOptions?][]) {
    test(what, async () => assert.deepEqual(await verdicts(respond, options), expected))
  }

  test('answers over TCP with 64 KiB of text, or with thousands of records', async () => {
    const flood = (answers: (query: DnsMessage) => DnsMessage['answers']): Respond => {
      const whole = reply(query => ({ answers: answers(query) }))
      const cut = reply(() => ({ truncated: true }))
      return (query, transport) => (transport === 'udp' ? cut : whole)(query, transport)
    }
    const text = (value: string): Respond => flood(query => [record(query, value, TYPE_NUMBERS.TXT)])
    const [junk] = await verdicts(text('x'.repeat(65_000)))
    assert.equal(junk, 'none')
    const [wrong] = await verdicts(text(`v=spf1 ${'x '.repeat(32_000)}`))
    assert.equal(wrong, 'permerror')
    const [many] = await verdicts(
      flood(query => Array.from({ length: 1300 }, () => record(query, 'v=spf1 +all', TYPE_NUMBERS.TXT))),
    )
    assert.equal(many, 'temperror')
  })
})

test('a flood of checks has a hundred questions under way at a time', async () => {
  let open = 0
  let most = 0
  const runtime = {
    ...nodeRuntime,
    resolve: async () => {
      most = Math.max(most, ++open)
      await new Promise(resolve => setImmediate(resolve))
      open--
      return { ok: false, failure: 'nxdomain' } as const
    },
  }
  const resolver = new CachingResolver({ runtime })
  await Promise.all(
    Array.from({ length: 1000 }, (_, i) => checkSPF('192.0.2.1', `d${i}.example`, { resolver })),
  )
  assert.equal(most, 100)
})
