import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DnsAnswer, DnsRecordType } from '../../src/base/runtime.ts'
import { RCODE, readMessage, writeMessage } from '../../src/dns/index.ts'
import { type DnsClientOptions, dnsClient } from '../../src/node/index.ts'
import { answerDnsQuery, Zones } from '../../src/testing/index.ts'
import { type DnsServer, type DnsServerOptions, type Respond, serveDns } from '../support/dns-server.ts'

const ZONES = new Zones().add(`
  example.com      300 MX   10 mx.example.com
  example.com          TXT  "v=spf1 mx " "-all"
  mx.example.com    60 A    192.0.2.1
  mx.example.com       AAAA 2001:db8::1
  secure.example       SECURE
  _25._tcp.secure.example TLSA 3 1 1 00112233
  192.0.2.1            PTR  mx.example.com
  broken.example       SERVFAIL
  large.example        TXT  ${'x'.repeat(5000)}
`)
const zones: Respond = (query, transport) => answerDnsQuery(ZONES, query, transport)

async function withServer<T>(
  respond: Respond,
  use: (
    ask: (name: string, type: DnsRecordType, options?: DnsClientOptions) => Promise<DnsAnswer>,
    server: DnsServer,
  ) => Promise<T>,
  options: DnsServerOptions = {},
): Promise<T> {
  const server = await serveDns(respond, options)
  try {
    return await use(
      (name, type, more = {}) =>
        dnsClient({ servers: [server.address], timeoutMs: 2000, ...more })(name, type),
      server,
    )
  } finally {
    await server.close()
  }
}

test('asks over UDP: every type, TTL and AD with it', () =>
  withServer(zones, async ask => {
    assert.deepEqual(await ask('example.com', 'MX'), {
      ok: true,
      records: [{ value: 'mx.example.com', priority: 10 }],
      ttl: 300,
    })
    assert.deepEqual(await ask('MX.Example.com.', 'A'), {
      ok: true,
      records: [{ value: '192.0.2.1' }],
      ttl: 60,
    })
    assert.deepEqual(await ask('mx.example.com', 'AAAA'), {
      ok: true,
      records: [{ value: '2001:db8::1' }],
      ttl: 60,
    })
    assert.deepEqual(await ask('example.com', 'TXT'), {
      ok: true,
      records: [{ value: 'v=spf1 mx -all' }],
      ttl: 300,
    })
    assert.deepEqual(await ask('1.2.0.192.in-addr.arpa', 'PTR'), {
      ok: true,
      records: [{ value: 'mx.example.com' }],
      ttl: 300,
    })
    // a server on this machine is believed
    assert.deepEqual(await ask('_25._tcp.secure.example', 'TLSA'), {
      ok: true,
      records: [{ value: '3 1 1 00112233' }],
      ttl: 300,
      ad: true,
    })
  }))

test('tells no such name, no data and failing servers apart', () =>
  withServer(zones, async ask => {
    assert.deepEqual(await ask('nobody.example', 'A'), { ok: false, failure: 'nxdomain', ttl: 300 })
    assert.deepEqual(await ask('example.com', 'A'), { ok: false, failure: 'nodata', ttl: 300 })
    assert.deepEqual(await ask('broken.example', 'A'), { ok: false, failure: 'servfail' })
    assert.deepEqual(await ask('not..a name', 'A'), { ok: false, failure: 'nxdomain' })
  }))

test('ids and ports differ from question to question', () =>
  withServer(zones, async (ask, server) => {
    for (let i = 0; i < 8; i++) await ask(`n${i}.example`, 'A')
    assert.ok(new Set(server.queries.map(query => query.bytes.readUInt16BE(0))).size > 4)
    assert.ok(new Set(server.queries.map(query => query.from)).size > 4)
  }))

describe('over TCP', () => {
  test('an answer that was cut is asked for again', () =>
    withServer(zones, async (ask, server) => {
      const answer = await ask('large.example', 'TXT')
      assert.equal(answer.ok && answer.records[0]?.value.length, 5000)
      assert.deepEqual(
        server.queries.map(query => query.transport),
        ['udp', 'tcp'],
      )
    }))

  test('a TXT record of nearly 64 KiB comes whole', () => {
    const huge = new Zones().add(`huge.example TXT ${'y'.repeat(65_000)}`)
    return withServer(
      (query, transport) => answerDnsQuery(huge, query, transport),
      async ask => {
        const answer = await ask('huge.example', 'TXT')
        assert.equal(answer.ok && answer.records[0]?.value.length, 65_000)
      },
    )
  })

  test('when it is refused there is no answer, and never half of one', () =>
    withServer(
      zones,
      async ask => assert.deepEqual(await ask('large.example', 'TXT'), { ok: false, failure: 'timeout' }),
      { udpOnly: true },
    ))

  test('a length that lies is a time-out', () =>
    withServer(
      (query, transport) => {
        const reply = answerDnsQuery(ZONES, query, transport)!
        return transport === 'udp' ? reply : reply.subarray(0, 100)
      },
      async ask =>
        assert.deepEqual(await ask('large.example', 'TXT', { timeoutMs: 50 }), {
          ok: false,
          failure: 'timeout',
        }),
    ))
})

describe('what is not heard', () => {
  const forged = (
    query: Uint8Array,
    change: (message: NonNullable<ReturnType<typeof readMessage>>) => object,
  ) => {
    const genuine = readMessage(answerDnsQuery(ZONES, query, 'udp')!)!
    const answers = genuine.answers.map(answer => ({ ...answer, value: '203.0.113.66' }))
    return writeMessage({ ...genuine, answers, ...change(genuine) })
  }

  test('answers with another id, another question, or that are no answers; the right one still is', () =>
    withServer(
      query => [
        forged(query, m => ({ id: m.id ^ 1 })),
        forged(query, m => ({ questions: [{ ...m.questions[0]!, name: 'other.example' }] })),
        forged(query, () => ({ response: false })),
        forged(query, () => ({ questions: [] })),
        Buffer.from('garbage'),
        Buffer.alloc(0),
        answerDnsQuery(ZONES, query, 'udp')!,
      ],
      async ask =>
        assert.deepEqual(await ask('mx.example.com', 'A'), {
          ok: true,
          records: [{ value: '192.0.2.1' }],
          ttl: 60,
        }),
    ))

  test('only answers with another id: a time-out', () =>
    withServer(
      query => forged(query, m => ({ id: m.id ^ 1 })),
      async ask =>
        assert.deepEqual(await ask('mx.example.com', 'A', { timeoutMs: 50 }), {
          ok: false,
          failure: 'timeout',
        }),
    ))

  test('a flood of wrong answers ends the question', () =>
    withServer(
      query => Array.from({ length: 150 }, () => forged(query, m => ({ id: m.id ^ 1 }))),
      async ask => assert.equal((await ask('mx.example.com', 'A', { timeoutMs: 500 })).ok, false),
    ))
})

describe('servers', () => {
  test('a silent one is followed by the next', async () => {
    const silent = await serveDns(() => null)
    try {
      await withServer(zones, async (ask, server) => {
        const answer = await ask('mx.example.com', 'A', {
          servers: [silent.address, server.address],
          timeoutMs: 100,
        })
        assert.equal(answer.ok, true)
        assert.equal(silent.queries.length, 1)
      })
    } finally {
      await silent.close()
    }
  })

  test('only silence is a time-out, asked twice', () =>
    withServer(
      () => null,
      async (ask, server) => {
        assert.deepEqual(await ask('mx.example.com', 'A', { timeoutMs: 30 }), {
          ok: false,
          failure: 'timeout',
        })
        assert.equal(server.queries.length, 2)
      },
    ))

  test('nobody at the port is a failure', async () => {
    const gone = await serveDns(() => null)
    await gone.close()
    assert.deepEqual(await dnsClient({ servers: [gone.address], timeoutMs: 1000 })('mx.example.com', 'A'), {
      ok: false,
      failure: 'servfail',
    })
  })

  test('one that does not know EDNS is asked without it (RFC 6891 §6.2.2)', () =>
    withServer(
      (query, transport) => {
        const asked = readMessage(query)!
        if (asked.edns === null) return answerDnsQuery(ZONES, query, transport)
        // such a server may not even repeat the question
        return writeMessage({ ...asked, response: true, rcode: RCODE.formatError, questions: [], edns: null })
      },
      async (ask, server) => {
        assert.equal((await ask('mx.example.com', 'A')).ok, true)
        assert.equal(server.queries.length, 2)
      },
    ))

  test('that are none are told at construction', () => {
    for (const server of ['ns.example.com', '192.0.2.1:0', '192.0.2.300', '[::1', '']) {
      assert.throws(() => dnsClient({ servers: [server] }), { code: 'ECONFIG' })
    }
    for (const server of ['192.0.2.1', '192.0.2.1:53', '::1', '[::1]', '[2001:db8::1]:5353']) {
      dnsClient({ servers: [server] })
    }
  })
})
