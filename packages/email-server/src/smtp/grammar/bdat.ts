// The argument of BDAT (RFC 3030 §2).
//
//   bdat-cmd   ::= "BDAT" SP chunk-size [ SP end-marker ] CR LF
//   chunk-size ::= 1*DIGIT
//   end-marker ::= "LAST"
import { PeerSyntaxError, usageError } from '../../base/errors.ts'
import type { Grammar } from './grammar.ts'

export interface Bdat {
  /** Octets that follow; beyond 2^53 Infinity: too many for anybody. */
  readonly size: number
  readonly last: boolean
}

/** Leading zeros are digits like others, signs and fractions are none; a command line has no room for more digits than these. */
const BDAT = /^(\d{1,1000})(?: +(last))?$/i

export const bdatArgument: Grammar<Bdat> = {
  name: 'bdat-cmd (RFC 3030 §2)',
  read(text) {
    const match = BDAT.exec(text)
    if (!match) throw new PeerSyntaxError('BDAT wants a number of octets, and maybe LAST')
    const size = Number(match[1])
    return {
      size: Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY,
      last: match[2] !== undefined,
    }
  },
  write({ size, last }) {
    if (size !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(size) && size >= 0)) {
      throw usageError('the size of a chunk is a whole number, 0 or more')
    }
    const digits = size === Number.POSITIVE_INFINITY ? '9'.repeat(20) : String(size)
    return last ? `${digits} LAST` : digits
  },
  samples: [
    { size: 86, last: true },
    { size: 100_000, last: false },
    { size: 0, last: true },
    { size: Number.POSITIVE_INFINITY, last: false },
  ],
}
