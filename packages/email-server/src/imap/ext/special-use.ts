// SPECIAL-USE (RFC 6154): LIST says what a folder is for, asked or not, and selects those that are for something.
import type { Folder } from '../../mailbox/index.ts'
import type { Extension } from '../extension.ts'

function uses({ folder }: { readonly folder: Folder }): readonly string[] {
  return folder.specialUse ? [folder.specialUse.replace(/^\\/, '')] : []
}

export const specialUse: Extension = {
  name: 'SPECIAL-USE',
  rfc: '6154',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['SPECIAL-USE']),
  listAttributes: uses,
  listSelections: [{ name: 'SPECIAL-USE', rfc: '6154 §2', matches: listed => uses(listed).length > 0 }],
  listReturns: [{ name: 'SPECIAL-USE', rfc: '6154 §2', attributes: uses }],
}
