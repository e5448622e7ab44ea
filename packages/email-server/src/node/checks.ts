// The checks of who sent a message, standing alone: with the clock and the DNS of this machine, in callback or promise style.
// The room that does them is loaded at the first check: programs that only move mail start without it.
import { optionError } from '../base/errors.ts'
import type { DmarcQuery, DmarcResult, RdnsResult, SpfResult } from '../trust/index.ts'
import { answer, type CheckCallback, type CheckOptions, checkWorld } from './check-world.ts'

export interface CheckSpfOptions extends CheckOptions {
  /** The address of MAIL FROM. Default: the postmaster of `domain`. */
  readonly sender?: string
  /** The name of HELO or EHLO; checked itself when `domain` and `sender` are empty (the null reverse-path). */
  readonly helo?: string
  /** Our own name, for explanations that want it. */
  readonly receiver?: string
}

export interface CheckRdnsOptions extends CheckOptions {
  /** The name of HELO or EHLO, to be compared. */
  readonly helo?: string
}

/**
 * SPF (RFC 7208): may this address send mail in the name of this domain?
 *
 *     checkSPF('192.0.2.1', 'example.com', (error, spf) => console.log(spf.result, spf.reason))
 *     const spf = await checkSPF(ip, 'example.com', { sender: 'a@example.com', helo: 'mx.example.com' })
 *
 * The error is ECONFIG for options of the wrong kind; what goes wrong in the DNS is a result.
 */
export function checkSPF(ip: string, domain: string, callback: CheckCallback<SpfResult>): void
export function checkSPF(
  ip: string,
  domain: string,
  options: CheckSpfOptions,
  callback: CheckCallback<SpfResult>,
): void
export function checkSPF(ip: string, domain: string, options?: CheckSpfOptions): Promise<SpfResult>
export function checkSPF(
  ip: string,
  domain: string,
  ...rest: readonly unknown[]
): Promise<SpfResult> | undefined {
  return answer<CheckSpfOptions, SpfResult>(rest, async options => {
    if (typeof ip !== 'string') throw optionError('ip', 'an address in text', ip)
    if (typeof domain !== 'string') throw optionError('domain', 'a domain', domain)
    const { checkSpf } = await import('../trust/index.ts')
    const sender = options.sender || domain
    return checkSpf({ ip, sender, helo: options.helo ?? '' }, { ...options, ...checkWorld(options) })
  })
}

/**
 * DMARC (RFC 9989): does the domain that the reader sees vouch for the message? `from` has the bodies of all From fields; `spf` and `dkim`
 * are what those checks have found.
 *
 *     const dmarc = await checkDMARC({ from: ['Jo <jo@example.com>'], spf, dkim: dkim.signatures })
 *
 * The error is ECONFIG for options of the wrong kind; what goes wrong in the DNS is a result.
 */
export function checkDMARC(query: DmarcQuery, callback: CheckCallback<DmarcResult>): void
export function checkDMARC(
  query: DmarcQuery,
  options: CheckOptions,
  callback: CheckCallback<DmarcResult>,
): void
export function checkDMARC(query: DmarcQuery, options?: CheckOptions): Promise<DmarcResult>
export function checkDMARC(query: DmarcQuery, ...rest: readonly unknown[]): Promise<DmarcResult> | undefined {
  return answer<CheckOptions, DmarcResult>(rest, async options => {
    const { checkDmarc } = await import('../trust/index.ts')
    return checkDmarc(query, { ...options, ...checkWorld(options) })
  })
}

/** Forward-confirmed reverse DNS (RFC 8601 §3): does the address have a name that has this address, and is it that of EHLO? */
export function checkRdns(ip: string, callback: CheckCallback<RdnsResult>): void
export function checkRdns(ip: string, options: CheckRdnsOptions, callback: CheckCallback<RdnsResult>): void
export function checkRdns(ip: string, options?: CheckRdnsOptions): Promise<RdnsResult>
export function checkRdns(ip: string, ...rest: readonly unknown[]): Promise<RdnsResult> | undefined {
  return answer<CheckRdnsOptions, RdnsResult>(rest, async options => {
    if (typeof ip !== 'string') throw optionError('ip', 'an address in text', ip)
    const query = options.helo === undefined ? { ip } : { ip, helo: options.helo }
    const { checkRdns: checkReverse } = await import('../trust/index.ts')
    return checkReverse(query, { ...options, ...checkWorld(options) })
  })
}
