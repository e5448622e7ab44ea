// METADATA (RFC 5464): notes on folders, and with an empty name on the server, when the backend keeps them.
import { Refusal } from '../../base/errors.ts'
import { badAnswer, type MetadataEntry } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Extension, Reply } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { LOGGED_IN } from '../state.ts'
import type { Reader } from '../wire/reader.ts'

const MOST_ENTRIES = 64
const LONGEST_NAME = 1000
/** RFC 5464 §4.1: every server takes values of this size. */
const LEAST_SIZE = 1024

type Depth = 0 | 1 | 'infinity'

interface GetArgs {
  readonly folder: string
  readonly maxSize: number | null
  readonly depth: Depth
  readonly entries: readonly string[]
}

// getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries
// getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")"
// The examples of RFC 5464 §4.2 have the options behind the mailbox, and clients follow those: both are read.
const getArgs: Grammar<GetArgs> = {
  read(r, words) {
    const options: { maxSize: number | null; depth: Depth } = { maxSize: null, depth: 0 }
    const before = r.sp().peek() === 0x28
    if (before) readOptions(r, options)
    if (before) r.sp()
    const folder = mailbox.read(r, words)
    r.sp()
    if (!before && r.peek() === 0x28 && (r.follows('(MAXSIZE') || r.follows('(DEPTH'))) {
      readOptions(r, options)
      r.sp()
    }
    return { folder, ...options, entries: readEntries(r) }
  },
  write(w, { folder, maxSize, depth, entries }, words) {
    const options: string[] = []
    if (maxSize !== null) options.push(`MAXSIZE ${maxSize}`)
    if (depth !== 0) options.push(`DEPTH ${depth}`)
    w.raw(' ')
    if (options.length > 0) w.raw(`(${options.join(' ')}) `)
    mailbox.write(w, folder, words)
    w.raw(' ').list(entries, entry => w.astring(entry))
  },
  samples: [
    { folder: '', maxSize: null, depth: 0, entries: ['/shared/comment'] },
    { folder: 'INBOX', maxSize: 1024, depth: 'infinity', entries: ['/shared/comment', '/private/comment'] },
  ],
}

// maxsize-opt = "MAXSIZE" SP number        scope-opt = "DEPTH" SP ("0" / "1" / "infinity")
function readOptions(r: Reader, options: { maxSize: number | null; depth: Depth }): void {
  r.open()
  do {
    const name = r.keyword()
    if (name === 'MAXSIZE') options.maxSize = r.sp().number()
    else if (name === 'DEPTH') {
      const depth = r.sp().keyword()
      if (depth !== '0' && depth !== '1' && depth !== 'INFINITY') r.fail('0, 1 or infinity')
      options.depth = depth === 'INFINITY' ? 'infinity' : depth === '1' ? 1 : 0
    } else r.fail('MAXSIZE or DEPTH')
  } while (r.try(' '))
  r.close()
}

// entries = entry / "(" entry *(SP entry) ")"
function readEntries(r: Reader): readonly string[] {
  if (r.peek() !== 0x28) return [readEntry(r)]
  const entries: string[] = []
  r.open()
  do {
    entries.push(readEntry(r))
    if (entries.length > MOST_ENTRIES) r.fail('fewer entries')
  } while (r.try(' '))
  r.close()
  return entries
}

// entry = astring          ; slash-separated path, without "*" and "%"; case does not count (RFC 5464 §3.1)
function readEntry(r: Reader): string {
  const entry = r.astring().toLowerCase()
  const good =
    entry.length <= LONGEST_NAME && /^\/(private|shared)(\/[^/*%]+)*$/.test(entry) && !/[^ -~]/.test(entry)
  return good ? entry : r.fail('an entry below /private or /shared')
}

const getMetadata: CommandSpec<GetArgs> = {
  name: 'GETMETADATA',
  rfc: '5464 §4.2',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: getArgs,
  async run(cx, { folder, maxSize, depth, entries }) {
    const context = maxSize === null ? { depth } : { depth, maxSize }
    const answer: unknown = await cx.mailbox.ask('getMetadata', [folder, entries], context)
    const found = checkedEntries(answer)
    let longest = 0
    const told = found.filter(({ value }) => {
      const size = value?.length ?? 0
      if (maxSize === null || size <= maxSize) return true
      longest = Math.max(longest, size)
      return false
    })
    // what was asked for by its name and is not there has no value
    const names = new Set(found.map(({ name }) => name.toLowerCase()))
    const absent = depth === 0 ? entries.filter(entry => !names.has(entry)) : []
    writeMetadata(cx, folder, [...told, ...absent.map(name => ({ name, value: null }))])
    return longest === 0
      ? undefined
      : { status: 'OK', code: `METADATA LONGENTRIES ${longest}`, text: 'GETMETADATA completed' }
  },
}

function checkedEntries(answer: unknown): readonly MetadataEntry[] {
  if (!Array.isArray(answer)) throw badAnswer('getMetadata', 'an array of entries', answer)
  for (const entry of answer as readonly unknown[]) {
    const { name, value } = (entry ?? {}) as Partial<MetadataEntry>
    if (typeof name !== 'string' || !(value === null || value instanceof Uint8Array))
      throw badAnswer('getMetadata', 'entries { name, value } with bytes or null', entry)
  }
  return answer as readonly MetadataEntry[]
}

// metadata-resp = "METADATA" SP mailbox SP entry-values        entry-value = entry SP value        value = nstring / literal8
function writeMetadata(cx: CommandContext, folder: string, entries: readonly MetadataEntry[]): void {
  if (entries.length === 0) return
  const w = cx.out
  w.raw('* METADATA ')
  if (folder === '') w.raw('""')
  else mailbox.write(w, folder, cx.words)
  w.raw(' ')
    .list(entries, ({ name, value }) => {
      w.astring(name).raw(' ')
      if (value === null) w.raw('NIL')
      else w.literal8(value)
    })
    .end()
}

interface SetArgs {
  readonly folder: string
  readonly entries: readonly MetadataEntry[]
}

// setmetadata = "SETMETADATA" SP mailbox SP entry-values       entry-values = "(" entry-value *(SP entry-value) ")"
const setArgs: Grammar<SetArgs> = {
  read(r, words) {
    const folder = mailbox.read(r.sp(), words)
    const entries: MetadataEntry[] = []
    r.sp().open()
    do {
      const name = readEntry(r)
      entries.push({ name, value: readValue(r.sp()) })
      if (entries.length > MOST_ENTRIES) r.fail('fewer entries')
    } while (r.try(' '))
    r.close()
    return { folder, entries }
  },
  write(w, { folder, entries }, words) {
    mailbox.write(w.raw(' '), folder, words)
    w.raw(' ').list(entries, ({ name, value }) => {
      w.astring(name).raw(' ')
      if (value === null) w.raw('NIL')
      else w.literal8(value)
    })
  },
  samples: [
    { folder: 'INBOX', entries: [{ name: '/private/comment', value: Buffer.from('My\r\ncomment') }] },
    { folder: '', entries: [{ name: '/shared/admin', value: null }] },
  ],
}

function readValue(r: Reader): Uint8Array | null {
  if (r.atLiteral) return r.literal().bytes
  const text = r.nstring()
  return text === null ? null : Buffer.from(text)
}

const setMetadata: CommandSpec<SetArgs> = {
  name: 'SETMETADATA',
  rfc: '5464 §4.3',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: setArgs,
  async run(cx, { folder, entries }) {
    try {
      await cx.mailbox.ask('setMetadata', [folder, entries], {})
      return undefined
    } catch (error) {
      const reply = error instanceof Refusal ? refusalOf(error) : null
      if (reply) return reply
      throw error
    }
  },
}

/** The response codes that only this command has (RFC 5464 §4.3). */
function refusalOf({ code, message }: Refusal): Reply | null {
  if (code === 'LIMIT') return { status: 'NO', code: 'METADATA TOOMANY', text: message }
  if (code === 'TOOBIG') return { status: 'NO', code: `METADATA MAXSIZE ${LEAST_SIZE}`, text: message }
  return null
}

export const metadata: Extension = {
  name: 'METADATA',
  rfc: '5464',
  gate: { kind: 'handlers', names: ['getMetadata', 'setMetadata'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['METADATA', 'METADATA-SERVER']),
  commands: [getMetadata, setMetadata] as readonly CommandSpec[],
}
