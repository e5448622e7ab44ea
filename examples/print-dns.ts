// What the DNS of a domain must have for mail, and whether it has it:
//
//     node examples/print-dns.ts example.com            prints the records
//     node examples/print-dns.ts example.com verify     asks the DNS for them
//
// The DKIM key is made at the first run and kept in example.com.pem.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { buildDomainMailMaterial } from 'email-server'

const [domain = 'example.com', command = 'print'] = process.argv.slice(2)
const keyFile = `${domain}.pem`

const mat = buildDomainMailMaterial(domain, {
  dkim: { selector: 's1', ...(existsSync(keyFile) && { privateKey: readFileSync(keyFile) }) },
  policy: { dmarcTxt: 'v=DMARC1; p=reject' },
  mtaSts: { mode: 'testing', mx: [`mx.${domain}`] },
  tlsRpt: { ruaEmail: `tls-reports@${domain}` },
  clients: { host: `mail.${domain}` },
})
writeFileSync(keyFile, mat.dkim.privateKey, { mode: 0o600 })

if (command === 'verify') {
  const { ok, records } = await mat.verifyDNS()
  for (const { status, type, name, advice } of records) console.log(`${status}: ${type} ${name}: ${advice}`)
  console.log(ok ? 'All is right.' : 'Not all is right yet.')
} else {
  for (const { type, name, value, priority } of mat.requiredDNS) {
    console.log(type, name, priority ?? '', value)
  }
  console.log('\nThe same as lines of a zone file:\n')
  console.log(mat.zoneFile)
}
