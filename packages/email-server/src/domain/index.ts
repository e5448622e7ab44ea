// domain/: what a mail domain needs - keys, DNS records, the MTA-STS policy, settings for mail programs - and whether the DNS has it.

export type { ClientMaterial, ClientOptions, ClientService } from './clients.ts'
export type { HttpHandler, HttpRequest, HttpResponse } from './http.ts'
export {
  type DkimKeyMaterial,
  type DkimKeyOptions,
  type DomainKeys,
  type DomainMaterial,
  generateDkimKey,
  signingKeys,
} from './keys.ts'
export {
  buildDomainMailMaterial,
  type DomainMailMaterial,
  type DomainMailOptions,
  type MaterialOf,
  type VerifyDnsCallback,
} from './material.ts'
export type { MtaStsMaterial, MtaStsOptions } from './mta-sts.ts'
export type { DomainWorld, MxHost } from './published.ts'
export { type RequiredRecord, type RequiredRecordType, txtStrings, zoneFile, zoneLine } from './records.ts'
export type { TlsRptMaterial, TlsRptOptions } from './tls-rpt.ts'
export type { DnsCheckName, DnsFinding, DnsVerification, VerifyDnsOptions } from './verification.ts'
