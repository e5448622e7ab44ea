// CHILDREN (RFC 3348): LIST says which names have names below them.
import type { Extension } from '../extension.ts'

export const children: Extension = {
  name: 'CHILDREN',
  rfc: '3348',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['CHILDREN']),
  listAttributes: listed => [listed.hasChildren ? 'HasChildren' : 'HasNoChildren'],
}
