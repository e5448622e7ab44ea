// What changes messages: STORE, COPY, MOVE, EXPUNGE, APPEND (RFC 3501 §6.3.11, §6.4, RFC 4315, RFC 6851, RFC 7162 §3.1.3).
import { concat, fromUtf8 } from '../../base/bytes.ts'
import { describe, MailError, usageError } from '../../base/errors.ts'
import { cleanFlag, isFlag } from '../../mailbox/index.ts'
import { writeInternalDate } from '../../text/index.ts'
import { wireFlag } from '../grammar/flags.ts'
import type { CopiedUids } from './codes.ts'
import { codeCopied, codePlaced, codeSet } from './codes.ts'
import type { ClientCore, Command, Work } from './core.ts'
import { missing } from './faults.ts'
import type { FetchedMessage } from './fetched.ts'
import { writeName } from './folders.ts'
import type { OpenMailbox } from './mailbox.ts'
import type { StatusResponse } from './responses.ts'
import { asSets, type UidSet } from './sets.ts'

export interface ChangeOptions {
  /** The messages are sequence numbers, not UIDs. Default false. */
  readonly seq?: boolean
}

export interface StoreOptions extends ChangeOptions {
  /** Do not tell the new flags. Default false. */
  readonly silent?: boolean
  /** Only messages that have not changed since (RFC 7162 §3.1.3). */
  readonly unchangedSince?: bigint
}

export interface StoreResult {
  /** Messages as they are now, as far as the server has told. */
  readonly messages: readonly FetchedMessage[]
  /** Numbers (as given: UIDs, or sequence numbers) that `unchangedSince` has kept from being changed. */
  readonly modified: readonly number[]
}

const MODES: Readonly<Record<string, string>> = { '+': '+FLAGS', '-': '-FLAGS', '': 'FLAGS' }

/** Flags with or without backslash, as IMAP says them. */
function flagWords(flags: string | readonly string[]): readonly string[] {
  const list = typeof flags === 'string' ? [flags] : flags
  if (!Array.isArray(list)) throw usageError('flags must be a list of names')
  return (list as readonly unknown[]).map(flag => {
    if (typeof flag !== 'string' || !isFlag(cleanFlag(flag)))
      throw usageError(`${describe(flag)} is not a flag`)
    return wireFlag(cleanFlag(flag))
  })
}

export function store(
  uids: UidSet,
  flags: string | readonly string[],
  mode: '+' | '-' | '',
  options: StoreOptions,
): Work<StoreResult> {
  const item = MODES[mode]
  if (item === undefined) throw usageError(`the mode of store must be '+', '-' or '', not ${describe(mode)}`)
  const words = flagWords(flags)
  const sets = asSets(uids)
  const { seq = false, silent = false, unchangedSince } = options
  return {
    async run(core) {
      const messages: FetchedMessage[] = []
      const modified: number[] = []
      const { mailbox } = core
      if (sets.length > 0 && !mailbox) throw usageError('STORE: no mailbox is open')
      for (const set of sets) {
        await core.send({
          name: seq ? 'STORE' : 'UID STORE',
          args(w) {
            const since = unchangedSince === undefined ? '' : ` (UNCHANGEDSINCE ${BigInt(unchangedSince)})`
            w.raw(` ${set}${since} ${item}${silent ? '.SILENT' : ''} (${words.join(' ')})`)
          },
          needs: 'mailbox',
          within: mailbox,
          numbers: true,
          quiet: seq,
          collects: ['FETCH'],
          take({ message }) {
            messages.push(message!)
            // somebody else may want to know of it as well
            return false
          },
          done: ({ code }) => void modified.push(...modifiedOf(core, code)),
          refused: ({ code, ...status }) => {
            if (code?.name === 'MODIFIED') modified.push(...modifiedOf(core, code))
            else throw asRefusal(seq ? 'STORE' : 'UID STORE', { code, ...status })
          },
        })
      }
      return { messages, modified }
    },
  }
}

function asRefusal(command: string, status: StatusResponse): MailError {
  return new MailError('ECOMMAND', `the server refuses ${command}: ${status.text}`, {
    command,
    response: `${status.status} ${status.text}`,
    ...(status.code && { serverCode: status.code.name }),
  })
}

function modifiedOf(core: ClientCore, code: StatusResponse['code']): number[] {
  const ranges = code?.name === 'MODIFIED' ? codeSet(code, core.readerLimits) : null
  const out: number[] = []
  for (let i = 0; ranges && i < ranges.length; i += 2) {
    for (let n = ranges[i]!; n < ranges[i + 1]! && out.length < 1_000_000; n++) out.push(n)
  }
  return out
}

/** Where copies went; null: the server does not tell (RFC 4315). */
export type CopyResult = CopiedUids | null

function transfer(
  core: ClientCore,
  verb: 'COPY' | 'MOVE',
  set: string,
  folder: string,
  seq: boolean,
  mailbox: OpenMailbox | null,
): Promise<CopyResult> {
  let told: CopyResult = null
  const hear = ({ code }: StatusResponse): void => {
    if (code?.name === 'COPYUID') told = codeCopied(code, core.readerLimits) ?? told
  }
  const command: Command<CopyResult> = {
    name: seq ? verb : `UID ${verb}`,
    args: w => writeName(w.raw(` ${set}`), folder),
    needs: 'mailbox',
    within: mailbox,
    numbers: seq,
    // MOVE tells it before the messages are gone (RFC 6851 §4.3)
    hear,
    done(status) {
      hear(status)
      return told
    },
  }
  return core.send(command)
}

function joined(all: readonly CopyResult[]): CopyResult {
  const told = all.filter(each => each !== null)
  if (told.length === 0) return null
  return {
    uidValidity: told[0]!.uidValidity,
    sources: told.flatMap(each => each.sources),
    uids: told.flatMap(each => each.uids),
  }
}

export function copy(uids: UidSet, folder: string, { seq = false }: ChangeOptions): Work<CopyResult> {
  const sets = asSets(uids)
  return {
    async run(core) {
      const { mailbox } = core
      const all: CopyResult[] = []
      for (const set of sets) all.push(await transfer(core, 'COPY', set, folder, seq, mailbox))
      return joined(all)
    },
  }
}

/** MOVE; without it COPY, then Deleted, then UID EXPUNGE of these and no others. */
export function move(uids: UidSet, folder: string, { seq = false }: ChangeOptions): Work<CopyResult> {
  const sets = asSets(uids)
  return {
    async run(core) {
      const { mailbox } = core
      const all: CopyResult[] = []
      const has = core.has('MOVE') || core.has('IMAP4REV2')
      // expunging all that anybody has marked is not what was asked for
      if (!has && (seq || !core.has('UIDPLUS'))) throw missing('MOVE')
      if (has && seq && sets.length > 1)
        throw usageError('so many sequence numbers cannot be moved: use UIDs')
      for (const set of sets) {
        if (has) {
          all.push(await transfer(core, 'MOVE', set, folder, seq, mailbox))
          continue
        }
        all.push(await transfer(core, 'COPY', set, folder, false, mailbox))
        await core.send({
          name: 'UID STORE',
          args: w => w.raw(` ${set} +FLAGS.SILENT (\\Deleted)`),
          needs: 'mailbox',
          within: mailbox,
          done: () => {},
        })
        await core.send(uidExpungeCommand(set, mailbox))
      }
      return joined(all)
    },
  }
}

export const expunge: Work<void> = {
  run: core => core.send({ name: 'EXPUNGE', needs: 'mailbox', done: () => {} }),
}

function uidExpungeCommand(set: string, mailbox: OpenMailbox | null): Command<void> {
  return {
    name: 'UID EXPUNGE',
    args: w => w.raw(` ${set}`),
    needs: 'mailbox',
    within: mailbox,
    done: () => {},
  }
}

export function uidExpunge(uids: UidSet): Work<void> {
  const sets = asSets(uids)
  return {
    async run(core) {
      if (!core.has('UIDPLUS') && !core.has('IMAP4REV2')) throw missing('UIDPLUS')
      const { mailbox } = core
      for (const set of sets) await core.send(uidExpungeCommand(set, mailbox))
    },
  }
}

/** Bytes, text (as UTF-8), or pieces of a stream; a stream of known length is not held. */
export type AppendContent =
  | Uint8Array
  | string
  | AsyncIterable<Uint8Array>
  | { readonly size: number; readonly stream: AsyncIterable<Uint8Array> }

export interface AppendOptions {
  /** INTERNALDATE. */
  readonly date?: Date
}

/** Where it went; null: the server does not tell (RFC 4315). */
export type AppendResult = { readonly uidValidity: number; readonly uid: number } | null

export function append(
  folder: string,
  content: AppendContent,
  flags: string | readonly string[],
  { date }: AppendOptions,
): Work<AppendResult> {
  const words = flagWords(flags)
  if (date !== undefined && !(date instanceof Date && Number.isFinite(date.getTime())))
    throw usageError('the date of append must be a Date')
  return {
    async run(core) {
      const given = await known(content, core)
      const size = 'bytes' in given ? given.bytes.length : given.size
      const limit = appendLimit(core)
      if (limit !== null && size > limit) {
        throw new MailError('EMESSAGE', `the message has ${size} octets, and the server takes ${limit}`, {
          command: 'APPEND',
          permanent: true,
        })
      }
      return core.send({
        name: 'APPEND',
        args(w) {
          writeName(w, folder)
          if (words.length > 0) w.raw(` (${words.join(' ')})`)
          if (date) w.raw(` "${writeInternalDate(date.getTime())}"`)
          w.raw(' ')
          if ('bytes' in given) {
            if (given.bytes.includes(0)) {
              if (!core.has('BINARY'))
                throw new MailError('EMESSAGE', 'the message contains NUL', { command: 'APPEND' })
              w.raw('~')
            }
            w.literal(given.bytes)
          } else w.announceCommand(size)
        },
        ...('bytes' in given ? {} : { content: given }),
        done: ({ code }) => {
          const placed = code?.name === 'APPENDUID' ? codePlaced(code, core.readerLimits) : null
          return placed?.uids.length === 1 ? { uidValidity: placed.uidValidity, uid: placed.uids[0]! } : null
        },
      })
    },
  }
}

/** RFC 7889. */
function appendLimit(core: ClientCore): number | null {
  for (const each of core.capability) {
    const match = /^APPENDLIMIT=(\d{1,15})$/i.exec(each)
    if (match) return Number(match[1])
  }
  return null
}

type Given =
  | { readonly bytes: Uint8Array }
  | { readonly size: number; readonly source: AsyncIterable<Uint8Array> }

async function known(content: AppendContent, core: ClientCore): Promise<Given> {
  if (content instanceof Uint8Array) return { bytes: content }
  if (typeof content === 'string') return { bytes: fromUtf8(content) }
  if (typeof content === 'object' && content !== null && 'stream' in content) {
    if (!Number.isSafeInteger(content.size) || content.size < 0)
      throw usageError('the size of a message must be a number of octets')
    return { size: content.size, source: content.stream }
  }
  if (typeof content !== 'object' || content === null || !(Symbol.asyncIterator in content))
    throw usageError('a message must be bytes, a text or a stream')
  const pieces: Uint8Array[] = []
  let octets = 0
  try {
    for await (const piece of content as AsyncIterable<Uint8Array | string>) {
      const bytes = typeof piece === 'string' ? fromUtf8(piece) : piece
      octets += bytes.length
      if (octets > core.limits.imapBody)
        throw new MailError('ELIMIT', 'the message is too large to be held; give its size with it')
      pieces.push(bytes)
    }
  } catch (error) {
    if (error instanceof MailError) throw error
    throw new MailError('ESTREAM', 'the message to append could not be read', { cause: error })
  }
  return { bytes: concat(pieces.length > 0 ? pieces : [new Uint8Array(0)]) }
}
