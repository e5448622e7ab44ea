// Flags: with a backslash on the wire when they are the system's, without one for handlers (RFC 3501 §2.3.2,
// RFC 9051 §2.3.2).
import { describe, PeerSyntaxError, usageError } from '../../base/errors.ts'
import { FLAGS, systemFlag } from '../../mailbox/index.ts'
import { ATOM_CHAR, isAll } from '../wire/chars.ts'
import type { Reader } from '../wire/reader.ts'
import type { Grammar } from './grammar.ts'

const WIRE: ReadonlyMap<string, string> = new Map(Object.values(FLAGS).map(name => [name, `\\${name}`]))

/** `\Seen` for `Seen`, `$Junk` for `$Junk`. Throws `EUSAGE` for what is no flag. */
export function wireFlag(flag: string): string {
  const known = WIRE.get(flag)
  if (known) return known
  if (!isAll(flag, ATOM_CHAR)) throw usageError(`${describe(flag)} is not a flag`)
  return flag
}

// flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
// A keyword that is called like a system flag would be that flag for a handler, so it is refused, and so are \Recent
// and flag-extensions, which a client can't set.
function readFlag(r: Reader): string {
  const system = r.try('\\')
  const position = r.position
  const name = r.atom()
  const known = systemFlag(name)
  if (system && known) return known
  if (system) throw new PeerSyntaxError(`the flag \\${name} can't be set`, position)
  if (known) throw new PeerSyntaxError(`${known} needs its backslash`, position)
  return name
}

export const flag: Grammar<string> = {
  read: readFlag,
  write: (w, value) => w.raw(wireFlag(value)),
  samples: ['Seen', 'Deleted', '$Forwarded', 'work'],
}

// flag-keyword = atom
export const keyword: Grammar<string> = {
  read: r => r.atom(),
  write: (w, value) => w.atom(value),
  samples: ['$Junk', 'seen'],
}

// flag-list = "(" [flag *(SP flag)] ")"
export const flagList: Grammar<readonly string[]> = {
  read(r) {
    const flags: string[] = []
    r.open()
    if (r.peek() !== 0x29) {
      do flags.push(readFlag(r))
      while (r.try(' '))
    }
    r.close()
    return distinct(r, flags)
  },
  write: (w, flags) => w.list(flags, value => w.raw(wireFlag(value))),
  samples: [[], ['Seen'], ['Seen', 'Answered', '$Junk']],
}

// store-att-flags = … (flag-list / (flag *(SP flag)))
export const storeFlags: Grammar<readonly string[]> = {
  read(r, words) {
    if (r.peek() === 0x28) return flagList.read(r, words)
    const flags: string[] = []
    do flags.push(readFlag(r))
    while (r.try(' '))
    return distinct(r, flags)
  },
  write: flagList.write,
  samples: flagList.samples,
}

function distinct(r: Reader, flags: readonly string[]): readonly string[] {
  const seen = new Map<string, string>()
  for (const value of flags) if (!seen.has(value.toUpperCase())) seen.set(value.toUpperCase(), value)
  if (seen.size > r.limits.imapFlags) r.fail('fewer flags')
  return [...seen.values()]
}
