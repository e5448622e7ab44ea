// The user's folders as LIST sees them: with the levels above them that the backend has not named.
import { describe } from '../base/errors.ts'
import { badAnswer, type Folder } from '../mailbox/index.ts'
import type { CommandContext } from './context.ts'

/** A name that LIST may show. */
export interface ListedFolder {
  readonly folder: Folder
  readonly delimiter: string | null
  /** False for a level that the backend has not named. */
  readonly exists: boolean
  readonly hasChildren: boolean
}

const DEFAULT_DELIMITER = '/'
const DEEPEST = 64

export function delimiterOf(folder: Folder | undefined): string | null {
  return folder?.delimiter === undefined ? DEFAULT_DELIMITER : folder.delimiter
}

/** The user's folders, looked at. */
export async function askFolders(cx: CommandContext): Promise<readonly Folder[]> {
  const folders: unknown = await cx.mailbox.ask('folders', [], {})
  if (!Array.isArray(folders)) throw badAnswer('folders', 'an array of folders', folders)
  for (const folder of folders as readonly (Partial<Folder> | null)[]) {
    if (typeof folder !== 'object' || typeof folder?.name !== 'string' || folder.name === '') {
      throw badAnswer('folders', 'folders that have a name', folder)
    }
    const { delimiter } = folder
    if (typeof delimiter === 'string' ? delimiter.length !== 1 : (delimiter ?? null) !== null) {
      throw badAnswer('folders', `a delimiter of one character for ${describe(folder.name)}`, delimiter)
    }
  }
  return folders as readonly Folder[]
}

/** Each folder after the levels above it that the backend has not named; those can't be selected. */
export function listTree(folders: readonly Folder[]): readonly ListedFolder[] {
  const known = new Set(folders.map(folder => folder.name))
  const parents = new Set<string>()
  const out: Omit<ListedFolder, 'hasChildren'>[] = []
  for (const folder of folders) {
    const delimiter = delimiterOf(folder)
    for (const parent of levelsAbove(folder.name, delimiter)) {
      parents.add(parent)
      if (known.has(parent)) continue
      known.add(parent)
      const level: Folder = { name: parent, selectable: false, subscribed: false, delimiter }
      out.push({ folder: level, delimiter, exists: false })
    }
    out.push({ folder, delimiter, exists: true })
  }
  return out.map(each => ({ ...each, hasChildren: parents.has(each.folder.name) }))
}

/** `a`, `a/b` for `a/b/c`. */
export function levelsAbove(name: string, delimiter: string | null): readonly string[] {
  const out: string[] = []
  if (delimiter === null) return out
  for (let at = name.indexOf(delimiter); at >= 0; at = name.indexOf(delimiter, at + 1)) {
    if (at > 0 && at < name.length - 1) out.push(name.slice(0, at))
    if (out.length === DEEPEST) break
  }
  return out
}
