// Private keys as callers give them, and the checks of all that becomes a tag of a signature (RFC 6376 §3.3, RFC 8301 §3.2, RFC 8463).
import { createHash, type KeyObject, sign } from '../../base/crypto.ts'
import { describe, MailError, optionError } from '../../base/errors.ts'
import { type PrivateKeyInput, readPrivateKey } from '../../base/private-key.ts'
import { readDnsName, type SignatureAlgorithm } from './signature.ts'

/** Who signs. */
export interface SigningKey {
  /** `d=`: A-labels or U-labels. */
  readonly domain: string
  /** `s=`. */
  readonly selector: string
  /** RSA of 1024 bits or more (2048 are advised), or Ed25519. */
  readonly privateKey: PrivateKeyInput
  /** Default: what the key is for; another one is refused. */
  readonly algorithm?: SignatureAlgorithm
}

/** A key that was checked. */
export interface ReadySigner {
  readonly domain: string
  readonly selector: string
  readonly algorithm: SignatureAlgorithm
  readonly key: KeyObject
}

/** Throws ECONFIG that names the option below `path`. */
export function readSigningKey(input: SigningKey, path: string): ReadySigner {
  if (typeof input !== 'object' || input === null) throw optionError(path, 'an object', input)
  const domain = dnsOption(input.domain, `${path}.domain`)
  if (!domain.includes('.')) throw optionError(`${path}.domain`, 'a domain name', input.domain)
  const selector = dnsOption(input.selector, `${path}.selector`)
  const option = `${path}.privateKey`
  const key = readPrivateKey(input.privateKey, option)
  const { algorithm } = input
  if (algorithm !== undefined && algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') {
    throw optionError(`${path}.algorithm`, "'rsa-sha256' or 'ed25519-sha256'", algorithm)
  }
  const type = key.asymmetricKeyType
  if (type !== 'rsa' && type !== 'ed25519') {
    throw new MailError('ECONFIG', `option ${option} must be an RSA or Ed25519 key, not ${describe(type)}`)
  }
  if (algorithm !== undefined && algorithm !== `${type}-sha256`) {
    throw new MailError('ECONFIG', `option ${option} must be a key for ${algorithm}, not one of type ${type}`)
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (type === 'rsa' && bits < 1024) {
    throw new MailError('ECONFIG', `option ${option} must have 1024 bits or more, not ${bits}`)
  }
  return { domain, selector, algorithm: `${type}-sha256`, key }
}

/** The signature over this text (one character a byte), in base64. */
export function signText(signer: ReadySigner, text: string): string {
  const signature =
    signer.algorithm === 'rsa-sha256'
      ? sign('sha256', Buffer.from(text, 'latin1'), signer.key)
      : // RFC 8463 §3: Ed25519 signs the hash.
        sign(null, createHash('sha256').update(text, 'latin1').digest(), signer.key)
  return signature.toString('base64')
}

function dnsOption(value: unknown, option: string): string {
  const name = typeof value === 'string' ? readDnsName(Buffer.from(value, 'utf8').toString('latin1')) : null
  if (name === null) throw optionError(option, 'a name for the DNS', value)
  return name
}
