// TLS that the domains of recipients ask for, in a world of servers: MTA-STS, DANE, REQUIRETLS, TLS-Required, and what an attacker gets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPool, type SendMailOptions, sendMail } from '../../src/client/index.ts'
import type { TlsOutcome } from '../../src/delivery/index.ts'
import { MailError } from '../../src/index.ts'
import type { VirtualWorld } from '../../src/testing/index.ts'
import { LEAF, LEAF_KEY_SHA256, MID, ROOT } from './certificates.ts'
import { type Links, type Mta, type MtaOptions, mta, worldWith } from './support.ts'

const MX1 = '198.51.100.11'
const MX2 = '198.51.100.12'
const ZONES = `
  sts.test           MX 10 mx1.sts.test
  sts.test           MX 20 mx2.sts.test
  mx1.sts.test       A  ${MX1}
  mx2.sts.test       A  ${MX2}
  _mta-sts.sts.test  60 TXT "v=STSv1; id=1;"
  plain.test         MX 10 mx1.sts.test
`
const DANE_ZONES = `
  dane.test               SECURE
  dane.test               MX 10 mx.dane.test
  mx.dane.test            A  ${MX1}
  _25._tcp.mx.dane.test   60 TLSA 3 1 1 ${LEAF_KEY_SHA256}
  other.test              MX 10 mx.dane.test
`

const policy = (mode: string, mx = 'mx1.sts.test', maxAge = 604_800): string =>
  `version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: ${maxAge}\n`

function serve(
  world: VirtualWorld,
  text: string | null,
  type = 'text/plain',
  status = 200,
): { readonly hits: () => number } {
  let hits = 0
  world.serveHttps(
    'mta-sts.sts.test',
    text === null
      ? null
      : path => {
          hits++
          assert.equal(path, '/.well-known/mta-sts.txt')
          return { status, contentType: type, body: Buffer.from(text) }
        },
  )
  return { hits: () => hits }
}

interface Scene {
  readonly world: VirtualWorld
  readonly links: Links
  readonly outcomes: TlsOutcome[]
  send(to: string, options?: Partial<SendMailOptions>): Promise<string>
}

function scene(zones: string, now?: number): Scene {
  const links: Links = new Map()
  const world = now === undefined ? worldWith(zones, links) : worldWith(zones, links, now)
  const outcomes: TlsOutcome[] = []
  const pool = createPool({
    runtime: world.host('192.0.2.1'),
    hostname: 'sender.test',
    idleTimeout: 0,
    rateLimitPerMinute: 0,
    reconnectDelay: 0,
    onTls: outcome => outcomes.push(outcome),
  })
  return {
    world,
    links,
    outcomes,
    // the code and status of what went wrong, or where it went
    send: (to, options = {}) =>
      world.run(
        sendMail({ from: 'alice@sender.test', subject: 'Hi', text: 'x', to, pool, ...options }).then(
          info => `sent to ${info.deliveries[0]!.host}`,
          (error: MailError) =>
            `${error.code} ${error.responseCode} ${error.enhancedCode}${error.permanent ? ' permanent' : ''}`,
        ),
      ),
  }
}

const both = (world: VirtualWorld, options: Partial<MtaOptions> = {}): Promise<[Mta, Mta]> =>
  Promise.all([
    mta(world, MX1, { domains: ['sts.test', 'plain.test'], ...options }),
    mta(world, MX2, { domains: ['sts.test', 'plain.test'], ...options }),
  ])

test('MTA-STS enforce: the host that the policy names, with a certificate that is its own', async () => {
  const { world, outcomes, send } = scene(ZONES)
  const web = serve(world, policy('enforce'))
  const [mx1] = await both(world)
  assert.equal(await send('a@sts.test'), 'sent to mx1.sts.test')
  assert.equal(mx1.arrived[0]!.tls, true)
  assert.equal(await send('b@sts.test'), 'sent to mx1.sts.test')
  assert.equal(web.hits(), 1, 'the policy is kept')
  assert.deepEqual(
    outcomes.map(({ policyType, failure }) => [policyType, failure]),
    [
      ['sts', null],
      ['sts', null],
    ],
  )
})

test('MTA-STS enforce: a host that the policy does not name gets nothing, and the mail waits', async () => {
  const { world, links, outcomes, send } = scene(ZONES)
  serve(world, policy('enforce'))
  const [, mx2] = await both(world)
  links.set(MX1, 'refused')
  assert.match(await send('a@sts.test'), /^(?:ECONNECTION|ETLS) /)
  assert.equal(mx2.arrived.length, 0)
  assert.equal(outcomes.at(-1)!.failure!.type, 'validation-failure')
})

for (const [attack, link] of [
  ['a certificate that cannot be trusted', { trusted: false }],
  ['an expired certificate', { trusted: false, authorizationError: 'CERT_HAS_EXPIRED' }],
  ['a certificate for another name', { trusted: false, authorizationError: 'ERR_TLS_CERT_ALTNAME_INVALID' }],
  ['a handshake that fails', { handshakeFails: true }],
] as const) {
  test(`MTA-STS enforce: ${attack} stops the mail, which waits; without a policy, and in testing, it goes on`, async () => {
    const { world, links, outcomes, send } = scene(ZONES)
    links.set(MX1, link)
    serve(world, policy('enforce'))
    const [mx1] = await both(world)
    assert.equal(await send('a@sts.test'), 'ETLS 454 4.7.5')
    assert.equal(mx1.arrived.length, 0)
    const failure = outcomes.find(outcome => outcome.host === 'mx1.sts.test')!.failure!
    const expected: { [name: string]: string } = {
      'an expired certificate': 'certificate-expired',
      'a certificate for another name': 'certificate-host-mismatch',
      'a certificate that cannot be trusted': 'certificate-not-trusted',
      'a handshake that fails': 'validation-failure',
    }
    assert.equal(failure.type, expected[attack])
    assert.equal(await send('a@plain.test'), 'sent to mx1.sts.test')
    serve(world, policy('testing'))
    world.zones.remove('_mta-sts.sts.test').add('_mta-sts.sts.test 60 TXT "v=STSv1; id=2;"')
    await world.advance(120_000)
    assert.equal(await send('b@sts.test'), 'sent to mx1.sts.test')
    assert.equal(outcomes.at(-1)!.failure!.type, expected[attack], 'testing: counted all the same')
  })
}

test('STARTTLS stripped on the way: with a policy the mail waits, without one it goes in clear', async () => {
  const { world, outcomes, send } = scene(ZONES)
  serve(world, policy('enforce'))
  const [mx1] = await both(world, { tls: false })
  assert.equal(await send('a@sts.test'), 'ETLS 454 4.7.5')
  assert.equal(outcomes[0]!.failure!.type, 'starttls-not-supported')
  assert.equal(await send('a@plain.test'), 'sent to mx1.sts.test')
  assert.equal(mx1.arrived[0]!.tls, false)
})

test('a policy outlives its record and its web server, until max_age has passed', async () => {
  const { world, links, send } = scene(ZONES)
  serve(world, policy('enforce', 'mx1.sts.test', 3 * 86_400))
  await both(world)
  assert.equal(await send('a@sts.test'), 'sent to mx1.sts.test')
  world.zones.remove('_mta-sts.sts.test')
  serve(world, null)
  links.set(MX1, { trusted: false })
  await world.advance(2 * 86_400_000)
  assert.equal(await send('b@sts.test'), 'ETLS 454 4.7.5')
  await world.advance(86_400_000)
  assert.equal(await send('c@sts.test'), 'sent to mx1.sts.test')
})

test('a policy is fetched anew once a day, and when its id changes', async () => {
  const { world, send } = scene(ZONES)
  await both(world)
  const first = serve(world, policy('enforce'))
  await send('a@sts.test')
  await world.advance(86_400_000)
  await send('a@sts.test')
  await world.settle()
  assert.equal(first.hits(), 2)
  const second = serve(world, policy('none'))
  world.zones.remove('_mta-sts.sts.test').add('_mta-sts.sts.test 60 TXT "v=STSv1; id=new;"')
  await world.advance(120_000)
  await send('a@sts.test')
  assert.equal(second.hits(), 1)
})

for (const [what, type, status] of [
  ['a redirect', 'text/plain', 301],
  ['an error page', 'text/html', 404],
  ['a page of another type', 'text/html', 200],
] as const) {
  test(`${what} is no policy, and is not asked for again within five minutes`, async () => {
    const { world, outcomes, links, send } = scene(ZONES)
    await both(world)
    links.set(MX1, { trusted: false })
    const web = serve(world, policy('enforce'), type, status)
    assert.equal(
      await send('a@sts.test'),
      'sent to mx1.sts.test',
      'RFC 8461 §3.3: continue as without MTA-STS',
    )
    assert.equal(outcomes[0]!.failure!.type, 'sts-policy-fetch-error')
    await send('a@sts.test')
    assert.equal(web.hits(), 1)
    await world.advance(300_000)
    await send('a@sts.test')
    assert.equal(web.hits(), 2)
  })
}

test('a policy whose web server has a bad certificate is none, and is counted as such', async () => {
  const { world, outcomes, send } = scene(ZONES)
  await both(world)
  world.serveHttps('mta-sts.sts.test', () => new MailError('ETLS', 'CERT_HAS_EXPIRED'))
  assert.equal(await send('a@sts.test'), 'sent to mx1.sts.test')
  assert.equal(outcomes[0]!.failure!.type, 'sts-webpki-invalid')
})

test('a web server that never answers holds the mail up for half a minute, and no longer', async () => {
  const { world, send } = scene(ZONES)
  await both(world)
  world.serveHttps('mta-sts.sts.test', () => null)
  const started = world.now
  assert.equal(await send('a@sts.test'), 'sent to mx1.sts.test')
  assert.ok(world.now - started <= 31_000)
})

test('policies live on in a store', async () => {
  const { world, links } = scene(ZONES)
  await both(world)
  const kept = new Map<string, unknown>()
  const store = {
    get: async (domain: string) => (kept.get(domain) ?? null) as never,
    set: async (domain: string, policy: unknown) => {
      kept.set(domain, JSON.parse(JSON.stringify(policy)))
    },
  }
  const once = (): Promise<string> =>
    world.run(
      sendMail({
        from: 'a@sender.test',
        to: 'b@sts.test',
        text: 'x',
        runtime: world.host('192.0.2.1'),
        delivery: { mtaSts: store },
      }).then(
        () => 'sent',
        (error: MailError) => error.code,
      ),
    )
  serve(world, policy('enforce'))
  assert.equal(await once(), 'sent')
  serve(world, null)
  world.zones.remove('_mta-sts.sts.test')
  links.set(MX1, { trusted: false })
  assert.equal(await once(), 'ETLS', 'another process knows the policy from the store')
})

const certificate = (chain: readonly Uint8Array[]) => ({
  subject: '',
  issuer: '',
  subjectAltName: '',
  validFrom: 0,
  validTo: 0,
  fingerprint256: '',
  chain,
})
const NOW = Date.UTC(2027, 0, 1)

test('DANE: a chain that fits the TLSA records is taken, though nobody has signed it', async () => {
  const { world, links, outcomes, send } = scene(DANE_ZONES, NOW)
  links.set(MX1, { trusted: false, certificate: certificate([LEAF, MID, ROOT]) })
  const mx = await mta(world, MX1, { domains: ['dane.test'] })
  assert.equal(await send('a@dane.test'), 'sent to mx.dane.test')
  assert.equal(mx.arrived[0]!.tls, true)
  assert.deepEqual([outcomes[0]!.policyType, outcomes[0]!.failure], ['tlsa', null])
})

test('DANE: another certificate stops the mail, even one that everybody trusts; so does no TLS at all', async () => {
  for (const link of [{ trusted: true, certificate: certificate([MID, ROOT]) }, { handshakeFails: true }]) {
    const { world, links, send } = scene(DANE_ZONES, NOW)
    links.set(MX1, link)
    const mx = await mta(world, MX1, { domains: ['dane.test'] })
    assert.equal(await send('a@dane.test'), 'ETLS 454 4.7.5')
    assert.equal(mx.arrived.length, 0)
  }
  const { world, send } = scene(DANE_ZONES, NOW)
  await mta(world, MX1, { domains: ['dane.test'], tls: false })
  assert.equal(await send('a@dane.test'), 'ETLS 454 4.7.5')
})

test('DANE: TLSA records that cannot be had make the host unreachable (RFC 7672 §2.1.2)', async () => {
  const { world, send } = scene(DANE_ZONES.replace(/TLSA 3.*/, 'TLSA SERVFAIL').replace(' 60 ', ' '), NOW)
  const mx = await mta(world, MX1, { domains: ['dane.test'] })
  assert.equal(await send('a@dane.test'), 'ETLS 451 4.7.5')
  assert.equal(mx.arrived.length, 0)
})

test('DANE: records that mean nothing for SMTP demand TLS, and no more', async () => {
  const zones = DANE_ZONES.replace('TLSA 3 1 1', 'TLSA 1 1 1')
  const { world, links, send } = scene(zones, NOW)
  links.set(MX1, { trusted: false })
  await mta(world, MX1, { domains: ['dane.test'] })
  assert.equal(await send('a@dane.test'), 'sent to mx.dane.test')
  const second = scene(zones, NOW)
  await mta(second.world, MX1, { domains: ['dane.test'], tls: false })
  assert.equal(await second.send('a@dane.test'), 'ETLS 454 4.7.5')
})

test('DANE: without DNSSEC for the MX record there is none', async () => {
  const { world, links, send } = scene(DANE_ZONES, NOW)
  links.set(MX1, { trusted: false, certificate: certificate([MID]) })
  await mta(world, MX1, { domains: ['other.test'] })
  assert.equal(await send('a@other.test'), 'sent to mx.dane.test')
})

test('REQUIRETLS: no server that promises it, no mail (RFC 8689 §4.2.1)', async () => {
  const { world, send } = scene(ZONES)
  serve(world, policy('enforce'))
  const [mx1] = await both(world, { options: { extensions: { requireTls: false } } })
  assert.equal(await send('a@sts.test', { requireTLS: true }), 'EREQUIRETLS 550 5.7.30 permanent')
  assert.equal(mx1.arrived.length, 0)
})

test('REQUIRETLS: goes to a server that promises it, is named by its policy and has its certificate', async () => {
  const { world, send } = scene(ZONES)
  serve(world, policy('enforce'))
  await both(world)
  assert.equal(await send('a@sts.test', { requireTLS: true }), 'sent to mx1.sts.test')
})

test('REQUIRETLS: a host that only the plain DNS names is not believed', async () => {
  const { world, send } = scene(ZONES)
  await both(world)
  assert.equal(await send('a@plain.test', { requireTLS: true }), 'EREQUIRETLS 550 5.7.10 permanent')
})

test('REQUIRETLS: a certificate that cannot be trusted sends it back at once', async () => {
  const { world, links, send } = scene(ZONES)
  serve(world, policy('testing'))
  links.set(MX1, { trusted: false })
  await both(world)
  assert.equal(await send('a@sts.test', { requireTLS: true }), 'EREQUIRETLS 550 5.7.10 permanent')
})

test('TLS-Required: No goes on where a policy would have stopped it (RFC 8689 §4.2.2)', async () => {
  const { world, links, send } = scene(ZONES)
  serve(world, policy('enforce'))
  links.set(MX1, { trusted: false })
  const [mx1] = await both(world)
  assert.equal(await send('a@sts.test', { headers: { 'TLS-Required': 'No' } }), 'sent to mx1.sts.test')
  assert.equal(mx1.arrived[0]!.tls, true, 'TLS all the same, where there is some')
  assert.equal(await send('a@sts.test'), 'ETLS 454 4.7.5', 'and the connection is not used for others')
})
