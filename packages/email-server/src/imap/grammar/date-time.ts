// Dates: date-time of INTERNALDATE and APPEND, date of SEARCH (RFC 3501 §9). Their letters are read and written in text/.
import { readImapDate, readInternalDate, writeImapDate, writeInternalDate } from '../../text/index.ts'
import type { Reader } from '../wire/reader.ts'
import type { Grammar } from './grammar.ts'

const DAY = 86_400_000

// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
/** Milliseconds since the epoch, whole seconds; written in UTC. */
export const dateTime: Grammar<number> = {
  read(r) {
    if (r.peek() !== 0x22) r.fail('a date and time in quotes')
    const date = readInternalDate(r.string())
    return date ? date.time : r.fail('a date and time')
  },
  write: (w, value) => w.raw(`"${writeInternalDate(value)}"`),
  samples: [0, 837596665000, 1735689599000, 951782400000],
}

// date = date-text / DQUOTE date-text DQUOTE
/** Days since 1970-01-01. */
export const date: Grammar<number> = {
  read(r: Reader) {
    const found = readImapDate(r.peek() === 0x22 ? r.string() : r.atom())
    if (!found) return r.fail('a date')
    return new Date(0).setUTCFullYear(found.year, found.month - 1, found.day) / DAY
  },
  write(w, day) {
    const at = new Date(day * DAY)
    w.raw(writeImapDate({ year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() }))
  },
  samples: [0, 9161, 20000],
}
