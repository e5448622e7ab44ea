// SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2), CLOSE and CHECK (§6.4.1, §6.4.2).
import { badAnswer, checkedFlags, FLAGS, hasFlag, metas, type OpenedFolder } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Reply } from '../extension.ts'
import { wireFlag } from '../grammar/flags.ts'
import { type Grammar, type Named, nothing, parenthesized } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { batches, refsOf } from '../message-refs.ts'
import { SelectedFolder } from '../selected.ts'
import { LOGGED_IN } from '../state.ts'
import { expungeDeleted } from './expunge.ts'

// select = "SELECT" SP mailbox
export const oneMailbox: Grammar<string> = {
  read: (r, words) => mailbox.read(r.sp(), words),
  write: (w, name, words) => mailbox.write(w.raw(' '), name, words),
  samples: mailbox.samples,
}

interface SelectArgs {
  readonly folder: string
  readonly params: readonly Named[]
}

const params = parenthesized((words, name) => words.selectParam(name))

// select = "SELECT" SP mailbox [SP "(" select-param *(SP select-param) ")"]
const selectArgs: Grammar<SelectArgs> = {
  read(r, words) {
    const folder = mailbox.read(r.sp(), words)
    return { folder, params: params.read(r, words) }
  },
  write(w, { folder, params: chosen }, words) {
    mailbox.write(w.raw(' '), folder, words)
    params.write(w, chosen, words)
  },
  samples: [
    { folder: 'INBOX', params: [] },
    { folder: 'Grüße', params: [{ name: 'CONDSTORE', args: null }] },
  ],
}

function opening(name: 'SELECT' | 'EXAMINE', rfc: string): CommandSpec<SelectArgs> {
  return {
    name,
    rfc,
    states: LOGGED_IN,
    mayExpunge: false,
    literals: 'small',
    args: selectArgs,
    run: (cx, args) => open(cx, args, name === 'EXAMINE'),
  }
}

export const select: CommandSpec<SelectArgs> = opening('SELECT', '3501 §6.3.1')
export const examine: CommandSpec<SelectArgs> = opening('EXAMINE', '3501 §6.3.2')

async function open(
  cx: CommandContext,
  { folder: name, params: named }: SelectArgs,
  examining: boolean,
): Promise<Reply> {
  const chosen = named.map(each => ({ param: cx.words.selectParam(each.name)!, args: each.args }))
  for (const { param, args } of chosen) param.check?.(cx, args)
  // what was told before this line is about the old folder (RFC 7162 §3.2.11)
  if (cx.state.kind === 'selected') cx.untagged('OK', 'The old folder is closed', 'CLOSED')
  // a failure leaves no folder open (RFC 3501 §6.3.1)
  cx.deselect()
  for (const { param } of chosen) param.before?.(cx)
  const opened = checked(await cx.mailbox.ask('openFolder', [name], { readOnly: examining }))
  const readOnly = examining || opened.readOnly === true
  const flags = checkedFlags(cx.mailbox, 'openFolder', opened.flags ?? Object.values(FLAGS))
  const permanent = checkedFlags(cx.mailbox, 'openFolder', opened.permanentFlags ?? flags)
  const folder = new SelectedFolder(name, { ...opened, flags, permanentFlags: permanent }, readOnly)
  await cx.select(folder)
  try {
    await describeFolder(cx, folder)
    for (const { param, args } of chosen) await param.after?.(cx, args)
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
  // a message number, which has no place there (RFC 9586 §3)
  if (!cx.dialect.rev2 && !cx.dialect.uidOnly && opened.unread !== 0) {
    const unseen = await firstUnseen(cx, folder)
    if (unseen > 0) cx.untagged('OK', 'The first unseen message', `UNSEEN ${unseen}`)
  }
  cx.untagged('OK', 'UIDs are valid', `UIDVALIDITY ${opened.uidValidity}`)
  cx.untagged('OK', 'The next UID', `UIDNEXT ${next}`)
  if (folder.modseqs) cx.untagged('OK', 'The highest', `HIGHESTMODSEQ ${folder.modseqs.settled}`)
  else if (cx.dialect.modseq) cx.untagged('OK', 'No mod-sequences are kept here', 'NOMODSEQ')
  for (const extension of cx.extensions) extension.tellsOfFolder?.(cx)
}

const LOOKED_AT = 500

/**
 * The number of the first message without \Seen, or 0 when it is not among the first few: nothing is said then, and a
 * client that wants to know searches (RFC 3501 §7.1; RFC 9051 has dropped it).
 */
async function firstUnseen(cx: CommandContext, folder: SelectedFolder): Promise<number> {
  const [batch] = batches(folder.view.all(), LOOKED_AT)
  if (!batch || batch.length === 0) return 0
  for (const meta of await metas(cx.mailbox, await refsOf(cx.mailbox, folder, batch), true)) {
    if (meta && !hasFlag(meta.flags, FLAGS.Seen)) return folder.view.sequenceOf(meta.uid)
  }
  return 0
}

function checked(opened: unknown): OpenedFolder {
  const {
    uidValidity,
    uidNext = 1,
    recentFrom = 1,
    highestModseq = 1,
  } = (opened ?? {}) as Partial<OpenedFolder>
  for (const [name, value] of Object.entries({ uidValidity, uidNext, recentFrom })) {
    if (!Number.isInteger(value) || value! < 1 || value! > 4294967295) {
      throw badAnswer('openFolder', `a ${name} from 1 to 4294967295`, value)
    }
  }
  if (!Number.isSafeInteger(highestModseq) || highestModseq < 1) {
    throw badAnswer('openFolder', 'a highestModseq from 1', highestModseq)
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
