// opendkim verifies what we sign with the keys and records of a domain's material, we verify what it signs; Python's DNS library reads the zone file.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { buildDomainMailMaterial, dkimSign, dkimVerify, signingKeys } from 'email-server'

const run = promisify(execFile)
const DOMAIN = 'football.example.com'
const mat = buildDomainMailMaterial(DOMAIN, {
  dkim: [{ selector: 'rsa' }, { selector: 'ed', algo: 'ed25519-sha256' }],
  mtaSts: { mode: 'enforce' },
  tlsRpt: { ruaEmail: `tls@${DOMAIN}` },
  clients: true,
})
const resolver = {
  async resolve(name: string) {
    const value = mat.dkimKeys.find(({ dnsName }) => dnsName === name)?.dnsValue
    return value === undefined
      ? ({ ok: false, failure: 'nxdomain' } as const)
      : ({ ok: true, records: [{ value }] } as const)
  },
}
const FROM = `From: Joe SixPack <joe@${DOMAIN}>\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700\r\n`
// One space behind each colon: its test mode reads messages as an old sendmail hands them over, without what else was there.
const MESSAGES = [
  `${FROM}To: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n\r\nHi.\r\n\r\nWe lost.  Hungry?\r\n`,
  `${FROM}Subject: a  \t b\r\n\t  c   \r\nTo: x@example.com\r\n\r\n  a \t b  \r\n\t\r\n \r\n\r\nend \r\n \r\n`,
  `${FROM}Subject: lines at the end\r\n\r\ntext\r\n\r\n\r\n\r\n`,
  `${FROM}Content-Type: text/plain\r\nMIME-Version: 1.0\r\n\r\n${`${'QUJD'.repeat(18)}\r\n`.repeat(500)}`,
].map(text => Buffer.from(text))
const WAYS = ['relaxed/relaxed', 'simple/simple', 'relaxed/simple', 'simple/relaxed'] as const

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opendkim-'))
  const records = mat.dkimKeys.map(({ dnsName, dnsValue }) => `${dnsName} ${dnsValue}\n`)
  await writeFile(join(folder, 'dns'), records.join(''))
  for (const key of mat.dkimKeys) {
    await writeFile(join(folder, `${key.selector}.pem`), key.privateKey, { mode: 0o600 })
  }
})
after(() => rm(folder, { recursive: true, force: true }))

/** The fields that opendkim would add to a message, as it would write them. */
async function opendkim(message: Uint8Array, configuration: string): Promise<string> {
  await writeFile(join(folder, 'message'), message)
  await writeFile(join(folder, 'conf'), `Syslog no\n${configuration}\n`)
  const args = ['-x', join(folder, 'conf'), '-t', join(folder, 'message'), '-v', '-v']
  const { stdout } = await run('/usr/sbin/opendkim', args, { timeout: 60_000 }).catch(error => {
    // a signature that is not right ends it with another code, and it says so all the same
    if (typeof error.stdout === 'string' && error.stdout.includes('INSHEADER')) return error
    throw error
  })
  const fields = [...String(stdout).matchAll(/INSHEADER: idx=\d+ hname='([\w-]+)' hvalue='([^']*)'/g)]
  return fields.map(([, name, value]) => `${name}: ${value!.replaceAll('\n', '\r\n')}\r\n`).join('')
}

const VERIFY = () => `Mode v\nAlwaysAddARHeader yes\nTestDNSData file:${join(folder, 'dns')}`
const results = (fields: string): string[] => [...fields.matchAll(/dkim=(\w+)/g)].map(([, result]) => result!)

test('opendkim verifies what we sign, with the records that we publish', async () => {
  for (const message of MESSAGES) {
    for (const canonicalization of WAYS) {
      const fields = await dkimSign(message, { keys: signingKeys(mat), canonicalization })
      const found = await opendkim(Buffer.concat([Buffer.from(fields), message]), VERIFY())
      assert.deepEqual(results(found), ['pass', 'pass'], `${canonicalization}: ${found}`)
    }
  }
})

test('opendkim refuses what was changed behind our signature', async () => {
  const fields = await dkimSign(MESSAGES[0]!, { keys: signingKeys(mat) })
  const changed = MESSAGES[0]!.toString('latin1').replace('Hungry', 'Angry')
  const found = await opendkim(Buffer.from(fields + changed, 'latin1'), VERIFY())
  assert.deepEqual(results(found), ['fail', 'fail'], found)
})

test('we verify what opendkim signs', async () => {
  for (const message of MESSAGES) {
    for (const canonicalization of WAYS) {
      for (const { selector, algo } of mat.dkimKeys) {
        // Its field is folded anew after it was signed by Ed25519, so that it does not verify that itself.
        if (algo === 'ed25519-sha256' && canonicalization.startsWith('simple/')) continue
        const field = await opendkim(
          message,
          [
            `Mode s\nDomain ${DOMAIN}\nSelector ${selector}\nKeyFile ${join(folder, `${selector}.pem`)}`,
            `RequireSafeKeys no\nCanonicalization ${canonicalization}\nSignatureAlgorithm ${algo}`,
          ].join('\n'),
        )
        assert.match(field, /^DKIM-Signature: /)
        const { result, reason } = await dkimVerify(Buffer.concat([Buffer.from(field), message]), {
          resolver,
        })
        assert.equal(result, 'pass', `${canonicalization} ${algo}: ${reason}`)
      }
    }
  }
})

const READ_ZONE = `
import sys, json, dns.zone
zone = dns.zone.from_text(sys.stdin.read(), origin='example.com.', relativize=False, check_origin=False)
found = []
for name, node in zone.items():
    for rdataset in node:
        for rdata in rdataset:
            kind = dns.rdatatype.to_text(rdataset.rdtype)
            text = b''.join(rdata.strings).decode() if kind == 'TXT' else rdata.to_text()
            found.append([kind, name.to_text(), text])
print(json.dumps(found))
`

test('the zone file says to a DNS library what the records say', async () => {
  const child = run('/usr/bin/python3', ['-c', READ_ZONE], { timeout: 60_000 })
  child.child.stdin?.end(`$TTL 3600\n${mat.zoneFile}`)
  const found = JSON.parse((await child).stdout) as [string, string, string][]
  const expected = mat.requiredDNS.map(({ type, name, value, priority, weight, port }) => {
    const host = value === '.' ? '.' : `${value}.`
    const text = {
      TXT: value,
      CNAME: host,
      MX: `${priority} ${host}`,
      SRV: `${priority} ${weight} ${port} ${host}`,
    }[type]
    return [type, `${name}.`, text]
  })
  assert.deepEqual(found.map(String).sort(), expected.map(String).sort())
})
