// The keys of SCRAM (RFC 5802 §3, RFC 7677): what a server keeps instead of a password, and the proofs made from them.
//
//   SaltedPassword := Hi(Normalize(password), salt, i)      ClientKey := HMAC(SaltedPassword, "Client Key")
//   StoredKey      := H(ClientKey)                          ServerKey := HMAC(SaltedPassword, "Server Key")
import { asBuffer } from '../base/bytes.ts'
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from '../base/crypto.ts'
import { optionError } from '../base/errors.ts'
import { saslprep } from './saslprep.ts'

/** The digest as node:crypto names it. */
export type ScramDigest = 'sha1' | 'sha256'

/** What a store keeps of a password for SCRAM. Who steals it can check guesses, but not log in with it. */
export interface ScramKeys {
  readonly salt: Uint8Array
  readonly iterations: number
  /** 20 octets for SCRAM-SHA-1, 32 for SCRAM-SHA-256. */
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

export interface ScramKeysOptions {
  /** As `info.authMethod` names it. Default `scram-sha-256`. */
  readonly mechanism?: 'scram-sha-1' | 'scram-sha-256'
  /** Default: 16 random octets. */
  readonly salt?: Uint8Array
  /** Default `DEFAULT_SCRAM_ITERATIONS`; RFC 7677 §4 asks for 4096 or more. */
  readonly iterations?: number
}

/** Each client computes as many rounds at every login: RFC 7677 §4 wants more than 4096 where devices are fast enough. */
export const DEFAULT_SCRAM_ITERATIONS = 10_000

/** About a second of one thread: the most that a server may ask of our client, and a store of us. */
export const MOST_SCRAM_ITERATIONS = 1_000_000

const SALT_OCTETS = 16

/**
 * What to store for a password, so that its owner can log in by SCRAM (`info.acceptKeys`). Rejects with a MailError: `ECONFIG` for
 * bad options, `EAUTH` for a password that SASLprep (RFC 4013) does not allow, such as one with control characters.
 */
export async function scramKeys(password: string, options: ScramKeysOptions = {}): Promise<ScramKeys> {
  const { mechanism = 'scram-sha-256', salt = randomBytes(SALT_OCTETS) } = options
  const iterations = options.iterations ?? DEFAULT_SCRAM_ITERATIONS
  if (mechanism !== 'scram-sha-1' && mechanism !== 'scram-sha-256') {
    throw optionError('mechanism', "'scram-sha-1' or 'scram-sha-256'", mechanism)
  }
  if (!(salt instanceof Uint8Array) || salt.length === 0) throw optionError('salt', 'bytes', salt)
  if (!Number.isSafeInteger(iterations) || iterations < 1 || iterations > MOST_SCRAM_ITERATIONS) {
    throw optionError('iterations', `a whole number from 1 to ${MOST_SCRAM_ITERATIONS}`, iterations)
  }
  const digest = mechanism === 'scram-sha-1' ? 'sha1' : 'sha256'
  const salted = await saltedPassword(digest, saslprep(password, 'stored'), salt, iterations)
  return {
    salt,
    iterations,
    storedKey: hash(digest, clientKey(digest, salted)),
    serverKey: serverKey(digest, salted),
  }
}

/** True for what `acceptKeys` can work with. */
export function areScramKeys(keys: unknown): keys is ScramKeys {
  if (typeof keys !== 'object' || keys === null) return false
  const { salt, iterations, storedKey, serverKey } = keys as Partial<Record<keyof ScramKeys, unknown>>
  return (
    salt instanceof Uint8Array &&
    salt.length > 0 &&
    storedKey instanceof Uint8Array &&
    serverKey instanceof Uint8Array &&
    (storedKey.length === 20 || storedKey.length === 32) &&
    serverKey.length === storedKey.length &&
    typeof iterations === 'number' &&
    Number.isSafeInteger(iterations) &&
    iterations >= 1 &&
    iterations <= MOST_SCRAM_ITERATIONS
  )
}

/** Is this the password that the keys were made from? The length of the keys tells the digest. */
export async function passwordHasKeys(password: string, keys: ScramKeys): Promise<boolean> {
  const digest = keys.storedKey.length === 20 ? 'sha1' : 'sha256'
  let prepared: string
  try {
    prepared = saslprep(password, 'query')
  } catch {
    // a password that no keys can be made from is a wrong one
    return false
  }
  const salted = await saltedPassword(digest, prepared, keys.salt, keys.iterations)
  return timingSafeEqual(hash(digest, clientKey(digest, salted)), keys.storedKey)
}

/** Hi() of RFC 5802 §2.2, which is PBKDF2 with HMAC; off the main thread. */
export function saltedPassword(
  digest: ScramDigest,
  prepared: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(prepared, salt, iterations, digest === 'sha1' ? 20 : 32, digest, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}

export function clientKey(digest: ScramDigest, salted: Uint8Array): Uint8Array {
  return hmac(digest, salted, 'Client Key')
}

export function serverKey(digest: ScramDigest, salted: Uint8Array): Uint8Array {
  return hmac(digest, salted, 'Server Key')
}

export function hash(digest: ScramDigest, bytes: Uint8Array): Uint8Array {
  return createHash(digest).update(bytes).digest()
}

export function hmac(digest: ScramDigest, key: Uint8Array, message: string): Uint8Array {
  return createHmac(digest, key).update(message).digest()
}

/** Of equal length. */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = asBuffer(Uint8Array.from(a))
  for (let i = 0; i < out.length; i++) out[i]! ^= b[i]!
  return out
}
