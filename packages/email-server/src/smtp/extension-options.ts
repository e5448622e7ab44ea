// What the extensions that promise something beyond this room are told. Each of them binds whoever takes the messages: to hold
// them back, to report late ones, to send them on in order; so none is offered that nobody asked for.
import { optionError } from '../base/errors.ts'

export interface SmtpExtensionOptions {
  /**
   * REQUIRETLS (RFC 8689), offered under TLS: messages that ask for it (`mail.params.requiretls`) go on only to servers that
   * offer it, over verified TLS. Default true; false for who sends messages on by means that do not keep this.
   */
  readonly requireTls?: boolean
  /** FUTURERELEASE (RFC 4865), on submission: messages are held back as `mail.params.holdFor` and `holdUntil` say. Default: not offered. */
  readonly futureRelease?: {
    /** The longest time, seconds: 1 to 999,999,999. */
    readonly maxInterval: number
    /** The latest time, ms since the epoch; default `maxInterval` from now. */
    readonly maxDateTime?: number
  }
  /** DELIVERBY (RFC 2852): messages are delivered, reported or returned in time, as `mail.params.by` says. Default: not offered. */
  readonly deliverBy?: {
    /** The shortest time in which a message may have to be delivered or returned, seconds: 1 to 999,999,999; default: nothing is said. */
    readonly min?: number
  }
  /**
   * MT-PRIORITY (RFC 6710): messages go on in the order of `mail.params.mtPriority`. Users and LMTP clients may raise it; on
   * inbound, where senders are strangers, it becomes 0 at most. Default: not offered.
   */
  readonly mtPriority?: {
    /** The name of the priority assignment policy (§9.2): 1 to 20 letters, digits, `-`, `_` and `.`; default: not disclosed. */
    readonly profile?: string
  }
  /** LIMITS (RFC 9422), beside RCPTMAX, which is `limits.recipients`. */
  readonly limits?: {
    /** MAIL commands in one connection: 1 to 999,999; beyond that 421. Default: no limit. */
    readonly mailMax?: number
    /** Different domains of recipients in one connection: 1 to 999,999; beyond that 452. Default: no limit. */
    readonly rcptDomainMax?: number
  }
}

/** The same, checked; null: not offered, no limit. */
export interface ResolvedExtensions {
  readonly requireTls: boolean
  readonly futureRelease: { readonly maxInterval: number; readonly maxDateTime: number | null } | null
  readonly deliverBy: { readonly min: number | null } | null
  readonly mtPriority: { readonly profile: string | null } | null
  readonly limits: { readonly mailMax: number | null; readonly rcptDomainMax: number | null }
}

const KNOWN: Readonly<Record<keyof SmtpExtensionOptions, readonly string[]>> = {
  requireTls: [],
  futureRelease: ['maxInterval', 'maxDateTime'],
  deliverBy: ['min'],
  mtPriority: ['profile'],
  limits: ['mailMax', 'rcptDomainMax'],
}

/** Throws `ECONFIG` that names the option. */
export function resolveExtensions(options: SmtpExtensionOptions = {}): ResolvedExtensions {
  checkNames(options)
  const { requireTls = true, futureRelease, deliverBy, mtPriority, limits } = options
  if (typeof requireTls !== 'boolean') throw optionError('extensions.requireTls', 'true or false', requireTls)
  const profile = mtPriority?.profile ?? null
  // RFC 6710 §7: priority-profile = 1*20(ALPHA / DIGIT / "-" / "_" / ".")
  if (profile !== null && !/^[A-Za-z0-9_.-]{1,20}$/.test(profile)) {
    throw optionError('extensions.mtPriority.profile', '1 to 20 letters, digits, "-", "_" and "."', profile)
  }
  const latest = futureRelease?.maxDateTime ?? null
  // RFC 3339 has years of four digits
  if (latest !== null && !(Number.isSafeInteger(latest) && latest > 0 && latest < Date.UTC(9999, 11, 31))) {
    throw optionError('extensions.futureRelease.maxDateTime', 'a time in ms since the epoch', latest)
  }
  return {
    requireTls,
    futureRelease: futureRelease
      ? {
          maxInterval: whole('futureRelease.maxInterval', futureRelease.maxInterval, 999_999_999),
          maxDateTime: latest,
        }
      : null,
    deliverBy: deliverBy ? { min: wholeOrNull('deliverBy.min', deliverBy.min, 999_999_999) } : null,
    mtPriority: mtPriority ? { profile } : null,
    limits: {
      mailMax: wholeOrNull('limits.mailMax', limits?.mailMax, 999_999),
      rcptDomainMax: wholeOrNull('limits.rcptDomainMax', limits?.rcptDomainMax, 999_999),
    },
  }
}

function checkNames(options: object): void {
  if (typeof options !== 'object' || options === null) throw optionError('extensions', 'an object', options)
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(KNOWN, name)) {
      throw optionError(
        'extensions',
        `an object of ${Object.keys(KNOWN).join(', ')} (there is no ${name})`,
        options,
      )
    }
    if (value === undefined || name === 'requireTls') continue
    if (typeof value !== 'object' || value === null)
      throw optionError(`extensions.${name}`, 'an object', value)
    const known = KNOWN[name as keyof SmtpExtensionOptions]
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) {
        throw optionError(
          `extensions.${name}`,
          `an object of ${known.join(', ')} (there is no ${key})`,
          value,
        )
      }
    }
  }
}

function whole(option: string, value: unknown, most: number): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most) {
    throw optionError(`extensions.${option}`, `a whole number from 1 to ${most}`, value)
  }
  return value as number
}

function wholeOrNull(option: string, value: unknown, most: number): number | null {
  return value === undefined ? null : whole(option, value, most)
}
