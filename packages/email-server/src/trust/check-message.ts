// All that can be known of who sent a message, while it comes in: SPF and reverse DNS from the envelope, DKIM and ARC in one pass over its
// bytes, DMARC at its end (RFC 9989 §5.3), and the fields that tell those behind us (RFC 8601, RFC 7208 §9.1).
import { optionError, usageError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'
import { type Resolver, TimedQuestions } from '../dns/index.ts'
import { fieldText, type HeaderBlock, type HeaderField } from '../mime/index.ts'
import { ArcVerification } from './arc/index.ts'
import {
  type AuthenticationResults,
  forgedResults,
  writeAuthenticationPayload,
  writeAuthenticationResults,
} from './authentication-results/index.ts'
import { type BimiResult, evaluateBimi } from './bimi/index.ts'
import {
  type DkimKeyCache,
  type DkimResult,
  DkimVerification,
  type MessageListener,
  MessageReader,
} from './dkim/index.ts'
import {
  type Authors,
  type DmarcResult,
  evaluateDmarc,
  NO_POLICY,
  PolicyRecords,
  readAuthors,
} from './dmarc/index.ts'
import { evaluateRdns, type RdnsResult } from './iprev/index.ts'
import { type Findings, methodsOf } from './results-field.ts'
import { evaluateSpf, type SpfResult, writeReceivedSpf } from './spf/index.ts'

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
   * How long the DNS may take, ms; what it has not answered by then is `temperror`. Counts from the beginning, and anew from the end of the header
   * and from `finish()`, which takes no longer than that, whatever the DNS does. Default 10,000.
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
  /** Also looks for the logo of a message that passes DMARC: up to four questions more. Default false. */
  readonly bimi?: boolean
  /** Is told of a failure of ours; all results are `temperror` (that of ARC `fail`) then. */
  readonly onFailure?: (error: unknown) => void
}

/** What was found; nothing was done about it. */
export interface MessageVerdict extends Findings {
  /** Null without the option `bimi`. */
  readonly bimi: BimiResult | null
  /** The Authentication-Results and Received-SPF fields, each with its CRLF, to be put in front of the message. */
  readonly headers: string
  /** What Authentication-Results says, as `arcSeal` wants it. */
  readonly results: AuthenticationResults
  /**
   * Fields that came with the message and only we may write, to be removed: Authentication-Results that claim to be ours, or nobody's (RFC 8601 §5),
   * and those that tell where a logo is (BIMI §5.6). In order; their `start` and `end` are offsets in the message, octets.
   */
  readonly forged: readonly HeaderField[]
  /** The header is larger than what is read of one: nothing that depends on it passes, and `forged` may not be all. */
  readonly headerCut: boolean
}

const DEFAULT_TIMEOUT_MS = 10_000
/** BIMI §5.6: written by the last server on the way, and by nobody else. */
const LOGO_FIELDS: ReadonlySet<string> = new Set(['bimi-location', 'bimi-indicator', 'bimi-logo-preference'])

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
  readonly #questions: TimedQuestions
  readonly #early: Promise<[SpfResult, RdnsResult]>
  readonly #dkim: DkimVerification
  readonly #arc: ArcVerification
  readonly #reader: MessageReader
  readonly #records: PolicyRecords
  #header: { readonly block: HeaderBlock; readonly cut: boolean; readonly authors: Authors } | null = null
  #failure: { readonly error: unknown } | null = null
  #verdict: Promise<MessageVerdict> | null = null

  /** Begins SPF and reverse DNS. Throws ECONFIG that names the option. */
  constructor(origin: MessageOrigin, options: MessageCheckOptions) {
    checkOptions(origin, options)
    this.#origin = origin
    this.#options = options
    const { runtime, keys, minRsaBits, maxSignatures } = options
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options
    this.#questions = new TimedQuestions({ resolver: options.resolver, runtime, timeoutMs })
    const { ask } = this.#questions
    this.#records = new PolicyRecords(ask)
    const verifying = {
      resolver: { resolve: ask },
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
    this.#early = Promise.all([
      evaluateSpf(origin, { runtime, receiver: options.authservId }, ask),
      options.rdns ?? evaluateRdns(origin, ask),
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
    this.#questions.close()
  }

  async #conclude(): Promise<MessageVerdict> {
    try {
      if (this.#failure !== null) throw this.#failure.error
      this.#reader.end()
      this.#questions.renew()
      const [[spf, rdns], dkim, arc] = await Promise.all([
        this.#early,
        this.#dkim.finish(),
        this.#arc.finish(),
      ])
      const { block, cut, authors } = this.#header!
      const found = { spf, dkim: dkim.signatures }
      const dmarc = withCut(cut, await evaluateDmarc(authors, found, this.#records, this.#questions.ask))
      const bimi = this.#options.bimi === true ? await this.#bimi(block, dkim, dmarc) : null
      const results = new Set(forgedResults(block, this.#options.authservId))
      const forged = block.fields.filter(field => results.has(field) || LOGO_FIELDS.has(field.key))
      return { ...this.#verdictOf({ spf, rdns, dkim, dmarc, arc }, forged, cut), bimi }
    } finally {
      this.abandon()
    }
  }

  #verdictOf(findings: Findings, forged: readonly HeaderField[], headerCut: boolean): MessageVerdict {
    const { authservId } = this.#options
    const results = { authservId, results: methodsOf(findings) }
    const headers = writeAuthenticationResults(results) + writeReceivedSpf(findings.spf, authservId)
    return { ...findings, bimi: null, headers, results, forged, headerCut }
  }

  #onHeader(block: HeaderBlock, cut: boolean): void {
    const authors = readAuthors(bodies(block, 'from'))
    this.#header = { block, cut, authors }
    this.#questions.renew()
    // asked for beside the keys, so that they are there when DMARC begins
    for (const domain of authors.domains) void this.#records.at(domain)
  }

  #bimi(block: HeaderBlock, dkim: DkimResult, dmarc: DmarcResult): Promise<BimiResult> {
    const [from, selector] = [bodies(block, 'from'), bodies(block, 'bimi-selector')]
    return evaluateBimi({ dmarc, dkim: dkim.signatures, from, selector }, this.#records, this.#questions.ask)
  }
}

/** The bodies of all fields of that name. */
function bodies(block: HeaderBlock, key: string): string[] {
  return block.fields.filter(field => field.key === key).map(field => fieldText(block, field))
}

/** Behind a header that was cut another From field may stand where nobody has looked. */
function withCut(cut: boolean, dmarc: DmarcResult): DmarcResult {
  if (!cut || dmarc.result === 'temperror') return dmarc
  return { ...dmarc, result: 'fail', reason: 'the header is larger than what is read of one' }
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
