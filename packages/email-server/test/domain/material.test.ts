// What a domain gets: keys, records, policies; what is refused, and by which name.
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  buildDomainMailMaterial,
  type DomainMailOptions,
  generateDkimKey,
  type MaterialOf,
  signingKeys,
  txtStrings,
  zoneLine,
} from '../../src/domain/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import { dkimSign, dkimVerify } from '../../src/trust/index.ts'
import { JOE, message, RFC8463_ED25519, RFC8463_RSA, zone } from '../trust/kit.ts'

/** 2026-11-24 */
const NOW = Date.UTC(2026, 10, 24)
const world = new VirtualWorld({ now: NOW }).host()
/** A fixed key, so that no test waits for primes that does not have to. */
const ED = RFC8463_ED25519
const build = <const O extends DomainMailOptions>(options: O, domain = 'example.com'): MaterialOf<O> =>
  buildDomainMailMaterial(domain, options, world)

describe('the material of a domain', () => {
  test('without options: a new RSA key of 2048 bits with a selector of the month, SPF, DMARC, one MX', () => {
    const mat = build({})
    assert.deepEqual(
      mat.requiredDNS.map(({ type, name }) => `${type} ${name}`),
      ['MX example.com', 'TXT example.com', 'TXT s202611._domainkey.example.com', 'TXT _dmarc.example.com'],
    )
    assert.equal(mat.domain, 'example.com')
    assert.deepEqual([mat.dkim.selector, mat.dkim.algo, mat.dkim.bits], ['s202611', 'rsa-sha256', 2048])
    assert.equal(createPrivateKey(mat.dkim.privateKey).asymmetricKeyType, 'rsa')
    assert.deepEqual(mat.mx, [{ host: 'mx.example.com', priority: 10 }])
    assert.deepEqual([mat.mtaSts, mat.tlsRpt, mat.clients], [null, null, null])
    assert.notEqual(mat.dkim.privateKey, build({}).dkim.privateKey)
  })

  test('as the specification has it', () => {
    const mat = build({
      dkim: { algo: 'ed25519-sha256', selector: 's202604', privateKey: ED },
      policy: { spfTxt: 'v=spf1 mx a ~all', dmarcTxt: 'v=DMARC1; p=reject; adkim=s;' },
      mtaSts: { mode: 'enforce', mx: ['mx.example.com'], maxAgeSeconds: 604800 },
      tlsRpt: { ruaEmail: 'tls-reports@example.com' },
    })
    assert.equal(mat.dkim.dnsName, 's202604._domainkey.example.com')
    // RFC 8463 §A.2
    assert.equal(mat.dkim.dnsValue, 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=')
    assert.equal(mat.mtaSts.policyUrl, 'https://mta-sts.example.com/.well-known/mta-sts.txt')
    assert.equal(
      mat.mtaSts.policy,
      'version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 604800\r\n',
    )
    assert.equal(mat.tlsRpt.value, 'v=TLSRPTv1; rua=mailto:tls-reports@example.com')
    assert.deepEqual(
      mat.requiredDNS.map(({ type, name, value }) => [type, name, value]),
      [
        ['MX', 'example.com', 'mx.example.com'],
        ['TXT', 'example.com', 'v=spf1 mx a ~all'],
        ['TXT', 's202604._domainkey.example.com', mat.dkim.dnsValue],
        ['TXT', '_dmarc.example.com', 'v=DMARC1; p=reject; adkim=s;'],
        ['TXT', '_mta-sts.example.com', `v=STSv1; id=${mat.mtaSts.id};`],
        ['CNAME', 'mta-sts.example.com', 'mx.example.com'],
        ['TXT', '_smtp._tls.example.com', 'v=TLSRPTv1; rua=mailto:tls-reports@example.com'],
      ],
    )
  })

  test('a domain of another script is written as A-labels everywhere', () => {
    const mat = build({ dkim: { privateKey: ED }, mx: 'post.Bücher.example', mtaSts: {} }, 'Bücher.example')
    assert.equal(mat.domain, 'xn--bcher-kva.example')
    assert.equal(mat.mtaSts.mx[0], 'post.xn--bcher-kva.example')
    for (const { name, value } of mat.requiredDNS) assert.match(name + value, /^[\x20-\x7e]+$/)
  })

  test('the version of a policy is the same as long as the policy is, and another with another policy', () => {
    const id = (maxAgeSeconds: number) =>
      build({ dkim: { privateKey: ED }, mtaSts: { maxAgeSeconds } }).mtaSts.id
    assert.equal(id(60), id(60))
    assert.notEqual(id(60), id(61))
    assert.match(id(60), /^[A-Za-z0-9]{1,32}$/)
  })

  test('MX hosts keep their order and their preferences', () => {
    const { mx } = build({
      dkim: { privateKey: ED },
      mx: ['a.example', { host: 'b.example', priority: 5 }, 'c.example'],
    })
    assert.deepEqual(
      mx.map(({ host, priority }) => `${priority} ${host}`),
      ['10 a.example', '5 b.example', '15 c.example'],
    )
  })

  test('a wildcard of the MTA-STS policy is no MX host', () => {
    const mat = build({ dkim: { privateKey: ED }, mtaSts: { mx: ['*.example.net', 'mx.example.com'] } })
    assert.deepEqual(
      mat.mx.map(({ host }) => host),
      ['mx.example.com'],
    )
    assert.match(mat.mtaSts.policy, /\r\nmx: \*\.example\.net\r\nmx: mx\.example\.com\r\n/)
  })
})

describe('keys', () => {
  const rsa = createPrivateKey(RFC8463_RSA)
  for (const [what, privateKey] of [
    ['PKCS #1', RFC8463_RSA],
    ['PKCS #8', rsa.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['PEM as bytes', Buffer.from(RFC8463_RSA)],
    ['a key object', rsa],
  ] as const) {
    test(`an existing key is taken as ${what}, and comes out as PKCS #8`, () => {
      const { dkim } = build({ dkim: { privateKey } })
      assert.match(dkim.privateKey, /^-----BEGIN PRIVATE KEY-----/)
      assert.equal(
        dkim.dnsValue,
        // RFC 8463 §A.2, RFC 6376 §C
        'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
      )
      assert.equal(dkim.bits, 1024)
    })
  }

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const small = generateKeyPairSync('rsa', { modulusLength: 512 })
  const pem = (key: typeof ec.privateKey, extra = {}) =>
    key.export({ type: 'pkcs8', format: 'pem', ...extra }) as string
  for (const [what, privateKey, expected, algo] of [
    ['an elliptic curve', pem(ec.privateKey), /dkim\.privateKey must be an RSA or Ed25519 key, not "ec"/],
    ['Ed448', pem(generateKeyPairSync('ed448').privateKey), /not "ed448"/],
    ['RSA-PSS', pem(generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).privateKey), /not "rsa-pss"/],
    ['a small one', pem(small.privateKey), /must have 1024 bits or more, not 512/],
    ['a public key', createPublicKey(ED).export({ type: 'spki', format: 'pem' }), /not a public key/],
    ['a public key object', createPublicKey(ED), /not a public key/],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', /not a certificate/],
    [
      'one with a passphrase',
      pem(ED, { cipher: 'aes-256-cbc', passphrase: 'x' }),
      /not one with a passphrase/,
    ],
    [
      'one of OpenSSH',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n',
      /not a key in OpenSSH's/,
    ],
    ['text', 'secret words', /not text that is none/],
    ['a number', 7, /dkim\.privateKey must be a private key in PEM or a private KeyObject/],
    [
      'a key for the other algorithm',
      ED,
      /must be a key for rsa-sha256, not one of type ed25519/,
      'rsa-sha256',
    ],
  ] as const) {
    test(`a key of the wrong kind is refused by name, and never quoted: ${what}`, () => {
      const dkim = { privateKey, ...(algo && { algo }) } as DomainMailOptions['dkim']
      assert.throws(
        () => build({ dkim: dkim! }),
        error => {
          assert.equal((error as { code?: string }).code, 'ECONFIG')
          assert.match(String(error), expected)
          assert.doesNotMatch(String(error), /secret words|MII|b3Bl/)
          return true
        },
      )
    })
  }

  test('several selectors: the same month has several names, and those that only wait do not sign', () => {
    const mat = build({
      dkim: [{ algo: 'ed25519-sha256' }, { privateKey: ED }, { privateKey: RFC8463_RSA, signs: false }],
    })
    assert.deepEqual(
      mat.dkimKeys.map(({ selector }) => selector),
      ['s202611', 's202611b', 's202611c'],
    )
    assert.equal(mat.dkim, mat.dkimKeys[0])
    assert.equal(mat.requiredDNS.filter(({ name }) => name.includes('_domainkey')).length, 3)
    assert.deepEqual(
      signingKeys(mat).map(({ selector, algorithm }) => `${selector} ${algorithm}`),
      ['s202611 ed25519-sha256', 's202611b ed25519-sha256'],
    )
  })

  test('what is signed with the keys of a domain is verified with the records that it publishes', async () => {
    const mat = build({ dkim: [{}, { algo: 'ed25519-sha256' }] }, 'football.example.com')
    const fields = await dkimSign(message(JOE), { keys: signingKeys(mat), now: NOW })
    const records = Object.fromEntries(mat.dkimKeys.map(({ dnsName, dnsValue }) => [dnsName, dnsValue]))
    const signed = Buffer.concat([Buffer.from(fields), message(JOE)])
    const { signatures } = await dkimVerify(signed, { resolver: zone(records), now: NOW })
    assert.deepEqual(
      signatures.map(({ result, alignment }) => `${result} ${alignment}`),
      ['pass same', 'pass same'],
    )
  })

  test('the keys of material that was kept as JSON are found again; a bare name has none', () => {
    const { domain, dkim, dkimKeys } = build({ dkim: { privateKey: ED } })
    const kept = JSON.parse(JSON.stringify({ domain, dkim, dkimKeys }))
    assert.equal(signingKeys(kept)[0]?.selector, 's202611')
    assert.equal(
      signingKeys({ domain, dkim: { selector: 'x', privateKey: RFC8463_RSA } })[0]?.algorithm,
      'rsa-sha256',
    )
    assert.deepEqual(signingKeys('example.com'), [])
    assert.deepEqual(signingKeys({ domain: 'example.com' }), [])
    assert.throws(() => signingKeys({ domain, dkim: { selector: 'x', privateKey: 'y' } }), {
      code: 'ECONFIG',
      message: /dkim\.privateKey/,
    })
  })

  test('a key can be made beside the event loop', async () => {
    const [rsaKey, edKey] = await Promise.all([
      generateDkimKey(),
      generateDkimKey({ algo: 'ed25519-sha256' }),
    ])
    assert.equal(createPrivateKey(rsaKey).asymmetricKeyDetails?.modulusLength, 2048)
    assert.equal(build({ dkim: { privateKey: edKey } }).dkim.algo, 'ed25519-sha256')
    assert.throws(() => generateDkimKey({ bits: 1024 as 2048 }), { code: 'ECONFIG', message: /bits/ })
  })
})

describe('options of the wrong kind are refused by their names', () => {
  for (const [options, expected] of [
    [{ dkims: {} }, /there is no option "options\.dkims"/],
    [{ dkim: 'pem' }, /option dkim must be an object/],
    [{ dkim: { algorithm: 'x' } }, /there is no option "dkim\.algorithm"; there are algo, selector/],
    [{ dkim: { algo: 'rsa-sha1' } }, /option dkim\.algo must/],
    [{ dkim: { bits: 1024 } }, /option dkim\.bits must/],
    [{ dkim: { privateKey: ED, selector: 'a b' } }, /option dkim\.selector must/],
    [{ dkim: { privateKey: ED, selector: 'a\r\nb' } }, /option dkim\.selector must/],
    [
      { dkim: { privateKey: ED, selector: `${'a'.repeat(60)}.`.repeat(4).slice(0, -1) } },
      /option dkim\.selector must be short/,
    ],
    [{ dkim: [] }, /option dkim must be 1 to 8 keys/],
    [
      {
        dkim: [
          { privateKey: ED, selector: 'a' },
          { privateKey: ED, selector: 'A' },
        ],
      },
      /option dkim\[1\]\.selector must/,
    ],
    [{ dkim: { privateKey: ED, signs: false } }, /option dkim must be a list with a key that signs/],
    [{ policy: { spf: 'x' } }, /there is no option "policy\.spf"/],
    [{ policy: { spfTxt: 'v=spf2 a' } }, /option policy\.spfTxt must be a text that begins with v=spf1/],
    [{ policy: { spfTxt: 'v=spf1 a\nb' } }, /option policy\.spfTxt must/],
    [{ policy: { dmarcTxt: 'p=none' } }, /option policy\.dmarcTxt must/],
    [{ mx: [] }, /option mx must be a list of 1 to 50/],
    [{ mx: 'localhost' }, /option mx must be a domain name/],
    [{ mx: ['a.example', '192.0.2.1 x'] }, /option mx\[1\] must/],
    [{ mx: { host: 'a.example', priority: 65_536 } }, /option mx\.priority must/],
    [{ mtaSts: true }, /option mtaSts must be an object/],
    [{ mtaSts: { mode: 'strict' } }, /option mtaSts\.mode must/],
    [{ mtaSts: { maxAgeSeconds: 31_557_601 } }, /option mtaSts\.maxAgeSeconds must/],
    [{ mtaSts: { mx: '*.*.example' } }, /option mtaSts\.mx must/],
    [{ mtaSts: { id: 'a-b' } }, /option mtaSts\.id must/],
    [{ mtaSts: { host: 1 } }, /option mtaSts\.host must/],
    [
      { mx: 'other.example', mtaSts: { mx: 'mx.example.com' } },
      /option mtaSts\.mx must allow other\.example/,
    ],
    [{ mx: 'a.b.example.net', mtaSts: { mx: '*.example.net' } }, /must allow a\.b\.example\.net/],
    [{ tlsRpt: {} }, /option tlsRpt must have ruaEmail or rua/],
    [{ tlsRpt: { ruaEmail: 'nobody' } }, /option tlsRpt\.ruaEmail must/],
    [{ tlsRpt: { ruaEmail: 'a;b\n@example.com' } }, /option tlsRpt\.ruaEmail must/],
    [{ tlsRpt: { rua: 'http://example.com' } }, /option tlsRpt\.rua must/],
    [
      { tlsRpt: { rua: ['mailto:a@b.example', 'mailto:a@b.example,mailto:c@d.example'] } },
      /option tlsRpt\.rua\[1\] must/,
    ],
    [{ clients: { services: { imap4: 1 } } }, /there is no option "clients\.services\.imap4"/],
    [{ clients: { services: { imap: 0 } } }, /option clients\.services\.imap must/],
    [{ clients: { displayName: 'a\u0000' } }, /option clients\.displayName must/],
    [{ clients: { host: 'a b.example' } }, /option clients\.host must/],
  ] as const) {
    test(String(expected), () => {
      // a key that is there already is not made
      const all = 'dkim' in options ? options : { dkim: { privateKey: ED }, ...options }
      assert.throws(() => build(all as DomainMailOptions), { code: 'ECONFIG', message: expected })
    })
  }

  test('domains that are none', () => {
    for (const domain of ['', 'localhost', 'a..b', 'a b.example', '[192.0.2.1]', 'a\r\n.example', 7]) {
      assert.throws(() => build({}, domain as string), { code: 'ECONFIG', message: /option domain must/ })
    }
  })
})

describe('addresses for TLS reports', () => {
  test('what RFC 8460 §3 keeps for itself is encoded', () => {
    const { tlsRpt } = build({ dkim: { privateKey: ED }, tlsRpt: { ruaEmail: 'a+b!c;d,e@Bücher.example' } })
    assert.equal(tlsRpt.value, 'v=TLSRPTv1; rua=mailto:a+b%21c%3Bd%2Ce@xn--bcher-kva.example')
  })

  test('several destinations', () => {
    const rua = ['mailto:a@b.example', 'https://reports.example/v1']
    const { tlsRpt } = build({ dkim: { privateKey: ED }, tlsRpt: { rua } })
    assert.equal(tlsRpt.value, 'v=TLSRPTv1; rua=mailto:a@b.example,https://reports.example/v1')
  })
})

describe('lines of a zone file', () => {
  test('one for each type', () => {
    const { zoneFile } = build({
      dkim: { privateKey: ED },
      mtaSts: {},
      clients: { host: 'mail.example.com' },
    })
    const lines = zoneFile.split('\n').filter(line => line !== '' && !line.startsWith(';'))
    for (const expected of [
      'example.com. IN MX 10 mx.example.com.',
      'example.com. IN TXT "v=spf1 mx ~all"',
      '_dmarc.example.com. IN TXT "v=DMARC1; p=quarantine"',
      'mta-sts.example.com. IN CNAME mx.example.com.',
      '_imaps._tcp.example.com. IN SRV 0 1 993 mail.example.com.',
      // RFC 6186 §3.4: a service that there is not
      '_imap._tcp.example.com. IN SRV 0 0 0 .',
      // RFC 8314 §5.1
      '_submissions._tcp.example.com. IN SRV 0 1 465 mail.example.com.',
      '_submission._tcp.example.com. IN SRV 5 1 587 mail.example.com.',
    ]) {
      assert.ok(lines.includes(expected), expected)
    }
  })

  test('a long TXT record is cut at 255 octets, and joined again it is the same', () => {
    const { dkim } = build({ dkim: { bits: 4096 } })
    const strings = txtStrings(dkim.dnsValue)
    assert.deepEqual(
      strings.map(({ length }) => length),
      [255, 255, dkim.dnsValue.length - 510],
    )
    assert.equal(strings.join(''), dkim.dnsValue)
    assert.deepEqual(txtStrings('a'.repeat(255)), ['a'.repeat(255)])
    assert.deepEqual(txtStrings('a'.repeat(256)), ['a'.repeat(255), 'a'])
    assert.deepEqual(txtStrings(''), [''])
    // no character is cut in two
    assert.deepEqual(txtStrings(`${'a'.repeat(254)}ü`), ['a'.repeat(254), 'ü'])
  })

  test('quotes, backslashes and what is not ASCII are escaped (RFC 1035 §5.1)', () => {
    const record = { type: 'TXT', name: 'a.example', value: 'say "x\\y" ü', purpose: '' } as const
    assert.equal(zoneLine(record), 'a.example. IN TXT "say \\"x\\\\y\\" \\195\\188"')
  })
})
