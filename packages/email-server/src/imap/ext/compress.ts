// COMPRESS=DEFLATE (RFC 4978): both directions as raw deflate from the line after the OK.

import type { CommandSpec, Extension } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { LOGGED_IN } from '../state.ts'

// compress = "COMPRESS" SP algorithm        algorithm = "DEFLATE"
const args: Grammar<string> = {
  read: r => r.sp().keyword(),
  write: (w, algorithm) => w.raw(' ').atom(algorithm),
  samples: ['DEFLATE'],
}

const command: CommandSpec<string> = {
  name: 'COMPRESS',
  rfc: '4978 §3',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'none',
  args,
  run(cx, algorithm) {
    if (algorithm !== 'DEFLATE') return { status: 'NO', code: 'CANNOT', text: 'DEFLATE is the one algorithm' }
    if (cx.compressed) return { status: 'NO', code: 'COMPRESSIONACTIVE', text: 'DEFLATE is active already' }
    cx.upgrade('deflate')
    return { status: 'OK', text: 'DEFLATE active' }
  },
}

export const compress: Extension = {
  name: 'COMPRESS=DEFLATE',
  rfc: '4978',
  gate: { kind: 'transport', can: 'deflate' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['COMPRESS=DEFLATE']),
  commands: [command],
}
