// New messages: APPEND (RFC 3501 §6.3.11), several at once (RFC 3502), one in place of another (RFC 8508).
import { concat, fromUtf8 } from '../../base/bytes.ts'
import { MailError, usageError } from '../../base/errors.ts'
import { writeInternalDate } from '../../text/index.ts'
import type { Writer } from '../wire/writer.ts'
import { flagWords, remove } from './changing.ts'
import { codePlaced, type PlacedUids } from './codes.ts'
import type { ClientCore, Command, Work } from './core.ts'
import { missing } from './faults.ts'
import { writeName } from './folders.ts'
import type { StatusResponse } from './responses.ts'
import { asSets } from './sets.ts'

/** Bytes, text (as UTF-8), or pieces of a stream; a stream of known length is not held. */
export type AppendContent =
  | Uint8Array
  | string
  | AsyncIterable<Uint8Array>
  | { readonly size: number; readonly stream: AsyncIterable<Uint8Array> }

export interface AppendOptions {
  /** INTERNALDATE. */
  readonly date?: Date
  /** Rejects with EABORT; a message that has been sent already may be there all the same. */
  readonly signal?: AbortSignal
}

/** Where it went; null: the server does not tell (RFC 4315). */
export type AppendResult = { readonly uidValidity: number; readonly uid: number } | null

/** One of several. */
export interface AppendMessage extends AppendOptions {
  readonly content: AppendContent
  readonly flags?: string | readonly string[]
}

export function append(
  folder: string,
  content: AppendContent,
  flags: string | readonly string[],
  options: AppendOptions,
): Work<AppendResult> {
  const prepare = prepared({ ...options, content, flags })
  return {
    async run(core) {
      return core.send(appendCommand(core, 'APPEND', folder, [await prepare(core)], options.signal))
    },
  }
}

/**
 * All or none (RFC 3502), where the server can; else one after another, so that a refusal leaves those before it there. Resolves with what
 * `append` resolves with, for each.
 */
export function appendAll(
  folder: string,
  messages: readonly AppendMessage[],
  signal: AbortSignal | undefined,
): Work<readonly AppendResult[]> {
  if (!Array.isArray(messages)) throw usageError('appendAll wants a list of messages')
  const said = messages.map(prepared)
  return {
    async run(core) {
      const all: Said[] = []
      for (const prepare of said) {
        const one = await prepare(core)
        if ('source' in one.given) throw usageError('appendAll takes no streams')
        all.push(one)
      }
      if (all.length === 0) return []
      if (core.has('MULTIAPPEND')) {
        let placed: PlacedUids | null = null
        await core.send(
          appendCommand(core, 'APPEND', folder, all, signal, told => {
            placed = told
          }),
        )
        return all.map((_, i) => at(placed, i, all.length))
      }
      const results: AppendResult[] = []
      for (const one of all) {
        results.push(await core.send(appendCommand(core, 'APPEND', folder, [one], signal)))
      }
      return results
    },
  }
}

/** A new message for an old one, in one step (RFC 8508) where the server can; else APPEND, and then the old one is gone. */
export function replace(
  uid: number,
  folder: string,
  content: AppendContent,
  flags: string | readonly string[],
  options: AppendOptions,
): Work<AppendResult> {
  const prepare = prepared({ ...options, content, flags })
  if (asSets(uid).length !== 1 || typeof uid !== 'number') throw usageError('replace wants one UID')
  return {
    async run(core) {
      const said = [await prepare(core)]
      if (core.has('REPLACE')) {
        return core.send({
          ...appendCommand(core, `UID REPLACE ${uid}`, folder, said, options.signal),
          needs: 'mailbox',
          within: core.mailbox,
        })
      }
      if (!core.has('UIDPLUS') && !core.has('IMAP4REV2')) throw missing('REPLACE')
      const { mailbox } = core
      if (!mailbox) throw usageError('REPLACE: no mailbox is open')
      const result = await core.send(appendCommand(core, 'APPEND', folder, said, options.signal))
      await remove(core, String(uid), mailbox)
      return result
    },
  }
}

interface Said {
  readonly given: Given
  readonly words: readonly string[]
  readonly date: string | null
}

/** Throws for what cannot be said; the octets are asked for when their turn has come. */
function prepared({ content, flags = [], ...options }: AppendMessage): (core: ClientCore) => Promise<Said> {
  const words = flagWords(flags)
  const date = dateWord(options)
  return async core => ({ given: await known(content, core), words, date })
}

function dateWord({ date }: AppendOptions): string | null {
  if (date === undefined) return null
  if (!(date instanceof Date && Number.isFinite(date.getTime())))
    throw usageError('the date of append must be a Date')
  return writeInternalDate(date.getTime())
}

function appendCommand(
  core: ClientCore,
  name: string,
  folder: string,
  messages: readonly Said[],
  signal: AbortSignal | undefined,
  placed?: (uids: PlacedUids | null) => void,
): Command<AppendResult> {
  const limit = appendLimit(core)
  let told: PlacedUids | null = null
  const hear = ({ code }: StatusResponse): void => {
    if (code?.name === 'APPENDUID') told = codePlaced(code, core.readerLimits) ?? told
  }
  const streamed = messages.length === 1 && 'source' in messages[0]!.given ? messages[0]!.given : null
  return {
    name,
    args(w) {
      writeName(w, folder)
      for (const { given, words, date } of messages) {
        const size = sizeOf(given)
        if (limit !== null && size > limit) {
          throw new MailError('EMESSAGE', `the message has ${size} octets, and the server takes ${limit}`, {
            command: 'APPEND',
            permanent: true,
          })
        }
        if (words.length > 0) w.raw(` (${words.join(' ')})`)
        if (date) w.raw(` "${date}"`)
        w.raw(' ')
        if ('source' in given) w.announceCommand(given.size)
        else writeMessage(w, core, given.bytes)
      }
    },
    ...(streamed && { content: streamed }),
    signal,
    // REPLACE tells it before the old message is gone (RFC 8508 §3.3)
    hear,
    done(status) {
      hear(status)
      placed?.(told)
      return at(told, 0, 1)
    },
  }
}

function at(placed: PlacedUids | null, index: number, count: number): AppendResult {
  if (placed?.uids.length !== count) return null
  return { uidValidity: placed.uidValidity, uid: placed.uids[index]! }
}

function sizeOf(given: Given): number {
  return 'source' in given ? given.size : given.bytes.length
}

function writeMessage(w: Writer, core: ClientCore, bytes: Uint8Array): void {
  if (bytes.includes(0)) {
    // a literal may not hold it, a literal8 may (RFC 3516 §4.4)
    if (!core.has('BINARY'))
      throw new MailError('EMESSAGE', 'the message contains NUL', { command: 'APPEND' })
    w.raw('~')
  }
  w.literal(bytes)
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
