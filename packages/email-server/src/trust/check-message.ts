// All that can be known of who sent a message, while it comes in: SPF and reverse DNS from the envelope, DKIM and ARC in one pass over its
// bytes, DMARC at its end (RFC 9989 §5.3), and the fields that tell those behind us (RFC 8601, RFC 7208 §9.1).
import { optionError, usageError } from '../base/errors.ts'
import type { DnsRecordType, Runtime } from '../base/runtime.ts'
import { type Resolver, TimedQuestions } from '../dns/index.ts'
import { fieldText, type HeaderBlock, type HeaderField } from '../mime/index.ts'
import { ArcVerification } from './arc/index.ts'
import {
  type AuthenticationResults,
  forgedResults,
  writeAuthenticationPayload,
  writeAuthenticationResults,
} from './authentication-results/index.ts'
import {
  type DkimKeyCache,
  type DkimResult,
  DkimVerification,
  type MessageListener,
  MessageReader,
} from './dkim/index.ts'
import { checkDmarc, type DmarcResult, NO_POLICY, readAuthors } from './dmarc/index.ts'
import { checkRdns, type RdnsResult } from './iprev/index.ts'
import { type Findings, methodsOf } from './results-field.ts'
import { checkSpf, type SpfOptions, type SpfResult, writeReceivedSpf } from './spf/index.ts'

/** Who hands a message over. */
export interface MessageOrigin {
  /** The client's address, in text. */
  readonly ip: string
  /** The name of HELO or EHLO. */
  readonly helo?: string
  /** The address of MAIL FROM; '' or absent: the null reverse-path, and SPF looks at HELO. */
  readonly sender?: string
}

export interface MessageCheckOptions {
  /** Who is asked; one with a cache, since several checks ask the same. */
  readonly resolver: Resolver
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
  /** Whose name stands in the fields that are written: usually the host name. */
  readonly authservId: string
  /**
   * How long the DNS may take, ms; what it has not answered by then is `temperror`. Counts from the beginning for SPF and reverse DNS, from
   * the end of the header for keys, so that `finish()` takes no longer than that, whatever the DNS does. Default 10,000.
   */
  readonly timeoutMs?: number
  /** Keys read before; give one to all checks of a process. */
  readonly keys?: DkimKeyCache
  /** What is known of the address already, for the second message of a session. */
  readonly rdns?: Promise<RdnsResult>
  /** Least bits of an RSA key, 1024 or more. Default 1024. */
  readonly minRsaBits?: number
  /** DKIM signatures that are examined, from the top. Default 8. */
  readonly maxSignatures?: number
  /** Is told of a failure of ours; all results are `temperror` (that of ARC `fail`) then. */
  readonly onFailure?: (error: unknown) => void
}

/** What was found; nothing was done about it. */
export interface MessageVerdict extends Findings {
  /** The Authentication-Results and Received-SPF fields, each with its CRLF, to be put in front of the message. */
  readonly headers: string
  /** What Authentication-Results says, as `arcSeal` wants it. */
  readonly results: AuthenticationResults
  /**
   * The Authentication-Results fields that came with the message and claim to be ours, or nobody's: to be removed (RFC 8601 §5). Their
   * `start` and `end` are offsets in the message, octets.
   */
  readonly forged: readonly HeaderField[]
  /** The header is larger than what is read of one: nothing that depends on it passes, and `forged` may not be all. */
  readonly headerCut: boolean
}

const DEFAULT_TIMEOUT_MS = 10_000

/**
 * The check of one message.
 *
 *     const check = new MessageCheck({ ip, helo, sender }, { resolver, runtime, authservId: 'mx.example.com' })
 *     check.push(bytes)                       // as they come, any cut
 *     const verdict = await check.finish()    // never rejects
 */
export class MessageCheck {
  readonly #origin: MessageOrigin
  readonly #options: MessageCheckOptions
  readonly #timeoutMs: number
  readonly #ofEnvelope: TimedQuestions
  #ofHeader: TimedQuestions | null = null
  #ofEnd: TimedQuestions | null = null
  readonly #early: Promise<[SpfResult, RdnsResult]>
  readonly #dkim: DkimVerification
  readonly #arc: ArcVerification
  readonly #reader: MessageReader
  #header: { readonly block: HeaderBlock; readonly cut: boolean } | null = null
  #failure: { readonly error: unknown } | null = null
  #verdict: Promise<MessageVerdict> | null = null

  /** Begins SPF and reverse DNS. Throws ECONFIG that names the option. */
  constructor(origin: MessageOrigin, options: MessageCheckOptions) {
    checkOptions(origin, options)
    this.#origin = origin
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const { runtime, keys, minRsaBits, maxSignatures } = options
    const verifying = {
      // asked at the end of the header, when the time for keys begins
      resolver: { resolve: (name: string, type: DnsRecordType) => this.#headerQuestions().ask(name, type) },
      ...(keys && { keys }),
      ...(minRsaBits !== undefined && { minRsaBits }),
    }
    this.#dkim = new DkimVerification({
      ...verifying,
      now: runtime.now(),
      ...(maxSignatures !== undefined && { maxSignatures }),
    })
    this.#arc = new ArcVerification(verifying)
    const self: MessageListener = { header: (block, cut) => this.#onHeader(block, cut) }
    this.#reader = new MessageReader([self, this.#dkim, this.#arc])
    this.#ofEnvelope = this.#questions()
    const asking = this.#asking(this.#ofEnvelope)
    this.#early = Promise.all([
      checkSpf(origin, { ...asking, receiver: options.authservId }),
      options.rdns ?? checkRdns(origin, asking),
    ])
    // finish() hears of it; until then it is nobody's rejection
    this.#early.catch(() => {})
  }

  /** The next bytes of the message, as they are sent on (dots unstuffed); they may be overwritten when it returns. */
  push(bytes: Uint8Array): void {
    if (this.#verdict !== null) throw usageError('push() after finish()')
    if (!(bytes instanceof Uint8Array)) throw usageError('a message comes as Uint8Array chunks')
    if (this.#failure !== null) return
    try {
      this.#reader.write(bytes)
    } catch (error) {
      this.#failure = { error }
    }
  }

  /** The message has ended: all results, within the time. Never rejects; asked twice, it says the same. */
  finish(): Promise<MessageVerdict> {
    this.#verdict ??= this.#conclude().catch((error: unknown) => {
      this.#options.onFailure?.(error)
      return this.#verdictOf(failed(this.#origin), [], true)
    })
    return this.#verdict
  }

  /** Nobody wants to know any more: neither a timer nor a question is left behind. */
  abandon(): void {
    this.#ofEnvelope.close()
    this.#ofHeader?.close()
    this.#ofEnd?.close()
  }

  async #conclude(): Promise<MessageVerdict> {
    try {
      if (this.#failure !== null) throw this.#failure.error
      this.#ofEnd = this.#questions()
      this.#reader.end()
      const [[spf, rdns], dkim, arc] = await Promise.all([
        this.#early,
        this.#dkim.finish(),
        this.#arc.finish(),
      ])
      const dmarc = await this.#dmarc(spf, dkim, this.#ofEnd)
      const { block, cut } = this.#header!
      const forged = forgedResults(block, this.#options.authservId)
      return this.#verdictOf({ spf, rdns, dkim, dmarc, arc }, forged, cut)
    } finally {
      this.abandon()
    }
  }

  #verdictOf(findings: Findings, forged: readonly HeaderField[], headerCut: boolean): MessageVerdict {
    const { authservId } = this.#options
    const results = { authservId, results: methodsOf(findings) }
    const headers = writeAuthenticationResults(results) + writeReceivedSpf(findings.spf, authservId)
    return { ...findings, headers, results, forged, headerCut }
  }

  async #dmarc(spf: SpfResult, dkim: DkimResult, questions: TimedQuestions): Promise<DmarcResult> {
    const query = { from: this.#from(), spf, dkim: dkim.signatures }
    const found = await checkDmarc(query, this.#asking(questions))
    // Another From field may stand where nobody has looked.
    if (!this.#header?.cut || found.result === 'temperror') return found
    return { ...found, result: 'fail', reason: 'the header is larger than what is read of one' }
  }

  #onHeader(block: HeaderBlock, cut: boolean): void {
    this.#header = { block, cut }
    // asked for beside the keys, so that the answer is there when DMARC begins
    for (const domain of readAuthors(this.#from()).domains) {
      void this.#headerQuestions().ask(`_dmarc.${domain}`, 'TXT')
    }
  }

  /** The bodies of the From fields. */
  #from(): string[] {
    const block = this.#header?.block
    if (block === undefined) return []
    return block.fields.filter(field => field.key === 'from').map(field => fieldText(block, field))
  }

  #headerQuestions(): TimedQuestions {
    this.#ofHeader ??= this.#questions()
    return this.#ofHeader
  }

  #questions(): TimedQuestions {
    const { resolver, runtime } = this.#options
    return new TimedQuestions({ resolver, runtime, timeoutMs: this.#timeoutMs })
  }

  #asking(questions: TimedQuestions): SpfOptions {
    const { runtime } = this.#options
    return { resolver: { resolve: questions.ask }, runtime, timeoutMs: this.#timeoutMs }
  }
}

function checkOptions(origin: MessageOrigin, options: MessageCheckOptions): void {
  if (typeof origin?.ip !== 'string') throw optionError('ip', 'an address in text', origin?.ip)
  for (const name of ['helo', 'sender'] as const) {
    const value = origin[name]
    if (value !== undefined && typeof value !== 'string') throw optionError(name, 'text', value)
  }
  const { resolver, timeoutMs, authservId } = options ?? {}
  if (typeof resolver?.resolve !== 'function') {
    throw optionError('resolver', 'an object with resolve(name, type)', resolver)
  }
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw optionError('timeoutMs', 'a number of milliseconds above 0', timeoutMs)
  }
  // throws for an id that cannot be written
  writeAuthenticationPayload({ authservId, results: [] })
}

/** What is known when the check itself has failed. */
function failed({ ip, helo = '', sender = '' }: MessageOrigin): Findings {
  const temperror = { result: 'temperror', reason: 'the check failed on our side' } as const
  return {
    spf: {
      ...temperror,
      identity: sender === '' ? 'helo' : 'mailfrom',
      ...{ ip, helo, sender, domain: '', mechanism: null, explanation: null, lookups: 0, voidLookups: 0 },
    },
    rdns: { ...temperror, ip, name: null, names: [], heloMatches: null },
    dkim: { ...temperror, best: null, signatures: [], ignored: 0 },
    dmarc: { ...NO_POLICY, ...temperror },
    arc: { ...temperror, result: 'fail', instances: 0, ended: false, chain: [], oldestPass: null },
  }
}
