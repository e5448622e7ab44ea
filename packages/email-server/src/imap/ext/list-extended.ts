// LIST-EXTENDED (RFC 5258): which names LIST selects, and what it returns of them.
import type { Extension, ListReturn, ListSelection } from '../extension.ts'

const SELECTIONS: readonly ListSelection[] = [
  { name: 'SUBSCRIBED', rfc: '5258 §3.1', matches: ({ folder }) => folder.subscribed !== false },
  // there are no mailboxes elsewhere: the option asks for nothing more
  { name: 'REMOTE', rfc: '5258 §3.1' },
  { name: 'RECURSIVEMATCH', rfc: '5258 §3.1', recursive: true },
]

const RETURNS: readonly ListReturn[] = [
  {
    name: 'SUBSCRIBED',
    rfc: '5258 §3.2',
    attributes: ({ folder }) => (folder.subscribed !== false ? ['Subscribed'] : []),
  },
  {
    name: 'CHILDREN',
    rfc: '5258 §4',
    attributes: ({ hasChildren }) => [hasChildren ? 'HasChildren' : 'HasNoChildren'],
  },
]

export const listExtended: Extension = {
  name: 'LIST-EXTENDED',
  rfc: '5258',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['LIST-EXTENDED']),
  listSelections: SELECTIONS,
  listReturns: RETURNS,
}
