// Flags as handlers see them: no backslash, system flags in their one spelling (RFC 3501 §2.3.2).
import { FLAGS } from './names.ts'

const SYSTEM: ReadonlyMap<string, string> = new Map(
  Object.values(FLAGS).map(name => [name.toUpperCase(), name]),
)

/** The system flag of this name in whatever case, or undefined for a keyword. */
export function systemFlag(name: string): string | undefined {
  return SYSTEM.get(name.toUpperCase())
}

/** Flags differ by more than case. */
export function sameFlag(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toUpperCase() === b.toUpperCase())
}

export function hasFlag(flags: readonly string[], flag: string): boolean {
  for (const each of flags) if (sameFlag(each, flag)) return true
  return false
}

/** The set after a change: STORE's three modes (RFC 3501 §6.4.6). The spelling that was there first stays. */
export function changeFlags(
  current: readonly string[],
  mode: 'set' | 'add' | 'remove',
  changed: readonly string[],
): readonly string[] {
  if (mode === 'remove') return current.filter(flag => !hasFlag(changed, flag))
  const kept = mode === 'set' ? current.filter(flag => hasFlag(changed, flag)) : current
  return [...kept, ...changed.filter(flag => !hasFlag(kept, flag))]
}

/** A flag as somebody has written it, without backslash and in its one spelling. */
export function cleanFlag(flag: string): string {
  const bare = flag.startsWith('\\') ? flag.slice(1) : flag
  return systemFlag(bare) ?? bare
}

// atom = 1*<any CHAR except "(" / ")" / "{" / SP / CTL / "%" / "*" / DQUOTE / "\" / "]">        (RFC 3501 §9)
const FLAG = /^[!#$&'+-Z[^-z|}~]+$/

/** Can this be said as a flag, without its backslash? */
export function isFlag(text: string): boolean {
  return FLAG.test(text)
}
