// SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2), CLOSE and CHECK (§6.4.1, §6.4.2).
import { badAnswer, checkedFlags, FLAGS, hasFlag, metas, type OpenedFolder } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import { wireFlag } from '../grammar/flags.ts'
import { type Grammar, nothing } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { batches, refsOf } from '../message-refs.ts'
import type { CommandSpec, Reply } from '../registry.ts'
import { SelectedFolder } from '../selected.ts'
import { LOGGED_IN } from '../state.ts'
import { expungeDeleted } from './expunge.ts'

// select = "SELECT" SP mailbox
export const oneMailbox: Grammar<string> = {
  read: (r, words) => mailbox.read(r.sp(), words),
  write: (w, name, words) => mailbox.write(w.raw(' '), name, words),
  samples: mailbox.samples,
}

function opening(name: 'SELECT' | 'EXAMINE', rfc: string): CommandSpec<string> {
  return {
    name,
    rfc,
    states: LOGGED_IN,
    mayExpunge: false,
    literals: 'small',
    args: oneMailbox,
    run: (cx, folder) => open(cx, folder, name === 'EXAMINE'),
  }
}

export const select: CommandSpec<string> = opening('SELECT', '3501 §6.3.1')
export const examine: CommandSpec<string> = opening('EXAMINE', '3501 §6.3.2')

async function open(cx: CommandContext, name: string, examining: boolean): Promise<Reply> {
  // a failure leaves no folder open (RFC 3501 §6.3.1)
  cx.deselect()
  const opened = checked(await cx.mailbox.ask('openFolder', [name], { readOnly: examining }))
  const readOnly = examining || opened.readOnly === true
  const flags = checkedFlags(cx.mailbox, 'openFolder', opened.flags ?? Object.values(FLAGS))
  const permanent = checkedFlags(cx.mailbox, 'openFolder', opened.permanentFlags ?? flags)
  const folder = new SelectedFolder(name, { ...opened, flags, permanentFlags: permanent }, readOnly)
  await cx.select(folder)
  try {
    await describeFolder(cx, folder)
  } catch (error) {
    cx.deselect()
    throw error
  }
  const text = `${examining ? 'EXAMINE' : 'SELECT'} completed`
  return { status: 'OK', code: readOnly ? 'READ-ONLY' : 'READ-WRITE', text }
}

/** What SELECT tells of the folder (RFC 3501 §6.3.1). */
async function describeFolder(cx: CommandContext, folder: SelectedFolder): Promise<void> {
  const { opened, readOnly, view } = folder
  const { flags = [], permanentFlags = [] } = opened
  const next = Math.max(opened.uidNext ?? 1, view.nextUid)
  folder.recentFrom = opened.recentFrom ?? next
  const { out } = cx
  out
    .raw('* FLAGS ')
    .list(flags, flag => out.raw(wireFlag(flag)))
    .end()
  const changeable = !readOnly && cx.mailbox.handles('setFlags')
  const lasting = changeable ? permanentFlags.map(wireFlag) : []
  if (changeable && opened.newKeywords !== false) lasting.push('\\*')
  const about = changeable ? 'Flags that can be changed' : 'No flag can be changed'
  cx.untagged('OK', about, `PERMANENTFLAGS (${lasting.join(' ')})`)
  out.raw(`* ${view.count} EXISTS`).end()
  if (!cx.dialect.rev2) out.raw(`* ${folder.recent()} RECENT`).end()
  if (!cx.dialect.rev2 && opened.unread !== 0) {
    const unseen = await firstUnseen(cx, folder)
    if (unseen > 0) cx.untagged('OK', 'The first unseen message', `UNSEEN ${unseen}`)
  }
  cx.untagged('OK', 'UIDs are valid', `UIDVALIDITY ${opened.uidValidity}`)
  cx.untagged('OK', 'The next UID', `UIDNEXT ${next}`)
}

const LOOKED_AT = 500

/**
 * The number of the first message without \Seen, or 0 when it is not among the first few: nothing is said then, and a
 * client that wants to know searches (RFC 3501 §7.1; RFC 9051 has dropped it).
 */
async function firstUnseen(cx: CommandContext, folder: SelectedFolder): Promise<number> {
  const [batch] = batches(folder.view.all(), LOOKED_AT)
  if (!batch || batch.length === 0) return 0
  for (const meta of await metas(cx.mailbox, await refsOf(cx.mailbox, folder, batch))) {
    if (meta && !hasFlag(meta.flags, FLAGS.Seen)) return folder.view.sequenceOf(meta.uid)
  }
  return 0
}

function checked(opened: unknown): OpenedFolder {
  const { uidValidity, uidNext = 1, recentFrom = 1 } = (opened ?? {}) as Partial<OpenedFolder>
  for (const [name, value] of Object.entries({ uidValidity, uidNext, recentFrom })) {
    if (!Number.isInteger(value) || value! < 1 || value! > 4294967295) {
      throw badAnswer('openFolder', `a ${name} from 1 to 4294967295`, value)
    }
  }
  return opened as OpenedFolder
}

export const check: CommandSpec<null> = {
  name: 'CHECK',
  rfc: '3501 §6.4.1',
  states: ['selected'],
  mayExpunge: true,
  literals: 'none',
  args: nothing,
  run(cx) {
    cx.folder.news.lookForNew()
    return undefined
  },
}

export const close: CommandSpec<null> = {
  name: 'CLOSE',
  rfc: '3501 §6.4.2',
  states: ['selected'],
  mayExpunge: false,
  literals: 'none',
  args: nothing,
  async run(cx) {
    if (!cx.folder.readOnly && cx.mailbox.handles('expunge')) await expungeDeleted(cx, null)
    cx.deselect()
    return undefined
  },
}
