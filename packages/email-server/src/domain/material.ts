// All that is needed to operate as @domain: keys, records, policies, and whether the DNS has them. RFC 6376, 7208, 9989, 8461, 8460, 6186.
import { optionError } from '../base/errors.ts'
import { readStsPolicy, readStsRecords } from '../delivery/index.ts'
import { listOption, nameOption, objectOption, textOption } from './check-options.ts'
import { buildClients, type ClientMaterial, type ClientOptions } from './clients.ts'
import { buildKeys, type DkimKeyMaterial, type DkimKeyOptions } from './keys.ts'
import { buildMtaSts, type MtaStsOptions, policyHosts } from './mta-sts.ts'
import type { DomainWorld, MxHost, PublishedDomain } from './published.ts'
import { type RequiredRecord, zoneFile } from './records.ts'
import { buildTlsRpt, type TlsRptOptions } from './tls-rpt.ts'
import type { DnsVerification, StsReaders, VerifyDnsOptions } from './verification.ts'

export interface DomainMailOptions {
  /** One key, or several: for rotation, or to sign by both algorithms. Default: one new RSA key of 2048 bits. */
  readonly dkim?: DkimKeyOptions | readonly DkimKeyOptions[]
  readonly policy?: {
    /** Default `v=spf1 mx ~all`: the hosts that take mail send it, too. */
    readonly spfTxt?: string
    /** Default `v=DMARC1; p=quarantine`. */
    readonly dmarcTxt?: string
  }
  /** The hosts that take mail for the domain. Default: those of `mtaSts.mx`, else `mx.<domain>`. */
  readonly mx?: string | MxHost | readonly (string | MxHost)[]
  /** Asks senders for TLS. Default: no policy. */
  readonly mtaSts?: MtaStsOptions
  /** Asks senders to report failures of TLS. Default: no reports. */
  readonly tlsRpt?: TlsRptOptions
  /** Lets mail programs set themselves up; `true` for the defaults. Default: no records for them. */
  readonly clients?: ClientOptions | true
}

export interface DomainMailMaterial extends PublishedDomain {
  /** The first key. */
  readonly dkim: DkimKeyMaterial
  /** Null without the option of that name. */
  readonly clients: ClientMaterial | null
  /** All records to create. */
  readonly requiredDNS: readonly RequiredRecord[]
  /** The same as lines of a zone file. */
  readonly zoneFile: string
  /**
   * Asks the DNS for each record and says what was found, what was expected and what to do. The error is ECONFIG for wrong options; what the
   * DNS says or fails to say is a result.
   */
  verifyDNS(callback: VerifyDnsCallback): void
  verifyDNS(options: VerifyDnsOptions, callback: VerifyDnsCallback): void
  verifyDNS(options?: VerifyDnsOptions): Promise<DnsVerification>
}

export type VerifyDnsCallback = (error: Error | null, results?: DnsVerification) => void

/** The material with what these options ask for known to be there. */
export type MaterialOf<O extends DomainMailOptions> = DomainMailMaterial & {
  [K in 'mtaSts' | 'tlsRpt' | 'clients']: O extends { readonly [P in K]: object | true }
    ? NonNullable<DomainMailMaterial[K]>
    : DomainMailMaterial[K]
}

/** Handed to the file that comes late: what it would import itself became one more file to load at every start. */
const STS: StsReaders = { readStsPolicy, readStsRecords }

const KNOWN = ['dkim', 'policy', 'mx', 'mtaSts', 'tlsRpt', 'clients'] as const

/** Everything that a mail domain needs. A new RSA key takes some 100 ms. Throws ECONFIG that names the option. */
export function buildDomainMailMaterial<const O extends DomainMailOptions>(
  domain: string,
  options: O,
  world: DomainWorld,
): MaterialOf<O> {
  const given = objectOption(options, 'options', KNOWN) as DomainMailOptions
  const name = nameOption(domain, 'domain')
  const mx = mxOf(name, given)
  const hosts = mx.map(({ host }) => host)
  const policy = policyOf(given.policy ?? {})
  const mtaSts = given.mtaSts === undefined ? null : buildMtaSts(name, given.mtaSts, hosts)
  const stsHost = given.mtaSts?.host === undefined ? hosts[0]! : nameOption(given.mtaSts.host, 'mtaSts.host')
  const tlsRpt = given.tlsRpt === undefined ? null : buildTlsRpt(name, given.tlsRpt)
  const clients =
    given.clients === undefined
      ? null
      : buildClients(name, given.clients === true ? {} : given.clients, hosts[0]!)
  const dkimKeys = buildKeys(name, given.dkim ?? {}, monthOf(world.now()))
  const plain = { domain: name, dkim: dkimKeys[0]!, dkimKeys, policy, mx, mtaSts, tlsRpt }
  const requiredDNS = [...recordsOf(plain, stsHost), ...(clients?.records ?? [])]
  const material: DomainMailMaterial = {
    ...plain,
    clients: clients?.clients ?? null,
    requiredDNS,
    zoneFile: zoneFile(requiredDNS),
    verifyDNS: ((...rest: readonly unknown[]) =>
      answer(rest, async options =>
        (await import('./verify-dns.ts')).verifyDns(plain, options, world, STS),
      )) as DomainMailMaterial['verifyDNS'],
  }
  return material as MaterialOf<O>
}

function mxOf(domain: string, options: DomainMailOptions): Required<MxHost>[] {
  if (options.mx === undefined) {
    const named = policyHosts(options.mtaSts).filter(host => !host.startsWith('*.'))
    return (named.length > 0 ? named : [`mx.${domain}`]).map((host, i) => ({ host, priority: 10 * (i + 1) }))
  }
  let next = 10
  return listOption(options.mx, 'mx', (item, path) => {
    const { host, priority = next } =
      typeof item === 'string'
        ? { host: item }
        : (objectOption(item, path, ['host', 'priority']) as Partial<MxHost>)
    if (!Number.isInteger(priority) || priority < 0 || priority > 65_535) {
      throw optionError(`${path}.priority`, 'a whole number from 0 to 65535', priority)
    }
    next = Math.min(priority + 10, 65_535)
    return { host: nameOption(host, typeof item === 'string' ? path : `${path}.host`), priority }
  })
}

function policyOf(options: unknown): DomainMailMaterial['policy'] {
  const { spfTxt, dmarcTxt } = objectOption(options, 'policy', ['spfTxt', 'dmarcTxt'])
  const policy = {
    spfTxt: textOption(spfTxt ?? 'v=spf1 mx ~all', 'policy.spfTxt'),
    dmarcTxt: textOption(dmarcTxt ?? 'v=DMARC1; p=quarantine', 'policy.dmarcTxt'),
  }
  // RFC 7208 §4.5, RFC 9989 §4.8: what begins otherwise is no such record
  if (!/^v=spf1(?: |$)/i.test(policy.spfTxt))
    throw optionError('policy.spfTxt', 'a text that begins with v=spf1', spfTxt)
  if (!/^v *= *DMARC1 *(?:;|$)/.test(policy.dmarcTxt)) {
    throw optionError('policy.dmarcTxt', 'a text that begins with v=DMARC1', dmarcTxt)
  }
  return policy
}

type Published = Pick<DomainMailMaterial, 'domain' | 'dkimKeys' | 'policy' | 'mx' | 'mtaSts' | 'tlsRpt'>

function recordsOf(
  { domain, dkimKeys, policy, mx, mtaSts, tlsRpt }: Published,
  stsHost: string,
): RequiredRecord[] {
  const txt = (name: string, value: string, purpose: string): RequiredRecord => ({
    type: 'TXT',
    name,
    value,
    purpose,
  })
  return [
    ...mx.map(({ host, priority }): RequiredRecord => {
      return { type: 'MX', name: domain, value: host, priority, purpose: 'where mail for the domain goes' }
    }),
    txt(domain, policy.spfTxt, 'which machines send mail of the domain (SPF)'),
    ...dkimKeys.map(key => txt(key.dnsName, key.dnsValue, `the key that signs its mail (DKIM, ${key.algo})`)),
    txt(
      `_dmarc.${domain}`,
      policy.dmarcTxt,
      'what to do with mail that only claims to be of the domain (DMARC)',
    ),
    ...(mtaSts
      ? [
          txt(mtaSts.dnsName, mtaSts.dnsValue, 'there is a policy on TLS, and this is its version (MTA-STS)'),
          {
            ...{ type: 'CNAME' as const, name: `mta-sts.${domain}`, value: stsHost },
            purpose: `the web server of ${mtaSts.policyUrl}`,
          },
        ]
      : []),
    ...(tlsRpt ? [txt(tlsRpt.dnsName, tlsRpt.value, 'where to report failures of TLS (TLS-RPT)')] : []),
  ]
}

function monthOf(now: number): string {
  const date = new Date(now)
  return `${date.getUTCFullYear()}${String(date.getUTCMonth() + 1).padStart(2, '0')}`
}

/** `(options?, callback?)`: with a callback it is called once, without one there is a promise. */
function answer(
  rest: readonly unknown[],
  run: (options: VerifyDnsOptions) => Promise<DnsVerification>,
): Promise<DnsVerification> | undefined {
  const callback = rest.find(value => typeof value === 'function') as VerifyDnsCallback | undefined
  const result = run(typeof rest[0] === 'object' && rest[0] !== null ? rest[0] : {})
  if (!callback) return result
  result.then(
    value => callback(null, value),
    error => callback(error as Error),
  )
  return undefined
}
