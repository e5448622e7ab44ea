// STATUS=SIZE (RFC 8438): the octets of all messages of a folder, when the backend keeps count of them.
import type { Extension } from '../registry.ts'

export const statusSize: Extension = {
  name: 'STATUS=SIZE',
  rfc: '8438',
  gate: {
    kind: 'all',
    of: [
      { kind: 'handlers', names: ['status'] },
      { kind: 'supplies', items: ['size'] },
    ],
  },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['STATUS=SIZE']),
  statusItems: [
    { name: 'SIZE', rfc: '8438 §3', item: 'size', write: (w, status) => void w.number(status.size!) },
  ],
}
