// Dates: date-time of INTERNALDATE and APPEND, date of SEARCH (RFC 3501 §9).
import type { Reader } from '../wire/reader.ts'
import { DIGIT } from '../wire/chars.ts'
import type { Grammar } from './grammar.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY = 86_400_000

// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
// date-day-fixed = (SP DIGIT) / 2DIGIT      time = 2DIGIT ":" 2DIGIT ":" 2DIGIT      zone = ("+" / "-") 4DIGIT
/** Milliseconds since the epoch, whole seconds; always written in UTC. */
export const dateTime: Grammar<number> = {
  read(r) {
    r.expect('"')
    const day = r.try(' ') ? digits(r, 1) : digits(r, 2)
    const date = monthAndYear(r.expect('-'), day)
    const hour = upTo(r.sp(), 23)
    const minute = upTo(r.expect(':'), 59)
    const second = upTo(r.expect(':'), 60)
    const west = r.sp().peek() === 0x2d
    if (!west) r.expect('+')
    else r.expect('-')
    const zone = (upTo(r, 23) * 60 + upTo(r, 59)) * 60_000
    r.expect('"')
    return date + ((hour * 60 + minute) * 60 + second) * 1000 + (west ? zone : -zone)
  },
  write: (w, value) => w.raw(formatDateTime(value)),
  samples: [0, 837596665000, 1735689599000, 951782400000],
}

/** `" 1-Jul-1996 02:44:25 +0000"`, its quotes included. */
export function formatDateTime(ms: number): string {
  const d = new Date(ms)
  const day = d.getUTCDate()
  const year = String(d.getUTCFullYear()).padStart(4, '0')
  const time = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`
  return `"${day < 10 ? ` ${day}` : day}-${MONTHS[d.getUTCMonth()]}-${year} ${time} +0000"`
}

// date = date-text / DQUOTE date-text DQUOTE      date-text = date-day "-" date-month "-" date-year
/** Days since 1970-01-01. */
export const date: Grammar<number> = {
  read(r) {
    const quoted = r.try('"')
    const text = r.run(DIGIT, 'a day')
    if (text.length > 2) r.fail('a day')
    const day = monthAndYear(r.expect('-'), Number(text)) / DAY
    if (quoted) r.expect('"')
    return day
  },
  write(w, day) {
    const d = new Date(day * DAY)
    w.raw(`${d.getUTCDate()}-${MONTHS[d.getUTCMonth()]}-${String(d.getUTCFullYear()).padStart(4, '0')}`)
  },
  samples: [0, 9161, 20000],
}

function monthAndYear(r: Reader, day: number): number {
  const name = letters(r, 3)
  const month = MONTHS.findIndex(each => each.toUpperCase() === name)
  if (month < 0) r.fail('a month')
  const year = digits(r.expect('-'), 4)
  const d = new Date(0)
  d.setUTCFullYear(year, month, day)
  if (day < 1 || d.getUTCMonth() !== month) r.fail('a day of that month')
  return d.getTime()
}

function letters(r: Reader, count: number): string {
  let out = ''
  for (let i = 0; i < count; i++) {
    const c = r.peek()
    if (!((c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a))) r.fail('a month')
    const char = String.fromCharCode(c)
    r.expect(char)
    out += char.toUpperCase()
  }
  return out
}

function digits(r: Reader, count: number): number {
  let value = 0
  for (let i = 0; i < count; i++) {
    const c = r.peek()
    if (c < 0x30 || c > 0x39) r.fail('a digit')
    r.expect(String.fromCharCode(c))
    value = value * 10 + c - 0x30
  }
  return value
}

function upTo(r: Reader, most: number): number {
  const value = digits(r, 2)
  if (value > most) r.fail(`a number up to ${most}`)
  return value
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n)
}
