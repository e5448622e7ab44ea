// LIST and LSUB (RFC 3501 §6.3.8, §6.3.9). Attributes beyond \Noselect come from the registry.
import { describe } from '../../base/errors.ts'
import { badAnswer, type Folder } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { listMailbox, mailbox } from '../grammar/mailbox.ts'
import { listMatcher } from '../list-match.ts'
import type { CommandSpec, ListedFolder } from '../registry.ts'
import { LOGGED_IN } from '../state.ts'

interface ListArgs {
  readonly reference: string
  readonly pattern: string
}

// list = "LIST" SP mailbox SP list-mailbox        lsub = "LSUB" SP mailbox SP list-mailbox
const args: Grammar<ListArgs> = {
  read(r, words) {
    const reference = mailbox.read(r.sp(), words)
    return { reference, pattern: listMailbox.read(r.sp(), words) }
  },
  write(w, { reference, pattern }, words) {
    mailbox.write(w.raw(' '), reference, words)
    listMailbox.write(w.raw(' '), pattern, words)
  },
  samples: [
    { reference: '', pattern: '*' },
    { reference: '~/Mail/', pattern: '%' },
    { reference: '', pattern: '' },
    { reference: 'Grüße/', pattern: 'Entwürfe*' },
  ],
}

const DEFAULT_DELIMITER = '/'

export function delimiterOf(folder: Folder | undefined): string | null {
  return folder?.delimiter === undefined ? DEFAULT_DELIMITER : folder.delimiter
}

/** The user's folders, looked at. */
export async function askFolders(cx: CommandContext): Promise<readonly Folder[]> {
  const folders: unknown = await cx.mailbox.ask('folders', [], {})
  if (!Array.isArray(folders)) throw badAnswer('folders', 'an array of folders', folders)
  for (const folder of folders as readonly Partial<Folder>[]) {
    if (
      typeof folder !== 'object' ||
      folder === null ||
      typeof folder.name !== 'string' ||
      folder.name === ''
    ) {
      throw badAnswer('folders', 'folders that have a name', folder)
    }
    const { delimiter } = folder
    if (typeof delimiter === 'string' ? delimiter.length !== 1 : (delimiter ?? null) !== null) {
      throw badAnswer('folders', `a delimiter of one character for ${describe(folder.name)}`, delimiter)
    }
  }
  return folders as readonly Folder[]
}

export const list: CommandSpec<ListArgs> = {
  name: 'LIST',
  rfc: '3501 §6.3.8',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args,
  async run(cx, { reference, pattern }) {
    const folders = await askFolders(cx)
    if (pattern === '') {
      writeListed(cx, 'LIST', ['Noselect'], delimiterOf(folders[0]), '')
      return undefined
    }
    const matches = listMatcher(reference + pattern, delimiterOf(folders[0]))
    for (const listed of withParents(folders)) {
      if (!matches(listed.folder.name)) continue
      writeListed(cx, 'LIST', attributes(cx, listed), listed.delimiter, listed.folder.name)
      const wait = cx.ready()
      if (wait) await wait
      if (cx.over) return undefined
    }
    return undefined
  },
}

export const lsub: CommandSpec<ListArgs> = {
  name: 'LSUB',
  rfc: '3501 §6.3.9',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args,
  async run(cx, { reference, pattern }) {
    const folders = await askFolders(cx)
    const subscribed = folders.filter(folder => folder.subscribed !== false)
    const matches = listMatcher(reference + pattern, delimiterOf(folders[0]))
    // a level that is not subscribed itself is shown for what is below it, when "%" stops there
    const levels = pattern.endsWith('%') ? withParents(subscribed) : subscribed.map(folder => plainly(folder))
    for (const { folder, delimiter } of levels) {
      if (!matches(folder.name)) continue
      writeListed(cx, 'LSUB', folder.selectable === false ? ['Noselect'] : [], delimiter, folder.name)
      const wait = cx.ready()
      if (wait) await wait
      if (cx.over) return undefined
    }
    return undefined
  },
}

function plainly(folder: Folder): ListedFolder {
  return { folder, delimiter: delimiterOf(folder), hasChildren: false }
}

/** Each folder after the levels above it that the backend has not named; those can't be selected. */
function withParents(folders: readonly Folder[]): readonly ListedFolder[] {
  const known = new Set(folders.map(folder => folder.name))
  const parents = new Set<string>()
  const out: { folder: Folder; delimiter: string | null }[] = []
  for (const folder of folders) {
    const delimiter = delimiterOf(folder)
    for (const parent of levelsAbove(folder.name, delimiter)) {
      parents.add(parent)
      if (known.has(parent)) continue
      known.add(parent)
      out.push({ folder: { name: parent, selectable: false, delimiter }, delimiter })
    }
    out.push({ folder, delimiter })
  }
  return out.map(each => ({ ...each, hasChildren: parents.has(each.folder.name) }))
}

const DEEPEST = 64

/** `a`, `a/b` for `a/b/c`. */
function levelsAbove(name: string, delimiter: string | null): readonly string[] {
  const out: string[] = []
  if (delimiter === null) return out
  for (let at = name.indexOf(delimiter); at >= 0; at = name.indexOf(delimiter, at + 1)) {
    if (at > 0 && at < name.length - 1) out.push(name.slice(0, at))
    if (out.length === DEEPEST) break
  }
  return out
}

function attributes(cx: CommandContext, listed: ListedFolder): readonly string[] {
  const out = cx.extensions.flatMap(each => each.listAttributes?.(listed) ?? [])
  return listed.folder.selectable === false ? ['Noselect', ...out] : out
}

// mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
function writeListed(
  cx: CommandContext,
  response: 'LIST' | 'LSUB',
  flags: readonly string[],
  delimiter: string | null,
  name: string,
): void {
  const w = cx.out
  w.raw(`* ${response} `).list(flags, flag => w.raw('\\').atom(flag))
  w.raw(' ').nstring(delimiter).raw(' ')
  if (name === '') w.raw('""')
  else mailbox.write(w, name, cx.words)
  w.end()
}
