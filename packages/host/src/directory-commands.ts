// `user`, `domain`, `alias`: who is here.
import type { Store } from '@email-server/store'
import type { AddAction, DirectoryAction, DirectoryCommand, RemoveAction } from './command-line.ts'
import { readSecret } from './secrets.ts'

/** Answers what is to be said. Rejects with an error whose message is the one line that a person needs. */
export async function runDirectory(store: Store, { what, passwordFile }: DirectoryCommand): Promise<string> {
  switch (what.action) {
    case 'list':
      return (await listed(store, what.on)).join('\n')
    case 'password':
      await known(store, what.address)
      await store.setPassword(what.address, await newPassword(what.address, passwordFile))
      return `${what.address} has a new password`
    case 'enable':
    case 'disable':
      await store.setEnabled(what.address, what.action === 'enable')
      return `${what.address} is switched ${what.action === 'enable' ? 'on' : 'off'}`
    case 'add':
      return add(store, what, passwordFile)
    case 'remove':
      return remove(store, what)
  }
}

async function listed(store: Store, on: DirectoryAction['on']): Promise<readonly string[]> {
  if (on === 'domain') return store.domains()
  if (on === 'alias') return (await store.aliases()).map(({ alias, account }) => `${alias}  ${account}`)
  return (await store.users()).map(({ address, enabled }) => `${address}${enabled ? '' : '  switched off'}`)
}

async function add(store: Store, what: AddAction, passwordFile: string | null): Promise<string> {
  switch (what.on) {
    case 'user': {
      const address = await store.addUser(what.address, await newPassword(what.address, passwordFile))
      return `${address} is there`
    }
    case 'domain':
      await store.addDomain(what.domain)
      return `mail for ${what.domain} is taken`
    case 'alias':
      await store.addAlias(what.alias, what.account)
      return `mail for ${what.alias} goes to ${what.account}`
  }
}

async function remove(store: Store, what: RemoveAction): Promise<string> {
  switch (what.on) {
    case 'user':
      if (!(await store.removeUser(what.address))) throw new Error(`there is no account ${what.address}`)
      await store.idle()
      return `${what.address} is removed, with all mail`
    case 'domain':
      if (!(await store.removeDomain(what.domain)))
        throw new Error(`${what.domain} is no domain of this store`)
      return `mail for ${what.domain} is taken no longer`
    case 'alias':
      await store.removeAlias(what.alias, what.account ?? undefined)
      return `mail for ${what.alias} goes to ${what.account ?? 'anybody'} no longer`
  }
}

async function known(store: Store, address: string): Promise<void> {
  if ((await store.findUser(address)) === null) throw new Error(`there is no account ${address}`)
}

function newPassword(address: string, file: string | null): Promise<string> {
  return readSecret({ file, variable: 'USER_PASSWORD', question: `New password of ${address}` })
}
