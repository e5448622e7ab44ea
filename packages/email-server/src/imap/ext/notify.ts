// NOTIFY (RFC 5465): the client says what it wants to be told of at any time, of the open folder and of others.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { Folder, Namespaces } from '../../mailbox/index.ts'
import { noAccess, writeListed } from '../commands/listed.ts'
import { folderStatus, writeStatus } from '../commands/status.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Extension, Reply } from '../extension.ts'
import {
  type EventGroup,
  type NotifyEvent,
  type NotifyRequest,
  notify as notifyArgs,
} from '../grammar/notify.ts'
import { askFolders, delimiterOf } from '../list-tree.ts'
import { LOGGED_IN } from '../state.ts'
import {
  eventsOf,
  type FolderEvent,
  type OpenWatch,
  WATCHING_NOTHING,
  type WatchGroup,
  type Watching,
} from '../watching.ts'

const MESSAGE_EVENTS: readonly FolderEvent[] = ['MessageNew', 'MessageExpunge', 'FlagChange']
const METADATA_EVENTS: readonly FolderEvent[] = ['MailboxMetadataChange', 'ServerMetadataChange']

const command: CommandSpec<NotifyRequest> = {
  name: 'NOTIFY',
  rfc: '5465 §3.1',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: notifyArgs,
  async run(cx, request) {
    if (!request) {
      await cx.mailbox.ask('watchFolders', [false], {})
      cx.enable({ watching: WATCHING_NOTHING })
      return undefined
    }
    const refusal = unsupported(cx, request.groups)
    if (refusal) return refusal
    const folders = await askFolders(cx)
    const watching = await compiled(cx, request.groups, folders)
    const before = cx.dialect.watching
    // listens first and looks then, so that nothing comes between
    cx.enable({ watching })
    try {
      await cx.mailbox.ask('watchFolders', [watching.groups.some(({ events }) => events.size > 0)], {})
    } catch (error) {
      cx.enable({ watching: before })
      throw error
    }
    await describe(cx, watching, folders, request.status)
    if (!cx.over && cx.state.kind === 'selected') cx.folder.news.lookForNew()
    return undefined
  },
}

function supported(cx: CommandContext): readonly FolderEvent[] {
  const always: readonly FolderEvent[] = [...MESSAGE_EVENTS, 'MailboxName', 'SubscriptionChange']
  return cx.facts.handles('getMetadata') ? [...always, ...METADATA_EVENTS] : always
}

/** Events that are not known here are no error of the client's (RFC 5465 §3.1). */
function unsupported(cx: CommandContext, groups: readonly EventGroup[]): Reply | null {
  const known = supported(cx)
  const names = known.map(each => each.toUpperCase())
  if (groups.every(({ events }) => events.every(({ name }) => names.includes(name)))) return null
  return { status: 'NO', code: `BADEVENT (${known.join(' ')})`, text: 'There is no such event here' }
}

async function compiled(
  cx: CommandContext,
  groups: readonly EventGroup[],
  folders: readonly Folder[],
): Promise<Watching> {
  let open: OpenWatch | null = null
  const others: WatchGroup[] = []
  for (const { filter, names, events } of groups) {
    const named = new Set(
      supported(cx).filter(event => events.some(({ name }) => name === event.toUpperCase())),
    )
    checkEvents(named)
    if (filter === 'SELECTED' || filter === 'SELECTED-DELAYED') {
      if (open) throw new PeerSyntaxError('the selected mailbox is named twice')
      open = openWatch(named, events, filter === 'SELECTED-DELAYED')
    } else {
      if (events.some(({ items }) => items))
        throw new PeerSyntaxError('only of the selected mailbox messages are fetched')
      others.push({ folders: kindOf(filter), names, events: named })
    }
  }
  return {
    open: open ?? WATCHING_NOTHING.open,
    groups: others,
    delimiter: delimiterOf(folders[0]),
    foreign: cx.mailbox.handles('namespace') ? foreign(await cx.mailbox.ask('namespace', [], {})) : [],
  }
}

/** RFC 5465 §5: messages that come and go together, their flags only with them. */
function checkEvents(events: ReadonlySet<FolderEvent>): void {
  const both = events.has('MessageNew') && events.has('MessageExpunge')
  if (!both && MESSAGE_EVENTS.some(event => events.has(event)))
    throw new PeerSyntaxError('MessageNew and MessageExpunge stand together, FlagChange with both')
}

function openWatch(
  named: ReadonlySet<FolderEvent>,
  events: readonly NotifyEvent[],
  delayed: boolean,
): OpenWatch {
  if ([...named].some(event => !MESSAGE_EVENTS.includes(event)))
    throw new PeerSyntaxError('of the selected mailbox only its messages are told')
  const items = events.flatMap(event => event.items ?? [])
  return { counts: named.has('MessageNew'), flags: named.has('FlagChange'), delayed, items }
}

/** Where mail is delivered to is not known here: then INBOXES is PERSONAL (RFC 5465 §6.3). */
function kindOf(filter: EventGroup['filter']): WatchGroup['folders'] {
  switch (filter) {
    case 'SUBSCRIBED':
      return 'subscribed'
    case 'SUBTREE':
      return 'subtree'
    case 'MAILBOXES':
      return 'mailboxes'
    default:
      return 'personal'
  }
}

function foreign({ otherUsers, shared }: Namespaces): readonly string[] {
  return [...(otherUsers ?? []), ...(shared ?? [])]
    .map(({ prefix }) => prefix)
    .filter(prefix => prefix !== '')
}

/** What the client is told of the folders at once: those that it may not look into, and with STATUS how the others stand. */
async function describe(
  cx: CommandContext,
  watching: Watching,
  folders: readonly Folder[],
  status: boolean,
): Promise<void> {
  const open = cx.mailbox.currentFolder
  for (const folder of folders) {
    const wanted = eventsOf(watching, folder.name, folder.subscribed !== false)
    if (wanted.size === 0 || folder.selectable === false) continue
    if (await noAccess(cx, folder.name)) {
      writeListed(cx, 'LIST', ['NoAccess'], delimiterOf(folder), folder.name)
    } else if (status && folder.name !== open && wanted.has('MessageNew')) {
      const items = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY']
      if (wanted.has('FlagChange') && cx.words.statusItem('HIGHESTMODSEQ')) items.push('HIGHESTMODSEQ')
      const specs = items.map(name => cx.words.statusItem(name)!)
      writeStatus(cx, folder.name, specs, await folderStatus(cx, folder.name, specs))
    }
    const wait = cx.ready() ?? cx.breathe()
    if (wait) await wait
    if (cx.over) return
  }
}

export const notify: Extension = {
  name: 'NOTIFY',
  rfc: '5465',
  gate: { kind: 'handlers', names: ['watchFolders'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['NOTIFY']),
  commands: [command] as readonly CommandSpec[],
}
