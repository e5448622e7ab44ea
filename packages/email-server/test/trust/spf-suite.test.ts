// The OpenSPF suite for RFC 7208, read from VECTORS_DIR; its zone data are served by a resolver as its notes ask for: records of type SPF
// stand for TXT where a name has no TXT of its own, and TIMEOUT is the answer to every type that the name has not listed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { DnsAnswer, DnsRecord, DnsRecordType } from '../../src/base/runtime.ts'
import type { Resolver } from '../../src/dns/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import { checkSpf } from '../../src/trust/spf/index.ts'
import { readYaml, type Yaml } from '../support/yaml.ts'

interface Case {
  readonly host: string
  readonly mailfrom: string
  readonly helo: string
  readonly result: string | readonly string[]
  readonly explanation?: string
}

interface Scenario {
  readonly description: string
  readonly tests: Readonly<Record<string, Case>>
  readonly zonedata: Readonly<Record<string, readonly (string | Readonly<Record<string, Yaml>>)[]>>
}

function load(): readonly Scenario[] | null {
  const directory = process.env['VECTORS_DIR'] ?? join(process.cwd(), '../shared/vectors')
  try {
    return readYaml(readFileSync(join(directory, 'spf/rfc7208-tests.yml'), 'utf8')) as unknown as Scenario[]
  } catch {
    return null
  }
}

class SuiteResolver implements Resolver {
  readonly #nodes = new Map<string, (['TIMEOUT', null] | [string, Yaml])[]>()

  constructor(zonedata: Scenario['zonedata']) {
    for (const [name, entries] of Object.entries(zonedata)) {
      const records = entries.map(entry =>
        typeof entry === 'string' ? (['TIMEOUT', null] as ['TIMEOUT', null]) : Object.entries(entry)[0]!,
      )
      const hasText = records.some(([type]) => type === 'TXT')
      const copied = hasText
        ? []
        : records.flatMap(([type, value]) => (type === 'SPF' ? [['TXT', value]] : []))
      const all = [...copied, ...records].filter(([, value]) => value !== 'NONE')
      this.#nodes.set(name.toLowerCase(), all as [string, Yaml][])
    }
  }

  async resolve(name: string, type: DnsRecordType): Promise<DnsAnswer> {
    let at = name.toLowerCase().replace(/\.$/, '')
    for (let hops = 0; hops < 10; hops++) {
      const node = this.#nodes.get(at)
      if (!node) return { ok: false, failure: 'nxdomain' }
      const records = node
        .filter(([known]) => known === type)
        .map(([, value]) => toRecord(type, value as Yaml))
      if (records.length > 0) return { ok: true, records }
      if (node.some(([known]) => known === 'TIMEOUT')) return { ok: false, failure: 'timeout' }
      const alias = node.find(([known]) => known === 'CNAME')
      if (!alias) return { ok: false, failure: 'nodata' }
      at = String(alias[1]).toLowerCase().replace(/\.$/, '')
    }
    return { ok: false, failure: 'servfail' }
  }
}

function toRecord(type: DnsRecordType, value: Yaml): DnsRecord {
  if (type === 'MX') {
    const [priority, exchange] = value as readonly string[]
    return { priority: Number(priority), value: exchange! }
  }
  return { value: typeof value === 'string' ? value : (value as readonly string[]).join('') }
}

const scenarios = load()
if (!scenarios) test('the OpenSPF suite is not at VECTORS_DIR: nothing to compare with', () => {})

for (const { description, tests, zonedata } of scenarios ?? []) {
  describe(`OpenSPF suite: ${description}`, () => {
    const resolver = new SuiteResolver(zonedata)
    for (const [name, wanted] of Object.entries(tests)) {
      test(name, async () => {
        const result = await checkSpf(
          { ip: wanted.host, sender: wanted.mailfrom, helo: wanted.helo },
          { resolver, runtime: new VirtualWorld().host() },
        )
        const allowed = typeof wanted.result === 'string' ? [wanted.result] : wanted.result
        assert.ok(allowed.includes(result.result), `${result.result}, not ${allowed}: ${result.reason}`)
        if (wanted.explanation !== undefined) {
          assert.equal(result.explanation ?? 'DEFAULT', wanted.explanation)
        }
      })
    }
  })
}

if (scenarios) {
  test('the suite has 203 cases', () => {
    assert.equal(
      scenarios.reduce((sum, { tests }) => sum + Object.keys(tests).length, 0),
      203,
    )
  })
}
