// DNS through node:dns, with the four ways to have no answer told apart: what is left when no socket of ours reaches a server.
import type { DnsAnswer, DnsFailure, DnsRecord, DnsRecordType } from '../base/runtime.ts'
import { builtin } from './builtin.ts'

const FAILURES: Readonly<Record<string, DnsFailure>> = {
  ENOTFOUND: 'nxdomain',
  ENODATA: 'nodata',
  ETIMEOUT: 'timeout',
}

export async function resolveName(name: string, type: DnsRecordType): Promise<DnsAnswer> {
  try {
    return { ok: true, records: await lookUp(name, type) }
  } catch (error) {
    return { ok: false, failure: FAILURES[(error as { code?: string }).code ?? ''] ?? 'servfail' }
  }
}

async function lookUp(name: string, type: DnsRecordType): Promise<DnsRecord[]> {
  const dns = builtin('node:dns').promises
  switch (type) {
    case 'MX':
      return (await dns.resolveMx(name)).map(mx => ({ value: mx.exchange, priority: mx.priority }))
    case 'TXT':
      return (await dns.resolveTxt(name)).map(strings => ({ value: strings.join('') }))
    case 'TLSA':
      // node:dns has it from Node 22.15 on only, and hides whether DNSSEC vouches for it
      throw Object.assign(new Error('TLSA records need a server that we reach ourselves'), {
        code: 'ESERVFAIL',
      })
    default:
      return ((await dns.resolve(name, type)) as string[]).map(value => ({ value }))
  }
}
