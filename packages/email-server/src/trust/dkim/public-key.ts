// Key records in the DNS (RFC 6376 §3.6.1, RFC 8301 §3.2, RFC 8463 §4) and the check of a signature with one.
import { createHash, createPublicKey, type KeyObject, verify } from '../../base/crypto.ts'
import type { DnsAnswer, DnsRecord, Runtime } from '../../base/runtime.ts'
import { colonList, readTags } from '../tags.ts'
import { readBase64, type SignatureAlgorithm } from './signature.ts'

/** Who is asked for key records. */
export type KeyResolver = Pick<Runtime, 'resolve'>

export interface PublicKey {
  readonly type: 'rsa' | 'ed25519'
  readonly key: KeyObject
  /** Of the modulus; 256 for Ed25519. */
  readonly bits: number
  /** `h=`; null when all are allowed. */
  readonly hashes: readonly string[] | null
  /** `t=y`: the domain is only trying. */
  readonly testing: boolean
  /** `t=s`: the domain of i= must be that of d=. */
  readonly strict: boolean
}

export type KeyAnswer =
  | { readonly ok: true; readonly key: PublicKey }
  | { readonly ok: false; readonly result: 'temperror' | 'permerror'; readonly reason: string }

/** Bits of an RSA key above which a verification takes longer than a message is worth (RFC 8301 §3.2 asks for 4,096). */
const MOST_BITS = 8192
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * Key records that were read before, by their text, so that a key object is made once. Give one to all verifications of a process;
 * the least recently used go when there are more than `size` (default 1000).
 */
export class DkimKeyCache {
  readonly #size: number
  readonly #kept = new Map<string, KeyAnswer>()

  constructor(size = 1000) {
    this.#size = size
  }

  /** The key of a record's text. */
  read(text: string): KeyAnswer {
    const known = this.#kept.get(text)
    const answer = known ?? readKeyRecord(text)
    if (known !== undefined) this.#kept.delete(text)
    this.#kept.set(text, answer)
    if (this.#kept.size > this.#size) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest)
        break
      }
    }
    return answer
  }
}

/** Asks for the key at a name. Never rejects. */
export async function findKey(resolver: KeyResolver, cache: DkimKeyCache, name: string): Promise<KeyAnswer> {
  let answer: DnsAnswer
  try {
    answer = await resolver.resolve(name, 'TXT')
  } catch {
    // A resolver that breaks its promise is one that does not answer.
    return unavailable(`the look-up of ${name} failed`)
  }
  if (!answer.ok) {
    if (answer.failure === 'timeout') return unavailable(`the DNS did not answer for ${name} in time`)
    if (answer.failure === 'servfail') return unavailable(`the DNS could not answer for ${name}`)
    return unusable(`there is no key at ${name}`)
  }
  // §3.6.2.2: two key records are no defined key; other texts may stand at the name.
  const { records } = answer
  const texts = records.length === 1 ? records.map(record => record.value) : keyRecords(records)
  if (texts.length === 0) return unusable(`there is no key at ${name}`)
  if (texts.length > 1) return unusable(`there are ${texts.length} keys at ${name}`)
  return cache.read(texts[0]!)
}

/** §3.6.1: a text of another version is none; without a version it must at least have a key. */
function keyRecords(records: readonly DnsRecord[]): string[] {
  const texts: string[] = []
  for (const { value } of records) {
    const version = /^[ \t]*v[ \t]*=[ \t]*([^; \t]*)/.exec(value)
    if (version === null ? /(?:^|;)[ \t]*p[ \t]*=/.test(value) : version[1]!.startsWith('DKIM'))
      texts.push(value)
  }
  return texts
}

function readKeyRecord(text: string): KeyAnswer {
  const tags = readTags(text)
  if (typeof tags === 'string') return unusable(`the key record is malformed: ${tags}`)
  const version = tags.get('v')
  if (version !== undefined && (version.value !== 'DKIM1' || tags.keys().next().value !== 'v')) {
    return unusable('the key record is not of version DKIM1')
  }
  const type = tags.get('k')?.value ?? 'rsa'
  if (type !== 'rsa' && type !== 'ed25519') return unusable('the type of the key is unknown')
  const p = tags.get('p')
  if (p === undefined) return unusable('the key record has no p=')
  if (p.value === '') return unusable('the key was revoked')
  const services = colonList(tags.get('s')?.value ?? '*')
  if (!services.includes('*') && !services.includes('email')) return unusable('the key is not for email')
  const bytes = readBase64(p.value)
  const key = bytes === null ? null : type === 'rsa' ? rsaKey(bytes) : ed25519Key(bytes)
  if (key === null) return unusable(`p= is no ${type === 'rsa' ? 'RSA' : 'Ed25519'} key`)
  const flags = colonList(tags.get('t')?.value ?? '')
  const hashes = tags.get('h')
  return {
    ok: true,
    key: {
      type,
      key,
      bits: type === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 256,
      hashes: hashes === undefined ? null : colonList(hashes.value),
      testing: flags.includes('y'),
      strict: flags.includes('s'),
    },
  }
}

/** SubjectPublicKeyInfo as everybody publishes, or RSAPublicKey as the text says (RFC 6376, erratum 3017). */
function rsaKey(der: Uint8Array): KeyObject | null {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      const key = createPublicKey({ key: Buffer.from(der), format: 'der', type })
      if (key.asymmetricKeyType === 'rsa') return key
    } catch {
      // Not this form.
    }
  }
  return null
}

function ed25519Key(raw: Uint8Array): KeyObject | null {
  if (raw.length !== 32) return null
  return createPublicKey({ key: Buffer.concat([ED25519_SPKI, raw]), format: 'der', type: 'spki' })
}

/** Why this key must not be used for this algorithm, or null. */
export function keyFault(
  key: PublicKey,
  algorithm: SignatureAlgorithm,
  leastBits: number,
): { readonly result: 'permerror' | 'policy'; readonly reason: string } | null {
  if (`${key.type}-sha256` !== algorithm) {
    return { result: 'permerror', reason: `the key is of type ${key.type}, the signature ${algorithm}` }
  }
  if (key.hashes !== null && !key.hashes.includes('sha256')) {
    return { result: 'permerror', reason: 'the key does not allow SHA-256' }
  }
  if (key.type === 'rsa' && key.bits < leastBits) {
    return { result: 'policy', reason: `the RSA key has ${key.bits} bits, fewer than ${leastBits}` }
  }
  if (key.bits > MOST_BITS) {
    return { result: 'policy', reason: `the RSA key has ${key.bits} bits, more than ${MOST_BITS}` }
  }
  return null
}

/** Whether the signature is that of the key over this text (one character a byte). */
export function isSignedBy(key: PublicKey, text: string, signature: Uint8Array): boolean {
  try {
    if (key.type === 'rsa') return verify('sha256', Buffer.from(text, 'latin1'), key.key, signature)
    // RFC 8463 §3: Ed25519 signs the hash.
    return verify(null, createHash('sha256').update(text, 'latin1').digest(), key.key, signature)
  } catch {
    // OpenSSL refuses keys that it thinks unsafe only when they are used.
    return false
  }
}

function unavailable(reason: string): KeyAnswer {
  return { ok: false, result: 'temperror', reason }
}

function unusable(reason: string): KeyAnswer {
  return { ok: false, result: 'permerror', reason }
}
