// LITERAL+ and LITERAL- (RFC 7888): literals that the client sends without waiting. Before login they are short; the
// framing reads both forms at any time, and refuses what is too large.
import type { Extension } from '../extension.ts'

export const literal: Extension = {
  name: 'LITERAL+',
  rfc: '7888',
  gate: { kind: 'free' },
  capabilities: facts => [facts.state === 'notAuthenticated' ? 'LITERAL-' : 'LITERAL+'],
}
