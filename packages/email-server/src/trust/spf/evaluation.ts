// One evaluation: records, mechanisms, limits. RFC 7208 §4.4–4.7, §5, §6. All that a record can make grow is counted here.
import { formatIp, inNetwork, nibbles, parseIp, reverseName } from '../../base/ip.ts'
import type { DnsAnswer, DnsRecordType } from '../../base/runtime.ts'
import type { Ask } from '../../dns/index.ts'
import { queryName } from '../../dns/index.ts'
import { isAscii } from '../../text/index.ts'
import { expandDomain, expandText, type MacroString, readMacroString } from './macro.ts'
import { type Directive, isSpfRecord, type Mechanism, readSpfRecord, type SpfRecord } from './record.ts'
import type { SpfResult, SpfVerdict } from './result.ts'

export interface SpfFacts {
  readonly ask: Ask
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array
  readonly sender: string
  readonly local: string
  readonly domain: string
  readonly helo: string
  readonly receiver: string
  /** Since the epoch. */
  readonly seconds: number
  readonly maxVoidLookups: number
}

/** RFC 7208 §4.6.4: terms that ask the DNS, MX names, PTR names. */
const LOOKUP_LIMIT = 10
const MX_LIMIT = 10
const PTR_LIMIT = 10
const EXPLANATION_LIMIT = 500

/** How one record ended; `explain` is the exp= that speaks for it. */
interface Outcome {
  readonly verdict: SpfVerdict
  readonly reason: string
  readonly mechanism: string | null
  readonly explain: { readonly spec: MacroString; readonly domain: string } | null
}

/** Ends the whole evaluation: RFC 7208 §4.6, §4.6.4, §5. */
class Stop extends Error {
  readonly verdict: 'temperror' | 'permerror'

  constructor(verdict: 'temperror' | 'permerror', reason: string) {
    super(reason)
    this.verdict = verdict
  }
}

export class SpfEvaluation {
  readonly #facts: SpfFacts
  #lookups = 0
  #voids = 0
  /** The PTR names of the client, asked for once. */
  #names: Promise<readonly string[]> | null = null
  #nameCounted = false
  readonly #confirmed = new Map<string, Promise<boolean>>()

  constructor(facts: SpfFacts) {
    this.#facts = facts
  }

  async run(): Promise<
    Pick<SpfResult, 'result' | 'mechanism' | 'reason' | 'explanation' | 'lookups' | 'voidLookups'>
  > {
    const outcome = await this.#checkHost(this.#facts.domain).catch((error: unknown): Outcome => {
      if (!(error instanceof Stop)) throw error
      return { verdict: error.verdict, reason: error.message, mechanism: null, explain: null }
    })
    return {
      result: outcome.verdict,
      mechanism: outcome.mechanism,
      reason: outcome.reason,
      explanation: outcome.verdict === 'fail' ? await this.#explanation(outcome.explain) : null,
      lookups: this.#lookups,
      voidLookups: this.#voids,
    }
  }

  async #checkHost(domain: string): Promise<Outcome> {
    const none = (reason: string): Outcome => ({ verdict: 'none', reason, mechanism: null, explain: null })
    if (queryName(domain) === null) return none(`${printable(domain)} is no domain name`)
    const answer = await this.#facts.ask(domain, 'TXT')
    if (!answer.ok && isTemporary(answer)) throw temporary(domain, 'TXT', answer)
    const texts = answer.ok ? answer.records.map(record => record.value).filter(isSpfRecord) : []
    const [text] = texts
    if (text === undefined) return none(`${printable(domain)} has no SPF record`)
    if (texts.length > 1) throw new Stop('permerror', `${printable(domain)} has several SPF records`)
    const { record, error } = readSpfRecord(text)
    if (error !== null) throw new Stop('permerror', `the SPF record of ${printable(domain)} has ${error}`)
    return this.#evaluate(record, domain)
  }

  async #evaluate(record: SpfRecord, domain: string): Promise<Outcome> {
    for (const directive of record.directives) {
      if (!(await this.#matches(directive, domain))) continue
      const explain = record.explanation ? { spec: record.explanation, domain } : null
      const reason = `${printable(domain)} says ${directive.text} of ${formatIp(this.#facts.ip)}`
      return { verdict: directive.qualifier, reason, mechanism: directive.text, explain }
    }
    if (record.redirect) return this.#redirect(record.redirect, domain)
    return {
      verdict: 'neutral',
      reason: `${printable(domain)} says nothing of ${formatIp(this.#facts.ip)}`,
      mechanism: null,
      explain: null,
    }
  }

  // RFC 7208 §6.1; the exp= of the redirecting record is not used
  async #redirect(spec: MacroString, domain: string): Promise<Outcome> {
    this.#count()
    const target = await this.#expand(spec, domain)
    const outcome = target === null ? null : await this.#checkHost(target)
    if (!outcome || outcome.verdict === 'none') {
      throw new Stop('permerror', `${printable(domain)} redirects to a domain without SPF record`)
    }
    return outcome
  }

  async #matches(directive: Directive, domain: string): Promise<boolean> {
    const { mechanism } = directive
    switch (mechanism.kind) {
      case 'all':
        return true
      case 'ip':
        return inNetwork(this.#facts.ip, mechanism.network, mechanism.prefix)
      default:
        this.#count()
        return this.#matchesByDns(mechanism, domain)
    }
  }

  async #matchesByDns(
    mechanism: Exclude<Mechanism, { kind: 'all' | 'ip' }>,
    domain: string,
  ): Promise<boolean> {
    const target = mechanism.domain === null ? domain : await this.#expand(mechanism.domain, domain)
    // RFC 8616 §4: a term with a local part that no name can have matches nothing
    if (target === null) return false
    switch (mechanism.kind) {
      case 'include':
        return this.#include(target, domain)
      case 'exists':
        return (await this.#askTerm(target, 'A')).length > 0
      case 'ptr':
        return this.#ptr(target)
      case 'a':
        return this.#isAmong(await this.#askTerm(target, this.#addressType), mechanism)
      case 'mx':
        return this.#mx(target, mechanism)
    }
  }

  // RFC 7208 §5.2
  async #include(target: string, domain: string): Promise<boolean> {
    const { verdict } = await this.#checkHost(target)
    if (verdict === 'none') {
      throw new Stop(
        'permerror',
        `${printable(domain)} includes ${printable(target)}, which has no SPF record`,
      )
    }
    return verdict === 'pass'
  }

  // RFC 7208 §5.4
  async #mx(target: string, prefixes: { prefix4: number; prefix6: number }): Promise<boolean> {
    const names = await this.#askTerm(target, 'MX')
    if (names.length > MX_LIMIT) {
      throw new Stop('permerror', `${printable(target)} has more than ${MX_LIMIT} MX names`)
    }
    const type = this.#addressType
    const answers = names.map(name => this.#facts.ask(name, type))
    for (const [i, pending] of answers.entries()) {
      const answer = await pending
      if (!answer.ok && isTemporary(answer)) throw temporary(names[i]!, type, answer)
      if (this.#isAmong(values(answer), prefixes)) return true
    }
    return false
  }

  // RFC 7208 §5.5
  async #ptr(target: string): Promise<boolean> {
    const names = await this.#clientNames()
    if (names.length === 0) this.#countVoid()
    const wanted = names.filter(name => isWithin(name, target))
    const confirmed = await Promise.all(wanted.map(name => this.#isConfirmed(name)))
    return confirmed.includes(true)
  }

  /** The names that the client's address claims, unproven; the first ten. None when the DNS fails. */
  #clientNames(): Promise<readonly string[]> {
    this.#names ??= this.#facts
      .ask(reverseName(this.#facts.ip), 'PTR')
      .then(answer => values(answer).slice(0, PTR_LIMIT))
    return this.#names
  }

  /** True when the name has the client's address. */
  #isConfirmed(name: string): Promise<boolean> {
    let known = this.#confirmed.get(name)
    if (!known) {
      known = this.#facts
        .ask(name, this.#addressType)
        .then(answer => this.#isAmong(values(answer), { prefix4: 32, prefix6: 128 }))
      this.#confirmed.set(name, known)
    }
    return known
  }

  #isAmong(
    addresses: readonly string[],
    { prefix4, prefix6 }: { readonly prefix4: number; readonly prefix6: number },
  ): boolean {
    const { ip } = this.#facts
    const prefix = ip.length === 4 ? prefix4 : prefix6
    return addresses.some(address => {
      const bytes = parseIp(address)
      return bytes !== null && inNetwork(ip, bytes, prefix)
    })
  }

  get #addressType(): 'A' | 'AAAA' {
    return this.#facts.ip.length === 4 ? 'A' : 'AAAA'
  }

  /** What a term finds; nothing for a name that cannot be asked (RFC 7208 §4.8 leaves it open). */
  async #askTerm(name: string, type: DnsRecordType): Promise<readonly string[]> {
    if (queryName(name) === null) return []
    const answer = await this.#facts.ask(name, type)
    if (answer.ok) return values(answer)
    if (isTemporary(answer)) throw temporary(name, type, answer)
    this.#countVoid()
    return []
  }

  #count(): void {
    if (++this.#lookups > LOOKUP_LIMIT) {
      throw new Stop('permerror', `more than ${LOOKUP_LIMIT} terms ask the DNS`)
    }
  }

  #countVoid(): void {
    if (++this.#voids > this.#facts.maxVoidLookups) {
      throw new Stop('permerror', `more than ${this.#facts.maxVoidLookups} terms ask for what does not exist`)
    }
  }

  #expand(spec: MacroString, domain: string): Promise<string | null> {
    return expandDomain(spec, async letter => {
      if (letter === 'p' && !this.#nameCounted) {
        // §4.6.4: %{p} asks the DNS as ptr does; its one answer serves them all
        this.#nameCounted = true
        this.#count()
      }
      const isLocal = letter === 's' || letter === 'l'
      return isLocal && !isAscii(this.#facts.local) ? null : this.#value(letter, domain)
    })
  }

  // RFC 7208 §7.2
  async #value(letter: string, domain: string): Promise<string> {
    const { ip, sender, local, helo, receiver, seconds } = this.#facts
    switch (letter) {
      case 's':
        return sender
      case 'l':
        return local
      case 'o':
        return this.#facts.domain
      case 'd':
        return domain
      case 'i':
        // upper case as the published test suite has it; names do not care
        return ip.length === 4 ? formatIp(ip) : nibbles(ip).join('.').toUpperCase()
      case 'p':
        return this.#clientName(domain)
      case 'v':
        return ip.length === 4 ? 'in-addr' : 'ip6'
      case 'h':
        return helo
      case 'c':
        return formatIp(ip)
      case 'r':
        return receiver
      default:
        return String(seconds)
    }
  }

  /** `%{p}`: the domain itself before names below it, before others (RFC 7208 §7.3). */
  async #clientName(domain: string): Promise<string> {
    const names = await this.#clientNames()
    const confirmed = await Promise.all(names.map(name => this.#isConfirmed(name)))
    const proven = names.filter((_, i) => confirmed[i])
    const exact = proven.find(name => sameName(name, domain))
    return exact ?? proven.find(name => isWithin(name, domain)) ?? proven[0] ?? 'unknown'
  }

  // RFC 7208 §6.2: whatever goes wrong here, there is no explanation
  async #explanation(explain: Outcome['explain']): Promise<string | null> {
    if (!explain) return null
    const letters = (letter: string): Promise<string> => this.#value(letter, explain.domain)
    const name = await expandDomain(explain.spec, letters)
    const answer = name === null ? null : await this.#facts.ask(name, 'TXT')
    const [text, another] = answer ? values(answer) : []
    if (text === undefined || another !== undefined) return null
    const spec = readMacroString(text, true)
    const explanation = spec ? await expandText(spec, letters, EXPLANATION_LIMIT) : null
    return explanation === null || /[^\x20-\x7e]/.test(explanation) ? null : explanation
  }
}

function values(answer: DnsAnswer): readonly string[] {
  return answer.ok ? answer.records.map(record => record.value) : []
}

function isTemporary(answer: Extract<DnsAnswer, { ok: false }>): boolean {
  return answer.failure === 'servfail' || answer.failure === 'timeout'
}

function temporary(name: string, type: string, answer: Extract<DnsAnswer, { ok: false }>): Stop {
  const what = answer.failure === 'timeout' ? 'did not answer in time' : 'failed'
  return new Stop('temperror', `the DNS ${what} when asked for ${type} of ${printable(name)}`)
}

function sameName(a: string, b: string): boolean {
  return plainName(a) === plainName(b)
}

/** True for the domain itself and for names below it. */
function isWithin(name: string, domain: string): boolean {
  return sameName(name, domain) || plainName(name).endsWith(`.${plainName(domain)}`)
}

function plainName(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}

/** A name for people to read. */
function printable(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, '?')
}
