// MTA-STS, what is read: the TXT record, the policy file, and which hosts a policy allows. RFC 8461 §3.1, §3.2, §4.1.
import { isSmtpDomain } from '../address/index.ts'
import { isAscii } from '../text/index.ts'

export type StsMode = 'enforce' | 'testing' | 'none'

export interface StsPolicy {
  readonly mode: StsMode
  /** Patterns, lower case: a name, or `*.` and a name. Empty only for mode `none`. */
  readonly mx: readonly string[]
  /** Seconds. */
  readonly maxAge: number
  /** The lines of the policy as they were served, for TLS reports (RFC 8460 §4.4). */
  readonly lines: readonly string[]
}

/** RFC 8461 §3.2: "maximum value of 31557600". */
const LONGEST_AGE = 31_557_600
/** A policy of more names than this is none of a mail domain. */
const PATTERN_LIMIT = 1000

const ID = /^[A-Za-z0-9]{1,32}$/
const EXTENSION_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/
const EXTENSION_VALUE = /^[\x21-\x3a\x3c\x3e-\x7e]+$/

// sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]; sts-field-delim = *WSP ";" *WSP       RFC 8461 §3.1
/** The policy's id, or null: the records (each its strings joined) announce no policy. */
export function readStsRecords(records: readonly string[]): string | null {
  // "records that do not begin with "v=STSv1;" are discarded. If the number of resulting records is not one …" (a blank may stand before ;)
  const ours = records.filter(text => /^v=STSv1[ \t]*;/.test(text))
  return ours.length === 1 ? readStsRecord(ours[0]!) : null
}

function readStsRecord(text: string): string | null {
  const fields = text.split(';').map(trimBlanks)
  if (fields.at(-1) === '') fields.pop()
  let id: string | null = null
  for (const field of fields.slice(1)) {
    const equals = field.indexOf('=')
    if (equals < 0) return null
    const name = field.slice(0, equals)
    const value = field.slice(equals + 1)
    if (name === 'id') {
      if (!ID.test(value)) return null
      id ??= value
    } else if (!EXTENSION_NAME.test(name) || !EXTENSION_VALUE.test(value)) return null
  }
  return id
}

/** The policy of a file, or why it is none. */
export type StsPolicyResult =
  | { readonly ok: true; readonly policy: StsPolicy }
  | { readonly ok: false; readonly reason: string }

// sts-policy-record = sts-policy-field *WSP *(sts-policy-term sts-policy-field *WSP) [sts-policy-term]                 RFC 8461 §3.2
/** Reads a policy file; of fields that may stand once the first counts, unknown ones are passed over. */
export function readStsPolicy(text: string): StsPolicyResult {
  const lines = text.split(/\r?\n/).map(trimEnd)
  if (lines.at(-1) === '') lines.pop()
  const first = new Map<string, string>()
  const mx: string[] = []
  for (const [i, line] of lines.entries()) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon))
    const value = trimBlanks(line.slice(colon + 1))
    if (colon < 0 || !EXTENSION_NAME.test(name)) return bad(`line ${i + 1} is no field`)
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return bad(`line ${i + 1} has control characters`)
    if (name === 'mx') {
      const pattern = value.toLowerCase()
      if (!isAscii(value) || !isSmtpDomain(pattern.startsWith('*.') ? pattern.slice(2) : pattern))
        return bad(`line ${i + 1} names no host`)
      if (mx.length >= PATTERN_LIMIT) return bad('there are too many hosts')
      mx.push(pattern)
    } else if (!first.has(name)) first.set(name, value)
  }
  return policyOf(first, mx, lines)
}

function policyOf(
  fields: ReadonlyMap<string, string>,
  mx: readonly string[],
  lines: readonly string[],
): StsPolicyResult {
  if (fields.get('version') !== 'STSv1') return bad('the version is not STSv1')
  const mode = fields.get('mode')
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return bad('the mode is not known')
  const age = fields.get('max_age')
  if (age === undefined || !/^[0-9]{1,10}$/.test(age)) return bad('max_age is no number')
  if (mx.length === 0 && mode !== 'none') return bad('no mx is named')
  return { ok: true, policy: { mode, mx, maxAge: Math.min(Number(age), LONGEST_AGE), lines } }
}

function bad(reason: string): StsPolicyResult {
  return { ok: false, reason }
}

function trimBlanks(text: string): string {
  let start = 0
  while (start < text.length && isBlank(text.charCodeAt(start))) start++
  return trimEnd(text.slice(start))
}

function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(0, end)
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09
}
