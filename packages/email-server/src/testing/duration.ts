// Spans of time as people write them.

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A number of ms, or `5d`, `90s`, `1h30m`, `250ms`. */
export type Duration = number | string

/** In ms. Throws for what is no span of time. */
export function milliseconds(duration: Duration): number {
  if (typeof duration === 'number' && Number.isFinite(duration) && duration >= 0) return duration
  const text = String(duration).trim()
  let total = 0
  let rest = text
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)\s*/.exec(rest)
    if (!match) throw new TypeError(`${JSON.stringify(duration)} is no span of time such as 5d, 90s or 1h30m`)
    total += Number(match[1]) * UNITS[match[2]!]!
    rest = rest.slice(match[0].length)
  }
  if (text === '') throw new TypeError('an empty text is no span of time')
  return total
}
