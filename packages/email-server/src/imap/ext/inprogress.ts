// INPROGRESS (RFC 9585): a client that waits for a command hears that it is being worked on, and how far. The session says it
// (server/session.ts), whatever the command.
import type { Extension } from '../extension.ts'

export const inprogress: Extension = {
  name: 'INPROGRESS',
  rfc: '9585',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['INPROGRESS']),
}
