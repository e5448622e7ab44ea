// What changes messages: STORE, COPY, MOVE, EXPUNGE (RFC 3501 §6.4, RFC 4315, RFC 6851, RFC 7162 §3.1.3).
import { describe, usageError } from '../../base/errors.ts'
import { cleanFlag, isFlag } from '../../mailbox/index.ts'
import { wireFlag } from '../grammar/flags.ts'
import type { CopiedUids } from './codes.ts'
import { codeCopied, codeSet } from './codes.ts'
import type { ClientCore, Command, Work } from './core.ts'
import { missing, refusal } from './faults.ts'
import type { FetchedMessage } from './fetched.ts'
import { writeName } from './folders.ts'
import type { OpenMailbox } from './mailbox.ts'
import type { StatusResponse } from './responses.ts'
import { asSets, type UidSet } from './sets.ts'

export interface ChangeOptions {
  /** The messages are sequence numbers, not UIDs. Default false. */
  readonly seq?: boolean
  /** Rejects with EABORT; a command that has been sent already may be carried out all the same. */
  readonly signal?: AbortSignal
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
export function flagWords(flags: string | readonly string[]): readonly string[] {
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
  const { seq = false, silent = false, unchangedSince, signal } = options
  return {
    async run(core) {
      const messages: FetchedMessage[] = []
      const modified: number[] = []
      const { mailbox } = core
      const name = seq ? 'STORE' : 'UID STORE'
      if (sets.length > 0 && !mailbox) throw usageError('STORE: no mailbox is open')
      for (const set of sets) {
        await core.send({
          name,
          args(w) {
            const since = unchangedSince === undefined ? '' : ` (UNCHANGEDSINCE ${BigInt(unchangedSince)})`
            w.raw(` ${set}${since} ${item}${silent ? '.SILENT' : ''} (${words.join(' ')})`)
          },
          needs: 'mailbox',
          within: mailbox,
          numbers: true,
          quiet: seq,
          signal,
          collects: ['FETCH'],
          take({ message }) {
            messages.push(message!)
            // somebody else may want to know of it as well
            return false
          },
          done: ({ code }) => void modified.push(...modifiedOf(core, code)),
          refused: status => {
            if (status.code?.name !== 'MODIFIED') throw refusal(name, status)
            modified.push(...modifiedOf(core, status.code))
          },
        })
      }
      return { messages, modified }
    },
  }
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
  { seq = false, signal }: ChangeOptions,
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
    signal,
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

export function copy(uids: UidSet, folder: string, options: ChangeOptions): Work<CopyResult> {
  const sets = asSets(uids)
  return {
    async run(core) {
      const { mailbox } = core
      const all: CopyResult[] = []
      for (const set of sets) all.push(await transfer(core, 'COPY', set, folder, options, mailbox))
      return joined(all)
    },
  }
}

/** MOVE; without it COPY, then Deleted, then UID EXPUNGE of these and no others. Rejects with ECONFIG where the server can do neither. */
export function move(uids: UidSet, folder: string, options: ChangeOptions): Work<CopyResult> {
  const { seq = false } = options
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
          all.push(await transfer(core, 'MOVE', set, folder, options, mailbox))
          continue
        }
        all.push(await transfer(core, 'COPY', set, folder, options, mailbox))
        await remove(core, set, mailbox)
      }
      return joined(all)
    },
  }
}

/** These and no others, by UIDPLUS. */
export async function remove(core: ClientCore, set: string, mailbox: OpenMailbox | null): Promise<void> {
  await core.send({
    name: 'UID STORE',
    args: w => w.raw(` ${set} +FLAGS.SILENT (\\Deleted)`),
    needs: 'mailbox',
    within: mailbox,
    done: () => {},
  })
  await core.send(uidExpungeCommand(set, mailbox))
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
