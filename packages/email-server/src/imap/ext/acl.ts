// ACL (RFC 4314): who may do what with a folder. The handlers keep the lists and judge by them; the grammar of rights and the
// virtual rights of older clients are the library's.
import { type AclContext, type AclEntry, badAnswer, type GrantableRights } from '../../mailbox/index.ts'
import { oneMailbox } from '../commands/select.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Extension, Gate } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { checkedRights, realRights, toldRights, virtualOf } from '../grammar/rights.ts'
import { LOGGED_IN } from '../state.ts'
import type { Reader } from '../wire/reader.ts'

export const ACL_GATE: Gate = {
  kind: 'handlers',
  names: ['getAcl', 'setAcl', 'deleteAcl', 'listRights', 'myRights'],
}

const LONGEST_IDENTIFIER = 1000

interface IdentifierArgs {
  readonly folder: string
  readonly identifier: string
}

// deleteacl = "DELETEACL" SP mailbox SP identifier        listrights = "LISTRIGHTS" SP mailbox SP identifier
const identifierArgs: Grammar<IdentifierArgs> = {
  read(r, words) {
    const folder = mailbox.read(r.sp(), words)
    return { folder, identifier: readIdentifier(r.sp()) }
  },
  write(w, { folder, identifier }, words) {
    mailbox.write(w.raw(' '), folder, words)
    w.raw(' ').astring(identifier)
  },
  samples: [
    { folder: 'INBOX', identifier: 'Fred' },
    { folder: 'Entwürfe', identifier: '-anyone' },
  ],
}

// identifier = astring; as it comes, or as SASLprep makes it (RFC 4314 §3)
function readIdentifier(r: Reader): string {
  const identifier = r.astring()
  const good = identifier !== '' && identifier.length <= LONGEST_IDENTIFIER && !/\p{Cc}/u.test(identifier)
  return good ? identifier : r.fail('an identifier')
}

/** What may be granted is the same for all spellings of a name (RFC 4314 §3; NFKC is the mapping of RFC 4013 §2.2). */
function prepared(identifier: string): string {
  return identifier.normalize('NFKC')
}

interface SetAclArgs extends IdentifierArgs {
  readonly mode: AclContext['mode']
  readonly rights: string
}

// setacl = "SETACL" SP mailbox SP identifier SP mod-rights        mod-rights = astring
const setAclArgs: Grammar<SetAclArgs> = {
  read(r, words) {
    const named = identifierArgs.read(r, words)
    const text = r.sp().astring()
    const mode = text.startsWith('+') ? 'add' : text.startsWith('-') ? 'remove' : 'set'
    return { ...named, mode, rights: realRights(mode === 'set' ? text : text.slice(1)) }
  },
  write(w, { mode, rights, ...named }, words) {
    identifierArgs.write(w, named, words)
    w.raw(' ').astring(`${mode === 'add' ? '+' : mode === 'remove' ? '-' : ''}${rights}`)
  },
  samples: [
    { folder: 'INBOX', identifier: 'Chris', mode: 'add', rights: 'kxte' },
    { folder: 'INBOX', identifier: 'Fred', mode: 'set', rights: '' },
  ],
}

const setAcl: CommandSpec<SetAclArgs> = {
  name: 'SETACL',
  rfc: '4314 §3.1',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: setAclArgs,
  async run(cx, { folder, identifier, mode, rights }) {
    await cx.mailbox.ask('setAcl', [folder, prepared(identifier), rights], { mode })
    return undefined
  },
}

const deleteAcl: CommandSpec<IdentifierArgs> = {
  name: 'DELETEACL',
  rfc: '4314 §3.2',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: identifierArgs,
  async run(cx, { folder, identifier }) {
    await cx.mailbox.ask('deleteAcl', [folder, prepared(identifier)], {})
    return undefined
  },
}

const getAcl: CommandSpec<string> = {
  name: 'GETACL',
  rfc: '4314 §3.3',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: oneMailbox,
  async run(cx, folder) {
    const answer: unknown = await cx.mailbox.ask('getAcl', [folder], {})
    if (!Array.isArray(answer)) throw badAnswer('getAcl', 'an array of entries', answer)
    // acl-data = "ACL" SP mailbox *(SP identifier SP rights)
    mailbox.write(cx.out.raw('* ACL '), folder, cx.words)
    for (const { identifier, rights } of answer as readonly AclEntry[]) {
      if (typeof identifier !== 'string' || identifier === '')
        throw badAnswer('getAcl', 'entries { identifier, rights }', identifier)
      cx.out.raw(' ').astring(identifier).raw(' ').astring(toldRights('getAcl', rights))
    }
    cx.out.end()
    return undefined
  },
}

const listRights: CommandSpec<IdentifierArgs> = {
  name: 'LISTRIGHTS',
  rfc: '4314 §3.4',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: identifierArgs,
  async run(cx, { folder, identifier }) {
    const answer: unknown = await cx.mailbox.ask('listRights', [folder, prepared(identifier)], {})
    const { required, optional } = (answer ?? {}) as Partial<GrantableRights>
    if (!Array.isArray(optional))
      throw badAnswer('listRights', 'the rights { required, optional: […] }', answer)
    const groups = grouped(checkedRights('listRights', required), optional)
    // listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)
    mailbox.write(cx.out.raw('* LISTRIGHTS '), folder, cx.words)
    // the identifier is told as the client has spelled it
    cx.out.raw(' ').astring(identifier)
    for (const rights of groups) cx.out.raw(' ').astring(rights)
    cx.out.end()
    return undefined
  },
}

/** With the virtual rights (RFC 4314 §2.1.1): tied to what a member is tied to, else by themselves. Each right once (§3.7). */
function grouped(required: string, optional: readonly unknown[]): readonly string[] {
  const groups = [required + virtualOf(required)]
  const told = new Set(groups[0])
  const free = new Set<string>()
  for (const each of optional) {
    const rights = [...checkedRights('listRights', each)].filter(right => !told.has(right)).join('')
    if (rights === '') continue
    const virtual = [...virtualOf(rights)].filter(letter => !told.has(letter))
    const tied = virtual.filter(letter => [...rights].some(right => !virtualOf(right).includes(letter)))
    const group = rights + tied.join('')
    for (const letter of virtual) if (!tied.includes(letter)) free.add(letter)
    for (const right of group) told.add(right)
    groups.push(group)
  }
  return [...groups, ...[...free].filter(letter => !told.has(letter))]
}

const myRights: CommandSpec<string> = {
  name: 'MYRIGHTS',
  rfc: '4314 §3.5',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: oneMailbox,
  async run(cx, folder) {
    writeMyRights(cx, folder, await askMyRights(cx, folder))
    return undefined
  },
}

export async function askMyRights(cx: CommandContext, folder: string): Promise<string> {
  return toldRights('myRights', await cx.mailbox.ask('myRights', [folder], {}))
}

// myrights-data = "MYRIGHTS" SP mailbox SP rights
export function writeMyRights(cx: CommandContext, folder: string, rights: string): void {
  mailbox.write(cx.out.raw('* MYRIGHTS '), folder, cx.words)
  cx.out.raw(' ').astring(rights).end()
}

export const acl: Extension = {
  name: 'ACL',
  rfc: '4314',
  gate: ACL_GATE,
  // rights-capa = "RIGHTS=" new-rights        ; MUST include "t", "e", "x", and "k"
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['ACL', 'RIGHTS=kxte']),
  commands: [setAcl, deleteAcl, getAcl, listRights, myRights] as readonly CommandSpec[],
}
