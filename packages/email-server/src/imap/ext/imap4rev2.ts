// IMAP4rev2 (RFC 9051), switched on by ENABLE: most of it is the extensions that are here already; these are the rest. MOVE belongs to
// it, so that a backend must be able to.
import { writeListed } from '../commands/listed.ts'
import type { Extension } from '../extension.ts'

export const imap4rev2: Extension = {
  name: 'IMAP4rev2',
  rfc: '9051',
  gate: { kind: 'handlers', names: ['move'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['IMAP4rev2']),
  enables: { rev2: true, utf8: true },
  // the name under which it was opened (RFC 9051 §6.3.2)
  tellsOfFolder(cx) {
    if (!cx.dialect.rev2) return
    writeListed(cx, 'LIST', [], cx.folder.opened.delimiter ?? '/', cx.folder.name)
  },
}
