// APPENDLIMIT (RFC 7889): how large a message may be, the same for all folders.
import type { Extension } from '../extension.ts'

export const appendlimit: Extension = {
  name: 'APPENDLIMIT',
  rfc: '7889',
  gate: { kind: 'handlers', names: ['append'] },
  capabilities: facts =>
    facts.state === 'notAuthenticated' ? [] : [`APPENDLIMIT=${facts.limits.messageSize}`],
  statusItems: [
    {
      name: 'APPENDLIMIT',
      rfc: '7889 §3.1',
      item: null,
      write: (w, _status, limits) => void w.number(limits.messageSize),
    },
  ],
}
