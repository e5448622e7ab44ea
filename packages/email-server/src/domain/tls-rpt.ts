// TLS-RPT: where senders report failures of TLS (RFC 8460 §3).

import { splitAddress } from '../address/index.ts'
import { MailError, optionError } from '../base/errors.ts'
import { listOption, nameOption, objectOption } from './check-options.ts'

export interface TlsRptOptions {
  /** The address that gets the reports. */
  readonly ruaEmail?: string
  /** Or their destinations as `mailto:` and `https:` URIs. */
  readonly rua?: string | readonly string[]
}

export interface TlsRptMaterial {
  /** `_smtp._tls.example.com` */
  readonly dnsName: string
  /** The text of its TXT record: `v=TLSRPTv1; rua=…` */
  readonly value: string
  readonly rua: readonly string[]
}

/** Throws ECONFIG that names the option. */
export function buildTlsRpt(domain: string, options: unknown): TlsRptMaterial {
  const { ruaEmail, rua } = objectOption(options, 'tlsRpt', ['ruaEmail', 'rua'])
  if (ruaEmail === undefined && rua === undefined) {
    throw new MailError('ECONFIG', 'option tlsRpt must have ruaEmail or rua: where the reports go')
  }
  const uris = [
    ...(ruaEmail === undefined ? [] : [mailto(ruaEmail, 'tlsRpt.ruaEmail')]),
    ...(rua === undefined ? [] : listOption(rua, 'tlsRpt.rua', uriOption)),
  ]
  return { dnsName: `_smtp._tls.${domain}`, value: `v=TLSRPTv1; rua=${uris.join(',')}`, rua: uris }
}

// RFC 6068 §2: what is no unreserved character is written in percents, and so is what RFC 8460 §3 keeps for itself
function mailto(value: unknown, path: string): string {
  const { local, domain } = typeof value === 'string' ? splitAddress(value) : { local: '', domain: '' }
  if (!/^[\x21-\x7e]{1,64}$/.test(local))
    throw optionError(path, 'an address with an ASCII local part', value)
  const spelled = encodeURIComponent(local).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `mailto:${spelled.replaceAll('%2B', '+')}@${nameOption(domain, path)}`
}

// tlsrpt-uri = URI; commas, exclamation points and semicolons are to be encoded                                     RFC 8460 §3
function uriOption(value: unknown, path: string): string {
  if (
    typeof value !== 'string' ||
    value.length > 500 ||
    !/^(?:mailto:|https:\/\/)[\x21-\x7e]+$/.test(value) ||
    /[,!;]/.test(value)
  ) {
    throw optionError(
      path,
      'a mailto: or https: URI with commas, exclamation points and semicolons encoded',
      value,
    )
  }
  return value
}
