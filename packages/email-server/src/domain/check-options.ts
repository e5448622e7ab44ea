// The checks that all options of a domain share; each failure names the option.
import { describe, MailError, optionError } from '../base/errors.ts'
import { domainToAscii } from '../text/index.ts'

/** An object with no other properties than these; undefined ones count as absent. Throws ECONFIG. */
export function objectOption(
  value: unknown,
  path: string,
  known: readonly string[],
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw optionError(path, 'an object', value)
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw new MailError(
        'ECONFIG',
        `there is no option ${describe(`${path}.${name}`)}; there are ${known.join(', ')}`,
      )
    }
  }
  return value as Record<string, unknown>
}

/** A domain or host name as A-labels, in lower case, without the final dot. Throws ECONFIG. */
export function nameOption(value: unknown, path: string): string {
  const ascii = typeof value === 'string' ? domainToAscii(value).replace(/\.$/, '') : ''
  if (ascii === '' || ascii.startsWith('[') || !ascii.includes('.'))
    throw optionError(path, 'a domain name', value)
  return ascii
}

/** Text for a TXT record: printable ASCII, 1 to 2,000 characters. Throws ECONFIG. */
export function textOption(value: unknown, path: string): string {
  if (typeof value !== 'string' || !/^[\x20-\x7e]{1,2000}$/.test(value)) {
    throw optionError(path, 'printable ASCII of 1 to 2,000 characters', value)
  }
  return value.trim()
}

/** One value or several, as a list of at least one. Throws ECONFIG. */
export function listOption<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) return [read(value, path)]
  if (value.length === 0 || value.length > 50) throw optionError(path, 'a list of 1 to 50', value)
  return value.map((item, i) => read(item, `${path}[${i}]`))
}
