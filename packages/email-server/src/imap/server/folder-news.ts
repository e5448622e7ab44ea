// News of folders that are not open (RFC 5465 §5): kept compact until they can be told, told in the form that NOTIFY asks for.
import { Refusal } from '../../base/errors.ts'
import type { FolderNews } from '../../mailbox/index.ts'
import { noAccess, writeListed } from '../commands/listed.ts'
import { folderStatus, writeStatus } from '../commands/status.ts'
import type { CommandContext } from '../context.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { askFolders, type ListedFolder, levelsAbove, listTree } from '../list-tree.ts'
import { eventOf, eventsOf, type FolderEvent, WATCHING_NOTHING, type Watching } from '../watching.ts'

/** More that waits to be told than this is too much (RFC 5465 §5.8). */
const MOST = 1000

export class FolderNewsQueue {
  /** Folders whose messages have changed, and how. */
  #messages = new Map<string, Set<FolderEvent>>()
  #others: FolderNews[] = []
  #overflow = false

  get pending(): boolean {
    return this.#overflow || this.#others.length > 0 || this.#messages.size > 0
  }

  hear(news: FolderNews, watching: Watching): void {
    const event = eventOf(news)
    if (this.#overflow || !concerns(watching, news, event)) return
    if (event === 'MessageNew' || event === 'MessageExpunge' || event === 'FlagChange')
      this.#changed(news.folder, event)
    else this.#others.push(news)
    // a folder that is made anew has another UIDVALIDITY (RFC 5465 §5.1)
    if (news.kind === 'created' && eventsOf(watching, news.folder, true).has('FlagChange'))
      this.#changed(news.folder, 'FlagChange')
    if (this.#messages.size + this.#others.length > MOST) this.#overflow = true
  }

  #changed(folder: string, event: FolderEvent): void {
    const events = this.#messages.get(folder)
    if (events) events.add(event)
    else this.#messages.set(folder, new Set([event]))
  }

  /** @param open the folder that is open: of its messages something else tells */
  async tell(cx: CommandContext, watching: Watching, open: string | null): Promise<void> {
    if (this.#overflow) {
      this.#overflow = false
      this.#others = []
      this.#messages.clear()
      cx.untagged('OK', 'Too much has happened: nothing more is told', 'NOTIFICATIONOVERFLOW')
      cx.enable({ watching: WATCHING_NOTHING })
      await cx.mailbox.ask('watchFolders', [false], {})
      return
    }
    const others = this.#others
    const messages = this.#messages
    this.#others = []
    this.#messages = new Map()
    const looks = others.length > 0 || watching.groups.some(group => group.folders === 'subscribed')
    const tree = looks ? listTree(await askFolders(cx)) : []
    const isSubscribed = (name: string): boolean =>
      tree.some(({ folder, exists }) => exists && folder.name === name && folder.subscribed !== false)
    for (const news of others) {
      const event = eventOf(news)
      if (!concerns(watching, news, event)) continue
      tellChange(cx, news, tree, name => eventsOf(watching, name, isSubscribed(name)).has(event))
      await pause(cx)
      if (cx.over) return
    }
    for (const [name, happened] of messages) {
      if (name === open) continue
      const wanted = eventsOf(watching, name, isSubscribed(name))
      if ([...happened].some(event => wanted.has(event)) && !(await noAccess(cx, name)))
        await tellStatus(cx, name, happened, wanted)
      await pause(cx)
      if (cx.over) return
    }
  }
}

async function pause(cx: CommandContext): Promise<void> {
  const wait = cx.ready()
  if (wait) await wait
}

/** May this be wanted? Who is subscribed is not looked at here. */
function concerns(watching: Watching, news: FolderNews, event: FolderEvent): boolean {
  if (event === 'ServerMetadataChange') return watching.groups.some(group => group.events.has(event))
  if (news.kind === 'created' && eventsOf(watching, news.folder, true).has('FlagChange')) return true
  const names = news.kind === 'renamed' ? [news.folder, news.from] : [news.folder]
  // what lies directly above is affected as well (RFC 5465 §5.4)
  if (event === 'MailboxName') names.push(...names.flatMap(name => parentOf(name, watching.delimiter)))
  return names.some(name => eventsOf(watching, name, true).has(event))
}

function parentOf(name: string, delimiter: string | null): readonly string[] {
  return levelsAbove(name, delimiter).slice(-1)
}

/** The numbers of a folder whose messages have changed (RFC 5465 §5.1–§5.3). */
async function tellStatus(
  cx: CommandContext,
  name: string,
  happened: ReadonlySet<FolderEvent>,
  wanted: ReadonlySet<FolderEvent>,
): Promise<void> {
  const counts = happened.has('MessageNew') || happened.has('MessageExpunge')
  const items = counts ? ['UIDNEXT', 'MESSAGES'] : []
  if (happened.has('FlagChange')) items.push('UIDVALIDITY')
  if (wanted.has('FlagChange')) items.push('UNSEEN')
  if (cx.dialect.modseq && cx.words.statusItem('HIGHESTMODSEQ')) items.push('HIGHESTMODSEQ')
  const specs = items.map(item => cx.words.statusItem(item)!)
  try {
    writeStatus(cx, name, specs, await folderStatus(cx, name, specs))
  } catch (error) {
    // it is gone, or not to be looked at any more: that is news of another kind
    if (!(error instanceof Refusal)) throw error
  }
}

/** Names, subscriptions and metadata (RFC 5465 §5.4–§5.7). */
function tellChange(
  cx: CommandContext,
  news: FolderNews,
  tree: readonly ListedFolder[],
  wants: (name: string) => boolean,
): void {
  const { folder } = news
  switch (news.kind) {
    case 'renamed':
      if (wants(folder) || wants(news.from)) tellName(cx, folder, tree, news.from)
      break
    case 'created':
    case 'deleted': {
      if (wants(folder)) tellName(cx, folder, tree)
      const delimiter =
        tree.find(each => each.folder.name === folder)?.delimiter ?? tree[0]?.delimiter ?? null
      for (const parent of parentOf(folder, delimiter)) if (wants(parent)) tellName(cx, parent, tree)
      break
    }
    case 'subscription':
      if (wants(folder)) tellName(cx, folder, tree)
      break
    case 'metadata': {
      if (folder !== '' && !wants(folder)) break
      const w = cx.out
      w.raw('* METADATA ')
      if (folder === '') w.raw('""')
      else mailbox.write(w, folder, cx.words)
      // entry-list = entry *(SP entry)                                               RFC 5464 §5
      for (const entry of news.entries) w.raw(' ').astring(entry)
      w.end()
    }
  }
}

/** How a folder's name stands now. */
function tellName(
  cx: CommandContext,
  name: string,
  tree: readonly ListedFolder[],
  oldName: string | null = null,
): void {
  const listed = tree.find(each => each.folder.name === name)
  const delimiter = (listed ?? tree[0])?.delimiter ?? null
  const flags = listed
    ? [
        ...(listed.exists ? [] : ['NonExistent']),
        ...(listed.exists && listed.folder.selectable === false ? ['Noselect'] : []),
        ...(listed.exists && listed.folder.subscribed !== false ? ['Subscribed'] : []),
        ...cx.extensions.flatMap(each => each.listAttributes?.(listed) ?? []),
      ]
    : ['NonExistent']
  writeListed(cx, 'LIST', flags, delimiter, name, oldName === null ? {} : { oldName })
}
