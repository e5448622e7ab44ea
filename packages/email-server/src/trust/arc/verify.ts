// Validation of an Authenticated Received Chain (RFC 8617 §5.2), in one pass: the keys are asked for when the header is whole.
import { equalBytes } from '../../base/bytes.ts'
import { optionError } from '../../base/errors.ts'
import { fieldText, type HeaderBlock } from '../../mime/index.ts'
import {
  type BodyDigest,
  type BodyHashes,
  canonicalField,
  canonicalOwn,
  DkimKeyCache,
  FieldPicker,
  findKey,
  headerText,
  isSignedBy,
  type KeyAnswer,
  type KeyResolver,
  keyFault,
  type MessageInput,
  type MessageListener,
  readMessage,
} from '../dkim/index.ts'
import { type ArcSet, type ArcSignature, readArcSets } from './sets.ts'

export interface ArcVerifyOptions {
  readonly resolver: KeyResolver
  /** Default: one of its own. */
  readonly keys?: DkimKeyCache
  /** Least bits of an RSA key, 1024 or more. Default 1024. */
  readonly minRsaBits?: number
}

/** One link of the chain, as its seal and its fields say. */
export interface ArcLink {
  readonly instance: number
  /** Who sealed: `d=` and `s=` of ARC-Seal. */
  readonly domain: string
  readonly selector: string
  /** `d=` of ARC-Message-Signature. */
  readonly messageDomain: string
  /** `t=` of the seal, seconds since the epoch. */
  readonly timestamp: number | null
  /** What ARC-Authentication-Results says behind `i=…;`, unfolded. */
  readonly authenticationResults: string
}

export interface ArcResult {
  /** All failures are `fail`, those of the DNS too (§5.2.1). */
  readonly result: 'none' | 'pass' | 'fail'
  /** In words, for a person. */
  readonly reason: string
  /** The highest instance; 0 when there is none. */
  readonly instances: number
  /** The newest seal already says `cv=fail`: nobody adds to this chain. */
  readonly ended: boolean
  /** From 1 on; empty unless the structure of the chain is right. To be believed only when `result` is `pass`. */
  readonly chain: readonly ArcLink[]
  /** The oldest instance whose message signature still holds, 0 when all do (§5.2, step 5); null unless `result` is `pass`. */
  readonly oldestPass: number | null
}

/** Characters of header that are hashed to find the oldest signature that holds: more than an honest chain has. */
const MOST_TEXT = 4 * 1024 * 1024

interface Signed {
  readonly set: ArcSet
  /** Made when it is needed: fifty of them could be large. */
  readonly messageText: () => string
  readonly sealText: string
  readonly digest: BodyDigest | null
}

/** Validates the chain of one message that goes by a `MessageReader`. */
export class ArcVerification implements MessageListener {
  readonly #options: ArcVerifyOptions
  readonly #cache: DkimKeyCache
  readonly #keys = new Map<string, Promise<KeyAnswer>>()
  #facts: Pick<ArcResult, 'instances' | 'ended' | 'chain'> = { instances: 0, ended: false, chain: [] }
  #fault: string | null = null
  readonly #signed: Signed[] = []
  #examined = 0

  /** Throws ECONFIG for options that are none. */
  constructor(options: ArcVerifyOptions) {
    if (typeof options?.resolver?.resolve !== 'function') {
      throw optionError('resolver', 'an object with resolve()', options?.resolver)
    }
    const { minRsaBits = 1024 } = options
    if (!Number.isInteger(minRsaBits) || minRsaBits < 1024) {
      throw optionError('minRsaBits', 'a whole number, 1024 or more', minRsaBits)
    }
    this.#options = options
    this.#cache = options.keys ?? new DkimKeyCache()
  }

  header(block: HeaderBlock, cut: boolean, bodies: BodyHashes): void {
    const sets = readArcSets(block)
    if (sets === null) return
    const { highest: instances, ended, chain } = sets
    this.#facts = { instances, ended, chain: [] }
    if (cut) this.#fault = 'the header is larger than what is read of one'
    else if (typeof chain === 'string') this.#fault = chain
    if (cut || typeof chain === 'string') return
    const picker = new FieldPicker(block)
    let sealed = ''
    for (const set of chain) {
      const { message, seal } = set
      const own = canonicalOwn(block, seal.field, seal.b, 'relaxed')
      sealed +=
        canonicalField(block, set.results, 'relaxed') + canonicalField(block, message.field, 'relaxed')
      const { names, headerCanonicalization: how, bodyCanonicalization } = message.cover
      this.#signed.push({
        set,
        sealText: sealed + own,
        messageText: () =>
          headerText(block, picker.pick(names), how) + canonicalOwn(block, message.field, message.b, how),
        // Text behind l= could be anybody's; and fifty lengths would be fifty hashes.
        digest: message.limit === null ? bodies.want(bodyCanonicalization) : null,
      })
      sealed += canonicalField(block, seal.field, 'relaxed')
      this.#ask(seal.signer.keyName)
      this.#ask(message.signer.keyName)
    }
    const newest = chain.at(-1)!
    const signedFrom = newest.message.cover.names.filter(name => name === 'from').length
    if (signedFrom > 0 && picker.count('from') > Math.max(1, signedFrom)) {
      this.#fault = 'there is a second From field that is not signed'
    }
    this.#facts = { instances, ended, chain: chain.map(set => linkOf(block, set)) }
  }

  /** The result; asked for when the message has ended. Never rejects. */
  async finish(): Promise<ArcResult> {
    if (this.#facts.instances === 0 && this.#fault === null)
      return this.#result('none', 'the message has no ARC sets')
    if (this.#fault !== null) return this.#result('fail', this.#fault)
    const newest = this.#signed.at(-1)!
    const fault = await this.#messageFault(newest)
    if (fault !== null) return this.#result('fail', `ARC-Message-Signature ${newest.set.instance}: ${fault}`)
    for (let i = this.#signed.length - 1; i >= 0; i--) {
      const { set, sealText } = this.#signed[i]!
      const broken = await this.#signatureFault(set.seal, sealText)
      if (broken !== null) return this.#result('fail', `ARC-Seal ${set.instance}: ${broken}`)
    }
    const by = newest.set.seal.signer.domain
    return this.#result('pass', `sealed by ${by}, ${this.#signed.length} in all`, await this.#oldestPass())
  }

  async #oldestPass(): Promise<number> {
    for (let i = this.#signed.length - 2; i >= 0; i--) {
      const older = this.#signed[i]!
      // What is not known to pass counts as if it did not.
      if (this.#examined > MOST_TEXT || (await this.#messageFault(older)) !== null)
        return older.set.instance + 1
    }
    return 0
  }

  async #messageFault({ set, messageText, digest }: Signed): Promise<string | null> {
    if (digest === null) return 'l= leaves a part of the body to anybody'
    if (!equalBytes(digest.digest(), set.message.cover.bodyHash))
      return 'the body was changed after it was signed'
    const text = messageText()
    this.#examined += text.length
    return this.#signatureFault(set.message, text)
  }

  async #signatureFault(signature: ArcSignature, text: string): Promise<string | null> {
    const answer = await this.#ask(signature.signer.keyName)
    if (!answer.ok) return answer.reason
    const fault = keyFault(answer.key, signature.signer.algorithm, this.#options.minRsaBits ?? 1024)
    if (fault !== null) return fault.reason
    if (isSignedBy(answer.key, text, signature.signer.signature)) return null
    return 'what was signed was changed, or the signature is not that of the key'
  }

  #ask(name: string): Promise<KeyAnswer> {
    let asked = this.#keys.get(name)
    if (asked === undefined) {
      asked = findKey(this.#options.resolver, this.#cache, name)
      this.#keys.set(name, asked)
    }
    return asked
  }

  #result(result: ArcResult['result'], reason: string, oldestPass: number | null = null): ArcResult {
    return { result, reason, ...this.#facts, oldestPass }
  }
}

/**
 * Validates the Authenticated Received Chain of a message. Rejects only with ECONFIG or EMESSAGE for wrong arguments, and with what a stream
 * throws.
 */
export async function arcVerify(message: MessageInput, options: ArcVerifyOptions): Promise<ArcResult> {
  const verification = new ArcVerification(options)
  await readMessage(message, [verification])
  return verification.finish()
}

function linkOf(block: HeaderBlock, { instance, results, message, seal }: ArcSet): ArcLink {
  const text = fieldText(block, results)
  return {
    instance,
    domain: seal.signer.domain,
    selector: seal.signer.selector,
    messageDomain: message.signer.domain,
    timestamp: seal.signer.timestamp,
    authenticationResults: text.slice(text.indexOf(';') + 1).trimStart(),
  }
}
