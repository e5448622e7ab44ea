// Does the DNS say what it must? Each record is read as those read it who will: what means the same is the same (RFC 6376 §3.6.1, RFC 7208 §4.5,
// RFC 9989 §4.8, RFC 8461 §3.1, RFC 8460 §3). Loaded when it is first asked for.
import { hostMatches } from '../address/index.ts'
import { createPrivateKey, createPublicKey } from '../base/crypto.ts'
import { optionError } from '../base/errors.ts'
import type { DnsAnswer } from '../base/runtime.ts'
import { type Ask, queryName, withinTime } from '../dns/index.ts'
import {
  DkimKeyCache,
  type DmarcPolicy,
  findKey,
  isSpfRecord,
  readDmarcRecord,
  readSpfRecord,
  type SpfRecord,
} from '../trust/index.ts'
import { objectOption } from './check-options.ts'
import type { DkimKeyMaterial } from './keys.ts'
import type { MtaStsMaterial } from './mta-sts.ts'
import type { DomainWorld, PublishedDomain } from './published.ts'
import type { TlsRptMaterial } from './tls-rpt.ts'
import type {
  DnsCheckName,
  DnsFinding,
  DnsVerification,
  StsReaders,
  VerifyDnsOptions,
} from './verification.ts'
import { checkPolicyFile } from './verify-policy.ts'

/** What a finding says, beyond what was looked for. */
type Said = Pick<DnsFinding, 'status' | 'found' | 'advice'>

const DEFAULT_TIMEOUT_MS = 15_000

/** Rejects only with ECONFIG, for options of the wrong kind. */
export async function verifyDns(
  material: PublishedDomain,
  options: VerifyDnsOptions,
  world: DomainWorld,
  sts: StsReaders,
): Promise<DnsVerification> {
  const {
    resolver = world,
    fetch = world.fetch,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  } = objectOption(options, 'options', ['resolver', 'fetch', 'timeoutMs']) as VerifyDnsOptions
  if (typeof resolver?.resolve !== 'function') {
    throw optionError('resolver', 'an object with resolve(name, type)', resolver)
  }
  if (fetch !== undefined && fetch !== false && typeof fetch !== 'function') {
    throw optionError('fetch', 'a function or false', fetch)
  }
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw optionError('timeoutMs', 'a number of milliseconds above 0', timeoutMs)
  }
  const { dkimKeys, mtaSts, tlsRpt } = material
  const records = await withinTime({ resolver, runtime: world, timeoutMs }, ask =>
    Promise.all([
      ...dkimKeys.map(key => checkKey(key, ask)),
      checkSpf(material, ask),
      checkDmarc(material, ask),
      checkMx(material, ask),
      ...(mtaSts ? [checkSts(mtaSts, ask, sts)] : []),
      ...(mtaSts && fetch ? [checkPolicyFile(mtaSts, fetch, timeoutMs, sts)] : []),
      ...(tlsRpt ? [checkTlsRpt(tlsRpt, ask)] : []),
    ]),
  )
  const right = (check: DnsCheckName): boolean =>
    records.every(record => record.check !== check || record.status === 'right')
  return {
    dkim: right('dkim'),
    spf: right('spf'),
    dmarc: right('dmarc'),
    mx: right('mx'),
    mtaSts: mtaSts ? right('mtaSts') : null,
    tlsRpt: tlsRpt ? right('tlsRpt') : null,
    ok: records.every(({ status }) => status === 'right'),
    records,
  }
}

/** One TXT record: asks, tells the ways to have no answer apart, and lets `judge` read the texts. */
async function checkTxt(
  check: DnsCheckName,
  name: string,
  expected: string,
  ask: Ask,
  judge: (texts: readonly string[], answer: DnsAnswer) => Said | Promise<Said>,
): Promise<DnsFinding> {
  const answer = await ask(name, 'TXT')
  const base = { check, type: 'TXT', name, expected } as const
  if (!answer.ok) return { ...base, ...withoutAnswer(answer, name, 'TXT') }
  return {
    ...base,
    ...(await judge(
      answer.records.map(({ value }) => value),
      answer,
    )),
  }
}

function withoutAnswer(answer: Extract<DnsAnswer, { ok: false }>, name: string, type: string): Said {
  const missing = { status: 'missing', found: [] } as const
  const unknown = { status: 'unknown', found: [] } as const
  switch (answer.failure) {
    case 'nxdomain':
      return { ...missing, advice: `there is no name ${name}: create this ${type} record` }
    case 'nodata':
      return { ...missing, advice: `${name} has no ${type} record: create it` }
    case 'timeout':
      return {
        ...unknown,
        advice: `the DNS did not answer for ${name} in time: try again, and look whether its name servers can be reached`,
      }
    case 'servfail':
      return {
        ...unknown,
        advice: `the DNS servers cannot answer for ${name} (SERVFAIL): look after the name servers of the domain, or its DNSSEC`,
      }
  }
}

const right = (found: readonly string[], advice: string): Said => ({ status: 'right', found, advice })
const wrong = (found: readonly string[], advice: string): Said => ({ status: 'wrong', found, advice })
/** Texts are there, but none of the kind. */
const missing = (name: string, what: string): Said => {
  return { status: 'missing', found: [], advice: `${name} has no ${what}: create it` }
}

function checkKey(key: DkimKeyMaterial, ask: Ask): Promise<DnsFinding> {
  return checkTxt('dkim', key.dnsName, key.dnsValue, ask, async (found, answer) => {
    // as those see it who verify
    const seen = await findKey({ resolve: async () => answer }, new DkimKeyCache(1), key.dnsName)
    if (!seen.ok)
      return wrong(found, `receivers find no key: ${seen.reason}; replace what is there by this record`)
    const ours = createPublicKey(createPrivateKey(key.privateKey)).export({ type: 'spki', format: 'der' })
    if (!ours.equals(seen.key.key.export({ type: 'spki', format: 'der' }))) {
      return wrong(
        found,
        'another key is published, so that signatures fail: replace it, or sign with the key that is published',
      )
    }
    const { hashes, testing } = seen.key
    if (hashes !== null && !hashes.includes('sha256'))
      return wrong(found, 'h= does not allow sha256: take it away')
    if (testing)
      return wrong(
        found,
        't=y says that you are only trying, so that receivers ignore signatures: take it away',
      )
    return right(found, 'the key is published')
  })
}

function checkSpf({ domain, policy }: PublishedDomain, ask: Ask): Promise<DnsFinding> {
  const expected = policy.spfTxt
  return checkTxt('spf', domain, expected, ask, texts => {
    const found = texts.filter(isSpfRecord)
    const [text] = found
    if (text === undefined) return missing(domain, 'SPF record')
    if (found.length > 1) {
      return wrong(
        found,
        `there are ${found.length} SPF records, which is an error for all who check: join them to one`,
      )
    }
    const { record, error } = readSpfRecord(text)
    if (error !== null) return wrong(found, `the record has ${error}: replace it`)
    const wanted = readSpfRecord(expected)
    if (wanted.error !== null)
      return wrong(found, `the record that you expect has ${wanted.error}: mend policy.spfTxt`)
    if (terms(record).join(' ') === terms(wanted.record).join(' '))
      return right(found, 'the record is published')
    if (
      record.directives.some(({ qualifier, text: term }) => qualifier === 'pass' && /^\+?all$/i.test(term))
    ) {
      return wrong(found, 'the record lets all the world send in your name: replace +all')
    }
    const there = new Set(terms(record))
    const lacking = terms(wanted.record).filter(term => !there.has(term) && !/^[-~?]?all$/.test(term))
    if (lacking.length > 0)
      return wrong(found, `the record lacks ${lacking.join(' ')}: add it before the last term`)
    return right(found, 'the record has what is expected, and more')
  })
}

/** The terms as they are compared: lower case, `+` left out. */
function terms({ directives, redirect }: SpfRecord): string[] {
  const mechanisms = directives.map(({ text }) => text.toLowerCase().replace(/^\+/, ''))
  return redirect === null ? mechanisms : [...mechanisms, 'redirect']
}

function checkDmarc({ domain, policy }: PublishedDomain, ask: Ask): Promise<DnsFinding> {
  const name = `_dmarc.${domain}`
  return checkTxt('dmarc', name, policy.dmarcTxt, ask, texts => {
    const found = texts.filter(text => readDmarcRecord(text) !== null)
    const [text] = found
    if (text === undefined) {
      if (texts.length === 0) return missing(name, 'DMARC record')
      return wrong(texts, 'what is there is no DMARC record, which begins with v=DMARC1: replace it')
    }
    if (found.length > 1)
      return wrong(found, `there are ${found.length} DMARC records, so that none counts: leave one`)
    const record = readDmarcRecord(text)!
    if (record.wrongTags.length > 0) {
      return wrong(
        found,
        `the value of ${record.wrongTags.join(', ')}= is not one that the standard knows: mend it`,
      )
    }
    if (record.policy === null) return wrong(found, 'there is no p=: receivers take it for none')
    const wanted = readDmarcRecord(policy.dmarcTxt)?.policy ?? 'none'
    if (strictness(record.policy) < strictness(wanted)) {
      return wrong(found, `the policy is ${record.policy}, weaker than the ${wanted} that is expected`)
    }
    return right(
      found,
      record.testing
        ? 'the record is published; t=y makes its policy one step weaker'
        : 'the record is published',
    )
  })
}

function strictness(policy: DmarcPolicy): number {
  return ['none', 'quarantine', 'reject'].indexOf(policy)
}

async function checkMx({ domain, mx, mtaSts }: PublishedDomain, ask: Ask): Promise<DnsFinding> {
  const expected = mx.map(({ host, priority }) => `${priority} ${host}`).join(', ')
  const base = { check: 'mx', type: 'MX', name: domain, expected } as const
  const answer = await ask(domain, 'MX')
  if (!answer.ok) return { ...base, ...withoutAnswer(answer, domain, 'MX') }
  const found = answer.records.map(({ value, priority = 0 }) => `${priority} ${value || '.'}`)
  const hosts = answer.records.map(({ value }) => queryName(value) ?? '')
  if (hosts.includes('')) {
    return {
      ...base,
      ...wrong(found, 'the null MX says that the domain takes no mail (RFC 7505): remove it'),
    }
  }
  const lacking = mx.filter(({ host }) => !hosts.includes(host)).map(({ host }) => host)
  if (lacking.length > 0) {
    return { ...base, ...wrong(found, `mail is not led to ${lacking.join(', ')}: add the record`) }
  }
  const barred =
    mtaSts === null || mtaSts.mode === 'none' ? undefined : hosts.find(host => !hostMatches(mtaSts.mx, host))
  if (barred !== undefined) {
    return {
      ...base,
      ...wrong(
        found,
        `${barred} is none that the MTA-STS policy allows: add it to mtaSts.mx, or remove the record`,
      ),
    }
  }
  const faults = await Promise.all(mx.map(({ host }) => hostFault(host, ask)))
  const fault = faults.find(each => each !== null)
  if (fault) return { ...base, ...fault, found }
  const more = hosts.length > mx.length ? ', and others' : ''
  return { ...base, ...right(found, `mail is led to ${mx.map(({ host }) => host).join(', ')}${more}`) }
}

/** A host that takes mail has an address, and is no alias (RFC 5321 §5.1, RFC 2181 §10.3). */
async function hostFault(host: string, ask: Ask): Promise<Pick<DnsFinding, 'status' | 'advice'> | null> {
  const [v4, v6, alias] = await Promise.all([ask(host, 'A'), ask(host, 'AAAA'), ask(host, 'CNAME')])
  if (alias.ok) {
    return {
      status: 'wrong',
      advice: `${host} is an alias, which no MX record may name: give it an address of its own`,
    }
  }
  if (v4.ok || v6.ok) return null
  const failed = [v4, v6].some(({ failure }) => failure === 'servfail' || failure === 'timeout')
  if (failed) return { status: 'unknown', advice: `the DNS did not say which address ${host} has: try again` }
  return { status: 'wrong', advice: `${host} has no address: create an A or AAAA record` }
}

function checkSts(
  mtaSts: MtaStsMaterial,
  ask: Ask,
  { readStsRecords }: Pick<StsReaders, 'readStsRecords'>,
): Promise<DnsFinding> {
  const { dnsName, dnsValue, id } = mtaSts
  return checkTxt('mtaSts', dnsName, dnsValue, ask, texts => {
    const found = texts.filter(text => /^v=STSv1[ \t]*;/.test(text))
    const [text] = found
    if (text === undefined) {
      if (texts.length === 0) return missing(dnsName, 'MTA-STS record')
      return wrong(texts, 'what is there is no MTA-STS record, which begins with v=STSv1; — replace it')
    }
    if (found.length > 1)
      return wrong(found, `there are ${found.length} MTA-STS records, so that none counts: leave one`)
    const published = readStsRecords(found)
    if (published === null) {
      return wrong(
        found,
        'senders cannot read it: the id is missing or has other characters than letters and digits, or a field is none; replace the record',
      )
    }
    if (published === id) return right(found, 'the record is published')
    return wrong(
      found,
      `the id is ${published}, that of another policy, so that senders do not look for this one: replace the record`,
    )
  })
}

function checkTlsRpt({ dnsName, value, rua }: TlsRptMaterial, ask: Ask): Promise<DnsFinding> {
  return checkTxt('tlsRpt', dnsName, value, ask, texts => {
    const found = texts.filter(text => /^v=TLSRPTv1[ \t]*;/.test(text))
    const [text] = found
    if (text === undefined) {
      if (texts.length === 0) return missing(dnsName, 'TLS-RPT record')
      return wrong(texts, 'what is there is no TLS-RPT record, which begins with v=TLSRPTv1; — replace it')
    }
    if (found.length > 1)
      return wrong(found, `there are ${found.length} TLS-RPT records, so that none counts: leave one`)
    const published = (fieldOf(text, 'rua') ?? '').split(',').map(uri => uri.trim())
    const lacking = rua.filter(uri => !published.includes(uri))
    if (lacking.length > 0) return wrong(found, `reports do not go to ${lacking.join(', ')}: add it to rua=`)
    return right(found, 'the record is published')
  })
}

/** The first field of that name in a record of semicolons; null when there is none. */
function fieldOf(text: string, name: string): string | null {
  for (const field of text.split(';')) {
    const part = field.trim()
    if (part.startsWith(`${name}=`)) return part.slice(name.length + 1)
  }
  return null
}
