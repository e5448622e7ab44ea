import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/index.ts'
import { AuthPolicy } from '../../src/sasl/index.ts'
import { COMMANDS } from '../../src/smtp/commands/index.ts'
import { EXTENSIONS } from '../../src/smtp/ext/index.ts'
import { resolveExtensions } from '../../src/smtp/extension-options.ts'
import { Registry, type ServerFacts } from '../../src/smtp/registry.ts'
import { MODES } from '../../src/smtp/server/modes.ts'
import { OUT_OF_PLACE, TRANSITIONS } from '../../src/smtp/state.ts'
import { VIRTUAL_TLS } from '../../src/testing/index.ts'
import { harness, NOON } from './support.ts'

const EVERYTHING = resolveExtensions({
  futureRelease: { maxInterval: 86_400 },
  deliverBy: {},
  mtPriority: {},
  limits: { mailMax: 10, rcptDomainMax: 10 },
})

const registry = new Registry(COMMANDS, EXTENSIONS)

const situations: readonly ServerFacts[] = (['inbound', 'submission', 'lmtp'] as const).flatMap(role =>
  [true, false].flatMap(canUpgrade =>
    [VIRTUAL_TLS, null].flatMap(tls =>
      [true, false].flatMap(allowInsecureAuth =>
        [null, 'alice'].flatMap(username =>
          [true, false].map(all => ({
            xclient: false,
            requireAuth: true,
            dsn: all,
            extensions: all ? EVERYTHING : resolveExtensions(),
            now: NOON,
            role,
            canUpgrade,
            tls,
            allowInsecureAuth,
            auth: new AuthPolicy(),
            username,
            hostname: 'mx.example.test',
            limits: DEFAULT_LIMITS,
          })),
        ),
      ),
    ),
  ),
)

test('what is advertised is accepted, and what is closed is neither: for every extension in every situation', () => {
  for (const facts of situations) {
    const advertised = registry.capabilities(facts)
    for (const extension of EXTENSIONS) {
      const open = extension.gate?.(facts) ?? true
      const lines = open ? extension.ehlo(facts) : []
      assert.deepEqual(
        advertised.filter(line => lines.includes(line)),
        lines,
      )
      assert.equal(
        advertised.some(line => line.split(' ')[0] === extension.name),
        lines.length > 0,
      )
      for (const command of extension.commands ?? []) {
        assert.equal(registry.command(command.name, facts) !== null, open)
        assert.equal(registry.commandNames(facts).includes(command.name), open)
        assert.ok(registry.knows(command.name, facts.role))
      }
      for (const param of extension.rcptParams ?? []) {
        assert.equal(registry.rcptParam(param.keyword, facts) !== null, open)
      }
      for (const param of extension.mailParams ?? []) {
        assert.equal(registry.mailParam(param.keyword, facts) !== null, open)
      }
    }
  }
})

test('AUTH is for submission, and no password is asked for in clear unless that is allowed', () => {
  for (const facts of situations) {
    const offers = registry.capabilities(facts).some(line => line.startsWith('AUTH '))
    const expected =
      facts.role === 'submission' &&
      facts.username === null &&
      (facts.tls !== null || facts.allowInsecureAuth)
    assert.equal(offers, expected)
  }
})

test('STARTTLS is offered once, and only by who can', () => {
  for (const facts of situations) {
    assert.equal(registry.capabilities(facts).includes('STARTTLS'), facts.canUpgrade && facts.tls === null)
  }
})

test('EHLO says what the registry says', async () => {
  const h = harness({ canUpgrade: true })
  await h.driver.settle()
  h.driver.take()
  const lines = (await h.say('EHLO x')).split('\r\n').slice(0, -1)
  const facts = situations.find(f => f.role === 'inbound' && f.canUpgrade && !f.tls && !f.dsn)!
  assert.deepEqual(
    lines.slice(1).map(line => line.slice(4)),
    registry.capabilities(facts),
  )
})

test('names are in upper case, no two the same, and __proto__ is no command', () => {
  const names = [...COMMANDS, ...EXTENSIONS.flatMap(extension => extension.commands ?? [])].map(
    ({ name }) => name,
  )
  assert.equal(new Set(names).size, names.length)
  for (const name of names) assert.match(name, /^[A-Z0-9]+$/)
  for (const evil of ['__PROTO__', 'CONSTRUCTOR', 'TOSTRING', '__proto__', 'constructor']) {
    assert.equal(registry.knows(evil, 'inbound'), false)
    assert.equal(registry.command(evil, situations[0]!), null)
  }
})

test('every state has its way out, its mode and its reply; every command its states', () => {
  const kinds = Object.keys(TRANSITIONS) as (keyof typeof TRANSITIONS)[]
  for (const kind of kinds) {
    assert.ok(kind === 'closed' || TRANSITIONS[kind].includes('closed'))
    assert.equal(OUT_OF_PLACE[kind].code, 503)
    assert.ok(MODES[kind].time(DEFAULT_LIMITS) > 0)
    assert.ok(MODES[kind].reader === 'none' || MODES[kind].byteLimit(DEFAULT_LIMITS) > 0)
  }
  for (const command of COMMANDS) {
    for (const state of command.states) assert.equal(MODES[state].reader, 'command')
  }
})
