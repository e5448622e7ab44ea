// sendMail in a world of several servers: routes, fall-back, TLS policies, what is reported.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPool, type SendMailOptions, type SendResult, sendMail } from '../../src/client/index.ts'
import type { MailError } from '../../src/index.ts'
import { type Links, mta, worldWith } from './support.ts'

const ZONES = `
  one.test        MX  10 mx1.one.test
  one.test        MX  20 mx2.one.test
  mx1.one.test    A   198.51.100.11
  mx2.one.test    A   198.51.100.12
  two.test        A   198.51.100.20
  null.test       MX  0 .
  ghost.test      MX  10 nowhere.ghost.test
  broken.test     SERVFAIL
  inside.test     MX  10 mx.inside.test
  mx.inside.test  A   10.0.0.5
  loop.test       MX  10 mx.loop.test
  mx.loop.test    A   127.0.0.1
  ip.test         MX  10 198.51.100.11
`

const letter = { from: 'alice@sender.test', subject: 'Hi', text: 'Body', date: new Date(0) }

type World = ReturnType<typeof worldWith>

function send(world: World, options: Partial<SendMailOptions>): Promise<SendResult> {
  const { delivery, ...message } = options
  return world.run(
    sendMail({
      ...letter,
      runtime: world.host('192.0.2.1'),
      delivery: { hostname: 'sender.test', ...delivery },
      ...message,
    }),
  )
}

async function failure(promise: Promise<unknown>): Promise<MailError> {
  return promise.then(
    () => assert.fail('it was sent'),
    error => error as MailError,
  )
}

test('a message goes to the preferred host of each domain, grouped by domain', async () => {
  const world = worldWith(ZONES)
  const mx1 = await mta(world, '198.51.100.11', { domains: ['one.test'] })
  const mx2 = await mta(world, '198.51.100.12', { domains: ['one.test'] })
  const two = await mta(world, '198.51.100.20', { domains: ['two.test'] })
  const info = await send(world, { to: ['a@one.test', 'b@ONE.test'], cc: 'c@two.test', bcc: 'd@one.test' })
  assert.deepEqual([...info.accepted].sort(), ['a@one.test', 'b@ONE.test', 'c@two.test', 'd@one.test'])
  assert.deepEqual(info.rejected, [])
  assert.equal(mx1.arrived.length, 1)
  assert.deepEqual(mx1.arrived[0]!.to, ['a@one.test', 'b@ONE.test', 'd@one.test'])
  assert.equal(mx1.arrived[0]!.from, 'alice@sender.test')
  assert.equal(mx1.arrived[0]!.tls, true, 'TLS is taken where it is offered')
  assert.ok(!/^bcc:/im.test(mx1.arrived[0]!.raw))
  assert.equal(mx2.arrived.length, 0)
  assert.equal(two.arrived.length, 1, 'a domain without MX is its own host')
  assert.match(info.messageId ?? '', /^<[0-9a-f]{32}@sender\.test>$/)
  assert.deepEqual(info.deliveries.map(({ host }) => host).sort(), ['mx1.one.test', 'two.test'])
  assert.match(info.response, /^250 2\.0\.0 /)
})

test('a host that refuses connections, and one that says 4yz, are passed over for the next', async () => {
  for (const fault of ['refused', 'busy'] as const) {
    const links: Links = new Map()
    const world = worldWith(ZONES, links)
    if (fault === 'refused') links.set('198.51.100.11', 'refused')
    else await mta(world, '198.51.100.11', { domains: ['one.test'], refuse: () => [451, '4.3.0 busy'] })
    const mx2 = await mta(world, '198.51.100.12', { domains: ['one.test'] })
    const info = await send(world, { to: 'a@one.test' })
    assert.deepEqual(info.accepted, ['a@one.test'])
    assert.equal(mx2.arrived.length, 1)
  }
})

test('a host that says 5yz has decided for its domain', async () => {
  const world = worldWith(ZONES)
  await mta(world, '198.51.100.11', { domains: ['one.test'], refuse: () => [554, '5.7.1 never'] })
  const mx2 = await mta(world, '198.51.100.12', { domains: ['one.test'] })
  const error = await failure(send(world, { to: 'a@one.test' }))
  assert.equal(error.responseCode, 554)
  assert.equal(error.enhancedCode, '5.7.1')
  assert.equal(error.permanent, true)
  assert.equal(error.recipient, 'a@one.test')
  assert.equal(mx2.arrived.length, 0)
})

test('each recipient has an outcome of its own', async () => {
  const world = worldWith(ZONES)
  await mta(world, '198.51.100.11', {
    domains: ['one.test'],
    rcpt: address =>
      address.startsWith('gone')
        ? [550, '5.1.1 no such user']
        : address.startsWith('later')
          ? [450, '4.2.1 later']
          : null,
  })
  const info = await send(world, {
    to: ['ok@one.test', 'gone@one.test', 'later@one.test', 'x@null.test', 'y@broken.test'],
  })
  assert.deepEqual(info.accepted, ['ok@one.test'])
  const [gone, none] = info.rejected
  assert.equal(gone!.address, 'gone@one.test')
  assert.equal(gone!.domain, 'one.test')
  assert.equal(gone!.error.enhancedCode, '5.1.1')
  assert.equal(none!.address, 'x@null.test')
  assert.equal(none!.error.responseCode, 556, 'RFC 7505 §4.1')
  assert.equal(none!.error.enhancedCode, '5.1.10')
  assert.deepEqual([...info.pending].sort(), ['later@one.test', 'y@broken.test'])
  assert.equal(info.queued, false)
  assert.equal(info.rejectedErrors.length, 4)
})

const UNROUTABLE: readonly (readonly [string, number, string, boolean])[] = [
  ['x@null.test', 556, '5.1.10', true],
  ['x@nosuch.test', 550, '5.1.2', true],
  ['x@ghost.test', 550, '5.4.4', true],
  ['x@ip.test', 550, '5.4.4', true],
  ['x@inside.test', 550, '5.4.4', true],
  ['x@loop.test', 550, '5.4.4', true],
  ['x@broken.test', 451, '4.4.3', false],
  ['x@[127.0.0.1]', 550, '5.4.4', true],
  ['x@[10.0.0.5]', 550, '5.4.4', true],
]

for (const [to, code, status, permanent] of UNROUTABLE) {
  test(`mail to ${to} fails with ${code} ${status}`, async () => {
    const world = worldWith(ZONES)
    const error = await failure(send(world, { to }))
    assert.equal(error.code, 'EDNS')
    assert.equal(error.responseCode, code)
    assert.equal(error.enhancedCode, status)
    assert.equal(error.permanent, permanent)
  })
}

test('hosts at private addresses are used when the caller allows it', async () => {
  const world = worldWith(ZONES)
  const inside = await mta(world, '10.0.0.5', { domains: ['inside.test'] })
  await send(world, { to: 'x@inside.test', delivery: { privateHosts: true } })
  assert.equal(inside.arrived.length, 1)
})

test('an address literal goes to that address', async () => {
  const world = worldWith(ZONES)
  const two = await mta(world, '198.51.100.20', { domains: [], rcpt: () => null })
  await send(world, { to: 'x@[198.51.100.20]' })
  assert.deepEqual(two.arrived[0]!.to, ['x@[198.51.100.20]'])
})

test('our own name in the MX records ends the list, and a list of nothing else is a loop', async () => {
  const world = worldWith(ZONES)
  const mx1 = await mta(world, '198.51.100.11', { domains: ['one.test'] })
  const info = await send(world, { to: 'a@one.test', delivery: { ownNames: ['mx2.one.test'] } })
  assert.equal(mx1.arrived.length, 1)
  assert.equal(info.accepted.length, 1)
  for (const delivery of [{ ownNames: ['mx1.one.test'] }, { ownAddresses: ['198.51.100.11'] }]) {
    const error = await failure(send(world, { to: 'a@one.test', delivery }))
    assert.equal(error.enhancedCode, '5.4.6')
    assert.equal(error.permanent, true)
  }
})

test('a TLS handshake that fails is no reason to fail where no policy wants TLS', async () => {
  const links: Links = new Map([['198.51.100.20', { handshakeFails: true }]])
  const world = worldWith(ZONES, links)
  const two = await mta(world, '198.51.100.20', { domains: ['two.test'] })
  await send(world, { to: 'a@two.test' })
  assert.equal(two.arrived[0]!.tls, false)
  const error = await failure(send(world, { to: 'a@two.test', delivery: { requireTLS: true } }))
  assert.equal(error.code, 'ETLS')
  assert.equal(error.permanent, false)
  assert.equal(two.arrived.length, 1)
})

test('a relay takes everything, whatever the domains say', async () => {
  const world = worldWith(`relay.test A 198.51.100.50\n${ZONES}`)
  const relay = await mta(world, '198.51.100.50', { domains: ['one.test', 'null.test'] })
  const info = await send(world, {
    relay: { host: 'relay.test', port: 25 },
    to: ['a@one.test', 'b@null.test'],
  })
  assert.equal(info.accepted.length, 2)
  assert.equal(relay.arrived.length, 1)
  assert.deepEqual(relay.arrived[0]!.to, ['a@one.test', 'b@null.test'])
})

test('many messages over a pool take few connections', async () => {
  const world = worldWith(ZONES)
  let connections = 0
  const two = await mta(world, '198.51.100.20', { domains: ['two.test'] })
  two.server.on('connection', () => {
    connections++
  })
  const pool = createPool({
    runtime: world.host('192.0.2.1'),
    hostname: 'sender.test',
    maxPerDomain: 2,
    rateLimitPerMinute: 0,
  })
  const all = Array.from({ length: 50 }, (_, i) => sendMail({ ...letter, to: `u${i}@two.test`, pool }))
  assert.equal(pool.stats.connections, 1, 'the next connection waits for reconnectDelay')
  const results = await world.run(Promise.all(all))
  assert.equal(results.length, 50)
  assert.equal(two.arrived.length, 50)
  assert.ok(connections <= 2, `${connections} connections`)
  assert.equal(pool.stats.idle, connections)
  pool.close()
  await world.settle()
  assert.deepEqual(pool.stats, { connections: 0, idle: 0, waiting: 0 })
})

test('no more messages a minute go to one domain than the pool allows', async () => {
  const world = worldWith(ZONES)
  const two = await mta(world, '198.51.100.20', { domains: ['two.test'] })
  const pool = createPool({ runtime: world.host('192.0.2.1'), rateLimitPerMinute: 10, idleTimeout: 1000 })
  const started = world.now
  await world.run(
    Promise.all(Array.from({ length: 25 }, (_, i) => sendMail({ ...letter, to: `u${i}@two.test`, pool }))),
  )
  const minutes = two.arrived.map(({ at }) => Math.floor((at - started) / 60_000))
  assert.deepEqual(
    [0, 1, 2].map(m => minutes.filter(other => other === m).length),
    [10, 10, 5],
  )
  pool.close()
})
