// createServer({ mailAuth, resolver }): how inbound mail is checked (SPF, DKIM, DMARC, ARC, reverse DNS), and by whose word.
import { optionError } from '../base/errors.ts'
import { LOOPBACK, networkMatcher } from '../base/networks.ts'
import type { Runtime } from '../base/runtime.ts'
import { CachingResolver, type Resolver } from '../dns/index.ts'
import { flag, hostName, known, wholeNumber } from './option-values.ts'

export interface MailAuthOptions {
  /** The name in our Authentication-Results fields; such fields of others in this name are removed. Default: `hostname`. */
  readonly authservId?: string
  /**
   * Clients whose mail is not checked and left as it is, by address or network (`10.0.0.0/8`): our own relays. Default: this machine
   * (`127.0.0.0/8`, `::1`), so that nothing that runs here waits for the DNS; `[]` checks everybody.
   */
  readonly skip?: readonly string[]
  /** Least bits of an RSA key, 1024 or more (RFC 8301 §3.2). Default 1024. */
  readonly minRsaBits?: number
  /** DKIM signatures of one message that are examined, from the top. Default 8. */
  readonly maxSignatures?: number
}

export interface ResolvedMailAuth {
  readonly authservId: string
  readonly isSkipped: (address: string) => boolean
  readonly minRsaBits: number
  readonly maxSignatures: number
}

/** Null: nothing is checked. */
export function resolveMailAuth(
  value: boolean | MailAuthOptions | undefined,
  hostname: string,
): ResolvedMailAuth | null {
  if (typeof value === 'boolean') return flag('mailAuth', value) ? resolveMailAuth({}, hostname) : null
  const options = known<MailAuthOptions>('mailAuth', value, {
    authservId: true,
    skip: true,
    minRsaBits: true,
    maxSignatures: true,
  })
  return {
    authservId: hostName('mailAuth.authservId', options.authservId ?? hostname),
    isSkipped: networkMatcher('mailAuth.skip', options.skip ?? LOOPBACK),
    minRsaBits: wholeNumber('mailAuth.minRsaBits', options.minRsaBits ?? 1024, 1024),
    maxSignatures: wholeNumber('mailAuth.maxSignatures', options.maxSignatures ?? 8, 1),
  }
}

/** One that remembers: as it is given, or with a cache in front of it. */
export function resolveResolver(value: Resolver | undefined, runtime: Runtime): Resolver {
  if (value instanceof CachingResolver) return value
  if (value === undefined) return new CachingResolver({ runtime })
  if (typeof value?.resolve !== 'function') {
    throw optionError('resolver', 'an object with resolve(name, type)', value)
  }
  return new CachingResolver({
    runtime: {
      now: () => runtime.now(),
      setTimer: (delayMs, fire) => runtime.setTimer(delayMs, fire),
      resolve: (name, type) => value.resolve(name, type),
    },
  })
}
