// OBJECTID (RFC 8474): mailboxes and messages have names of the store's own, which survive renaming and moving.
import type { MessageMeta } from '../../mailbox/index.ts'
import type { Extension, FetchItem, SearchKeySpec } from '../extension.ts'
import { NEEDS_META, NEEDS_MORE_META, type Need } from '../fetched.ts'
import { mailboxIdCode, objectId, writtenObjectId } from '../grammar/object-id.ts'

function item(name: string, need: Need, idOf: (meta: MessageMeta) => string | null | undefined): FetchItem {
  return {
    name,
    rfc: '8474 §5.3',
    needs: () => need,
    write(w, { meta }) {
      const id = idOf(meta!)
      // THREADID may be unknown; EMAILID was promised
      w.raw(id === null || id === undefined ? `${name} NIL` : `${name} (${writtenObjectId(id)})`)
    },
  }
}

function key(name: string, kind: 'emailId' | 'threadId'): SearchKeySpec<string> {
  return { name, rfc: '8474 §6', args: objectId, compile: id => ({ key: kind, id }) }
}

export const objectid: Extension = {
  name: 'OBJECTID',
  rfc: '8474',
  gate: { kind: 'supplies', items: ['emailId', 'mailboxId'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['OBJECTID']),
  fetchItems: [
    item('EMAILID', NEEDS_META, meta => writtenObjectId(meta.emailId)),
    item('THREADID', NEEDS_META | NEEDS_MORE_META, meta => meta.threadId),
  ],
  searchKeys: [key('EMAILID', 'emailId'), key('THREADID', 'threadId')] as readonly SearchKeySpec[],
  statusItems: [
    {
      name: 'MAILBOXID',
      rfc: '8474 §4.3',
      item: 'mailboxId',
      write: (w, status) => void w.raw(`(${writtenObjectId(status.mailboxId)})`),
    },
  ],
  tellsOfFolder(cx) {
    cx.untagged('OK', 'The mailbox', mailboxIdCode(cx.folder.opened.mailboxId))
  },
}
