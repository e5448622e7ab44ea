// Dates of the Internet message format, both directions. RFC 5322 §3.3 and §4.3 (obsolete forms), RFC 2822's and real mail's deviations.
// Never asks Date.parse, whose answers differ between engines.

import { late } from '../base/late.ts'

/** A point of time with the zone in which it was written. */
export interface MailDate {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly time: number
  /** Minutes east of UTC; 0 also for the unknown zone "-0000". */
  readonly zone: number
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH_NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const TEXT_LIMIT = 1000

// obs-zone, RFC 5322 §4.3, and names that mailers write although no standard has them.
const ZONES: ReadonlyMap<string, number> = new Map([
  ['ut', 0],
  ['gmt', 0],
  ['utc', 0],
  ['z', 0],
  ['est', -300],
  ['edt', -240],
  ['cst', -360],
  ['cdt', -300],
  ['mst', -420],
  ['mdt', -360],
  ['pst', -480],
  ['pdt', -420],
  ['bst', 60],
  ['wet', 0],
  ['west', 60],
  ['cet', 60],
  ['mez', 60],
  ['met', 60],
  ['cest', 120],
  ['mest', 120],
  ['mesz', 120],
  ['eet', 120],
  ['eest', 180],
  ['msk', 180],
  ['jst', 540],
  ['kst', 540],
])

// date-time = [ day-of-week "," ] date time [CFWS]
// date = day month year; time = time-of-day zone; time-of-day = hour ":" minute [ ":" second ]
// zone = (FWS ( "+" / "-" ) 4DIGIT) / obs-zone                                           RFC 5322 §3.3, §4.3
/**
 * The date of a Date field's body, or null when it cannot be one. Taken besides the standard: comments anywhere, any or no day name, month
 * before day (`Nov 5, 2026`, and C's asctime), dashes (`05-Nov-26`), years of two and three digits (RFC 5322 §4.3), no
 * seconds, fractions, dots for colons, no zone (then UTC), zones by name, `GMT+0200`, `+02:00`, and ISO 8601.
 */
export function readMailDate(text: string): MailDate | null {
  if (text.length > TEXT_LIMIT) return null
  const usual = readUsualDate(text)
  if (usual !== null) return usual
  const start = readIsoDay(text)
  const words = split(start === null ? text : text.slice(start.end))
  let { year, month, day } = start ?? { year: -1, month: -1, day: -1 }
  let clock: { ms: number } | null = null
  let zone: number | null = null
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const c = word.charCodeAt(0)
    if (isDigit(c) && (word.includes(':') || (clock === null && year >= 0 && word.includes('.')))) {
      if (clock !== null) return null
      clock = readClock(word)
      if (clock === null) return null
    } else if (isDigit(c)) {
      const number = readNumber(word)
      if (number < 0) return null
      if (day < 0 && number <= 31 && word.length <= 2) day = number
      else if (year < 0 && month >= 0) year = fullYear(number, word.length)
      else return null
    } else if (c === 0x2b || c === 0x2d) {
      if (clock === null) return null
      const offset = readOffset(word)
      if (offset === null) return null
      // "GMT+0200" and "+0200 GMT" both mean the number
      if (zone === null || zone === 0) zone = offset
    } else {
      const name = word.toLowerCase()
      const found = MONTHS.indexOf(name.slice(0, 3))
      if (month < 0 && found >= 0 && clock === null) month = found
      else if (clock !== null && (name === 'am' || name === 'pm')) clock = toTwentyFour(clock, name)
      else if (clock !== null && zone === null) zone = ZONES.get(name) ?? 0
      else if (month >= 0 && clock === null) return null
    }
  }
  if (day < 1 || month < 0 || year < 0 || clock === null || day > daysIn(month, year)) return null
  return { time: utc(year, month, day) + clock.ms - (zone ?? 0) * 60_000, zone: zone ?? 0 }
}

// As nearly all mail has it, to the letter of RFC 5322 §3.3, perhaps with the zone's name in a comment.
const USUAL: () => RegExp = late(() => {
  const day = `(?:(?:${DAY_NAMES.join('|')}), )?([0-9]{1,2}) (${MONTH_NAMES.join('|')}) ([0-9]{4})`
  const zone = String.raw`([+-])([0-9]{2})([0-9]{2})(?: \([A-Z]{1,5}\))?`
  return new RegExp(`^${day} ([0-9]{2}):([0-9]{2}):([0-9]{2}) ${zone}$`)
})

function readUsualDate(text: string): MailDate | null {
  const found = USUAL().exec(text)
  if (found === null) return null
  const day = Number(found[1])
  const month = MONTH_NAMES.indexOf(found[2]!)
  const year = Number(found[3])
  const [hour, minute, second] = [Number(found[4]), Number(found[5]), Number(found[6])]
  const [zoneHours, zoneMinutes] = [Number(found[8]), Number(found[9])]
  if (day < 1 || day > daysIn(month, year) || year < 1900 || hour > 23 || minute > 59 || second > 59)
    return null
  if (zoneHours > 23 || zoneMinutes > 59) return null
  const east = zoneHours * 60 + zoneMinutes
  const zone = found[7] === '-' && east !== 0 ? -east : east
  return { time: Date.UTC(year, month, day, hour, minute - zone, second), zone }
}

// ISO 8601 (RFC 3339 §5.6), which no mail standard has and many programs write: date "T" time.
function readIsoDay(text: string): { year: number; month: number; day: number; end: number } | null {
  const match = /^\s{0,10}([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]/.exec(text)
  if (match === null) return null
  const month = Number(match[2]) - 1
  const year = Number(match[1])
  if (month < 0 || month > 11 || year < 1900) return null
  return { year, month, day: Number(match[3]), end: match[0].length }
}

// Words are separated by white space, commas and comments; not around the colons of a time, where RFC 5322 §4.3 allows them. Behind the time, a
// sign or a letter begins a new word ("02:44:25-0700", "02:44Z"); before it, dashes separate day, month and year.
function split(text: string): string[] {
  const words: string[] = []
  let word = ''
  let depth = 0
  let timeSeen = false
  const push = (): void => {
    if (word === '' || word.endsWith(':')) return
    timeSeen ||= word.includes(':') || (words.length >= 3 && word.includes('.'))
    words.push(word)
    word = ''
  }
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (depth > 0) {
      if (c === '\\') i++
      else if (c === '(') depth++
      else if (c === ')') depth--
    } else if (c === '(') {
      push()
      depth = 1
    } else if (c === ' ' || c === '\t' || c === ',' || c === '\r' || c === '\n' || c === '"') push()
    else if (c === ':') word = `${word || (words.pop() ?? '')}:`
    else if (c === '+' || c === '-') {
      push()
      if (timeSeen) word = c
    } else {
      if (isLetter(c) && word.includes(':')) push()
      word += c
    }
  }
  if (word !== '') words.push(word)
  return words
}

function readClock(word: string): { ms: number } | null {
  const parts = word.includes(':') ? word.split(':') : word.split('.')
  if (parts.length < 2 || parts.length > 3) return null
  const [whole, fraction] =
    parts.length === 3 ? (parts[2]!.split('.') as [string, string?]) : ['0', undefined]
  const hour = readNumber(parts[0]!)
  const minute = readNumber(parts[1]!)
  const second = readNumber(whole)
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 60) return null
  if (hour === 24 && (minute > 0 || second > 0)) return null
  const ms = fraction === undefined ? 0 : readNumber(fraction.slice(0, 3).padEnd(3, '0'))
  if (ms < 0) return null
  // a leap second is the last moment of its minute
  return { ms: (hour * 3600 + minute * 60 + Math.min(second, 59)) * 1000 + ms }
}

function toTwentyFour(clock: { ms: number }, half: string): { ms: number } {
  const HALF_DAY = 12 * 3_600_000
  if (clock.ms >= HALF_DAY + 3_600_000) return clock
  const ms = clock.ms % HALF_DAY
  return { ms: half === 'pm' ? ms + HALF_DAY : ms }
}

/** Minutes east of UTC of `+hhmm`, `+hh:mm`, `+hmm`, `+hh`; null when it is not an offset. */
function readOffset(word: string): number | null {
  const digits = word.slice(1).replace(':', '')
  const number = readNumber(digits)
  if (number < 0 || digits.length > 4) return null
  const hours = digits.length <= 2 ? number : Math.floor(number / 100)
  const minutes = digits.length <= 2 ? 0 : number % 100
  if (hours > 23 || minutes > 59) return 0
  const offset = hours * 60 + minutes
  return word[0] === '-' && offset !== 0 ? -offset : offset
}

// Two digits: 00–49 are 2000–2049, 50–99 are 1950–1999; three digits: add 1900 (RFC 5322 §4.3). Four, as in 0026, may be two in disguise; a
// year before 1900 is none (§3.3).
function fullYear(number: number, digits: number): number {
  if (number < 100 && digits !== 3) return number < 50 ? 2000 + number : 1900 + number
  if (digits === 3) return 1900 + number
  return number >= 1900 && number <= 9999 ? number : -1
}

/** The value of a string of 1–5 digits, else -1. */
export function readNumber(text: string): number {
  if (text.length === 0 || text.length > 5) return -1
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isDigit(c)) return -1
    value = value * 10 + c - 0x30
  }
  return value
}

function isLetter(c: string): boolean {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

/** Days of the month (0–11) in a year of the Gregorian calendar. */
export function daysIn(month: number, year: number): number {
  if (month === 1) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31
}

/** Milliseconds of a day's first moment in UTC; years below 100 are what they say. */
export function utc(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day)
}

/** Month index of `Jan`…`Dec` in any case, else -1. */
export function monthIndex(name: string): number {
  return name.length === 3 ? MONTHS.indexOf(name.toLowerCase()) : -1
}

export function monthName(month: number): string {
  return MONTH_NAMES[month]!
}

/**
 * A date-time as RFC 5322 §3.3 wants it: `Mon, 23 Nov 2026 16:40:00 +0100`. `zone` is minutes east of UTC (default 0). Milliseconds are cut.
 * Years outside 1900–9999 cannot be written: then the empty string.
 */
export function writeMailDate(time: number, zone = 0): string {
  const local = new Date(time + zone * 60_000)
  const year = local.getUTCFullYear()
  if (!(year >= 1900 && year <= 9999)) return ''
  const day = DAY_NAMES[local.getUTCDay()]!
  return `${day}, ${local.getUTCDate()} ${monthName(local.getUTCMonth())} ${year} ${writeClock(local)} ${writeZone(zone)}`
}

/** `hh:mm:ss` of the date's UTC fields. */
export function writeClock(local: Date): string {
  return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`
}

/** `+hhmm` of minutes east of UTC. */
export function writeZone(zone: number): string {
  const minutes = Math.abs(zone)
  return `${zone < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`
}

export function two(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}
