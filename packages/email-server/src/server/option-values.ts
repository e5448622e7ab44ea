// What options are made of; each throws a MailError (`ECONFIG`) that names the option.
import { optionError } from '../base/errors.ts'

export function wholeNumber(option: string, value: unknown, least: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw optionError(option, `a whole number, ${least} or more`, value)
  }
  return value as number
}

export function flag(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw optionError(option, 'true or false', value)
  return value
}

/** An object with none but these properties; absent is an empty one. */
export function known<T extends object>(
  option: string,
  value: T | undefined,
  names: { readonly [K in keyof T]-?: true },
): T {
  if (value === undefined) return {} as T
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw optionError(option, `an object of ${Object.keys(names).join(', ')}`, value)
  }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(names, name)) {
      throw optionError(option, `an object of ${Object.keys(names).join(', ')} (there is no ${name})`, value)
    }
  }
  return value
}

/** RFC 5321 §4.1.2 Domain, loosely: what may stand in a greeting. */
const HOSTNAME = /^[A-Za-z0-9._:[\]-]{1,255}$/

export function hostName(option: string, value: unknown): string {
  if (typeof value !== 'string' || !HOSTNAME.test(value)) throw optionError(option, 'a host name', value)
  return value
}
