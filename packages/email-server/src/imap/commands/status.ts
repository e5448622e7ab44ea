// STATUS (RFC 3501 §6.3.10). Which items there are is said by the registry.
import {
  badAnswer,
  FLAGS,
  type FolderStatus,
  hasFlag,
  type MessageRef,
  metas,
  resolve,
} from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, StatusItemSpec } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { lookInto } from '../look-into.ts'
import { LOGGED_IN } from '../state.ts'

interface StatusArgs {
  readonly folder: string
  readonly items: readonly string[]
}

// "(" status-att *(SP status-att) ")"
export const statusItems: Grammar<readonly string[]> = {
  read(r, words) {
    const items: string[] = []
    r.open()
    do {
      const name = r.name()
      if (!words.statusItem(name)) r.fail('a known status item')
      if (!items.includes(name)) items.push(name)
    } while (r.try(' '))
    r.close()
    return items
  },
  write: (w, items) => w.list(items, each => w.raw(each)),
  samples: [['UIDNEXT', 'MESSAGES'], ['UNSEEN']],
}

// status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
const args: Grammar<StatusArgs> = {
  read(r, words) {
    const folder = mailbox.read(r.sp(), words)
    return { folder, items: statusItems.read(r.sp(), words) }
  },
  write(w, { folder, items }, words) {
    mailbox.write(w.raw(' '), folder, words)
    statusItems.write(w.raw(' '), items, words)
  },
  samples: [
    { folder: 'blurdybloop', items: ['UIDNEXT', 'MESSAGES'] },
    { folder: 'INBOX', items: ['UNSEEN', 'RECENT', 'UIDVALIDITY'] },
  ],
}

function item(
  name: string,
  key: keyof FolderStatus,
  value: (status: FolderStatus) => number,
): StatusItemSpec {
  return { name, rfc: '3501 §6.3.10', item: key, write: (w, status) => void w.number(value(status)) }
}

export const STATUS_ITEMS: readonly StatusItemSpec[] = [
  item('MESSAGES', 'total', status => status.total),
  item('RECENT', 'recent', status => status.recent ?? 0),
  item('UIDNEXT', 'uidNext', status => status.uidNext),
  item('UIDVALIDITY', 'uidValidity', status => status.uidValidity),
  item('UNSEEN', 'unread', status => status.unread),
  // RFC 9051 §6.3.11 and RFC 9208 §4.1.4 both want it
  item('DELETED', 'deleted', status => status.deleted ?? 0),
]

export const status: CommandSpec<StatusArgs> = {
  name: 'STATUS',
  rfc: '3501 §6.3.10',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args,
  async run(cx, { folder, items }) {
    const specs = items.map(name => cx.words.statusItem(name)!)
    for (const { enables } of specs) if (enables) cx.enable(enables)
    writeStatus(cx, folder, specs, await folderStatus(cx, folder, specs))
    return undefined
  },
}

// "STATUS" SP mailbox SP "(" [status-att-list] ")"
export function writeStatus(
  cx: CommandContext,
  folder: string,
  specs: readonly StatusItemSpec[],
  found: FolderStatus,
): void {
  const w = cx.out
  mailbox.write(w.raw('* STATUS '), folder, cx.words)
  w.raw(' ')
    .list(specs, spec => {
      spec.write(w.raw(`${spec.name} `), found, cx.limits)
    })
    .end()
}

export async function folderStatus(
  cx: CommandContext,
  folder: string,
  specs: readonly StatusItemSpec[],
): Promise<FolderStatus> {
  const items = specs.map(spec => spec.item).filter(item => item !== null)
  if (!cx.mailbox.handles('status')) return byOpening(cx, folder, items)
  const answer: unknown = await cx.mailbox.ask('status', [folder], { items })
  if (typeof answer !== 'object' || answer === null)
    throw badAnswer('status', 'the state of the folder', answer)
  const uncounted = COUNTED.filter(
    item => items.includes(item) && (answer as FolderStatus)[item] === undefined,
  )
  return uncounted.length === 0
    ? (answer as FolderStatus)
    : { ...(await byOpening(cx, folder, uncounted)), ...answer }
}

const BATCH = 500
/** What can be found out by looking at every message. */
const COUNTED = ['unread', 'size', 'deleted', 'deletedSize'] as const

/** What no handler says: the folder is opened for a moment, behind the back of the one that is open. */
async function byOpening(
  cx: CommandContext,
  name: string,
  items: readonly (keyof FolderStatus)[],
): Promise<FolderStatus> {
  const { mailbox: backend } = cx
  return lookInto(cx, name, async opened => {
    const known = { uidNext: 1, unread: 0, ...opened }
    const counts = COUNTED.some(
      item => items.includes(item) && (item !== 'unread' || opened.unread === undefined),
    )
    if (!counts && !(items.includes('uidNext') && opened.uidNext === undefined)) return known
    const refs: MessageRef[] = []
    await resolve(backend, [[1, Number.POSITIVE_INFINITY]], (uid, id) => refs.push({ id, uid }))
    const counted = { unread: 0, size: 0, deleted: 0, deletedSize: 0 }
    for (let i = 0; counts && i < refs.length; i += BATCH) {
      for (const meta of await metas(backend, refs.slice(i, i + BATCH), true)) {
        if (!meta) continue
        if (!hasFlag(meta.flags, FLAGS.Seen)) counted.unread++
        counted.size += meta.size
        if (!hasFlag(meta.flags, FLAGS.Deleted)) continue
        counted.deleted++
        counted.deletedSize += meta.size
      }
      const wait = cx.breathe()
      if (wait) await wait
    }
    const uidNext = opened.uidNext ?? (refs.at(-1)?.uid ?? 0) + 1
    return { ...known, ...(counts && counted), uidNext, unread: opened.unread ?? counted.unread }
  })
}
