// SPECIAL-USE (RFC 6154): LIST says what a folder is for.
import type { Extension } from '../registry.ts'

export const specialUse: Extension = {
  name: 'SPECIAL-USE',
  rfc: '6154',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['SPECIAL-USE']),
  listAttributes: ({ folder }) => (folder.specialUse ? [folder.specialUse.replace(/^\\/, '')] : []),
}
