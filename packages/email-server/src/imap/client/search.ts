// SEARCH, SORT and THREAD (RFC 3501 §6.4.4, RFC 5256), with ESEARCH (RFC 4731, RFC 9051 §6.4.4) where the server has it.
import { describe, usageError } from '../../base/errors.ts'
import { countOf, type FlatRanges, numbersIn, rangesOf } from '../../base/ranges.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { ClientCore, Work } from './core.ts'
import { needsCharset, type SearchCriteria, speaksOfNumbers, writeCriteria } from './criteria.ts'
import { missing, protocolError } from './faults.ts'
import type { DataResponse } from './responses.ts'
import { readModseq, readRanges, readValue } from './values.ts'

export interface SearchOptions {
  /** The answer is sequence numbers, not UIDs. Default false. */
  readonly seq?: boolean
  readonly signal?: AbortSignal
}

export interface EsearchOptions extends SearchOptions {
  /** `MIN`, `MAX`, `COUNT`, `ALL`, `SAVE` (RFC 5182: `$` means them in the next command), `PARTIAL 1:100` (RFC 9394). Default `ALL`. */
  readonly return?: readonly string[]
}

/** What RETURN asked for and the server told. */
export interface SearchResult {
  readonly min?: number
  readonly max?: number
  readonly count?: number
  /** Of ALL, or of the page of PARTIAL; ascending for SEARCH, in order for SORT. */
  readonly uids?: readonly number[]
  readonly modseq?: bigint
}

/** Messages that are more than are told of yet. */
const SLACK = 100_000

interface Found {
  readonly ranges: FlatRanges
  /** In the order of the server. */
  readonly list: number[]
  min?: number
  max?: number
  count?: number
  modseq?: bigint
}

export function search(criteria: SearchCriteria | string, options: SearchOptions): Work<number[]> {
  return {
    async run(core) {
      const found = await askSearch(core, criteria, options, null)
      return [...numbersIn(found.ranges)]
    },
  }
}

export function esearch(criteria: SearchCriteria | string, options: EsearchOptions): Work<SearchResult> {
  const returns = (options.return ?? ['ALL']).map(checkReturn)
  return {
    async run(core) {
      if (!core.has('ESEARCH') && !core.has('IMAP4REV2')) throw missing('ESEARCH')
      const found = await askSearch(core, criteria, options, returns)
      const { min, max, count, modseq, ranges } = found
      const all = returns.some(name => name === 'ALL' || name.startsWith('PARTIAL'))
      return {
        ...(min !== undefined && { min }),
        ...(max !== undefined && { max }),
        ...(count !== undefined && { count }),
        ...(modseq !== undefined && { modseq }),
        ...(all && { uids: [...numbersIn(ranges)] }),
      }
    },
  }
}

function askSearch(
  core: ClientCore,
  criteria: SearchCriteria | string,
  options: SearchOptions,
  returns: readonly string[] | null,
): Promise<Found> {
  return ask(core, 'SEARCH', w => writeAll(w, core, criteria), speaksOfNumbers(criteria), options, returns)
}

function checkReturn(name: string): string {
  if (!/^(?:MIN|MAX|COUNT|ALL|SAVE|PARTIAL -?\d{1,10}:-?\d{1,10})$/i.test(name))
    throw usageError(`${describe(name)} is not a result option of SEARCH`)
  return name.toUpperCase()
}

/** The UIDs that these criteria, written as IMAP writes them, have. */
export async function searchUids(core: ClientCore, criteria: string, numbers: boolean): Promise<FlatRanges> {
  const found = await ask(core, 'SEARCH', w => w.raw(criteria), numbers, {}, null)
  return found.ranges
}

function writeAll(w: Writer, core: ClientCore, criteria: SearchCriteria | string): void {
  // whoever has enabled UTF-8 has named the charset already (RFC 6855 §3)
  if (!core.utf8 && needsCharset(criteria)) w.raw('CHARSET UTF-8 ')
  writeCriteria(w, criteria)
}

const SORT_KEYS = /^(?:REVERSE )?(?:ARRIVAL|CC|DATE|FROM|SIZE|SUBJECT|TO|DISPLAYFROM|DISPLAYTO)$/

/** `keys`: `'REVERSE DATE'` or `['REVERSE DATE', 'FROM']`; a `-` in front is REVERSE. */
export function sort(
  keys: string | readonly string[],
  charset: string,
  criteria: SearchCriteria | string,
  options: SearchOptions,
): Work<number[]> {
  const list = (typeof keys === 'string' ? [keys] : keys).map(key => {
    const name = String(key).replace(/^-/, 'REVERSE ').toUpperCase()
    if (!SORT_KEYS.test(name)) throw usageError(`${describe(key)} is not a key of SORT`)
    return name
  })
  if (list.length === 0) throw usageError('SORT wants a key')
  checkCharset(charset)
  return {
    async run(core) {
      if (!core.has('SORT')) throw missing('SORT')
      const write = (w: Writer): void => {
        w.raw(`(${list.join(' ')}) ${charset} `)
        writeCriteria(w, criteria)
      }
      // in order: a set could not say it
      const found = await ask(core, 'SORT', write, speaksOfNumbers(criteria), options, undefined)
      return found.list
    },
  }
}

/** A conversation: a message, and what answers it; `uid` is null where a message is missing (RFC 5256 §3). */
export interface ThreadNode {
  readonly uid: number | null
  readonly children: readonly ThreadNode[]
}

export function thread(
  algorithm: string,
  charset: string,
  criteria: SearchCriteria | string,
  options: SearchOptions,
): Work<readonly ThreadNode[]> {
  if (typeof algorithm !== 'string' || !/^[A-Za-z0-9]{1,40}$/.test(algorithm))
    throw usageError(`${describe(algorithm)} is no way to thread`)
  checkCharset(charset)
  return {
    run(core) {
      const name = algorithm.toUpperCase()
      if (!core.has(`THREAD=${name}`)) throw missing(`THREAD=${name}`)
      let threads: readonly ThreadNode[] = []
      return core.send({
        name: options.seq ? 'THREAD' : 'UID THREAD',
        args(w) {
          w.raw(` ${name} ${charset} `)
          writeCriteria(w, criteria)
        },
        needs: 'mailbox',
        numbers: options.seq === true || speaksOfNumbers(criteria),
        quiet: options.seq === true,
        collects: ['THREAD'],
        take({ reader }) {
          threads = readThreads(reader)
          return true
        },
        done: () => threads,
        signal: options.signal,
      })
    },
  }
}

function checkCharset(charset: string): void {
  if (typeof charset !== 'string' || !/^[A-Za-z0-9._-]{1,40}$/.test(charset))
    throw usageError(`${describe(charset)} is not a charset`)
}

// thread-list = "(" (thread-members / thread-nested) ")"
function readThreads(r: Reader): readonly ThreadNode[] {
  const threads: ThreadNode[] = []
  r.try(' ')
  while (r.peek() === 0x28) {
    threads.push(...readThread(r))
    r.try(' ')
  }
  return threads
}

function readThread(r: Reader): readonly ThreadNode[] {
  r.open()
  const path: number[] = []
  const branches: ThreadNode[] = []
  for (;;) {
    r.try(' ')
    const c = r.peek()
    if (c === 0x28) branches.push(...readThread(r))
    else if (c === 0x29) break
    else path.push(r.nzNumber())
  }
  r.close()
  if (path.length === 0) return branches.length > 1 ? [{ uid: null, children: branches }] : branches
  let node: ThreadNode = { uid: path.at(-1)!, children: branches }
  for (let i = path.length - 2; i >= 0; i--) node = { uid: path[i]!, children: [node] }
  return [node]
}

/**
 * @param returns what RETURN asks for; null: all, by ESEARCH where there is such; undefined: no RETURN
 */
async function ask(
  core: ClientCore,
  verb: 'SEARCH' | 'SORT',
  write: (w: Writer) => unknown,
  numbers: boolean,
  { seq = false, signal }: SearchOptions,
  returns: readonly string[] | null | undefined,
): Promise<Found> {
  const extended = returns !== undefined && (returns !== null || core.has('ESEARCH') || core.has('IMAP4REV2'))
  const found: Found = { ranges: [], list: [] }
  const { mailbox } = core
  const result = await core.send({
    name: seq ? verb : `UID ${verb}`,
    args(w) {
      w.raw(extended ? ` RETURN (${(returns ?? ['ALL']).join(' ')}) ` : ' ')
      write(w)
    },
    needs: 'mailbox',
    numbers: seq || numbers,
    quiet: seq,
    collects: [verb, 'ESEARCH'],
    take: data => {
      readFound(data, found)
      return true
    },
    done: () => found,
    signal,
  })
  const most = (mailbox?.total ?? 0) + SLACK
  if (countOf(result.ranges) > most) throw protocolError('the server has found more messages than there are')
  if (result.ranges.length > 0 && result.list.length === 0 && verb === 'SORT')
    result.list.push(...numbersIn(result.ranges))
  return result
}

function readFound({ name, reader: r }: DataResponse, found: Found): void {
  if (name === 'ESEARCH') {
    readEsearch(r, found)
    return
  }
  // "SEARCH" *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"]
  while (r.try(' ')) {
    if (r.peek() === 0x28) {
      r.open()
      if (r.tryKeyword('MODSEQ')) found.modseq = readModseq(r.sp())
      r.close()
    } else if (!r.atEnd() && r.peek() !== 0x20) found.list.push(r.number())
  }
  const sorted = [...found.list].sort((a, b) => a - b)
  found.ranges.length = 0
  for (const part of chunked(rangesOf(sorted))) found.ranges.push(...part)
}

function* chunked(ranges: FlatRanges): Generator<FlatRanges> {
  for (let i = 0; i < ranges.length; i += 10_000) yield ranges.slice(i, i + 10_000)
}

// esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)
function readEsearch(r: Reader, found: Found): void {
  while (r.try(' ')) {
    if (r.peek() === 0x28) {
      readValue(r)
      continue
    }
    const name = r.keyword()
    if (name === 'UID') continue
    r.sp()
    if (name === 'MIN') found.min = r.number()
    else if (name === 'MAX') found.max = r.number()
    else if (name === 'COUNT') found.count = r.number64()
    else if (name === 'MODSEQ') found.modseq = readModseq(r)
    else if (name === 'ALL') addSet(r, found)
    else if (name === 'PARTIAL') {
      r.open()
      r.word()
      r.sp()
      if (!r.tryKeyword('NIL')) addSet(r, found)
      r.close()
    } else readValue(r)
  }
}

function addSet(r: Reader, found: Found): void {
  const ranges = readRanges(r)
  for (const part of chunked(ranges)) found.ranges.push(...part)
}
