// LIST-STATUS (RFC 5819): LIST gives the STATUS of each folder that it shows.
import { Refusal } from '../../base/errors.ts'
import { folderStatus, statusItems, writeStatus } from '../commands/status.ts'
import type { Extension, ListReturn } from '../extension.ts'

// status-option = "STATUS" SP "(" status-att *(SP status-att) ")"
const status: ListReturn<readonly string[]> = {
  name: 'STATUS',
  rfc: '5819 §2',
  args: statusItems,
  async look(cx, { folder }, items) {
    try {
      const specs = items.map(name => cx.words.statusItem(name)!)
      const found = await folderStatus(cx, folder.name, specs)
      return () => writeStatus(cx, folder.name, specs, found)
    } catch (error) {
      // it can't be selected after all: LIST says so, and there is no STATUS
      if (error instanceof Refusal) return null
      throw error
    }
  },
}

export const listStatus: Extension = {
  name: 'LIST-STATUS',
  rfc: '5819',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['LIST-STATUS']),
  listReturns: [status] as readonly ListReturn[],
}
