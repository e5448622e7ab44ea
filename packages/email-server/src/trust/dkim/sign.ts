// DKIM signatures (RFC 6376 §5, RFC 8301, RFC 8463, RFC 8616). One pass over the message, whatever the number of keys.

import { MailError, optionError } from '../../base/errors.ts'
import type { HeaderBlock } from '../../mime/index.ts'
import { hasControl } from '../tags.ts'
import type { BodyDigest, BodyHashes } from './body-hash.ts'
import { type Canonicalization, FieldPicker, headerText } from './canonical-header.ts'
import { type MessageInput, type MessageListener, MessageReader, readMessage } from './message-reader.ts'
import { type ReadySigner, readSigningKey, type SigningKey, signText } from './private-key.ts'
import { encodeQuoted, readDnsName } from './signature.ts'
import {
  DEFAULT_OVERSIGNED,
  DEFAULT_SIGNED,
  fieldNames,
  foldBase64,
  foldNames,
  signedNames,
} from './signed-fields.ts'

export type DkimCanonicalization = `${Canonicalization}/${Canonicalization}`

export interface DkimKey extends SigningKey {
  /** `i=`, e.g. `@news.example.com` or `joe@example.com`: its domain is `domain` or below it. Default: no such tag. */
  readonly identity?: string
}

export interface DkimSignOptions {
  /** One signature for each, in this order. 1 to 8. */
  readonly keys: readonly DkimKey[]
  /** Milliseconds since the epoch; written as `t=`. */
  readonly now: number
  /** Of header and body. Default `relaxed/relaxed`. */
  readonly canonicalization?: DkimCanonicalization
  /** Fields to sign; From always is. Default: those of RFC 6376 §5.4.1 and its successors. */
  readonly headers?: readonly string[]
  /**
   * Fields that nobody may add later: From, Reply-To, To, Cc, Subject, Date and Content-Type by default; `false` for none.
   */
  readonly oversign?: readonly string[] | false
  /** Seconds after which the signature is void (`x=`). Default: never. */
  readonly expiresIn?: number
  /**
   * Octets of the canonical body that are signed (`l=`), `true` for those that there are. Whoever adds text behind them is not noticed:
   * most receivers distrust such signatures. Default: the whole body, without the tag.
   */
  readonly bodyLength?: number | true
}

interface Plan {
  readonly signers: readonly (ReadySigner & { readonly identity: string | null })[]
  readonly headerHow: Canonicalization
  readonly bodyHow: Canonicalization
  readonly wanted: readonly string[]
  readonly oversigned: readonly string[]
  readonly timestamp: number
  readonly expires: number | null
  readonly bodyLength: number | true | null
}

/** Signs one message that goes by a `MessageReader`. */
export class DkimSigning implements MessageListener {
  readonly #plan: Plan
  #block: HeaderBlock | null = null
  #digest: BodyDigest | null = null

  /** Throws ECONFIG that names the option. */
  constructor(options: DkimSignOptions) {
    this.#plan = planOf(options)
  }

  /** Throws EMESSAGE when the message has not exactly one From field, or a header that is too large. */
  header(block: HeaderBlock, cut: boolean, bodies: BodyHashes): void {
    if (cut) throw new MailError('EMESSAGE', 'the header of the message is too large to be signed')
    const from = block.fields.reduce((count, field) => count + (field.key === 'from' ? 1 : 0), 0)
    if (from !== 1) throw new MailError('EMESSAGE', `a message to sign has one From field, not ${from}`)
    const { bodyHow, bodyLength } = this.#plan
    this.#block = block
    this.#digest = bodies.want(bodyHow, 'sha256', typeof bodyLength === 'number' ? bodyLength : null)
  }

  /** The fields, each with its CRLF, to be put in front of the message; asked for when it has ended. */
  finish(): string {
    const plan = this.#plan
    const block = this.#block
    const digest = this.#digest
    if (block === null || digest === null) throw new MailError('EMESSAGE', 'the message has not ended')
    const length = plan.bodyLength === true ? digest.length : plan.bodyLength
    if (length !== null && length > digest.length) {
      throw optionError('bodyLength', `at most the ${digest.length} octets of the body`, length)
    }
    const bodyHash = Buffer.from(digest.digest()).toString('base64')
    const picker = new FieldPicker(block)
    const names = signedNames(picker, plan.wanted, plan.oversigned)
    const covered = headerText(block, picker.pick(names), plan.headerHow)
    let out = ''
    for (const signer of plan.signers) {
      const lines = [
        `v=1; a=${signer.algorithm}; c=${plan.headerHow}/${plan.bodyHow};`,
        `d=${signer.domain}; s=${signer.selector};`,
        ...(signer.identity === null ? [] : [`i=${signer.identity};`]),
        `t=${plan.timestamp};${plan.expires === null ? '' : ` x=${plan.expires};`}${length === null ? '' : ` l=${length};`}`,
        ...foldNames(names),
        `bh=${bodyHash};`,
      ]
      const value = lines.join('\r\n ')
      // Each fold is one space once it is relaxed.
      const own =
        plan.headerHow === 'relaxed'
          ? `dkim-signature:${lines.join(' ')} b=`
          : `DKIM-Signature: ${value}\r\n b=`
      out += `DKIM-Signature: ${value}\r\n${foldBase64(' b=', signText(signer, covered + own))}\r\n`
    }
    return out
  }
}

/** A signer for a message that comes in pieces. */
export class DkimSigner {
  readonly #signing: DkimSigning
  readonly #reader: MessageReader

  constructor(options: DkimSignOptions) {
    this.#signing = new DkimSigning(options)
    this.#reader = new MessageReader([this.#signing])
  }

  write(chunk: Uint8Array): void {
    this.#reader.write(chunk)
  }

  /** Ends the message: its DKIM-Signature fields, each with its CRLF. */
  end(): string {
    this.#reader.end()
    return this.#signing.finish()
  }
}

/**
 * The DKIM-Signature fields of a message, each with its CRLF, to be put in front of it. Rejects with ECONFIG, which names the option that is
 * not right, with EMESSAGE for a message that cannot be signed, and with what a stream throws.
 */
export async function dkimSign(message: MessageInput, options: DkimSignOptions): Promise<string> {
  const signing = new DkimSigning(options)
  await readMessage(message, [signing])
  return signing.finish()
}

function planOf(options: DkimSignOptions): Plan {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const { keys, now, canonicalization = 'relaxed/relaxed', oversign, expiresIn, bodyLength = null } = options
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > 8)
    throw optionError('keys', '1 to 8 keys', keys)
  const [headerHow, bodyHow, more] = String(canonicalization).split('/')
  if (!isHow(headerHow) || !isHow(bodyHow) || more !== undefined) {
    throw optionError('canonicalization', "'simple' or 'relaxed', '/', and again", canonicalization)
  }
  if (!Number.isFinite(now) || now < 0) throw optionError('now', 'a time in ms', now)
  if (expiresIn !== undefined && !(Number.isSafeInteger(expiresIn) && expiresIn > 0)) {
    throw optionError('expiresIn', 'a number of seconds, 1 or more', expiresIn)
  }
  if (bodyLength !== null && bodyLength !== true && !(Number.isSafeInteger(bodyLength) && bodyLength >= 0)) {
    throw optionError('bodyLength', 'a number of octets or true', bodyLength)
  }
  const headers = options.headers === undefined ? DEFAULT_SIGNED : fieldNames(options.headers, 'headers')
  const timestamp = Math.floor(now / 1000)
  return {
    signers: keys.map((key: DkimKey, i) => {
      const signer = readSigningKey(key, `keys[${i}]`)
      return { ...signer, identity: identityTag(key.identity, signer.domain, `keys[${i}].identity`) }
    }),
    headerHow,
    bodyHow,
    wanted: headers.includes('from') ? headers : ['from', ...headers],
    oversigned:
      oversign === undefined
        ? DEFAULT_OVERSIGNED
        : oversign === false
          ? []
          : fieldNames(oversign, 'oversign'),
    timestamp,
    expires: expiresIn === undefined ? null : timestamp + expiresIn,
    bodyLength,
  }
}

function identityTag(identity: unknown, domain: string, option: string): string | null {
  if (identity === undefined) return null
  const expected = `an address or @domain, with ${domain} or a domain below it`
  if (typeof identity !== 'string' || hasControl(identity)) throw optionError(option, expected, identity)
  const at = identity.lastIndexOf('@')
  const own = at === -1 ? null : readDnsName(Buffer.from(identity.slice(at + 1), 'utf8').toString('latin1'))
  if (own === null || (own !== domain && !own.endsWith(`.${domain}`))) {
    throw optionError(option, expected, identity)
  }
  return `${encodeQuoted(identity.slice(0, at))}@${own}`
}

function isHow(word: string | undefined): word is Canonicalization {
  return word === 'simple' || word === 'relaxed'
}
