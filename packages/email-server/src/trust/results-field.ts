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
  return [
    // §2.7.2: no policy of ours is known to speak of local parts, so that only the domain is told
    method(
      'spf',
      spf,
      spf.identity === 'helo' ? ['smtp', 'helo', spf.domain] : ['smtp', 'mailfrom', spf.domain],
    ),
    method('iprev', rdns, ['policy', 'iprev', rdns.ip]),
    ...(dkim.signatures.length === 0
      ? [method('dkim', dkim)]
      : dkim.signatures.map(each =>
          method(
            'dkim',
            each,
            ['header', 'd', each.domain],
            ['header', 's', each.selector],
            ['header', 'a', each.algorithm],
            ['header', 'b', each.signature],
          ),
        )),
    method('dmarc', dmarc, ['header', 'from', dmarc.domain]),
    ...(arc.result === 'none'
      ? []
      : [
          method('arc', arc, ['header', 'oldest-pass', arc.oldestPass === null ? null : `${arc.oldestPass}`]),
        ]),
  ]
}

function method(
  name: string,
  { result, reason }: { readonly result: string; readonly reason: string },
  ...properties: readonly (readonly [type: string, name: string, value: string | null])[]
): AuthMethod {
  const known = properties.flatMap(([type, key, value]): AuthProperty[] =>
    value ? [{ type, name: key, value }] : [],
  )
  const silent = result === 'pass' || result === 'none'
  return { method: name, result, ...(silent ? {} : { reason }), properties: known }
}
