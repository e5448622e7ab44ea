// size-value ::= 1*20DIGIT (RFC 1870 §3). Numbers beyond 2^53 read as Infinity: too big for anybody.
import { PeerSyntaxError, usageError } from '../../base/errors.ts'
import type { Grammar } from './grammar.ts'

export const sizeValue: Grammar<number> = {
  name: 'size-value (RFC 1870 §3)',
  read(text) {
    if (!/^\d{1,20}$/.test(text)) throw new PeerSyntaxError('a size has 1 to 20 digits')
    const size = Number(text)
    return Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY
  },
  write(value) {
    if (value === Number.POSITIVE_INFINITY) return '9'.repeat(20)
    if (!Number.isSafeInteger(value) || value < 0) throw usageError('a size is a whole number, 0 or more')
    return String(value)
  },
  samples: [0, 1, 26_214_400, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY],
}
