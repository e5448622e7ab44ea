// Signing, sealing and checking whole messages, standing alone: with the clock and the DNS of this machine, in callback or promise style. The
// room that does it is loaded at the first call.
import { optionError } from '../base/errors.ts'
import type {
  ArcResult,
  ArcSealOptions,
  DkimKey,
  DkimKeyCache,
  DkimResult,
  DkimSignOptions,
  MessageVerdict,
} from '../trust/index.ts'
import { builtin } from './builtin.ts'
import { answer, type CheckCallback, type CheckOptions, cachingWorld, inTime } from './check-world.ts'
import { nodeRuntime } from './runtime.ts'

/** A whole message (text is taken as UTF-8), or its chunks as they come, such as a stream of Node's. */
export type RawMessage = string | Uint8Array | AsyncIterable<Uint8Array | string>

export interface SignOptions extends Omit<DkimSignOptions, 'keys' | 'now'> {
  /** One signature for each. `signingKeys(mat)` are those of `buildDomainMailMaterial`. */
  readonly keys: DkimKey | readonly DkimKey[]
  /** Milliseconds since the epoch. Default: now. */
  readonly now?: number
}

/**
 * DKIM (RFC 6376): the DKIM-Signature fields of a message, each with its CRLF, to be put in front of it. One pass, in constant memory.
 *
 *     const fields = await dkimSign(message, { keys: { domain: 'example.com', selector: 's202611', privateKey: pem } })
 *
 * The error is ECONFIG for an option that is not right, EMESSAGE for a message that cannot be signed (it must have one From field), or what a
 * stream throws.
 */
export function dkimSign(message: RawMessage, options: SignOptions, callback: CheckCallback<string>): void
export function dkimSign(message: RawMessage, options: SignOptions): Promise<string>
export function dkimSign(message: RawMessage, ...rest: readonly unknown[]): Promise<string> | undefined {
  return answer<SignOptions, string>(rest, async options => {
    const { dkimSign: sign } = await import('../trust/index.ts')
    const { keys, now = nodeRuntime.now() } = options
    return sign(input(message), { ...options, now, keys: Array.isArray(keys) ? keys : [keys as DkimKey] })
  })
}

export interface SignatureCheckOptions extends CheckOptions {
  /** Milliseconds since the epoch. Default: now. */
  readonly now?: number
  /** Keys read before; give one to all checks of a process. */
  readonly keys?: DkimKeyCache
  /** Least bits of an RSA key, 1024 or more. Default 1024. */
  readonly minRsaBits?: number
}

export interface DkimCheckOptions extends SignatureCheckOptions {
  /** Signatures that are examined, from the top. Default 8. */
  readonly maxSignatures?: number
}

/**
 * DKIM (RFC 6376): every signature of a message with its result and the reason in words; the overall result favours one of the author's domain.
 *
 *     const { result, signatures } = await dkimVerify(message)
 *
 * The error is ECONFIG or EMESSAGE for arguments of the wrong kind, or what a stream throws; all else is a result.
 */
export function dkimVerify(message: RawMessage, callback: CheckCallback<DkimResult>): void
export function dkimVerify(
  message: RawMessage,
  options: DkimCheckOptions,
  callback: CheckCallback<DkimResult>,
): void
export function dkimVerify(message: RawMessage, options?: DkimCheckOptions): Promise<DkimResult>
export function dkimVerify(
  message: RawMessage,
  ...rest: readonly unknown[]
): Promise<DkimResult> | undefined {
  return answer<DkimCheckOptions, DkimResult>(rest, options =>
    inTime(options, async ({ resolver, runtime }) => {
      const { dkimVerify: verify } = await import('../trust/index.ts')
      return verify(input(message), { ...options, resolver, now: options.now ?? runtime.now() })
    }),
  )
}

/** ARC (RFC 8617): whether the chain of those who handed a message on holds, and what each of them saw. Errors as of `dkimVerify`. */
export function arcVerify(message: RawMessage, callback: CheckCallback<ArcResult>): void
export function arcVerify(
  message: RawMessage,
  options: SignatureCheckOptions,
  callback: CheckCallback<ArcResult>,
): void
export function arcVerify(message: RawMessage, options?: SignatureCheckOptions): Promise<ArcResult>
export function arcVerify(message: RawMessage, ...rest: readonly unknown[]): Promise<ArcResult> | undefined {
  return answer<SignatureCheckOptions, ArcResult>(rest, options =>
    inTime(options, async ({ resolver }) => {
      const { arcVerify: verify } = await import('../trust/index.ts')
      return verify(input(message), { ...options, resolver })
    }),
  )
}

export interface SealOptions extends Omit<ArcSealOptions, 'now' | 'chain'>, CheckOptions {
  /** Milliseconds since the epoch. Default: now. */
  readonly now?: number
  /**
   * What `arcVerify` (or `authenticate`, as `arc`) said when the message came in. Default: found out now, which is right only for a message
   * that was not changed since, and needs all of it, not a stream.
   */
  readonly chain?: ArcSealOptions['chain']
}

/**
 * ARC (RFC 8617): the three fields of a new set, for a message that goes on to others, to be put in front of it. Empty when nobody may add to its
 * chain.
 *
 *     const { arc, results } = await authenticate(message, { ip, helo, sender })
 *     const fields = await arcSeal(changed, { key: signingKeys(mat)[0], chain: arc, results })
 *
 * Errors as of `dkimSign`.
 */
export function arcSeal(message: RawMessage, options: SealOptions, callback: CheckCallback<string>): void
export function arcSeal(message: RawMessage, options: SealOptions): Promise<string>
export function arcSeal(message: RawMessage, ...rest: readonly unknown[]): Promise<string> | undefined {
  return answer<SealOptions, string>(rest, async options => {
    const { arcSeal: seal } = await import('../trust/index.ts')
    const { now = nodeRuntime.now() } = options
    let { chain } = options
    if (chain === undefined) {
      if (typeof message !== 'string' && !(message instanceof Uint8Array)) {
        throw optionError('chain', 'the result of arcVerify, since the message is a stream', chain)
      }
      chain = await arcVerify(message, options)
    }
    return seal(input(message), { ...options, now, chain })
  })
}

export interface AuthenticateOptions extends CheckOptions {
  /** The address of the client that handed the message over. Without it SPF is `none`. */
  readonly ip?: string
  /** The name of its HELO or EHLO. */
  readonly helo?: string
  /** The address of MAIL FROM; '' or absent: SPF looks at HELO. */
  readonly sender?: string
  /** Whose name stands in the fields that are written. Default: the name of this machine. */
  readonly authservId?: string
  /** The same, as mailauth calls it. */
  readonly mta?: string
  /** False: no look-up of the logo (BIMI) for messages that pass DMARC. Default true. */
  readonly bimi?: boolean
  readonly keys?: DkimKeyCache
  readonly minRsaBits?: number
  readonly maxSignatures?: number
}

/**
 * All at once: SPF, reverse DNS, DKIM, ARC, DMARC and BIMI of one message, in parallel, in one pass over it.
 *
 *     const { spf, dkim, dmarc, arc, bimi, rdns, headers } = await authenticate(message, { ip, helo, sender })
 *     // `headers`: Authentication-Results and Received-SPF, to be put in front of the message
 *
 * The DNS has `timeoutMs` (default 10,000), then results are `temperror`. The error is ECONFIG or EMESSAGE for arguments of the wrong kind, or
 * what a stream throws; all else is a result.
 */
export function authenticate(message: RawMessage, callback: CheckCallback<MessageVerdict>): void
export function authenticate(
  message: RawMessage,
  options: AuthenticateOptions,
  callback: CheckCallback<MessageVerdict>,
): void
export function authenticate(message: RawMessage, options?: AuthenticateOptions): Promise<MessageVerdict>
export function authenticate(
  message: RawMessage,
  ...rest: readonly unknown[]
): Promise<MessageVerdict> | undefined {
  return answer<AuthenticateOptions, MessageVerdict>(rest, async options => {
    const { MessageCheck, readChunks } = await import('../trust/index.ts')
    const { ip = '', helo = '', sender = '', mta = builtin('node:os').hostname() } = options
    const check = new MessageCheck(
      { ip, helo, sender },
      {
        ...options,
        ...cachingWorld(options),
        bimi: options.bimi ?? true,
        authservId: options.authservId ?? mta,
      },
    )
    try {
      await readChunks(input(message), chunk => check.push(chunk))
    } catch (error) {
      check.abandon()
      throw error
    }
    return check.finish()
  })
}

/** Text becomes bytes; what is no message is refused by those who read it. */
function input(message: RawMessage): Uint8Array | AsyncIterable<Uint8Array> {
  if (typeof message === 'string') return Buffer.from(message)
  if (message instanceof Uint8Array || typeof message !== 'object' || message === null) return message
  return Symbol.asyncIterator in message ? bytesOf(message) : message
}

async function* bytesOf(message: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of message) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}
