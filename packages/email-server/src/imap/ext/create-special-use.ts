// CREATE-SPECIAL-USE (RFC 6154 §3): the use of a new folder, handed to the `createFolder` handler in its context.
import type { Extension } from '../extension.ts'

export const createSpecialUse: Extension = {
  name: 'CREATE-SPECIAL-USE',
  rfc: '6154',
  gate: { kind: 'handlers', names: ['createFolder'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['CREATE-SPECIAL-USE']),
}
