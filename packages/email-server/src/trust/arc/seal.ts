// Sealing (RFC 8617 §5.1): the three fields of a new ARC Set for a message that goes on to others.
import { MailError, optionError } from '../../base/errors.ts'
import type { HeaderBlock } from '../../mime/index.ts'
import { type AuthenticationResults, writeAuthenticationPayload } from '../authentication-results/index.ts'
import {
  type BodyDigest,
  type BodyHashes,
  canonicalField,
  canonicalText,
  DEFAULT_OVERSIGNED,
  DEFAULT_SIGNED,
  FieldPicker,
  fieldNames,
  foldBase64,
  foldNames,
  headerText,
  type MessageInput,
  type MessageListener,
  type ReadySigner,
  readMessage,
  readSigningKey,
  type SigningKey,
  signedNames,
  signText,
} from '../dkim/index.ts'
import { MOST_SETS, readArcSets } from './sets.ts'
import type { ArcResult } from './verify.ts'

export interface ArcSealOptions {
  readonly key: SigningKey
  /** Milliseconds since the epoch; written as `t=`. */
  readonly now: number
  /** What `arcVerify` said when the message came in, before anything was changed. */
  readonly chain: Pick<ArcResult, 'result' | 'instances' | 'ended'>
  /** What we found when it came in; becomes ARC-Authentication-Results. */
  readonly results: AuthenticationResults
  /** Fields that the new ARC-Message-Signature covers. Default: those of `dkimSign`, and DKIM-Signature. */
  readonly headers?: readonly string[]
}

/** What h= of ARC-Message-Signature must not have (§4.1.2). */
const NEVER: ReadonlySet<string> = new Set([
  'authentication-results',
  'arc-authentication-results',
  'arc-message-signature',
  'arc-seal',
])

/** Seals one message that goes by a `MessageReader`. */
export class ArcSealing implements MessageListener {
  readonly #options: ArcSealOptions
  readonly #signer: ReadySigner
  readonly #wanted: readonly string[]
  readonly #payload: string
  #block: HeaderBlock | null = null
  #digest: BodyDigest | null = null

  /** Throws ECONFIG that names the option. */
  constructor(options: ArcSealOptions) {
    if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
    const { now, chain } = options
    if (!Number.isFinite(now) || now < 0) throw optionError('now', 'a time in ms', now)
    if (chain?.result !== 'none' && chain?.result !== 'pass' && chain?.result !== 'fail') {
      throw optionError('chain', 'the result of arcVerify', chain)
    }
    const headers = options.headers === undefined ? DEFAULT_SIGNED : fieldNames(options.headers, 'headers')
    const never = headers.find(name => NEVER.has(name))
    if (never !== undefined) throw optionError('headers', 'field names without those of ARC', never)
    this.#options = options
    this.#signer = readSigningKey(options.key, 'key')
    this.#wanted = [...new Set(['from', ...headers, 'dkim-signature'])]
    this.#payload = writeAuthenticationPayload(options.results)
  }

  /** Throws EMESSAGE when the message has another chain than the one that was validated, or a header that is too large. */
  header(block: HeaderBlock, cut: boolean, bodies: BodyHashes): void {
    if (cut) throw new MailError('EMESSAGE', 'the header of the message is too large to be sealed')
    const highest = readArcSets(block)?.highest ?? 0
    if (highest !== this.#options.chain.instances) {
      throw new MailError(
        'EMESSAGE',
        `the message has ${highest} ARC sets, not the ${this.#options.chain.instances} validated`,
      )
    }
    this.#block = block
    this.#digest = bodies.want('relaxed')
  }

  /**
   * The fields, each with its CRLF, to be put in front of the message; asked for when it has ended. Empty when nobody may add to the chain:
   * its last seal says that it is broken, or it has 50 sets.
   */
  finish(): string {
    const block = this.#block
    const { chain, now } = this.#options
    if (block === null || this.#digest === null) throw new MailError('EMESSAGE', 'the message has not ended')
    const instance = chain.instances + 1
    if (chain.ended || instance > MOST_SETS) return ''
    const signer = this.#signer
    const who = `a=${signer.algorithm}; d=${signer.domain}; s=${signer.selector}`
    const timestamp = Math.floor(now / 1000)

    const results = ` i=${instance}; ${this.#payload}`
    const picker = new FieldPicker(block)
    const names = signedNames(picker, this.#wanted, DEFAULT_OVERSIGNED)
    const bodyHash = Buffer.from(this.#digest.digest()).toString('base64')
    const message = ` i=${instance}; ${who};\r\n c=relaxed/relaxed; t=${timestamp};\r\n ${foldNames(names).join('\r\n ')}\r\n bh=${bodyHash};\r\n`
    const own = canonicalText('ARC-Message-Signature', `${message} b=`, 'relaxed').slice(0, -2)
    const signed =
      message + foldBase64(' b=', signText(signer, headerText(block, picker.pick(names), 'relaxed') + own))

    const seal = ` i=${instance}; ${who};\r\n t=${timestamp}; cv=${chain.result};\r\n`
    const sealed = [
      chain.result === 'fail' ? '' : earlier(block),
      canonicalText('ARC-Authentication-Results', results, 'relaxed'),
      canonicalText('ARC-Message-Signature', signed, 'relaxed'),
      canonicalText('ARC-Seal', `${seal} b=`, 'relaxed').slice(0, -2),
    ].join('')
    return [
      `ARC-Seal:${seal}${foldBase64(' b=', signText(signer, sealed))}\r\n`,
      `ARC-Message-Signature:${signed}\r\n`,
      `ARC-Authentication-Results:${results}\r\n`,
    ].join('')
  }
}

/** The sets that are there, as a seal covers them (§5.1.1); of a chain that failed none are (§5.1.2). */
function earlier(block: HeaderBlock): string {
  const chain = readArcSets(block)?.chain ?? []
  if (typeof chain === 'string')
    throw new MailError('EMESSAGE', `the message has another chain than was validated: ${chain}`)
  let text = ''
  for (const { results, message, seal } of chain) {
    for (const field of [results, message.field, seal.field]) text += canonicalField(block, field, 'relaxed')
  }
  return text
}

/**
 * The ARC Set (ARC-Seal, ARC-Message-Signature, ARC-Authentication-Results) for a message as it goes on, to be put in front of it. Empty when
 * nobody may add to its chain. Rejects with ECONFIG, which names the option that is not right, and with EMESSAGE.
 */
export async function arcSeal(message: MessageInput, options: ArcSealOptions): Promise<string> {
  const sealing = new ArcSealing(options)
  await readMessage(message, [sealing])
  return sealing.finish()
}
