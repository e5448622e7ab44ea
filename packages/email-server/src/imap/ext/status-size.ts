// STATUS=SIZE (RFC 8438): the octets of all messages of a folder. It is advertised when the backend keeps count of them; IMAP4rev2 has
// the item in any case (RFC 9051 §6.3.11).
import type { Extension } from '../extension.ts'

export const statusSize: Extension = {
  name: 'STATUS=SIZE',
  rfc: '8438',
  gate: { kind: 'free' },
  capabilities: facts => (facts.handles('status') && facts.supplies('size') ? ['STATUS=SIZE'] : []),
  statusItems: [
    { name: 'SIZE', rfc: '8438 §3', item: 'size', write: (w, status) => void w.number(status.size ?? 0) },
  ],
}
