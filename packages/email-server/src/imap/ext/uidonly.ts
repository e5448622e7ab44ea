// UIDONLY (RFC 9586): once enabled, message numbers are neither taken nor told. What the client may not say is refused where commands are
// read (server/head.ts, commands/searching.ts, ext/qresync.ts); what it is told begins as fetch-start.ts says, and what is gone has VANISHED.
import type { Extension } from '../extension.ts'

export const uidonly: Extension = {
  name: 'UIDONLY',
  rfc: '9586',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['UIDONLY']),
  enables: { uidOnly: true },
}
