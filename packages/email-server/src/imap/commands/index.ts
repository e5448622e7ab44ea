// The core of the protocol as one more member of the registry (RFC 3501 §6).
import type { Extension } from '../extension.ts'
import { capability, logout, noop } from './any-state.ts'
import { append } from './append.ts'
import { authenticate, openMechanisms } from './authenticate.ts'
import { copy } from './copy.ts'
import { expunge } from './expunge.ts'
import { fetch } from './fetch.ts'
import { FETCH_ITEMS } from './fetch-items.ts'
import { create, deleteFolder, rename, subscribe, unsubscribe } from './folders.ts'
import { list } from './list.ts'
import { login } from './login.ts'
import { lsub } from './lsub.ts'
import { search } from './search.ts'
import { SEARCH_KEYS } from './search-keys.ts'
import { check, close, examine, select } from './select.ts'
import { STATUS_ITEMS, status } from './status.ts'
import { store } from './store.ts'

export const imap4rev1: Extension = {
  name: 'IMAP4rev1',
  rfc: '3501',
  gate: { kind: 'free' },
  capabilities(facts) {
    if (facts.state !== 'notAuthenticated') return ['IMAP4rev1']
    const mechanisms = openMechanisms(facts).map(each => `AUTH=${each.name}`)
    return facts.passwordsAllowed
      ? ['IMAP4rev1', ...mechanisms]
      : ['IMAP4rev1', ...mechanisms, 'LOGINDISABLED']
  },
  commands: [
    capability,
    noop,
    logout,
    login,
    authenticate,
    select,
    examine,
    create,
    deleteFolder,
    rename,
    subscribe,
    unsubscribe,
    list,
    lsub,
    status,
    append,
    check,
    close,
    expunge,
    search,
    fetch,
    store,
    copy,
  ],
  fetchItems: FETCH_ITEMS,
  searchKeys: SEARCH_KEYS,
  statusItems: STATUS_ITEMS,
}
