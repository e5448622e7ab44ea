// What a check of a message found, as methods of an Authentication-Results field (RFC 8601 §2.7, RFC 8617 §10.2).
import type { ArcResult } from './arc/index.ts'
import type { AuthMethod, AuthProperty } from './authentication-results/index.ts'
import type { DkimResult } from './dkim/index.ts'
import type { DmarcResult } from './dmarc/index.ts'
import type { RdnsResult } from './iprev/index.ts'
import type { SpfResult } from './spf/index.ts'

export interface Findings {
  readonly spf: SpfResult
  readonly rdns: RdnsResult
  readonly dkim: DkimResult
  readonly dmarc: DmarcResult
  readonly arc: ArcResult
}

/** One method after the other; of DKIM one for each signature, and of ARC none when the message has no chain. */
export function methodsOf({ spf, rdns, dkim, dmarc, arc }: Findings): AuthMethod[] {
  const methods: AuthMethod[] = []
  // §2.7.2: no policy of ours is known to speak of local parts, so that only the domain is told
  const identity = property('smtp', spf.identity === 'helo' ? 'helo' : 'mailfrom', spf.domain)
  methods.push(method('spf', spf, identity), method('iprev', rdns, property('policy', 'iprev', rdns.ip)))
  if (dkim.signatures.length === 0) methods.push(method('dkim', dkim, []))
  for (const each of dkim.signatures) {
    methods.push(
      method('dkim', each, [
        ...property('header', 'd', each.domain),
        ...property('header', 's', each.selector),
        ...property('header', 'a', each.algorithm),
        ...property('header', 'b', each.signature),
      ]),
    )
  }
  methods.push(method('dmarc', dmarc, property('header', 'from', dmarc.domain)))
  if (arc.result !== 'none') {
    const oldest = arc.oldestPass === null ? null : `${arc.oldestPass}`
    methods.push(method('arc', arc, property('header', 'oldest-pass', oldest)))
  }
  return methods
}

function method(
  name: string,
  { result, reason }: { readonly result: string; readonly reason: string },
  properties: readonly AuthProperty[],
): AuthMethod {
  return result === 'pass' || result === 'none'
    ? { method: name, result, properties }
    : { method: name, result, reason, properties }
}

/** None when there is nothing to tell. */
function property(type: string, name: string, value: string | null): readonly AuthProperty[] {
  return value ? [{ type, name, value }] : []
}
