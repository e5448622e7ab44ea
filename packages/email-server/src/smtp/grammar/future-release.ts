// The values of HOLDFOR and HOLDUNTIL (RFC 4865 §3; the date is that of RFC 3339 §5.6, in UTC).
//
//   future-release-integer   = %x31-39 *8DIGIT       ; integer in the range 1-999999999
//   hold-for-param           = "HOLDFOR=" future-release-interval
//   hold-until-param         = "HOLDUNTIL=" future-release-date-time
//   future-release-date-time = Internet-style-date-time-UTC
import { PeerSyntaxError, usageError } from '../../base/errors.ts'
import type { Grammar } from './grammar.ts'

/** Seconds. */
export const holdForValue: Grammar<number> = {
  name: 'future-release-interval (RFC 4865 §3)',
  read(text) {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new PeerSyntaxError('not a future-release-interval')
    return Number(text)
  },
  write(value) {
    if (!Number.isInteger(value) || value < 1 || value > 999_999_999) {
      throw usageError('HOLDFOR is a whole number of seconds, of at most nine digits')
    }
    return String(value)
  },
  samples: [1, 86_400, 999_999_999],
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|[+-]00:00)$/i
const YEAR_10000 = Date.UTC(10_000, 0, 1)
const YEAR_0 = new Date(0).setUTCFullYear(0, 0, 1)

/** ms since the epoch, in whole seconds when written. */
export const holdUntilValue: Grammar<number> = {
  name: 'future-release-date-time (RFC 4865 §3)',
  read(text) {
    const match = DATE.exec(text)
    if (!match) throw new PeerSyntaxError('not a future-release-date-time')
    const part = (index: number): number => Number(match[index])
    const date = new Date(0)
    date.setUTCFullYear(part(1), part(2) - 1, part(3))
    const isDate = date.getUTCMonth() === part(2) - 1 && date.getUTCDate() === part(3)
    // no earlier than asked: a part of a second counts as a whole one
    const second = part(6) + (/[1-9]/.test(match[7] ?? '') ? 1 : 0)
    const time = date.setUTCHours(part(4), part(5), second)
    if (!isDate || part(4) > 23 || part(5) > 59 || part(6) > 60 || time >= YEAR_10000) {
      throw new PeerSyntaxError('no such time')
    }
    return time
  },
  write(value) {
    if (!(value >= YEAR_0 && value <= YEAR_10000 - 1000)) {
      throw usageError('HOLDUNTIL is a time in ms since the epoch, with a year of four digits')
    }
    return `${new Date(Math.ceil(value / 1000) * 1000).toISOString().slice(0, 19)}Z`
  },
  samples: [Date.UTC(2026, 10, 24, 12, 0, 0), 0, Date.UTC(2028, 1, 29, 23, 59, 59)],
}
