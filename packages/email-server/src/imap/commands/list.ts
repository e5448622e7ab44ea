// LIST (RFC 3501 §6.3.8, RFC 5258). What its options and attributes are, beyond \Noselect, is said by the registry.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, ListReturn, ListSelection } from '../extension.ts'
import { type ListRequest, list as listArgs } from '../grammar/list.ts'
import { listMatcher, type Matcher } from '../list-match.ts'
import { askFolders, delimiterOf, type ListedFolder, levelsAbove, listTree } from '../list-tree.ts'
import { LOGGED_IN } from '../state.ts'
import { writeListed } from './listed.ts'

export const list: CommandSpec<ListRequest> = {
  name: 'LIST',
  rfc: '3501 §6.3.8',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: listArgs,
  async run(cx, { reference, patterns, extended }) {
    const plan = extended && planOf(cx, extended)
    const folders = await askFolders(cx)
    const delimiter = delimiterOf(folders[0])
    if (!plan && patterns[0] === '') {
      writeListed(cx, 'LIST', ['Noselect'], delimiter, '')
      return undefined
    }
    const matchers = patterns.map(pattern => listMatcher(reference + pattern, delimiter))
    const matches: Matcher = name => matchers.some(each => each(name))
    const tree = listTree(folders)
    const below = plan?.recursive ? selectedBelow(tree, plan, matches) : NONE_BELOW
    for (const listed of tree) {
      if (matches(listed.folder.name)) await listOne(cx, plan, listed, below)
      const wait = cx.ready()
      if (wait) await wait
      if (cx.over) return undefined
    }
    return undefined
  },
}

/** What the options of an extended LIST come to. */
interface Plan {
  readonly selections: readonly ListSelection[]
  readonly recursive: boolean
  readonly returns: readonly { readonly option: ListReturn; readonly args: unknown }[]
}

function planOf(cx: CommandContext, { select, returns }: NonNullable<ListRequest['extended']>): Plan {
  const chosen = select.map(({ name }) => cx.words.listSelection(name)!)
  const selections = chosen.filter(each => each.matches)
  const recursive = chosen.some(each => each.recursive)
  if (recursive && selections.length === 0) {
    throw new PeerSyntaxError('RECURSIVEMATCH needs another selection option')
  }
  const named = [...selections.map(each => ({ name: each.name, args: null })), ...returns]
  const wanted = new Map<string, Plan['returns'][number]>()
  for (const { name, args } of named) {
    const option = cx.words.listReturn(name)
    if (option) wanted.set(name, { option, args })
  }
  return { selections, recursive, returns: [...wanted.values()] }
}

/** Names above ones that are selected: `any` of them, and those of which one is not shown itself. */
interface Below {
  readonly any: ReadonlySet<string>
  readonly hidden: ReadonlySet<string>
}

const NONE_BELOW: Below = { any: new Set(), hidden: new Set() }

function selectedBelow(tree: readonly ListedFolder[], plan: Plan, matches: Matcher): Below {
  const any = new Set<string>()
  const hidden = new Set<string>()
  for (const listed of tree) {
    if (!isSelected(plan, listed)) continue
    const shown = matches(listed.folder.name)
    for (const level of levelsAbove(listed.folder.name, listed.delimiter)) {
      any.add(level)
      if (!shown) hidden.add(level)
    }
  }
  return { any, hidden }
}

function isSelected(plan: Plan, listed: ListedFolder): boolean {
  return plan.selections.every(each => each.matches!(listed))
}

async function listOne(
  cx: CommandContext,
  plan: Plan | null,
  listed: ListedFolder,
  below: Below,
): Promise<void> {
  const { folder, delimiter, exists } = listed
  if (!plan) {
    const attributes = folder.selectable === false ? ['Noselect'] : []
    writeListed(cx, 'LIST', [...attributes, ...always(cx, listed)], delimiter, folder.name)
    return
  }
  // a name that is shown only for those below it, when one of them is not shown itself (RFC 5258 §3.5)
  const selected = isSelected(plan, listed)
  if (!selected && !below.hidden.has(folder.name)) return
  let selectable = folder.selectable !== false
  const attributes: string[] = []
  const afterwards: (() => void)[] = []
  for (const { option, args } of plan.returns) {
    attributes.push(...(option.attributes?.(listed) ?? []))
    // nothing more is told of a name that is shown for others (RFC 5819 §3, RFC 8440 §4)
    if (!option.look || !selectable || !selected) continue
    const write = await option.look(cx, listed, args)
    if (write) afterwards.push(write)
    else selectable = false
  }
  if (!exists) attributes.unshift('NonExistent')
  else if (!selectable) attributes.unshift('Noselect')
  const all = [...new Set([...attributes, ...always(cx, listed)])]
  const childInfo = below.any.has(folder.name) ? plan.selections.map(each => each.name) : []
  writeListed(cx, 'LIST', all, delimiter, folder.name, { childInfo })
  for (const write of afterwards) write()
}

/** Attributes that are told whether they were asked for or not. */
function always(cx: CommandContext, listed: ListedFolder): readonly string[] {
  return cx.extensions.flatMap(each => each.listAttributes?.(listed) ?? [])
}
