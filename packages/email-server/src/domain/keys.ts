// DKIM keys of a domain: made or taken, and the records that publish them (RFC 6376 §3.6.1, RFC 8301 §3.2, RFC 8463 §4).
import { createPublicKey, generateKeyPair, generateKeyPairSync, type KeyObject } from '../base/crypto.ts'
import { describe, MailError, optionError } from '../base/errors.ts'
import { type PrivateKeyInput, readPrivateKey } from '../base/private-key.ts'
import { domainToAscii } from '../text/index.ts'
import type { SignatureAlgorithm, SigningKey } from '../trust/index.ts'
import { objectOption } from './check-options.ts'

export interface DkimKeyOptions {
  /** Default: that of `privateKey`, else `rsa-sha256`, which every receiver can check. */
  readonly algo?: SignatureAlgorithm
  /** Default: made of the month, `s202611`; the next ones of the same month are `s202611b`, `s202611c`, … */
  readonly selector?: string
  /** PEM (PKCS #8 or PKCS #1) or a key object, RSA of 1024 bits or more, or Ed25519. Default: a new one, which takes RSA some 100 ms. */
  readonly privateKey?: PrivateKeyInput
  /** Of a new RSA key: 2048 (the default), 3072 or 4096. */
  readonly bits?: 2048 | 3072 | 4096
  /** False: only published; for a key before its first use and after its last, when keys are rotated. Default true. */
  readonly signs?: boolean
}

/** One DKIM key, and the record that publishes it. */
export interface DkimKeyMaterial {
  /** PKCS #8 PEM. Keep it: who builds the material again gives it back as `dkim.privateKey`, with its selector. */
  readonly privateKey: string
  readonly selector: string
  readonly algo: SignatureAlgorithm
  /** Of the modulus; 256 for Ed25519. */
  readonly bits: number
  readonly signs: boolean
  /** `s202611._domainkey.example.com` */
  readonly dnsName: string
  /** The text of its TXT record. */
  readonly dnsValue: string
}

const KNOWN = ['algo', 'selector', 'privateKey', 'bits', 'signs'] as const
const MOST_KEYS = 8

/** The material of one or several keys; `month` as in `202611`. Throws ECONFIG that names the option. */
export function buildKeys(domain: string, options: unknown, month: string): DkimKeyMaterial[] {
  const list = Array.isArray(options) ? options : [options]
  if (list.length === 0 || list.length > MOST_KEYS)
    throw optionError('dkim', `1 to ${MOST_KEYS} keys`, options)
  const keys: DkimKeyMaterial[] = []
  for (const [i, each] of list.entries()) {
    const path = Array.isArray(options) ? `dkim[${i}]` : 'dkim'
    const key = buildKey(domain, objectOption(each, path, KNOWN), path, defaultSelector(month, keys))
    if (keys.some(({ selector }) => selector === key.selector)) {
      throw optionError(`${path}.selector`, 'another selector than those before it', key.selector)
    }
    keys.push(key)
  }
  if (!keys.some(({ signs }) => signs)) throw optionError('dkim', 'a list with a key that signs', options)
  return keys
}

function defaultSelector(month: string, before: readonly DkimKeyMaterial[]): string {
  const taken = (name: string): boolean => before.some(({ selector }) => selector === name)
  const names = [`s${month}`, ...[...'bcdefgh'].map(letter => `s${month}${letter}`)]
  return names.find(name => !taken(name))!
}

function buildKey(domain: string, options: DkimKeyOptions, path: string, selector: string): DkimKeyMaterial {
  const { algo, privateKey, bits, signs = true } = options
  if (algo !== undefined && algo !== 'rsa-sha256' && algo !== 'ed25519-sha256') {
    throw optionError(`${path}.algo`, "'rsa-sha256' or 'ed25519-sha256'", algo)
  }
  if (bits !== undefined && ![2048, 3072, 4096].includes(bits)) {
    throw optionError(`${path}.bits`, '2048, 3072 or 4096', bits)
  }
  if (typeof signs !== 'boolean') throw optionError(`${path}.signs`, 'true or false', signs)
  const key =
    privateKey === undefined ? newKey(algo, bits) : readDkimKey(privateKey, algo, `${path}.privateKey`)
  const name = selectorOption(options.selector ?? selector, `${path}.selector`)
  return {
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    selector: name,
    algo: algoOf(key),
    bits: key.asymmetricKeyDetails?.modulusLength ?? 256,
    signs,
    dnsName: dnsNameOf(name, domain, `${path}.selector`),
    dnsValue: keyRecord(key),
  }
}

/** A private key that DKIM can sign with. Throws ECONFIG that names the option and what was given instead. */
function readDkimKey(input: unknown, algo: SignatureAlgorithm | undefined, option: string): KeyObject {
  const key = readPrivateKey(input, option)
  const type = key.asymmetricKeyType
  if (type !== 'rsa' && type !== 'ed25519') {
    throw new MailError('ECONFIG', `option ${option} must be an RSA or Ed25519 key, not ${describe(type)}`)
  }
  if (algo !== undefined && algo !== algoOf(key)) {
    throw new MailError('ECONFIG', `option ${option} must be a key for ${algo}, not one of type ${type}`)
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (type === 'rsa' && bits < 1024) {
    throw new MailError('ECONFIG', `option ${option} must have 1024 bits or more, not ${bits}`)
  }
  return key
}

function newKey(algo: SignatureAlgorithm = 'rsa-sha256', bits = 2048): KeyObject {
  return algo === 'ed25519-sha256'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('rsa', { modulusLength: bits }).privateKey
}

/**
 * A new DKIM key, PKCS #8 PEM, made beside the event loop: for servers that must go on while RSA looks for its primes.
 *
 *     const privateKey = await generateDkimKey()
 *     const mat = buildDomainMailMaterial('example.com', { dkim: { privateKey } })
 */
export function generateDkimKey(options: Pick<DkimKeyOptions, 'algo' | 'bits'> = {}): Promise<string> {
  const { algo = 'rsa-sha256', bits = 2048 } = objectOption(options, 'options', [
    'algo',
    'bits',
  ]) as typeof options
  if (algo !== 'rsa-sha256' && algo !== 'ed25519-sha256') {
    throw optionError('algo', "'rsa-sha256' or 'ed25519-sha256'", algo)
  }
  if (![2048, 3072, 4096].includes(bits)) throw optionError('bits', '2048, 3072 or 4096', bits)
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _publicKey: KeyObject, privateKey: KeyObject): void => {
      if (error) reject(new MailError('ECONFIG', 'this machine cannot make such a key', { cause: error }))
      else resolve(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
    }
    if (algo === 'ed25519-sha256') generateKeyPair('ed25519', {}, done)
    else generateKeyPair('rsa', { modulusLength: bits }, done)
  })
}

function algoOf(key: KeyObject): SignatureAlgorithm {
  return key.asymmetricKeyType === 'ed25519' ? 'ed25519-sha256' : 'rsa-sha256'
}

function selectorOption(value: unknown, path: string): string {
  // A selector may have several labels (RFC 6376 §3.1).
  const name = typeof value === 'string' ? domainToAscii(value) : ''
  if (name === '' || name.endsWith('.') || name.startsWith('['))
    throw optionError(path, 'a name for the DNS', value)
  return name
}

function dnsNameOf(selector: string, domain: string, path: string): string {
  const name = `${selector}._domainkey.${domain}`
  if (name.length > 253) throw optionError(path, 'short enough for a name of 253 octets', selector)
  return name
}

/** The text that publishes the public half: SubjectPublicKeyInfo for RSA as everybody does, the bare 32 octets for Ed25519 (RFC 8463 §4). */
export function keyRecord(privateKey: KeyObject): string {
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return privateKey.asymmetricKeyType === 'ed25519'
    ? `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`
    : `v=DKIM1; k=rsa; p=${der.toString('base64')}`
}

/** Anything with the keys of a domain: what `buildDomainMailMaterial` gives, or the same by hand. */
export interface DomainKeys {
  readonly domain: string
  readonly dkim?: Pick<DkimKeyMaterial, 'selector' | 'privateKey'> | null
  /** All keys, that of `dkim` among them; without it that one is the only one. */
  readonly dkimKeys?: readonly (Pick<DkimKeyMaterial, 'selector' | 'privateKey'> & {
    readonly signs?: boolean
  })[]
}

/** What names a domain for `server.addDomain`: its name alone, or with the keys that sign its mail. */
export type DomainMaterial = string | DomainKeys

/**
 * The keys that sign the mail of a domain, in the order of the signatures, as `dkimSign` takes them; read once, so that no PEM is read for each message.
 * Empty for material without keys. Throws ECONFIG that names what is wrong with a key.
 */
export function signingKeys(material: DomainMaterial): SigningKey[] {
  if (typeof material === 'string') return []
  const { domain, dkim, dkimKeys } = material
  const several = dkimKeys !== undefined
  return (dkimKeys ?? (dkim ? [dkim] : []))
    .map((key, i) => ({ key, path: several ? `dkimKeys[${i}]` : 'dkim' }))
    .filter(({ key }) => !('signs' in key) || key.signs !== false)
    .map(({ key, path }) => {
      const privateKey = readDkimKey(key.privateKey, undefined, `${path}.privateKey`)
      return {
        domain,
        selector: selectorOption(key.selector, `${path}.selector`),
        privateKey,
        algorithm: algoOf(privateKey),
      }
    })
}
