// Mod-sequences (RFC 7162 §7): 63-bit numbers. Ours stay below 2^53; a client's larger one is larger than all of ours.
import { DIGIT } from '../wire/chars.ts'
import type { Reader } from '../wire/reader.ts'
import type { Grammar } from './grammar.ts'

const MOST = 9223372036854775807n

// mod-sequence-valzer = "0" / mod-sequence-value     mod-sequence-value = 1*DIGIT      ; positive unsigned 63-bit integer
function readModSequence(r: Reader): number {
  const digits = r.run(DIGIT, 'a mod-sequence')
  if (digits.length > 19 || BigInt(digits) > MOST) r.fail('a mod-sequence of 63 bits')
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
}

export const modSequenceOrZero: Grammar<number> = {
  read: readModSequence,
  write: (w, value) => w.number(value),
  samples: [0, 1, 715194045007, Number.MAX_SAFE_INTEGER],
}

export const modSequence: Grammar<number> = {
  read(r) {
    const value = readModSequence(r)
    if (value === 0) r.fail('a mod-sequence from 1')
    return value
  },
  write: (w, value) => w.number(value),
  samples: [1, 715194045007],
}
