// Who may do what with a mailbox (RFC 4314).
import { describe, usageError } from '../../base/errors.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { ClientCore, Command, Work } from './core.ts'
import { missing } from './faults.ts'
import { readName, writeName } from './folders.ts'

/** What may be granted to somebody. */
export interface ListedRights {
  /** Always granted. */
  readonly required: string
  /** May be granted; the letters of one group only together. */
  readonly optional: readonly string[]
}

const RIGHTS = /^[+-]?[a-z0-9]{0,40}$/

function checkIdentifier(identifier: string): void {
  if (typeof identifier !== 'string' || identifier === '' || /[\r\n\0]/.test(identifier))
    throw usageError(`${describe(identifier)} is nobody whose rights could be spoken of`)
}

function ask<T>(command: Command<T>): Work<T> {
  return {
    async run(core: ClientCore) {
      if (!core.has('ACL')) throw missing('ACL')
      return core.send(command)
    },
  }
}

/** Rights by identifier; a `-` in front of one takes rights away. */
export function getAcl(folder: string): Work<Readonly<Record<string, string>>> {
  const entries: [string, string][] = []
  return ask({
    name: 'GETACL',
    args: w => void writeName(w, folder),
    collects: ['ACL'],
    take({ reader: r }) {
      readName(r.sp())
      while (r.try(' ')) entries.push([r.astring(), r.sp().astring()])
      return true
    },
    done: () => Object.fromEntries(entries),
  })
}

/** `rights`: letters; with `+` or `-` in front these are added or taken away. */
export function setAcl(folder: string, identifier: string, rights: string): Work<void> {
  checkIdentifier(identifier)
  if (typeof rights !== 'string' || !RIGHTS.test(rights))
    throw usageError(`${describe(rights)} is not a list of rights`)
  return ask({
    name: 'SETACL',
    args: w => void named(w, folder, identifier).raw(' ').astring(rights),
    done: () => {},
  })
}

export function deleteAcl(folder: string, identifier: string): Work<void> {
  checkIdentifier(identifier)
  return ask({ name: 'DELETEACL', args: w => void named(w, folder, identifier), done: () => {} })
}

export function listRights(folder: string, identifier: string): Work<ListedRights> {
  checkIdentifier(identifier)
  let listed: ListedRights = { required: '', optional: [] }
  return ask({
    name: 'LISTRIGHTS',
    args: w => void named(w, folder, identifier),
    collects: ['LISTRIGHTS'],
    take({ reader: r }) {
      readName(r.sp())
      r.sp().astring()
      const required = r.sp().astring()
      listed = { required, optional: readWords(r) }
      return true
    },
    done: () => listed,
  })
}

export function myRights(folder: string): Work<string> {
  let rights = ''
  return ask({
    name: 'MYRIGHTS',
    args: w => void writeName(w, folder),
    collects: ['MYRIGHTS'],
    take({ reader: r }) {
      readName(r.sp())
      rights = r.sp().astring()
      return true
    },
    done: () => rights,
  })
}

function named(w: Writer, folder: string, identifier: string): Writer {
  return writeName(w, folder).raw(' ').astring(identifier)
}

function readWords(r: Reader): readonly string[] {
  const words: string[] = []
  while (r.try(' ')) words.push(r.astring())
  return words
}
