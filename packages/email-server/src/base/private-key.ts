// Private keys as callers give them: PEM of the usual kinds, or a key object; what is something else is refused by its name.
import { createPrivateKey, type KeyObject } from './crypto.ts'
import { MailError } from './errors.ts'

/** PEM (PKCS #8 or PKCS #1), or the key object of `createPrivateKey`, which saves reading the PEM for each use. */
export type PrivateKeyInput = string | Uint8Array | KeyObject

/** What others call private keys, or give in their place: by the label of their PEM (RFC 7468). */
const OTHERS: readonly (readonly [mark: string, what: string])[] = [
  ['-----BEGIN PUBLIC KEY-----', 'a public key'],
  ['-----BEGIN RSA PUBLIC KEY-----', 'a public key'],
  ['-----BEGIN CERTIFICATE-----', 'a certificate'],
  ['-----BEGIN CERTIFICATE REQUEST-----', 'a certificate request'],
  ['-----BEGIN OPENSSH PRIVATE KEY-----', "a key in OpenSSH's own format (ssh-keygen -p -m PEM rewrites it)"],
  ['-----BEGIN ENCRYPTED PRIVATE KEY-----', 'one with a passphrase'],
  ['Proc-Type: 4,ENCRYPTED', 'one with a passphrase'],
  ['ssh-rsa ', 'a public key of OpenSSH'],
  ['ssh-ed25519 ', 'a public key of OpenSSH'],
]

/** Throws ECONFIG that names the option and, where it can be told, what was given instead; never a part of the key. */
export function readPrivateKey(input: unknown, option: string): KeyObject {
  const refuse = (what: string): MailError =>
    new MailError(
      'ECONFIG',
      `option ${option} must be a private key in PEM without a passphrase, not ${what}`,
    )
  if (isKeyObject(input)) {
    if (input.type === 'private') return input
    throw refuse(`a ${input.type} key`)
  }
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw new MailError('ECONFIG', `option ${option} must be a private key in PEM or a private KeyObject`)
  }
  const pem = typeof input === 'string' ? input : Buffer.from(input).toString('latin1')
  try {
    return createPrivateKey(pem)
  } catch {
    // The cause may quote the key; it stays here.
    throw refuse(OTHERS.find(([mark]) => pem.includes(mark))?.[1] ?? 'text that is none')
  }
}

/** A key object of whatever kind. */
function isKeyObject(input: unknown): input is KeyObject {
  if (typeof input !== 'object' || input === null || input instanceof Uint8Array) return false
  const { type } = input as Partial<KeyObject>
  return type === 'private' || type === 'public' || type === 'secret'
}
