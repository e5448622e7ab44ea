// CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 §6.3.3–§6.3.7).
import { Refusal } from '../../base/errors.ts'
import { type MailboxHandlerName, SPECIAL_USE } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Reply } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { mailboxIdCode } from '../grammar/object-id.ts'
import { askFolders, delimiterOf } from '../list-tree.ts'
import { LOGGED_IN } from '../state.ts'
import { oneMailbox } from './select.ts'

const LONGEST_NAME = 1000

function folderCommand<A>(
  name: string,
  rfc: string,
  handler: MailboxHandlerName,
  args: Grammar<A>,
  run: (cx: CommandContext, args: A) => Promise<Reply | undefined>,
): CommandSpec<A> {
  const handlers = [handler]
  return { name, rfc, states: LOGGED_IN, mayExpunge: true, literals: 'small', handlers, args, run }
}

/** A name for a new folder: any text that can be shown, so that it is told apart from others. */
function checkNew(name: string): string {
  if (name === '' || name.length > LONGEST_NAME)
    throw new Refusal('CANNOT', 'A name has 1 to 1000 characters')
  if (/[\0-\x1f\x7f]/.test(name)) throw new Refusal('CANNOT', 'A name has no control characters')
  if (name === 'INBOX') throw new Refusal('ALREADYEXISTS', 'INBOX is always there')
  return name
}

interface CreateArgs {
  readonly folder: string
  /** Special uses, without backslash; null: not said. */
  readonly uses: readonly string[] | null
}

const MOST_USES = 16

// create = "CREATE" SP mailbox [SP "(" create-param ")"]                                     RFC 4466 §2.2
// create-param = "USE" SP "(" [use-attr *(SP use-attr)] ")"        use-attr = "\" atom      RFC 6154 §6
const createArgs: Grammar<CreateArgs> = {
  read(r, words) {
    const folder = mailbox.read(r.sp(), words)
    if (!r.try(' ')) return { folder, uses: null }
    r.open()
    if (r.keyword() !== 'USE') r.fail('USE')
    const uses: string[] = []
    r.sp().open()
    if (r.peek() !== 0x29) {
      do {
        uses.push(r.expect('\\').atom())
        if (uses.length > MOST_USES) r.fail('fewer uses')
      } while (r.try(' '))
    }
    r.close().close()
    return { folder, uses }
  },
  write(w, { folder, uses }, words) {
    mailbox.write(w.raw(' '), folder, words)
    if (uses)
      w.raw(' (USE ')
        .list(uses, use => w.raw('\\').atom(use))
        .raw(')')
  },
  samples: [
    { folder: 'Projects', uses: null },
    { folder: 'MySpecial', uses: ['Drafts', 'Sent'] },
  ],
}

/** The uses in their one spelling. */
function knownUses(uses: readonly string[]): readonly string[] {
  return uses.map(use => {
    const known = Object.values(SPECIAL_USE).find(each => each.toUpperCase() === use.toUpperCase())
    if (!known) throw new Refusal('USEATTR', 'That special use is not known here')
    return known
  })
}

export const create: CommandSpec<CreateArgs> = folderCommand(
  'CREATE',
  '3501 §6.3.3',
  'createFolder',
  createArgs,
  async (cx, { folder, uses }) => {
    const name = checkNew(await withoutDelimiter(cx, folder))
    const context = uses ? { specialUse: knownUses(uses) } : {}
    const made = await cx.mailbox.ask('createFolder', [name], context)
    if (!cx.facts.supplies('mailboxId')) return undefined
    return { status: 'OK', code: mailboxIdCode(made?.mailboxId), text: 'CREATE completed' }
  },
)

/** A delimiter at the end only says that folders will be made below (RFC 3501 §6.3.3). */
async function withoutDelimiter(cx: CommandContext, name: string): Promise<string> {
  if (!/[^\p{L}\p{N}]$/u.test(name)) return name
  const delimiter = delimiterOf((await askFolders(cx))[0])
  return delimiter !== null && name.endsWith(delimiter) ? name.slice(0, -1) : name
}

export const deleteFolder: CommandSpec<string> = folderCommand(
  'DELETE',
  '3501 §6.3.4',
  'deleteFolder',
  oneMailbox,
  async (cx, name) => {
    if (name === 'INBOX') throw new Refusal('CANNOT', 'INBOX can not be deleted')
    await cx.mailbox.ask('deleteFolder', [name], {})
    return undefined
  },
)

interface RenameArgs {
  readonly from: string
  readonly to: string
}

// rename = "RENAME" SP mailbox SP mailbox
const renameArgs: Grammar<RenameArgs> = {
  read(r, words) {
    const from = mailbox.read(r.sp(), words)
    return { from, to: mailbox.read(r.sp(), words) }
  },
  write(w, { from, to }, words) {
    mailbox.write(w.raw(' '), from, words)
    mailbox.write(w.raw(' '), to, words)
  },
  samples: [
    { from: 'blurdybloop', to: 'sarasoop' },
    { from: 'INBOX', to: 'old mail' },
  ],
}

export const rename: CommandSpec<RenameArgs> = folderCommand(
  'RENAME',
  '3501 §6.3.5',
  'renameFolder',
  renameArgs,
  async (cx, { from, to }) => {
    checkNew(to)
    await cx.mailbox.ask('renameFolder', [from, to], {})
    // the open folder is still the same one; INBOX stays where it is
    if (from !== 'INBOX' && cx.mailbox.currentFolder === from) cx.mailbox.currentFolder = to
    return undefined
  },
)

export const subscribe: CommandSpec<string> = folderCommand(
  'SUBSCRIBE',
  '3501 §6.3.6',
  'subscribe',
  oneMailbox,
  async (cx, name) => {
    await cx.mailbox.ask('subscribe', [name], {})
    return undefined
  },
)

export const unsubscribe: CommandSpec<string> = folderCommand(
  'UNSUBSCRIBE',
  '3501 §6.3.7',
  'unsubscribe',
  oneMailbox,
  async (cx, name) => {
    await cx.mailbox.ask('unsubscribe', [name], {})
    return undefined
  },
)
