// The patterns of hosts in an MTA-STS policy. RFC 8461 §4.1, RFC 6125 §6.4.

/** True when one of the patterns (`mx.example.com`, `*.example.com`; lower case) fits the host (A-labels); `*` stands for exactly one label. */
export function hostMatches(patterns: readonly string[], host: string): boolean {
  const name = host.toLowerCase()
  const dot = name.indexOf('.')
  const parent = dot > 0 ? name.slice(dot + 1) : ''
  return patterns.some(pattern =>
    pattern.startsWith('*.') ? parent !== '' && pattern.slice(2) === parent : pattern === name,
  )
}
