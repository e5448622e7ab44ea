// Mailboxes as such (RFC 3501 §6.3, RFC 5258, RFC 5819, RFC 6154, RFC 2342).
import { describe, PeerSyntaxError, usageError } from '../../base/errors.ts'
import { decodeImapUtf7, encodeImapUtf7 } from '../../text/index.ts'
import { mailboxName } from '../grammar/mailbox.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { codeId } from './codes.ts'
import type { ClientCore, Command, Work } from './core.ts'
import { missing } from './faults.ts'
import type { DataResponse } from './responses.ts'
import { type ImapValue, readModseq, readValue } from './values.ts'

export interface ListedFolder {
  readonly name: string
  /** Null: the name has no levels. */
  readonly delimiter: string | null
  /** Without backslash: `HasChildren`, `Noselect`, `Sent`. */
  readonly attributes: readonly string[]
  /** `Sent`, `Trash`, `Junk`, …: what it is for, when the server says so (RFC 6154). */
  readonly specialUse: string | null
  /** With RETURN STATUS. */
  readonly status?: FolderStatus
  /** Names by which it was found through its children (RFC 5258 §3.5 CHILDINFO). */
  readonly childInfo?: readonly string[]
}

export interface FolderStatus {
  readonly messages?: number
  readonly recent?: number
  readonly unseen?: number
  readonly deleted?: number
  readonly uidNext?: number
  readonly uidValidity?: number
  readonly highestModseq?: bigint
  /** Octets (RFC 8438). */
  readonly size?: number
  readonly appendLimit?: number | null
  readonly mailboxId?: string
}

export interface ListExtendedOptions {
  readonly reference?: string
  readonly patterns?: string | readonly string[]
  /** `SUBSCRIBED`, `REMOTE`, `RECURSIVEMATCH`, `SPECIAL-USE`. */
  readonly selection?: readonly string[]
  /** `SUBSCRIBED`, `CHILDREN`, `SPECIAL-USE`, `STATUS` (the usual items), `STATUS (MESSAGES UNSEEN)`, `METADATA …`. */
  readonly return?: readonly string[]
}

export interface NamespaceEntry {
  readonly prefix: string
  readonly delimiter: string | null
}

export interface NamespaceInfo {
  readonly personal: readonly NamespaceEntry[]
  readonly otherUsers: readonly NamespaceEntry[]
  readonly shared: readonly NamespaceEntry[]
}

const SPECIAL_USES: ReadonlySet<string> = new Set([
  'All',
  'Archive',
  'Drafts',
  'Flagged',
  'Important',
  'Junk',
  'Sent',
  'Trash',
])
const WORD = /^[A-Za-z-]{1,40}$/
const STATUS_OPTION = /^STATUS \([A-Z ]{1,200}\)$/i
const USUAL_STATUS = 'MESSAGES UIDNEXT UIDVALIDITY UNSEEN'
const MOST_FOLDERS = 200_000

/** The name of a mailbox as an argument, its space before it. Throws EUSAGE. */
export function writeName(w: Writer, name: string): Writer {
  if (typeof name !== 'string' || name === '' || /[\r\n\0]/.test(name)) {
    throw usageError(`${describe(name)} is not the name of a mailbox`)
  }
  return w.raw(' ').astring(w.utf8 ? name : encodeImapUtf7(name))
}

function writePattern(w: Writer, pattern: string): Writer {
  if (typeof pattern !== 'string' || /[\r\n\0]/.test(pattern))
    throw usageError(`${describe(pattern)} is not a pattern of mailbox names`)
  return w.string(w.utf8 ? pattern : encodeImapUtf7(pattern))
}

/** What is not modified UTF-7 is taken as it stands: it can be said again that way. */
export function readName(r: Reader): string {
  const wire = r.astring()
  return mailboxName(r.utf8 ? wire : (decodeImapUtf7(wire) ?? wire))
}

export function list(reference: string, pattern: string): Work<ListedFolder[]> {
  return {
    run: core =>
      core.send(
        listCommand('LIST', w => {
          writePattern(w.raw(' '), reference)
          writePattern(w.raw(' '), pattern)
          // servers that know of uses tell them only when they are asked (RFC 6154 §3)
          if (core.has('SPECIAL-USE') && core.has('LIST-EXTENDED') && pattern !== '')
            w.raw(' RETURN (SPECIAL-USE)')
        }),
      ),
  }
}

export function lsub(reference: string, pattern: string): Work<ListedFolder[]> {
  return {
    run: core =>
      core.send(
        listCommand('LSUB', w => {
          writePattern(w.raw(' '), reference)
          writePattern(w.raw(' '), pattern)
        }),
      ),
  }
}

export function listExtended(options: ListExtendedOptions): Work<ListedFolder[]> {
  const { reference = '', patterns = '*', selection = [] } = options
  for (const word of selection)
    if (!WORD.test(word)) throw usageError(`${describe(word)} is not a selection option of LIST`)
  const returns = (options.return ?? []).map(option => {
    if (option.toUpperCase() === 'STATUS') return `STATUS (${USUAL_STATUS})`
    if (!WORD.test(option) && !STATUS_OPTION.test(option))
      throw usageError(`${describe(option)} is not a return option of LIST`)
    return option.toUpperCase()
  })
  return {
    async run(core) {
      if (!core.has('LIST-EXTENDED') && !core.has('IMAP4REV2')) throw missing('LIST-EXTENDED')
      return core.send(
        listCommand('LIST', w => {
          if (selection.length > 0) w.raw(` (${selection.join(' ').toUpperCase()})`)
          writePattern(w.raw(' '), reference)
          if (typeof patterns === 'string') writePattern(w.raw(' '), patterns)
          else w.raw(' ').list(patterns, pattern => writePattern(w, pattern))
          if (returns.length > 0) w.raw(` RETURN (${returns.join(' ')})`)
        }),
      )
    },
  }
}

function listCommand(name: 'LIST' | 'LSUB', args: (w: Writer) => void): Command<ListedFolder[]> {
  const found: ListedFolder[] = []
  const states = new Map<string, FolderStatus>()
  return {
    name,
    args,
    collects: [name, 'STATUS', ...(name === 'LIST' ? ['XLIST'] : [])],
    take(data) {
      if (data.name === 'STATUS') {
        const { folder, status } = readStatus(data)
        states.set(folder, status)
      } else if (found.length < MOST_FOLDERS) found.push(readListed(data.reader))
      return true
    },
    done: () =>
      found.map(each => {
        const status = states.get(each.name)
        return status ? { ...each, status } : each
      }),
  }
}

// mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]
function readListed(r: Reader): ListedFolder {
  const attributes: string[] = []
  r.sp().open()
  while (r.peek() !== 0x29) {
    attributes.push(r.word().replace(/^\\/, ''))
    while (r.try(' '));
  }
  r.close()
  const delimiter = r.sp().nstring()
  const name = readName(r.sp())
  const specialUse = attributes.find(each => SPECIAL_USES.has(each)) ?? null
  let childInfo: readonly string[] | undefined
  if (r.try(' ')) {
    const extended = readValue(r)
    if (Array.isArray(extended)) childInfo = childInfoOf(extended as readonly ImapValue[])
  }
  return {
    name,
    delimiter: delimiter === '' ? null : delimiter,
    attributes,
    specialUse,
    ...(childInfo && { childInfo }),
  }
}

function childInfoOf(extended: readonly ImapValue[]): readonly string[] | undefined {
  const at = extended.findIndex(each => typeof each === 'string' && each.toUpperCase() === 'CHILDINFO')
  const value = at < 0 ? undefined : extended[at + 1]
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : undefined
}

export type StatusItem =
  | 'MESSAGES'
  | 'RECENT'
  | 'UNSEEN'
  | 'DELETED'
  | 'UIDNEXT'
  | 'UIDVALIDITY'
  | 'HIGHESTMODSEQ'
  | 'SIZE'
  | 'APPENDLIMIT'
  | 'MAILBOXID'

export function status(folder: string, items: readonly StatusItem[] | undefined): Work<FolderStatus> {
  const names = items ?? (USUAL_STATUS.split(' ') as StatusItem[])
  for (const name of names)
    if (typeof name !== 'string' || !WORD.test(name))
      throw usageError(`${describe(name)} is not an item of STATUS`)
  if (names.length === 0) throw usageError('STATUS wants an item')
  return {
    run(core) {
      let found: FolderStatus = {}
      return core.send({
        name: 'STATUS',
        args: w => writeName(w, folder).raw(` (${names.join(' ').toUpperCase()})`),
        collects: ['STATUS'],
        take(data) {
          const told = readStatus(data)
          if (told.folder !== mailboxName(folder)) return false
          found = told.status
          return true
        },
        done: () => found,
      })
    },
  }
}

function readStatus({ reader: r }: DataResponse): { readonly folder: string; readonly status: FolderStatus } {
  const folder = readName(r.sp())
  const status: { -readonly [K in keyof FolderStatus]: FolderStatus[K] } = {}
  r.sp().open()
  while (r.peek() !== 0x29) {
    const name = r.name()
    r.sp()
    switch (name) {
      case 'MESSAGES':
        status.messages = r.number()
        break
      case 'RECENT':
        status.recent = r.number()
        break
      case 'UNSEEN':
        status.unseen = r.number()
        break
      case 'DELETED':
        status.deleted = r.number()
        break
      case 'UIDNEXT':
        status.uidNext = r.number()
        break
      case 'UIDVALIDITY':
        status.uidValidity = r.number()
        break
      case 'HIGHESTMODSEQ':
        status.highestModseq = readModseq(r)
        break
      case 'SIZE':
        status.size = r.number64()
        break
      case 'APPENDLIMIT':
        status.appendLimit = r.tryKeyword('NIL') ? null : r.number64()
        break
      case 'MAILBOXID':
        r.open()
        status.mailboxId = r.word()
        r.close()
        break
      default:
        readValue(r)
    }
    while (r.try(' '));
  }
  r.close()
  return { folder, status }
}

export interface CreateOptions {
  /** `Sent`, `Archive`, … (RFC 6154 §3): what it is for. */
  readonly specialUse?: string
}

export interface CreatedFolder {
  /** Null: the server does not tell (RFC 8474 §4.2). */
  readonly mailboxId: string | null
}

export function create(name: string, specialUse: string | undefined): Work<CreatedFolder> {
  if (specialUse !== undefined && !/^[A-Za-z]{1,40}$/.test(specialUse))
    throw usageError(`${describe(specialUse)} is not a special use`)
  return {
    run(core) {
      if (specialUse !== undefined && !core.has('CREATE-SPECIAL-USE')) throw missing('CREATE-SPECIAL-USE')
      return core.send({
        name: 'CREATE',
        args(w) {
          writeName(w, name)
          if (specialUse !== undefined) w.raw(` (USE (\\${specialUse}))`)
        },
        done: ({ code }) => ({ mailboxId: code?.name === 'MAILBOXID' ? codeId(code) : null }),
      })
    },
  }
}

/** DELETE, SUBSCRIBE, UNSUBSCRIBE. */
export function named(command: string, ...names: readonly string[]): Work<void> {
  return {
    run: core =>
      core.send({
        name: command,
        args(w) {
          for (const name of names) writeName(w, name)
        },
        done: () => {},
      }),
  }
}

export const namespace: Work<NamespaceInfo> = {
  async run(core) {
    if (!core.has('NAMESPACE') && !core.has('IMAP4REV2')) throw missing('NAMESPACE')
    let info: NamespaceInfo = { personal: [], otherUsers: [], shared: [] }
    return core.send({
      name: 'NAMESPACE',
      collects: ['NAMESPACE'],
      take({ reader: r }) {
        const [personal, otherUsers, shared] = [0, 1, 2].map(() => readNamespaces(r.sp(), core))
        info = { personal: personal!, otherUsers: otherUsers!, shared: shared! }
        return true
      },
      done: () => info,
    })
  },
}

// Namespace = nil / "(" 1*( "(" string SP (<"> QUOTED_CHAR <"> / nil) *(Namespace_Response_Extension) ")" ) ")"
function readNamespaces(r: Reader, core: ClientCore): readonly NamespaceEntry[] {
  const value = readValue(r)
  if (value === null) return []
  if (!Array.isArray(value)) throw new PeerSyntaxError('expected a list of namespaces')
  return (value as readonly ImapValue[]).flatMap(each => {
    if (!Array.isArray(each) || typeof each[0] !== 'string') return []
    const [prefix, delimiter] = each as unknown as readonly [string, ImapValue]
    const name = core.utf8 ? prefix : (decodeImapUtf7(prefix) ?? prefix)
    return [{ prefix: name, delimiter: typeof delimiter === 'string' && delimiter !== '' ? delimiter : null }]
  })
}
