// SELECT and EXAMINE, CLOSE and UNSELECT (RFC 3501 §6.3.1, §6.4.2, RFC 3691), with CONDSTORE and QRESYNC (RFC 7162).
import { usageError } from '../../base/errors.ts'
import { type ClosedRange, closedRanges, type FlatRanges } from '../../base/ranges.ts'
import { codeBigint, codeFlags, codeId, codeNumber } from './codes.ts'
import type { ClientCore, Work } from './core.ts'
import { missing, refusal } from './faults.ts'
import type { FetchedMessage } from './fetched.ts'
import { writeName } from './folders.ts'
import { enable } from './login.ts'
import { type MailboxInfo, OpenMailbox } from './mailbox.ts'
import type { DataResponse, StatusResponse } from './responses.ts'
import { asRanges, type UidSet, writeRanges } from './sets.ts'
import { readFlagList, readRanges } from './values.ts'

export interface SelectOptions {
  /** Ask for mod-sequences (RFC 7162 §3.1.8). Default: when the server has them. */
  readonly condstore?: boolean
  /** What is known of the mailbox from before (RFC 7162 §3.2.5). ECONFIG when the server has no QRESYNC. */
  readonly qresync?: {
    readonly uidValidity: number
    readonly modseq: bigint
    readonly knownUids?: UidSet
  }
  readonly signal?: AbortSignal
}

export interface SelectedInfo extends MailboxInfo {
  /** With `qresync`: what has changed since, and which UIDs are gone; null when the server could not say, so that all is to be read anew. */
  readonly changes: {
    readonly changed: readonly FetchedMessage[]
    readonly vanished: readonly ClosedRange[]
  } | null
}

const MOST_CHANGED = 1_000_000

export function select(name: string, readOnly: boolean, options: SelectOptions): Work<SelectedInfo> {
  const { qresync } = options
  const known = qresync?.knownUids === undefined ? null : setOf(qresync.knownUids)
  return {
    async run(core) {
      if (qresync) await enableQresync(core)
      const condstore = options.condstore ?? (core.has('CONDSTORE') || core.has('QRESYNC'))
      const mailbox = new OpenMailbox(name)
      mailbox.readOnly = readOnly
      const changed: FetchedMessage[] = []
      let vanished: FlatRanges = []
      const command = readOnly ? 'EXAMINE' : 'SELECT'
      return core.send({
        name: command,
        args(w) {
          writeName(w, name)
          core.open(mailbox, false)
          if (qresync) {
            const uids = known ? ` ${known}` : ''
            w.raw(` (QRESYNC (${qresync.uidValidity} ${BigInt(qresync.modseq)}${uids}))`)
          } else if (condstore) w.raw(' (CONDSTORE)')
        },
        alone: true,
        signal: options.signal,
        collects: ['FLAGS', 'FETCH', 'VANISHED'],
        take(data) {
          if (data.name === 'FETCH') {
            if (changed.length < MOST_CHANGED) changed.push(data.message!)
          } else if (data.name === 'VANISHED') vanished = earlier(data, vanished)
          else mailbox.flags = readFlagList(skipped(data))
          return true
        },
        hear: status => hearOpening(status, mailbox, core),
        done(status) {
          if (status.code?.name === 'READ-ONLY') mailbox.readOnly = true
          else if (status.code?.name === 'READ-WRITE') mailbox.readOnly = false
          hearOpening(status, mailbox, core)
          core.open(mailbox, true)
          const same =
            qresync && mailbox.uidValidity === qresync.uidValidity && mailbox.highestModseq !== null
          return { ...mailbox.info(), changes: same ? { changed, vanished: closedRanges(vanished) } : null }
        },
        refused(status) {
          // the one that was open is closed now (RFC 3501 §6.3.1)
          core.open(null, true)
          throw refusal(command, status)
        },
      })
    },
  }
}

/** Not while a mailbox is open (RFC 5161 §3.1). */
async function enableQresync(core: ClientCore): Promise<void> {
  if (!core.has('QRESYNC')) throw missing('QRESYNC')
  if (core.isEnabled('QRESYNC')) return
  if (core.mailbox) await unselect.run(core)
  await enable(['QRESYNC']).run(core)
}

function setOf(uids: UidSet): string {
  const ranges = asRanges(uids)
  if (!ranges) {
    if (String(uids).includes('*') || uids === '$') throw usageError('knownUids must be without "*"')
    return uids as string
  }
  return writeRanges(ranges)
}

function skipped(data: DataResponse): DataResponse['reader'] {
  data.reader.try(' ')
  return data.reader
}

function earlier(data: DataResponse, before: FlatRanges): FlatRanges {
  const r = skipped(data)
  if (r.try('(')) {
    r.keyword()
    r.expect(')').sp()
  }
  const ranges = readRanges(r)
  return before.length === 0 ? ranges : [...before, ...ranges]
}

function hearOpening({ code }: StatusResponse, mailbox: OpenMailbox, core: ClientCore): void {
  if (!code) return
  switch (code.name) {
    case 'UIDVALIDITY':
      mailbox.uidValidity = codeNumber(code) ?? 0
      return
    case 'UIDNEXT':
      mailbox.uidNext = codeNumber(code)
      return
    case 'UNSEEN':
      mailbox.firstUnseen = codeNumber(code)
      return
    case 'HIGHESTMODSEQ':
      mailbox.highestModseq = codeBigint(code)
      return
    case 'NOMODSEQ':
      mailbox.highestModseq = null
      return
    case 'PERMANENTFLAGS':
      mailbox.permanentFlags = codeFlags(code, core.readerLimits)
      return
    case 'MAILBOXID':
      mailbox.mailboxId = codeId(code)
      return
  }
}

export const close: Work<void> = {
  run: core =>
    core.send({
      name: 'CLOSE',
      alone: true,
      needs: 'mailbox',
      quiet: true,
      done: () => core.open(null, true),
    }),
}

/** UNSELECT; where there is none, an EXAMINE of no mailbox does the same (RFC 3691 §1). */
export const unselect: Work<void> = {
  run(core) {
    const done = (): void => core.open(null, true)
    if (core.has('UNSELECT') || core.has('IMAP4REV2'))
      return core.send({ name: 'UNSELECT', alone: true, needs: 'mailbox', done })
    return core.send({
      name: 'EXAMINE',
      args: w => w.raw(' "no such mailbox"'),
      alone: true,
      needs: 'mailbox',
      done,
      refused: done,
    })
  },
}
