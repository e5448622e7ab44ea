import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MailError } from '../../src/base/errors.ts'
import type { Connection, Runtime } from '../../src/base/runtime.ts'
import { type LinkOptions, VirtualWorld, Zones } from '../../src/testing/index.ts'

/** Records what a connection tells. */
function record(connection: Connection): { events: string[]; bytes: () => string } {
  const events: string[] = []
  let received = ''
  connection.open({
    data: bytes => {
      events.push(`data ${bytes.length}`)
      received += Buffer.from(bytes).toString('latin1')
    },
    end: () => events.push('end'),
    drain: () => events.push('drain'),
    secured: tls => events.push(`secured ${tls.servername} ${tls.authorized}`),
    closed: error => events.push(`closed ${error instanceof MailError ? error.code : error}`),
  })
  return { events, bytes: () => received }
}

/** Two hosts and a connection between them. */
async function connected(link: LinkOptions = {}): Promise<{
  world: VirtualWorld
  client: Connection
  server: Connection
}> {
  const world = new VirtualWorld({ link: () => link, zones: 'mx.example.com A 192.0.2.2' })
  let server: Connection | null = null
  await world.host('192.0.2.2').listen({ port: 25 }, connection => {
    server = connection
  })
  const client = await world.run(world.host('192.0.2.1').connect({ host: 'mx.example.com', port: 25 }))
  await world.settle()
  assert.ok(server)
  return { world, client, server }
}

describe('the clock of a world', () => {
  test('fires timers in the order of their time, each at its own time, and only when it is moved', async () => {
    const world = new VirtualWorld({ now: 1000 })
    const runtime = world.host()
    const fired: string[] = []
    const note = (name: string) => (): number => fired.push(`${name} at ${runtime.now()}`)
    runtime.setTimer(300, note('c'))
    runtime.setTimer(100, note('a'))
    runtime.setTimer(200, () => {
      note('b')()
      runtime.setTimer(50, note('b2'))
    })
    const cancelled = runtime.setTimer(150, note('never'))
    cancelled.cancel()
    await world.settle()
    assert.deepEqual(fired, [])
    await world.advance(1000)
    assert.deepEqual(fired, ['a at 1100', 'b at 1200', 'b2 at 1250', 'c at 1300'])
    assert.equal(world.now, 2000)
  })

  test('days pass in no time while a promise is waited for, and a promise that nothing can settle is an error', async () => {
    const world = new VirtualWorld({ now: 0 })
    const sleep = new Promise<string>(resolve =>
      world.host().setTimer(5 * 86_400_000, () => resolve('awake')),
    )
    assert.equal(await world.run(sleep), 'awake')
    assert.equal(world.now, 5 * 86_400_000)
    await assert.rejects(world.run(new Promise(() => {})), /nothing is due/)
  })

  test('randomness is repeated by its seed', () => {
    const [a, b, c] = [7, 7, 8].map(seed =>
      Buffer.from(new VirtualWorld({ seed }).host().random(16)).toString('hex'),
    )
    assert.equal(a, b)
    assert.notEqual(a, c)
  })
})

describe('the network of a world', () => {
  test('carries bytes both ways, in order, and both ends hear of an orderly end', async () => {
    const { world, client, server } = await connected()
    assert.equal(server.remoteAddress, '192.0.2.1')
    assert.equal(client.remotePort, 25)
    const [c, s] = [record(client), record(server)]
    client.write(Buffer.from('one'))
    client.write(Buffer.from('two'))
    server.write(Buffer.from('three'))
    await world.settle()
    assert.equal(s.bytes(), 'onetwo')
    assert.equal(c.bytes(), 'three')
    client.end()
    await world.settle()
    assert.deepEqual(s.events, ['data 3', 'data 3', 'end'])
    server.end()
    await world.settle()
    assert.deepEqual(s.events.slice(3), ['closed null'])
    assert.deepEqual(c.events, ['data 5', 'end', 'closed null'])
  })

  test('a writer is told to wait when the reader pauses, and when to go on', async () => {
    const { world, client, server } = await connected({ window: 10 })
    const [c, s] = [record(client), record(server)]
    server.pause()
    assert.equal(client.write(Buffer.from('123456789')), true)
    assert.equal(client.write(Buffer.from('0')), false)
    await world.settle()
    assert.equal(s.bytes(), '')
    assert.deepEqual(c.events, [])
    server.resume()
    await world.settle()
    assert.equal(s.bytes(), '1234567890')
    assert.deepEqual(c.events, ['drain'])
  })

  test('bytes come in the pieces that the test asks for, also to a reader that pauses at each', async () => {
    const { world, client, server } = await connected({ cut: 2 })
    const pieces: string[] = []
    server.open({
      data: bytes => {
        pieces.push(Buffer.from(bytes).toString())
        server.pause()
        world.host().setTimer(10, () => server.resume())
      },
      end: () => pieces.push('end'),
      drain: () => {},
      secured: () => {},
      closed: () => {},
    })
    record(client)
    client.write(Buffer.from('abcde'))
    client.end()
    await world.advance(100)
    assert.deepEqual(pieces, ['ab', 'cd', 'e', 'end'])
  })

  test('takes time when it has latency', async () => {
    const { world, client, server } = await connected({ latencyMs: 40 })
    const s = record(server)
    client.write(Buffer.from('x'))
    await world.advance(39)
    assert.equal(s.bytes(), '')
    await world.advance(1)
    assert.equal(s.bytes(), 'x')
  })

  test('breaks after the byte that the test names, and both ends hear why', async () => {
    const { world, client, server } = await connected({ cut: 3, resetAfter: { toServer: 5 } })
    const [c, s] = [record(client), record(server)]
    client.write(Buffer.from('0123456789'))
    await world.settle()
    assert.equal(s.bytes(), '01234')
    assert.deepEqual(s.events.at(-1), 'closed ECONNECTION')
    assert.deepEqual(c.events, ['closed ECONNECTION'])
  })

  test('refuses where nobody listens, and is silent where the test says so', async () => {
    const world = new VirtualWorld({
      link: ({ to }) => (to === '192.0.2.66' ? 'unreachable' : to === '192.0.2.67' ? 'refused' : {}),
    })
    const runtime: Runtime = world.host()
    const code = (options: { host: string; port: number; timeoutMs?: number }): Promise<unknown> =>
      world.run(runtime.connect(options)).then(
        () => 'connected',
        (error: MailError) => error.code,
      )
    assert.equal(await code({ host: '192.0.2.1', port: 25 }), 'ECONNECTION')
    assert.equal(await code({ host: 'nobody.example', port: 25 }), 'ECONNECTION')
    const listener = await runtime.listen({ port: 0 }, () => {})
    assert.equal(await code({ host: 'localhost', port: listener.port }), 'connected')
    await assert.rejects(
      runtime.listen({ port: listener.port }, () => {}),
      /in use/,
    )
    await listener.close()
    assert.equal(await code({ host: 'localhost', port: listener.port }), 'ECONNECTION')
    const before = world.now
    assert.equal(await code({ host: '192.0.2.66', port: 25, timeoutMs: 7000 }), 'ETIMEDOUT')
    assert.equal(world.now - before, 7000)
    assert.equal(await code({ host: '192.0.2.67', port: 25 }), 'ECONNECTION')
  })
})

describe('TLS in a world', () => {
  test('is agreed on by both ends, and bytes flow again behind it', async () => {
    const { world, client, server } = await connected()
    const [c, s] = [record(client), record(server)]
    server.write(Buffer.from('go'))
    server.secure('server', {})
    await world.settle()
    client.secure('client', { servername: 'mx.example.com' })
    client.write(Buffer.from('hidden'))
    await world.settle()
    assert.deepEqual(s.events, ['secured mx.example.com false', 'data 6'])
    assert.deepEqual(c.events, ['data 2', 'secured mx.example.com true'])
  })

  test('breaks on text that was said in clear', async () => {
    const { world, client, server } = await connected()
    const [c, s] = [record(client), record(server)]
    server.secure('server', {})
    client.write(Buffer.from('EHLO injected\r\n'))
    await world.settle()
    assert.equal(s.bytes(), '')
    assert.deepEqual(s.events, ['closed ETLS'])
    assert.deepEqual(c.events, ['closed ETLS'])
  })

  test('a client that begins it unasked is heard as bytes that mean nothing', async () => {
    const { world, client, server } = await connected()
    const s = record(server)
    record(client)
    client.secure('client', {})
    await world.settle()
    assert.equal(s.bytes(), '\x16\x03\x01\0\0')
  })

  test('fails for a client that cannot trust the certificate, unless it does not care', async () => {
    for (const rejectUnauthorized of [true, false]) {
      const { world, client, server } = await connected({ trusted: false })
      const [c, s] = [record(client), record(server)]
      server.secure('server', {})
      client.secure('client', { rejectUnauthorized })
      await world.settle()
      assert.deepEqual(c.events, rejectUnauthorized ? ['closed ETLS'] : ['secured null false'])
      assert.deepEqual(s.events, rejectUnauthorized ? ['closed ETLS'] : ['secured null false'])
    }
  })
})

describe('zones', () => {
  const zones = new Zones().add(`
    # a small world
    example.com       MX    10 mx1.example.com.
    example.com       MX    20 mx2.example.com
    example.com       TXT   "v=spf1 mx " "-all"
    example.com       TXT   unquoted text; with a semicolon
    mx1.example.com   A     192.0.2.1
    mx1.example.com   AAAA  2001:db8::1
    www.example.com   CNAME mx1.example.com
    loop.example      CNAME loop.example
    192.0.2.1         PTR   mx1.example.com
    2001:db8::1       PTR   mx1.example.com
    null.example      MX    0 .
    broken.example    SERVFAIL
    slow.example      TXT   TIMEOUT
    _dmarc.deep.example TXT "v=DMARC1"
  `)
  const values = (name: string, type: 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'TXT'): unknown => {
    const answer = zones.answer(name, type)
    return answer.ok
      ? answer.records.map(record => [record.priority, record.value].join(' ').trim())
      : answer.failure
  }

  test('answer with what is written', () => {
    assert.deepEqual(values('Example.COM.', 'MX'), ['10 mx1.example.com', '20 mx2.example.com'])
    assert.deepEqual(values('example.com', 'TXT'), ['v=spf1 mx -all', 'unquoted text; with a semicolon'])
    assert.deepEqual(values('www.example.com', 'A'), ['192.0.2.1'])
    assert.deepEqual(values('www.example.com', 'CNAME'), ['mx1.example.com'])
    assert.deepEqual(values('1.2.0.192.in-addr.arpa', 'PTR'), ['mx1.example.com'])
    assert.deepEqual(values('null.example', 'MX'), ['0'])
    assert.deepEqual(
      values('1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa', 'PTR'),
      ['mx1.example.com'],
    )
  })

  test('tell the four ways to have no answer apart', () => {
    assert.equal(values('nobody.example', 'A'), 'nxdomain')
    assert.equal(values('example.com', 'AAAA'), 'nodata')
    // an empty non-terminal exists (RFC 8020)
    assert.equal(values('deep.example', 'TXT'), 'nodata')
    assert.equal(values('broken.example', 'MX'), 'servfail')
    assert.equal(values('loop.example', 'A'), 'servfail')
    assert.equal(values('slow.example', 'TXT'), 'timeout')
    assert.equal(values('slow.example', 'A'), 'nodata')
  })

  test('a time-out takes its time', async () => {
    const world = new VirtualWorld({ now: 0, zones: 'slow.example TIMEOUT' })
    assert.deepEqual(await world.run(world.host().resolve('slow.example', 'A')), {
      ok: false,
      failure: 'timeout',
    })
    assert.equal(world.now, 5000)
  })

  test('say how long an answer may be kept, and whether DNSSEC vouches for it', () => {
    const signed = new Zones().add(`
      example.com      SECURE
      example.com      600 MX   10 mx.example.com
      mx.example.com   TLSA 3 1 1 00ff
      example.org      A    192.0.2.1
    `)
    assert.deepEqual(signed.answer('example.com', 'MX'), {
      ok: true,
      records: [{ priority: 10, value: 'mx.example.com' }],
      ttl: 600,
      ad: true,
    })
    assert.deepEqual(signed.answer('mx.example.com', 'TLSA'), {
      ok: true,
      records: [{ value: '3 1 1 00ff' }],
      ad: true,
    })
    assert.deepEqual(signed.answer('no.example.com', 'A'), { ok: false, failure: 'nxdomain', ad: true })
    assert.deepEqual(signed.answer('example.org', 'A'), { ok: true, records: [{ value: '192.0.2.1' }] })
  })

  test('a line that is none is an error', () => {
    assert.throws(() => new Zones().add('example.com NS ns.example.com'), /zone line 1/)
    assert.throws(() => new Zones().add('example.com MX mx.example.com'), /MX wants/)
  })
})
