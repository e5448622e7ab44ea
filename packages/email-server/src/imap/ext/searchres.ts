// SEARCHRES (RFC 5182): RETURN (SAVE) keeps what a search has found, and `$` names it in later commands.
import type { Extension } from '../extension.ts'

export const searchres: Extension = {
  name: 'SEARCHRES',
  rfc: '5182',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['SEARCHRES']),
  searchReturns: [{ name: 'SAVE', rfc: '5182 §2.1', saves: true }],
}
