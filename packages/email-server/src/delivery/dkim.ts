// Who signs: keys as callers give them, nodemailer's `dkim` option among them. RFC 6376.
import { describe, MailError, optionError } from '../base/errors.ts'
import { domainToAscii } from '../text/index.ts'
import type { DkimKey, PrivateKeyInput } from '../trust/index.ts'
import type { Signing } from './message.ts'

/** One key in nodemailer's words. */
export interface NodemailerDkimKey {
  readonly domainName: string
  readonly keySelector: string
  readonly privateKey: PrivateKeyInput
}

/** nodemailer's option: one key, or `keys`; `headerFieldNames` and `skipFields` are joined with colons. */
export interface NodemailerDkim extends Partial<NodemailerDkimKey> {
  readonly keys?: readonly (NodemailerDkimKey | DkimKey)[]
  readonly headerFieldNames?: string
  readonly skipFields?: string
}

/** Finds the keys of a domain (A-labels, lower case): calls back with one, several or nothing; or gives a promise of them. */
export type DkimCallback = (
  domain: string,
  callback: (error: Error | null, keys?: DkimKey | readonly DkimKey[] | null) => void,
) => unknown

export type DkimOption = DkimKey | readonly DkimKey[] | NodemailerDkim | DkimCallback | false

export type SigningLookup = (domain: string) => Promise<Signing | null>

/** Throws ECONFIG that names the option. */
export function resolveDkim(option: DkimOption, path = 'dkim'): SigningLookup {
  if (option === false) return async () => null
  if (typeof option === 'function') return domain => askCallback(option, asciiOf(domain), path)
  if (typeof option !== 'object' || option === null)
    throw optionError(path, 'a key, keys or a function', option)
  const signing = readKeys(option as DkimKey | readonly DkimKey[] | NodemailerDkim, path)
  return async () => signing
}

function asciiOf(domain: string): string {
  return domainToAscii(domain).toLowerCase() || domain.toLowerCase()
}

function askCallback(callback: DkimCallback, domain: string, path: string): Promise<Signing | null> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void =>
      reject(new MailError('EHANDLER', `${path} failed for ${domain}`, { permanent: false, cause: error }))
    const take = (keys: DkimKey | readonly DkimKey[] | null | undefined): void => {
      try {
        resolve(keys ? readKeys(keys, path) : null)
      } catch (error) {
        reject(error)
      }
    }
    try {
      const given = callback(domain, (error, keys) => (error ? fail(error) : take(keys)))
      if (given instanceof Promise) given.then(take, fail)
    } catch (error) {
      fail(error)
    }
  })
}

function readKeys(option: DkimKey | readonly DkimKey[] | NodemailerDkim, path: string): Signing | null {
  if (Array.isArray(option))
    return option.length === 0 ? null : { keys: option.map((key, i) => readKey(key, `${path}[${i}]`)) }
  const theirs = option as NodemailerDkim & DkimKey
  const list = Array.isArray(theirs.keys) ? theirs.keys : [theirs]
  const keys = list.map((key, i) => readKey(key, list.length > 1 ? `${path}.keys[${i}]` : path))
  const wanted = names(theirs.headerFieldNames, `${path}.headerFieldNames`)
  const skipped = names(theirs.skipFields, `${path}.skipFields`)
  return {
    keys,
    ...(wanted && { headers: wanted.filter(name => !skipped?.includes(name)) }),
    ...(skipped &&
      !wanted && { headers: USUAL.filter(name => !skipped.includes(name)), oversign: false as const }),
  }
}

/** RFC 6376 §5.4.1, for whoever leaves some out. */
const USUAL = [
  'from',
  'sender',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'to',
  'cc',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'in-reply-to',
  'references',
  'list-id',
  'list-unsubscribe',
  'list-unsubscribe-post',
] as const

function readKey(key: NodemailerDkimKey | DkimKey, path: string): DkimKey {
  if (typeof key !== 'object' || key === null) throw optionError(path, 'a key', key)
  if (!('domainName' in key)) {
    if (typeof (key as DkimKey).domain !== 'string')
      throw optionError(`${path}.domain`, 'a domain', (key as DkimKey).domain)
    return key as DkimKey
  }
  return { domain: key.domainName, selector: key.keySelector, privateKey: key.privateKey }
}

function names(list: string | undefined, path: string): readonly string[] | null {
  if (list === undefined) return null
  if (typeof list !== 'string')
    throw new MailError('ECONFIG', `option ${path} must be names with colons between, not ${describe(list)}`)
  return list
    .split(':')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')
}
