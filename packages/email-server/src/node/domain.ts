// buildDomainMailMaterial with the clock, the DNS and the HTTPS of this machine.
import { buildDomainMailMaterial as build, type DomainMailOptions, type MaterialOf } from '../domain/index.ts'
import { nodeRuntime } from './runtime.ts'

/**
 * Everything needed to operate as @domain: DKIM keys, all DNS records, the MTA-STS policy with its handler, TLS reports, settings for mail programs.
 *
 *     const mat = buildDomainMailMaterial('example.com', {
 *       dkim: { algo: 'ed25519-sha256', selector: 's202604', privateKey: pem },  // default: a new RSA key of 2048 bits
 *       mtaSts: { mode: 'enforce', mx: ['mx.example.com'] },
 *       tlsRpt: { ruaEmail: 'tls-reports@example.com' },
 *     })
 *     console.log(mat.zoneFile)          // or mat.requiredDNS: [{ type, name, value, … }]
 *     https.createServer({ cert, key }, mat.mtaSts.serve).listen(443)
 *     const dns = await mat.verifyDNS()  // { dkim: true, spf: true, …, records: [what was found, what to do] }
 *
 * It is synchronous: a new RSA key takes some 100 ms, which `generateDkimKey()` spends beside the event loop. Keep `mat.dkim.privateKey` and
 * `mat.dkim.selector`, and give them back the next time: every call without a key makes a new one. Throws ECONFIG that names the option.
 */
export function buildDomainMailMaterial<const O extends DomainMailOptions>(
  domain: string,
  options: O = {} as O,
): MaterialOf<O> {
  return build(domain, options, nodeRuntime)
}
