// The reference to a logo: who qualifies, which record counts, what is no record (draft-brand-indicators-for-message-identification-10).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtualWorld } from '../../src/testing/index.ts'
import {
  type BimiResult,
  checkBimi,
  localPartSelector,
  readBimiRecord,
  readBimiSelector,
} from '../../src/trust/bimi/index.ts'
import { checkDmarc, dkimSign, MessageCheck } from '../../src/trust/index.ts'
import { ED25519_RECORD, JOE, message, NOW, RFC8463_ED25519 } from './kit.ts'

const LOGO = 'https://img.example.com/logo.svg'
const ZONES = {
  dmarc: '_dmarc.example.com TXT "v=DMARC1; p=reject"',
  bimi: `default._bimi.example.com TXT "v=BIMI1; l=${LOGO}; a=https://img.example.com/vmc.pem"`,
}
interface Setting {
  readonly zones?: Readonly<Record<string, string>>
  readonly from?: readonly string[]
  readonly domain?: string
  readonly selector?: readonly string[]
  readonly signedHeaders?: readonly string[]
}

async function check(setting: Setting = {}): Promise<BimiResult> {
  const {
    from = ['Jo <jo@example.com>'],
    domain = 'example.com',
    selector = [],
    signedHeaders = ['from'],
  } = setting
  const world = new VirtualWorld({ zones: Object.values({ ...ZONES, ...setting.zones }).join('\n') })
  const runtime = world.host()
  const options = { resolver: runtime, runtime }
  const dkim = [{ result: 'pass', domain, selector: 's', signedHeaders } as const]
  const dmarc = await world.run(checkDmarc({ from, dkim }, options))
  return world.run(checkBimi({ from, dmarc, dkim, selector }, options))
}

describe('a message that passes DMARC under an enforced policy', () => {
  test('has the logo of its domain', async () => {
    const { reason, ...found } = await check()
    assert.deepEqual(found, {
      ...{ result: 'found', domain: 'example.com', selector: 'default', avatar: 'brand' },
      ...{ location: LOGO, evidence: 'https://img.example.com/vmc.pem' },
    })
    assert.match(reason, /example\.com names a logo/)
  })

  for (const [what, setting, expected] of [
    [
      'below the domain: that of the organization',
      { from: ['jo@mail.example.com'], domain: 'mail.example.com' },
      'found example.com default',
    ],
    [
      'below the domain: its own first',
      {
        from: ['jo@mail.example.com'],
        domain: 'mail.example.com',
        zones: { own: `default._bimi.mail.example.com TXT "v=BIMI1; l=${LOGO}"` },
      },
      'found mail.example.com default',
    ],
    [
      'below the domain: it may decline',
      {
        from: ['jo@mail.example.com'],
        domain: 'mail.example.com',
        zones: { own: 'default._bimi.mail.example.com TXT "v=BIMI1; l=; a=;"' },
      },
      'declined mail.example.com default',
    ],
    [
      'a selector that is signed',
      {
        selector: ['v=BIMI1; s=Brand;'],
        signedHeaders: ['from', 'bimi-selector'],
        zones: { own: `brand._bimi.example.com TXT "v=BIMI1; l=${LOGO}"` },
      },
      'found example.com brand',
    ],
    [
      'a selector that is not signed',
      { selector: ['v=BIMI1; s=brand'], zones: { own: `brand._bimi.example.com TXT "v=BIMI1; l=${LOGO}"` } },
      'found example.com default',
    ],
    [
      'two selectors',
      { selector: ['v=BIMI1; s=brand', 'v=BIMI1; s=other'], signedHeaders: ['from', 'bimi-selector'] },
      'found example.com default',
    ],
    [
      'a selector that is none',
      { selector: ['v=BIMI1; s=a b'], signedHeaders: ['from', 'bimi-selector'] },
      'found example.com default',
    ],
    [
      'a selector that is not there',
      { selector: ['v=BIMI1; s=nowhere'], signedHeaders: ['from', 'bimi-selector'] },
      'none null null',
    ],
    [
      'a local part that chooses',
      {
        from: ['jo.x+tag@example.com'],
        zones: {
          bimi: 'default._bimi.example.com TXT "v=BIMI1; l=; lps=true"',
          own: `jo-x._bimi.example.com TXT "v=BIMI1; l=${LOGO}"`,
        },
      },
      'found example.com jo-x',
    ],
    [
      'a local part that chooses nothing',
      { zones: { bimi: 'default._bimi.example.com TXT "v=BIMI1; l=; lps=true"' } },
      'declined example.com default',
    ],
    ['no record', { zones: { bimi: '' } }, 'none null null'],
    [
      'other texts beside it',
      { zones: { other: 'default._bimi.example.com TXT "v=BIMI2; l=x"' } },
      'found example.com default',
    ],
    [
      'two records',
      { zones: { other: `default._bimi.example.com TXT "v=BIMI1; l=${LOGO}"` } },
      'fail example.com default',
    ],
    [
      'a record that is not right',
      { zones: { bimi: 'default._bimi.example.com TXT "v=BIMI1; l=http://img.example.com/logo.svg"' } },
      'fail example.com default',
    ],
    [
      'evidence alone',
      { zones: { bimi: 'default._bimi.example.com TXT "v=BIMI1; l=; a=https://img.example.com/vmc.pem"' } },
      'found example.com default',
    ],
    [
      'servers that fail',
      { zones: { bimi: 'default._bimi.example.com SERVFAIL' } },
      'temperror example.com default',
    ],
    [
      'servers that are silent',
      { zones: { bimi: 'default._bimi.example.com TIMEOUT' } },
      'temperror example.com default',
    ],
  ] as const) {
    test(what, async () => {
      const { result, domain, selector } = await check(setting as Setting)
      assert.equal(`${result} ${domain} ${selector}`, expected)
    })
  }
})

describe('who does not qualify is not looked for', () => {
  for (const [what, setting] of [
    ['no DMARC', { zones: { dmarc: '' } }],
    ['a failure of DMARC', { domain: 'other.example' }],
    ['p=none', { zones: { dmarc: '_dmarc.example.com TXT "v=DMARC1; p=none"' } }],
    ['sp=none', { zones: { dmarc: '_dmarc.example.com TXT "v=DMARC1; p=reject; sp=none"' } }],
    [
      'a quarantine for some',
      { zones: { dmarc: '_dmarc.example.com TXT "v=DMARC1; p=quarantine; pct=99"' } },
    ],
    ['a policy that is tried out', { zones: { dmarc: '_dmarc.example.com TXT "v=DMARC1; p=reject; t=y"' } }],
    [
      'an organization that is lax above a domain that is not',
      {
        from: ['jo@mail.example.com'],
        domain: 'mail.example.com',
        zones: {
          dmarc: '_dmarc.example.com TXT "v=DMARC1; p=none"',
          own: '_dmarc.mail.example.com TXT "v=DMARC1; p=reject"',
        },
      },
    ],
    ['two authors', { from: ['jo@example.com, al@example.com'] }],
    ['two From fields', { from: ['jo@example.com', 'jo@example.com'] }],
    ['no From field', { from: [] }],
  ] as const) {
    test(what, async () => {
      const { result, location } = await check(setting as Setting)
      assert.deepEqual([result, location], ['skipped', null])
    })
  }

  test('a quarantine for all qualifies', async () => {
    const zones = { dmarc: '_dmarc.example.com TXT "v=DMARC1; p=quarantine; pct=100"' }
    assert.equal((await check({ zones })).result, 'found')
  })
})

describe('records', () => {
  for (const [text, expected] of [
    ['v=BIMI1; l=https://a.example/x.svg', 'https://a.example/x.svg'],
    ['v=BIMI1;l=https://a.example/x.svgz;', 'https://a.example/x.svgz'],
    ['v=BIMI1; l=HTTPS://a.example:8443/x?y#z', 'HTTPS://a.example:8443/x?y#z'],
    ['v=BIMI1; a=; avp=personal; l= https://a.example/x ; unknown=1', 'https://a.example/x'],
    ['v=BIMI1; l=', null],
    ['v=BIMI1', 'l= is missing'],
    ['v=BIMI1; l=https://a.example/x.png', 'no SVG image'],
    ['v=BIMI1; l=https://localhost/x.svg', 'no fully qualified host name'],
    ['v=BIMI1; l=https://user@a.example/x.svg', 'no fully qualified host name'],
    ['v=BIMI1; l=data:image/svg+xml', 'not an https: URI'],
    ['v=BIMI1; l=https://a.example/x.svg,https://b.example/x.svg', 'no URI'],
    ['v=BIMI1; l=https://a.example/"x.svg', 'no URI'],
    ['v=BIMI1; l=https://a.example/x.svg; l=https://b.example/x.svg', 'twice'],
    ['v=BIMI1; l=; a=http://a.example/vmc.pem', 'a= is not an https: URI'],
  ] as const) {
    test(text, () => {
      const record = readBimiRecord(text)
      if (typeof record === 'string') assert.ok(record.includes(expected ?? 'nothing'), record)
      else assert.equal(record.location, expected)
    })
  }

  test('the preference for pictures is one of two', () => {
    const avatar = (text: string): unknown => (readBimiRecord(text) as { avatar: string }).avatar
    assert.equal(avatar('v=BIMI1; l=; avp=personal'), 'personal')
    assert.equal(avatar('v=BIMI1; l=; avp=other'), 'brand')
    assert.equal(avatar('v=BIMI1; l='), 'brand')
  })

  test('selectors of fields and of local parts', () => {
    for (const [text, expected] of [
      ['v=BIMI1; s=Winter.2026', 'winter.2026'],
      ['s=x; v=BIMI1', null],
      ['v=BIMI2; s=x', null],
      ['v=BIMI1', null],
      ['v=BIMI1; s=a..b', null],
      ['v=BIMI1; s=_bimi', null],
      [`v=BIMI1; s=${'a'.repeat(64)}`, null],
    ] as const) {
      assert.equal(readBimiSelector(text), expected, text)
    }
    for (const [local, expected] of [
      ['Jo', 'jo'],
      ['jo+tag', 'jo'],
      ['jo._.x', 'jo-x'],
      ['..jo..', 'jo'],
      ['jö', null],
      ['a b', null],
      ['+', null],
      ['a'.repeat(64), null],
    ] as const) {
      assert.equal(localPartSelector(local), expected, local)
    }
  })

  test('texts without end take linear time', () => {
    const begin = process.hrtime.bigint()
    readBimiRecord(`v=BIMI1; l=https://${'a.'.repeat(500_000)}`)
    readBimiSelector(`v=BIMI1; s=${'a-'.repeat(500_000)}`)
    localPartSelector(`${'-'.repeat(1_000_000)}a`)
    localPartSelector(`a${'-'.repeat(1_000_000)}b`)
    assert.ok(Number(process.hrtime.bigint() - begin) / 1e6 < 2000)
  })
})

test('a check of a message looks for its logo when it is asked to, and tells of fields that only we may write', async () => {
  const DOMAIN = 'football.example.com'
  const zones = `
    _dmarc.${DOMAIN} TXT "v=DMARC1; p=reject"
    brisbane._domainkey.${DOMAIN} TXT "${ED25519_RECORD}"
    summer._bimi.${DOMAIN} TXT "v=BIMI1; l=${LOGO}"
  `
  const text = message(`BIMI-Selector: v=BIMI1; s=summer\n${JOE}`)
  const key = { domain: DOMAIN, selector: 'brisbane', privateKey: RFC8463_ED25519 }
  const fields = await dkimSign(text, {
    keys: [key],
    now: NOW,
    headers: ['from', 'subject', 'bimi-selector'],
  })
  const forged = 'BIMI-Location: v=BIMI1; l=https://evil.example/logo.svg\r\n'
  const bytes = Buffer.concat([Buffer.from(forged + fields), text])
  for (const bimi of [true, false]) {
    const world = new VirtualWorld({ zones, now: NOW })
    const runtime = world.host()
    const checking = new MessageCheck(
      { ip: '192.0.2.1' },
      { resolver: runtime, runtime, authservId: 'mx.test', bimi },
    )
    checking.push(bytes)
    const verdict = await world.run(checking.finish())
    assert.equal(verdict.bimi?.location, bimi ? LOGO : undefined)
    assert.deepEqual(
      verdict.forged.map(({ start, end }) => bytes.toString('latin1').slice(start, end)),
      [forged],
    )
  }
})
