// LIST-MYRIGHTS (RFC 8440): LIST tells what the user may do with each folder that it shows.
import { Refusal } from '../../base/errors.ts'
import type { Extension, ListReturn } from '../extension.ts'
import { ACL_GATE, askMyRights, writeMyRights } from './acl.ts'

const myRights: ListReturn = {
  name: 'MYRIGHTS',
  rfc: '8440 §3',
  async look(cx, { folder }) {
    try {
      const rights = await askMyRights(cx, folder.name)
      return () => writeMyRights(cx, folder.name, rights)
    } catch (error) {
      // a folder whose rights can not be found out is listed without them
      if (error instanceof Refusal) return () => {}
      throw error
    }
  },
}

export const listMyrights: Extension = {
  name: 'LIST-MYRIGHTS',
  rfc: '8440',
  gate: ACL_GATE,
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['LIST-MYRIGHTS']),
  listReturns: [myRights],
}
