// IMAP's two kinds of date, both directions. RFC 3501 §9 and RFC 9051 §9: date-time (INTERNALDATE, APPEND) and date (SEARCH).

import {
  daysIn,
  type MailDate,
  monthIndex,
  monthName,
  readNumber,
  two,
  utc,
  writeClock,
  writeZone,
} from './dates.ts'

// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
// date-day-fixed = (SP DIGIT) / 2DIGIT; time = 2DIGIT ":" 2DIGIT ":" 2DIGIT; zone = ("+" / "-") 4DIGIT

/** Reads ` 7-Jul-1996 02:44:25 -0700` (without the quotation marks). Null when it is not exactly that or no such day exists. */
export function readInternalDate(text: string): MailDate | null {
  if (text.length !== 26) return null
  const fixed = text[2] === '-' && text[6] === '-' && text[11] === ' ' && text[14] === ':' && text[17] === ':'
  if (!fixed || text[20] !== ' ' || (text[21] !== '+' && text[21] !== '-')) return null
  const day = readNumber(text[0] === ' ' ? text[1]! : text.slice(0, 2))
  const month = monthIndex(text.slice(3, 6))
  const year = readNumber(text.slice(7, 11))
  const hour = readNumber(text.slice(12, 14))
  const minute = readNumber(text.slice(15, 17))
  const second = readNumber(text.slice(18, 20))
  const offset = readNumber(text.slice(22))
  if (day < 1 || month < 0 || year < 0 || day > daysIn(month, year)) return null
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return null
  if (offset < 0 || offset % 100 > 59) return null
  const minutes = Math.floor(offset / 100) * 60 + (offset % 100)
  const zone = text[21] === '-' && minutes !== 0 ? -minutes : minutes
  const seconds = hour * 3600 + minute * 60 + Math.min(second, 59)
  return { time: utc(year, month, day) + seconds * 1000 - zone * 60_000, zone }
}

/** Writes ` 7-Jul-1996 02:44:25 -0700` (without quotation marks); `zone` is minutes east of UTC, default 0. Milliseconds are cut. */
export function writeInternalDate(time: number, zone = 0): string {
  const local = new Date(time + zone * 60_000)
  const day = String(local.getUTCDate()).padStart(2, ' ')
  return `${day}-${monthName(local.getUTCMonth())}-${fourDigits(local)} ${writeClock(local)} ${writeZone(zone)}`
}

/** A calendar day without time or zone, as SEARCH compares them. */
export interface CalendarDay {
  readonly year: number
  /** 1–12. */
  readonly month: number
  /** 1–31. */
  readonly day: number
}

// date = date-text / DQUOTE date-text DQUOTE; date-text = date-day "-" date-month "-" date-year; date-day = 1*2DIGIT

/** Reads `1-Feb-1994` (without quotation marks), or null. */
export function readImapDate(text: string): CalendarDay | null {
  const dash = text.indexOf('-')
  if ((dash !== 1 && dash !== 2) || text.length !== dash + 9 || text[dash + 4] !== '-') return null
  const day = readNumber(text.slice(0, dash))
  const month = monthIndex(text.slice(dash + 1, dash + 4))
  const year = readNumber(text.slice(dash + 5))
  if (day < 1 || month < 0 || year < 0 || day > daysIn(month, year)) return null
  return { year, month: month + 1, day }
}

/** Writes `1-Feb-1994`. */
export function writeImapDate({ year, month, day }: CalendarDay): string {
  return `${day}-${monthName(month - 1)}-${String(year).padStart(4, '0')}`
}

/** The calendar day of a time in the zone (minutes east of UTC) that it was written in. */
export function calendarDay(time: number, zone: number): CalendarDay {
  const local = new Date(time + zone * 60_000)
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() }
}

function fourDigits(local: Date): string {
  return two(Math.floor(local.getUTCFullYear() / 100)) + two(local.getUTCFullYear() % 100)
}
