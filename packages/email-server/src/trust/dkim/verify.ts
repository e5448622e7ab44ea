// Verification of DKIM signatures (RFC 6376 §6, RFC 8301, RFC 8463). The keys are asked for when the header is whole, while the body still
// arrives. Never `pass` on doubt; each result says in a sentence why.

import { readAddressList } from '../../address/index.ts'
import { equalBytes } from '../../base/bytes.ts'
import { optionError } from '../../base/errors.ts'
import { fieldText, type HeaderBlock, type HeaderField } from '../../mime/index.ts'
import { domainToAscii } from '../../text/index.ts'
import { readTags, type TagList, withoutSpace } from '../tags.ts'
import type { BodyDigest, BodyHashes } from './body-hash.ts'
import { canonicalOwn, FieldPicker, headerText } from './canonical-header.ts'
import { type MessageInput, type MessageListener, MessageReader, readMessage } from './message-reader.ts'
import {
  DkimKeyCache,
  findKey,
  isSignedBy,
  type KeyAnswer,
  type KeyResolver,
  keyFault,
} from './public-key.ts'
import {
  type CoverTags,
  decodeQuoted,
  readCover,
  readDnsName,
  readNumber,
  readSigner,
  type SignatureAlgorithm,
  type SignerTags,
} from './signature.ts'

/** The results of RFC 8601 §2.7.1. */
export type DkimResultCode = 'pass' | 'fail' | 'neutral' | 'policy' | 'temperror' | 'permerror'

/**
 * How d= stands to the From address: the same domain, one below the other, or neither. `related` is what can be said without the DNS;
 * whether a domain counts as the same organisation is DMARC's to decide.
 */
export type DkimAlignment = 'same' | 'related' | 'none'

export interface DkimSignatureResult {
  readonly result: DkimResultCode
  /** In words, for a person. */
  readonly reason: string
  readonly alignment: DkimAlignment
  /** `d=`, as A-labels in lower case; null when it cannot be read. */
  readonly domain: string | null
  readonly selector: string | null
  /** `i=` decoded, or `@` and the domain. */
  readonly identity: string | null
  /** `a=`, when it is one that is known. */
  readonly algorithm: string | null
  /** `header/body`. */
  readonly canonicalization: string | null
  /** Null when the key was not found or not needed. */
  readonly keyBits: number | null
  /** The domain says that it is only trying (`t=y`): the result is never better than neutral. */
  readonly testing: boolean
  /** `h=`, in lower case. */
  readonly signedHeaders: readonly string[]
  /** `t=` and `x=`, seconds since the epoch. */
  readonly timestamp: number | null
  readonly expires: number | null
  /** Octets of the canonical body behind those that `l=` covers. */
  readonly unsignedBytes: number
  /** The first eight characters of `b=`, to tell signatures apart (RFC 6008). */
  readonly signature: string
}

export interface DkimResult {
  /** That of the best signature; `none` when there is none. */
  readonly result: DkimResultCode | 'none'
  readonly reason: string
  /** An aligned pass before another one, a pass before anything else. */
  readonly best: DkimSignatureResult | null
  /** In the order of the header. */
  readonly signatures: readonly DkimSignatureResult[]
  /** Signatures that were not looked at, because there were more than `maxSignatures`. */
  readonly ignored: number
}

export interface DkimVerifyOptions {
  readonly resolver: KeyResolver
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Default: one of its own, so that each verification reads its keys anew. */
  readonly keys?: DkimKeyCache
  /** Signatures that are examined, from the top. Default 8. */
  readonly maxSignatures?: number
  /** Least bits of an RSA key, 1024 or more (RFC 8301 §3.2). Default 1024. */
  readonly minRsaBits?: number
}

/** How far the clocks of others may be ahead, in seconds. */
const CLOCK_SKEW = 3600

/** Fields of which RFC 5322 §3.6 and RFC 2045 allow one: a second one that is not signed shows people what nobody signed. */
const SINGLE: ReadonlySet<string> = new Set([
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'content-type',
  'content-transfer-encoding',
])

/** A result that is being found out. */
type Facts = { -readonly [K in keyof DkimSignatureResult]: DkimSignatureResult[K] }

interface Examined {
  readonly facts: Facts
  readonly signer: SignerTags
  readonly algorithm: SignatureAlgorithm
  readonly cover: CoverTags
  readonly identityDomain: string
  readonly limit: number | null
  readonly text: string
  readonly digest: BodyDigest
  readonly key: Promise<KeyAnswer>
}

/** Verifies the signatures of one message that goes by a `MessageReader`. */
export class DkimVerification implements MessageListener {
  readonly #options: DkimVerifyOptions
  readonly #keys: DkimKeyCache
  readonly #asked = new Map<string, Promise<KeyAnswer>>()
  readonly #found: (Examined | DkimSignatureResult)[] = []
  #ignored = 0

  /** Throws ECONFIG for options that are none. */
  constructor(options: DkimVerifyOptions) {
    if (typeof options?.resolver?.resolve !== 'function') {
      throw optionError('resolver', 'an object with resolve()', options?.resolver)
    }
    if (!Number.isFinite(options.now)) throw optionError('now', 'a time in ms', options.now)
    const { maxSignatures = 8, minRsaBits = 1024 } = options
    if (!Number.isInteger(maxSignatures) || maxSignatures < 1) {
      throw optionError('maxSignatures', 'a whole number, 1 or more', maxSignatures)
    }
    if (!Number.isInteger(minRsaBits) || minRsaBits < 1024) {
      throw optionError('minRsaBits', 'a whole number, 1024 or more', minRsaBits)
    }
    this.#options = options
    this.#keys = options.keys ?? new DkimKeyCache()
  }

  header(block: HeaderBlock, cut: boolean, bodies: BodyHashes): void {
    const fields = block.fields.filter(field => field.key === 'dkim-signature')
    if (fields.length === 0) return
    const most = this.#options.maxSignatures ?? 8
    this.#ignored = Math.max(0, fields.length - most)
    const picker = new FieldPicker(block)
    const author = authorDomain(block, picker)
    for (const field of fields.slice(0, most)) {
      this.#found.push(
        cut
          ? settle(noFacts(), 'permerror', 'the header is larger than what is read of one')
          : this.#examine(block, field, picker, author, bodies),
      )
    }
  }

  /** The results; asked for when the message has ended. Never rejects. */
  async finish(): Promise<DkimResult> {
    const signatures: DkimSignatureResult[] = []
    for (const found of this.#found) {
      signatures.push('facts' in found ? this.#judge(found, await found.key) : found)
    }
    return { ...overall(signatures), signatures, ignored: this.#ignored }
  }

  #examine(
    block: HeaderBlock,
    field: HeaderField,
    picker: FieldPicker,
    author: string | null,
    bodies: BodyHashes,
  ): Examined | DkimSignatureResult {
    const value = block.text.slice(field.valueStart, field.end)
    const facts = noFacts()
    const tags = readTags(value)
    if (typeof tags === 'string') return settle(facts, 'permerror', `the signature is malformed: ${tags}`)
    const signer = readSigner(tags)
    if (typeof signer === 'string') return settle(facts, 'permerror', signer)
    const identity = readIdentity(tags, signer.domain)
    const expires = readNumber(tags.get('x')?.value, 12)
    facts.alignment = alignmentOf(signer.domain, author)
    facts.domain = signer.domain
    facts.selector = signer.selector
    facts.identity = identity?.text ?? null
    facts.algorithm = signer.algorithm
    facts.timestamp = signer.timestamp
    facts.expires = expires ?? null
    facts.signature = withoutSpace(tags.get('b')!.value.slice(0, 40)).slice(0, 8)
    if (tags.get('v')?.value !== '1') return settle(facts, 'permerror', 'the tag v= is not 1')
    const cover = readCover(tags, 'simple/simple')
    if (typeof cover === 'string') return settle(facts, 'permerror', cover)
    const { names, headerCanonicalization, bodyCanonicalization } = cover
    facts.canonicalization = `${headerCanonicalization}/${bodyCanonicalization}`
    facts.signedHeaders = names
    if (identity === null) return settle(facts, 'permerror', 'the tag i= is no identity below d=')
    const limit = readNumber(tags.get('l')?.value, 15)
    if (limit === undefined) return settle(facts, 'permerror', 'the tag l= is no length')
    if (expires === undefined) return settle(facts, 'permerror', 'the tag x= is no time')
    const queries = tags.get('q')
    if (queries !== undefined && !/(?:^|:)[ \t\r\n]*dns\/txt[ \t\r\n]*(?::|$)/i.test(queries.value)) {
      return settle(facts, 'permerror', 'the key is not where q= says that it may be: not in the DNS')
    }
    if (!names.includes('from')) return settle(facts, 'permerror', 'the From field is not signed')
    if (signer.timestamp !== null && expires !== null && expires <= signer.timestamp) {
      return settle(facts, 'permerror', 'the signature expires before it was made')
    }
    const now = Math.floor(this.#options.now / 1000)
    if (expires !== null && now > expires) {
      return settle(facts, 'policy', `the signature expired at ${new Date(expires * 1000).toISOString()}`)
    }
    if (signer.timestamp !== null && signer.timestamp > now + CLOCK_SKEW) {
      return settle(facts, 'policy', 'the signature was made in the future')
    }
    if (signer.algorithm === 'rsa-sha1') return settle(facts, 'policy', 'SHA-1 signatures are not secure')
    const added = unsignedDouble(names, picker)
    if (added !== null) return settle(facts, 'policy', `there is a second ${added} field that is not signed`)
    return {
      facts,
      signer,
      algorithm: signer.algorithm,
      cover,
      identityDomain: identity.domain,
      limit,
      text:
        headerText(block, picker.pick(names), headerCanonicalization) +
        canonicalOwn(block, field, tags.get('b')!, headerCanonicalization),
      digest: bodies.want(bodyCanonicalization, 'sha256', limit),
      key: this.#ask(signer.keyName),
    }
  }

  #ask(name: string): Promise<KeyAnswer> {
    let asked = this.#asked.get(name)
    if (asked === undefined) {
      asked = findKey(this.#options.resolver, this.#keys, name)
      this.#asked.set(name, asked)
    }
    return asked
  }

  #judge(examined: Examined, answer: KeyAnswer): DkimSignatureResult {
    const { facts, signer, cover, digest, limit } = examined
    if (!answer.ok) return settle(facts, answer.result, answer.reason)
    const { key } = answer
    facts.keyBits = key.bits
    facts.testing = key.testing
    facts.unsignedBytes = limit === null ? 0 : Math.max(0, digest.length - limit)
    const verdict = (result: DkimResultCode, reason: string): DkimSignatureResult =>
      // §3.6.1: mail of a domain that is trying counts as unsigned, whatever comes out.
      key.testing
        ? settle(facts, 'neutral', `the domain is testing DKIM; otherwise: ${result}, ${reason}`)
        : settle(facts, result, reason)
    const fault = keyFault(key, examined.algorithm, this.#options.minRsaBits ?? 1024)
    if (fault !== null) return verdict(fault.result, fault.reason)
    if (key.strict && examined.identityDomain !== signer.domain) {
      return verdict('permerror', 'the key forbids an i= below d=')
    }
    if (limit !== null && limit > digest.length) {
      return verdict('permerror', 'l= covers more than the body has')
    }
    if (!equalBytes(digest.digest(), cover.bodyHash)) {
      return verdict('fail', 'the body was changed after it was signed')
    }
    if (!isSignedBy(key, examined.text, signer.signature)) {
      return verdict('fail', 'the signed header was changed, or the signature is not that of the key')
    }
    if (facts.unsignedBytes > 0) {
      return verdict('policy', `${facts.unsignedBytes} bytes of the body are not signed (l=)`)
    }
    return verdict('pass', `signed by ${signer.domain}`)
  }
}

/** A verifier for a message that comes in pieces. */
export class DkimVerifier {
  readonly #verification: DkimVerification
  readonly #reader: MessageReader

  constructor(options: DkimVerifyOptions) {
    this.#verification = new DkimVerification(options)
    this.#reader = new MessageReader([this.#verification])
  }

  write(chunk: Uint8Array): void {
    this.#reader.write(chunk)
  }

  /** Ends the message; resolves when the keys were found and the signatures checked. Never rejects. */
  end(): Promise<DkimResult> {
    this.#reader.end()
    return this.#verification.finish()
  }
}

/**
 * Checks every DKIM signature of a message. Rejects only with ECONFIG or EMESSAGE for wrong arguments, and with what a stream throws;
 * whatever is wrong with the message, its signatures or the DNS is a result.
 */
export async function dkimVerify(message: MessageInput, options: DkimVerifyOptions): Promise<DkimResult> {
  const verification = new DkimVerification(options)
  await readMessage(message, [verification])
  return verification.finish()
}

function noFacts(): Facts {
  return {
    result: 'permerror',
    reason: '',
    alignment: 'none',
    domain: null,
    selector: null,
    identity: null,
    algorithm: null,
    canonicalization: null,
    keyBits: null,
    testing: false,
    signedHeaders: [],
    timestamp: null,
    expires: null,
    unsignedBytes: 0,
    signature: '',
  }
}

function settle(facts: Facts, result: DkimResultCode, reason: string): DkimSignatureResult {
  facts.result = result
  facts.reason = reason
  return facts
}

/** `i=`: its text, and its domain, which is that of d= or below it. Null when it is neither. */
function readIdentity(tags: TagList, domain: string): { text: string; domain: string } | null {
  const tag = tags.get('i')
  if (tag === undefined) return { text: `@${domain}`, domain }
  const text = decodeQuoted(tag.value)
  const at = text.lastIndexOf('@')
  if (at === -1) return null
  const own = readDnsName(Buffer.from(text.slice(at + 1), 'utf8').toString('latin1'))
  if (own === null || (own !== domain && !own.endsWith(`.${domain}`))) return null
  return { text, domain: own }
}

/** The one domain of the one From field, as A-labels; null when there are none or several. */
function authorDomain(block: HeaderBlock, picker: FieldPicker): string | null {
  if (picker.count('from') !== 1) return null
  const list = readAddressList(fieldText(block, block.fields.find(field => field.key === 'from')!))
  const mailboxes = list.entries.flatMap(entry => (entry.kind === 'group' ? entry.members : [entry]))
  const first = mailboxes[0]?.domain ?? null
  if (first === null || list.truncated || mailboxes.some(box => !box.regular || box.domain !== first))
    return null
  return domainToAscii(first) || null
}

function alignmentOf(domain: string, author: string | null): DkimAlignment {
  if (author === null) return 'none'
  if (author === domain) return 'same'
  return author.endsWith(`.${domain}`) || domain.endsWith(`.${author}`) ? 'related' : 'none'
}

/** A field of which there may be one, signed, with another one that the signature does not cover; or null. */
function unsignedDouble(names: readonly string[], picker: FieldPicker): string | null {
  for (const name of SINGLE) {
    const there = picker.count(name)
    if (there < 2) continue
    const signed = names.reduce((count, each) => (each === name ? count + 1 : count), 0)
    if (signed > 0 && signed < there) return name
  }
  return null
}

const ORDER: readonly DkimResultCode[] = ['pass', 'temperror', 'fail', 'policy', 'neutral', 'permerror']
const ALIGNMENTS: readonly DkimAlignment[] = ['same', 'related', 'none']

function overall(signatures: readonly DkimSignatureResult[]): Pick<DkimResult, 'result' | 'reason' | 'best'> {
  let best: DkimSignatureResult | null = null
  for (const each of signatures) if (best === null || rank(each) < rank(best)) best = each
  if (best === null) return { result: 'none', reason: 'the message has no DKIM signature', best }
  return { result: best.result, reason: best.reason, best }
}

function rank(each: DkimSignatureResult): number {
  return ORDER.indexOf(each.result) * 3 + ALIGNMENTS.indexOf(each.alignment)
}
