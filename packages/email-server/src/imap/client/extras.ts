// QUOTA (RFC 9208, RFC 2087) and METADATA (RFC 5464).
import { fromUtf8 } from '../../base/bytes.ts'
import { describe, usageError } from '../../base/errors.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { ClientCore, Command, Work } from './core.ts'
import { missing } from './faults.ts'
import { readName, writeName } from './folders.ts'
import type { DataResponse } from './responses.ts'
import { readBytes } from './values.ts'

export interface QuotaResource {
  /** `STORAGE` (octets here; units of 1,024 on the wire), `MESSAGE`, `MAILBOX`, … */
  readonly name: string
  readonly usage: number
  readonly limit: number
}

export interface QuotaInfo {
  readonly root: string
  readonly resources: readonly QuotaResource[]
}

const UNIT = 1024

function mustHaveQuota(core: ClientCore): void {
  if (!core.capability.some(each => /^QUOTA(?:$|=)/i.test(each))) throw missing('QUOTA')
}

// quota-response = "QUOTA" SP quota-root-name SP quota-list
function readQuota(r: Reader): QuotaInfo {
  const root = r.sp().astring()
  const resources: QuotaResource[] = []
  r.sp().open()
  while (r.peek() !== 0x29) {
    const name = r.keyword()
    const unit = name === 'STORAGE' ? UNIT : 1
    const usage = r.sp().number64() * unit
    resources.push({ name, usage, limit: r.sp().number64() * unit })
    while (r.try(' '));
  }
  r.close()
  return { root, resources }
}

function writeRoot(w: Writer, root: string): Writer {
  if (typeof root !== 'string' || /[\r\n\0]/.test(root))
    throw usageError(`${describe(root)} is not a quota root`)
  return w.raw(' ').astring(root)
}

export function getQuota(root: string): Work<QuotaInfo> {
  return {
    async run(core) {
      mustHaveQuota(core)
      return core.send(quotaCommand('GETQUOTA', root, w => writeRoot(w, root)))
    },
  }
}

/** Limits by resource name; STORAGE in octets. */
export function setQuota(root: string, limits: Readonly<Record<string, number>>): Work<QuotaInfo> {
  const list = Object.entries(limits)
  return {
    async run(core) {
      mustHaveQuota(core)
      return core.send(
        quotaCommand('SETQUOTA', root, w =>
          writeRoot(w, root)
            .raw(' ')
            .list(list, ([name, limit]) => {
              w.atom(name.toUpperCase()).raw(' ')
              w.number(name.toUpperCase() === 'STORAGE' ? Math.floor(limit / UNIT) : limit)
            }),
        ),
      )
    },
  }
}

function quotaCommand(name: string, root: string, args: (w: Writer) => unknown): Command<QuotaInfo> {
  let found: QuotaInfo = { root, resources: [] }
  return {
    name,
    args: (w: Writer): void => void args(w),
    collects: ['QUOTA'],
    take({ reader }: DataResponse): boolean {
      found = readQuota(reader)
      return true
    },
    done: (): QuotaInfo => found,
  }
}

export interface QuotaRoots {
  readonly roots: readonly string[]
  readonly quotas: readonly QuotaInfo[]
}

/** The roots that a mailbox counts for. */
export function getQuotaRoot(folder: string): Work<QuotaRoots> {
  return {
    async run(core) {
      mustHaveQuota(core)
      const roots: string[] = []
      const quotas: QuotaInfo[] = []
      return core.send({
        name: 'GETQUOTAROOT',
        args: w => void writeName(w, folder),
        collects: ['QUOTA', 'QUOTAROOT'],
        take({ name, reader: r }) {
          if (name === 'QUOTA') quotas.push(readQuota(r))
          else {
            readName(r.sp())
            while (r.try(' ') && !r.atEnd()) roots.push(r.astring())
          }
          return true
        },
        done: () => ({ roots, quotas }),
      })
    },
  }
}

export interface MetadataOptions {
  /** Octets of a value; longer ones are left out. */
  readonly maxSize?: number
  /** How far below the entries: 0 these (the default), 1 their children, Infinity all. */
  readonly depth?: 0 | 1 | typeof Infinity
}

export interface MetadataValues {
  /** By entry name; null: there is none. */
  readonly entries: Readonly<Record<string, Uint8Array | null>>
  /** Octets of the longest value that `maxSize` has left out; null: none was. */
  readonly longest: number | null
}

const ENTRY = /^\/[!-)+-~]{1,500}$/

function mustHaveMetadata(core: ClientCore, folder: string): void {
  if (core.has('METADATA') || (folder === '' && core.has('METADATA-SERVER'))) return
  throw missing('METADATA')
}

/** '' is the server itself (RFC 5464 §4.2). */
function writeFolder(w: Writer, folder: string): Writer {
  return folder === '' ? w.raw(' ""') : writeName(w, folder)
}

export function getMetadata(
  folder: string,
  paths: string | readonly string[],
  options: MetadataOptions,
): Work<MetadataValues> {
  const list = typeof paths === 'string' ? [paths] : paths
  for (const path of list)
    if (!ENTRY.test(path)) throw usageError(`${describe(path)} is not an entry of METADATA`)
  const { maxSize, depth = 0 } = options
  return {
    async run(core) {
      mustHaveMetadata(core, folder)
      const entries: [string, Uint8Array | null][] = list.map(path => [path, null])
      return core.send({
        name: 'GETMETADATA',
        args(w) {
          const words: string[] = []
          if (maxSize !== undefined) words.push(`MAXSIZE ${checkedNumber(maxSize)}`)
          if (depth !== 0) words.push(`DEPTH ${depth === 1 ? '1' : 'infinity'}`)
          if (words.length > 0) w.raw(` (${words.join(' ')})`)
          writeFolder(w, folder)
          w.raw(' ').list(list, path => w.astring(path))
        },
        collects: ['METADATA'],
        take({ reader: r }) {
          r.sp()
          if (r.peek() === 0x22) r.string()
          else readName(r)
          r.sp()
          // without a list it is news of names that have changed (RFC 5464 §4.4.2)
          if (r.peek() !== 0x28) return false
          r.open()
          while (r.peek() !== 0x29) {
            const name = r.astring()
            entries.push([name, readBytes(r.sp())])
            while (r.try(' '));
          }
          r.close()
          return true
        },
        done: ({ code }) => {
          const match = code?.name === 'METADATA' ? /^LONGENTRIES (\d{1,15})$/i.exec(code.args) : null
          return { entries: Object.fromEntries(entries), longest: match ? Number(match[1]) : null }
        },
      })
    },
  }
}

function checkedNumber(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw usageError('maxSize must be a number of octets')
  return value
}

/** Null removes an entry. */
export function setMetadata(
  folder: string,
  entries: Readonly<Record<string, Uint8Array | string | null>>,
): Work<void> {
  const list = Object.entries(entries)
  for (const [path] of list)
    if (!ENTRY.test(path)) throw usageError(`${describe(path)} is not an entry of METADATA`)
  if (list.length === 0) throw usageError('setMetadata wants an entry')
  return {
    async run(core) {
      mustHaveMetadata(core, folder)
      return core.send({
        name: 'SETMETADATA',
        args(w) {
          writeFolder(w, folder)
          w.raw(' ').list(list, ([path, value]) => {
            w.astring(path).raw(' ')
            if (value === null) w.raw('NIL')
            else if (typeof value === 'string' && !value.includes('\0')) w.string(value)
            else w.literal8(typeof value === 'string' ? fromUtf8(value) : value)
          })
        },
        done: () => {},
      })
    },
  }
}
