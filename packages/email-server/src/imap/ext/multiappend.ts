// MULTIAPPEND (RFC 3502): several messages in one APPEND, all or none; for backends that can.
import type { Extension } from '../extension.ts'

export const multiappend: Extension = {
  name: 'MULTIAPPEND',
  rfc: '3502',
  gate: { kind: 'handlers', names: ['append', 'appendAll'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['MULTIAPPEND']),
}
