// What an SMTP client session is told at its start.
import type { ClientSessionOptions } from '../../base/client-session.ts'
import { optionError } from '../../base/errors.ts'
import { formatAddressLiteral, parseIp } from '../../base/ip.ts'
import type { Limits } from '../../base/limits.ts'

export interface SmtpClientOptions extends ClientSessionOptions {
  /** What we say in EHLO or LHLO: a domain or an address literal. Default `localhost`. */
  readonly hostname?: string
  /** LMTP (RFC 2033): LHLO, and one final reply for each recipient. Default false. */
  readonly lmtp?: boolean
}

const HOSTNAME = /^[\x21-\x7e]{1,255}$/

export function checkClientOptions({ hostname }: SmtpClientOptions): void {
  if (hostname !== undefined && !(typeof hostname === 'string' && HOSTNAME.test(hostname))) {
    throw optionError('hostname', 'a name without blanks and controls', hostname)
  }
}

/** The limits of who drives a client session: a server has as long for a block as RFC 5321 §4.5.3.2.5 says. */
export function drivenLimits(limits: Limits): Limits {
  return { ...limits, stallTime: Math.max(limits.stallTime, limits.smtpBlockTime) }
}

/** What a client says in EHLO that has no name of its own: its address (RFC 5321 §4.1.4). */
export function addressName(address: string): string {
  const ip = parseIp(address)
  return ip ? formatAddressLiteral(ip) : 'localhost'
}
