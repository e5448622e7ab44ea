// LSUB (RFC 3501 §6.3.9): the names that the user has subscribed to.

import type { CommandSpec } from '../extension.ts'
import { type ListRequest, lsub as lsubArgs } from '../grammar/list.ts'
import { listMatcher } from '../list-match.ts'
import { askFolders, delimiterOf, listTree } from '../list-tree.ts'
import { LOGGED_IN } from '../state.ts'
import { writeListed } from './listed.ts'

export const lsub: CommandSpec<ListRequest> = {
  name: 'LSUB',
  rfc: '3501 §6.3.9',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: lsubArgs,
  async run(cx, { reference, patterns }) {
    const folders = await askFolders(cx)
    const pattern = reference + patterns[0]!
    const matches = listMatcher(pattern, delimiterOf(folders[0]))
    const subscribed = folders.filter(folder => folder.subscribed !== false)
    for (const { folder, delimiter, exists } of listTree(subscribed)) {
      // a level that is not subscribed itself is shown for what is below it, when "%" stops there
      if ((!exists && !pattern.endsWith('%')) || !matches(folder.name)) continue
      writeListed(cx, 'LSUB', folder.selectable === false ? ['Noselect'] : [], delimiter, folder.name)
      const wait = cx.ready()
      if (wait) await wait
      if (cx.over) return undefined
    }
    return undefined
  },
}
