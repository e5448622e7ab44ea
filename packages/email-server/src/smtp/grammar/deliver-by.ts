// The value of BY (RFC 2852 §4).
//
//   by-value = by-time";"by-mode[by-trace]
//   by-time  = ["-" / "+"]1*9digit ; a negative or zero value is not
//                                  ; allowed with a by-mode of "R"
//   by-mode  = "N" / "R"           ; "Notify" or "Return"
//   by-trace = "T"                 ; "Trace"
import { PeerSyntaxError, usageError } from '../../base/errors.ts'
import type { DeliverBy } from '../envelope.ts'
import type { Grammar } from './grammar.ts'

const VALUE = /^([+-]?\d{1,9});([NR])(T?)$/i
const MOST = 999_999_999

export const deliverByValue: Grammar<DeliverBy> = {
  name: 'by-value (RFC 2852 §4)',
  read(text) {
    const match = VALUE.exec(text)
    if (!match) throw new PeerSyntaxError('not a BY value')
    // without this, -0 would be a value of its own
    const seconds = Number(match[1]) || 0
    const mode = match[2]!.toUpperCase() as 'N' | 'R'
    if (mode === 'R' && seconds <= 0)
      throw new PeerSyntaxError('what is late already cannot be returned in time')
    return { seconds, mode, trace: match[3] !== '' }
  },
  write({ seconds, mode, trace }) {
    if (!Number.isInteger(seconds) || Math.abs(seconds) > MOST || (mode === 'R' && seconds <= 0)) {
      throw usageError('BY has a whole number of seconds, of at most nine digits, above 0 with R')
    }
    return `${seconds};${mode}${trace ? 'T' : ''}`
  },
  samples: [
    { seconds: 120, mode: 'R', trace: false },
    { seconds: 0, mode: 'N', trace: true },
    { seconds: -MOST, mode: 'N', trace: false },
    { seconds: MOST, mode: 'R', trace: true },
  ],
}
