// Maildir: one file for each message, folders as Maildir++ has them (`.Archive.2025`, names in modified UTF-7) or as directories in
// directories. Flags are in the file names, keywords in Dovecot's `dovecot-keywords`, the arrival is the file's time.
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { basename, join } from 'node:path'
import { MailError } from 'email-server'
import { decodeImapUtf7, encodeImapUtf7 } from 'email-server/mailbox'
import { flushDirectory } from '../bodies/body-files.ts'
import { codeOf } from '../errors.ts'
import { toCrlf } from './lines.ts'
import type { TransferMessage } from './transfer.ts'

/** A folder of a Maildir. */
export interface MaildirFolder {
  /** Levels separated by `/`; the Maildir itself is INBOX. */
  readonly name: string
  readonly directory: string
  /** Messages, as far as file names tell. */
  readonly count: number
}

const KEYWORDS_FILE = 'dovecot-keywords'
const MOST_KEYWORDS = 26
const DEEPEST = 32
/** A dot in a name, where dots are between names: its modified UTF-7, which no encoder needs for anything else. */
const DOT = '&AC4-'

const LETTERS: ReadonlyMap<string, string> = new Map([
  ['D', 'Draft'],
  ['F', 'Flagged'],
  ['P', '$Forwarded'],
  ['R', 'Answered'],
  ['S', 'Seen'],
  ['T', 'Deleted'],
])

/** Its folders, INBOX first. Rejects with EMESSAGE when the directory is no Maildir. */
export async function maildirFolders(directory: string): Promise<MaildirFolder[]> {
  const folders: MaildirFolder[] = []
  await collectFolders(directory, [], folders)
  if (folders.length === 0) {
    throw new MailError('EMESSAGE', `${directory} is no Maildir: nothing in it has a directory "cur"`, {
      permanent: true,
    })
  }
  return folders
}

async function collectFolders(
  directory: string,
  levels: readonly string[],
  found: MaildirFolder[],
): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort()
  if (names.includes('cur')) {
    const count = (await filesOf(directory)).length
    found.push({ name: levels.length === 0 ? 'INBOX' : levels.join('/'), directory, count })
  }
  if (levels.length >= DEEPEST) return
  for (const name of names) {
    if (['cur', 'new', 'tmp'].includes(name)) continue
    const more = name.startsWith('.') ? name.slice(1).split('.').map(decoded) : [name]
    // a directory of another kind inside, as `.git`, has no "cur"
    await collectFolders(join(directory, name), [...levels, ...more], found)
  }
}

/** Some programs write UTF-8: what is not modified UTF-7 is taken as it is. */
function decoded(level: string): string {
  const plain = level.replaceAll(DOT, '.')
  return (decodeImapUtf7(plain) ?? plain).replaceAll('/', '_')
}

/** The messages of a folder, the oldest file name first. */
export async function* readMaildir({ name, directory }: MaildirFolder): AsyncGenerator<TransferMessage> {
  const keywords = await readKeywords(directory)
  for (const { path, flags } of await filesOf(directory)) {
    let raw: Buffer
    let arrived: Date
    try {
      raw = await readFile(path)
      arrived = (await stat(path)).mtime
    } catch (error) {
      // another program has moved or removed it meanwhile
      if (codeOf(error) === 'ENOENT') continue
      throw error
    }
    yield {
      raw: toCrlf(raw),
      flags: flags
        .map(letter => LETTERS.get(letter) ?? keywords.get(letter))
        .filter(flag => flag !== undefined),
      internalDate: arrived,
      folder: name,
    }
  }
}

interface MaildirFile {
  readonly path: string
  /** What comes before the flags, which stays the same for the life of the message. */
  readonly unique: string
  readonly flags: readonly string[]
}

async function filesOf(directory: string): Promise<MaildirFile[]> {
  const files: MaildirFile[] = []
  for (const part of ['cur', 'new']) {
    for (const file of await namesIn(join(directory, part))) {
      if (file.startsWith('.')) continue
      // `:2,FS`; where a file name may have no colon others stand for it
      const [, unique = file, letters = ''] = /^(.*?)[:;!]2,([A-Za-z]*)/.exec(file) ?? []
      files.push({ path: join(directory, part, file), unique, flags: [...letters] })
    }
  }
  return files.sort((a, b) => arrivalIn(a.unique) - arrivalIn(b.unique) || (a.unique < b.unique ? -1 : 1))
}

/** Names begin with the second of the delivery. */
function arrivalIn(unique: string): number {
  const seconds = Number.parseInt(unique, 10)
  return Number.isNaN(seconds) ? 0 : seconds
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Letter → keyword: lines are `0 $Label1`. */
async function readKeywords(directory: string): Promise<Map<string, string>> {
  const keywords = new Map<string, string>()
  let text: string
  try {
    text = await readFile(join(directory, KEYWORDS_FILE), 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return keywords
    throw error
  }
  for (const line of text.split('\n')) {
    const match = /^(\d{1,2}) (\S+)$/.exec(line.trimEnd())
    const number = Number(match?.[1])
    if (match?.[2] && number < MOST_KEYWORDS) keywords.set(String.fromCharCode(97 + number), match[2])
  }
  return keywords
}

/** A message that is to be a file: `id` is the same whenever the message is written. */
export interface NamedMessage extends TransferMessage {
  readonly id: string
}

/** Writes folders into a Maildir++; what is there already from an earlier time, by its `id`, is not written again. */
export class MaildirWriter {
  readonly #directory: string
  readonly #folders = new Map<string, FolderWriter>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Makes a folder, also when nothing comes into it. */
  async folder(name: string): Promise<void> {
    await this.#writer(name)
  }

  /** True: it was not there. The message survives a loss of power after `close`. */
  async add(message: NamedMessage): Promise<boolean> {
    return (await this.#writer(message.folder ?? 'INBOX')).add(message)
  }

  async close(): Promise<void> {
    for (const writer of this.#folders.values()) await writer.close()
  }

  async #writer(name: string): Promise<FolderWriter> {
    const known = this.#folders.get(name)
    if (known) return known
    const levels = name.split('/').map(level => encodeImapUtf7(level).replaceAll('.', DOT))
    const directory = name === 'INBOX' ? this.#directory : join(this.#directory, `.${levels.join('.')}`)
    const writer = await FolderWriter.open(directory)
    this.#folders.set(name, writer)
    return writer
  }
}

class FolderWriter {
  readonly #directory: string
  /** By what their names begin with. */
  readonly #files: Map<string, MaildirFile>
  readonly #keywords: Map<string, string>
  #newKeywords = false

  static async open(directory: string): Promise<FolderWriter> {
    for (const part of ['tmp', 'new', 'cur']) {
      await mkdir(join(directory, part), { recursive: true, mode: 0o700 })
    }
    if (basename(directory).startsWith('.')) await writeFile(join(directory, 'maildirfolder'), '')
    const files = new Map((await filesOf(directory)).map(file => [file.unique, file]))
    return new FolderWriter(directory, files, await readKeywords(directory))
  }

  private constructor(directory: string, files: Map<string, MaildirFile>, keywords: Map<string, string>) {
    this.#directory = directory
    this.#files = files
    this.#keywords = keywords
  }

  async add({ raw, flags, internalDate, id }: NamedMessage): Promise<boolean> {
    const arrived = internalDate ?? new Date(0)
    const unique = `${Math.floor(arrived.getTime() / 1000)}.${id}.email-server`
    const path = join(this.#directory, 'cur', `${unique}:2,${this.#letters(flags)}`)
    const old = this.#files.get(unique)
    if (old) {
      // its flags may have changed since then
      if (old.path !== path) await rename(old.path, path)
      return false
    }
    const draft = join(this.#directory, 'tmp', unique)
    const file: FileHandle = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(raw)
      await file.datasync()
    } finally {
      await file.close()
    }
    await utimes(draft, arrived, arrived)
    await rename(draft, path)
    return true
  }

  async close(): Promise<void> {
    if (this.#newKeywords) {
      const lines = [...this.#keywords].map(([letter, name]) => `${letter.charCodeAt(0) - 97} ${name}\n`)
      await writeFile(join(this.#directory, KEYWORDS_FILE), lines.join(''))
    }
    await flushDirectory(join(this.#directory, 'cur'))
    await flushDirectory(this.#directory)
  }

  /** In the order of the alphabet, as Maildir wants them. Keywords beyond the 26th of a folder have no letter. */
  #letters(flags: readonly string[]): string {
    const letters: string[] = []
    for (const flag of flags) {
      const folded = flag.toLowerCase()
      const known = [...LETTERS, ...this.#keywords].find(([, name]) => name.toLowerCase() === folded)
      if (known) letters.push(known[0])
      else if (this.#keywords.size < MOST_KEYWORDS) {
        const letter = this.#freeLetter()
        this.#keywords.set(letter, flag)
        this.#newKeywords = true
        letters.push(letter)
      }
    }
    return letters.sort().join('')
  }

  #freeLetter(): string {
    for (let code = 97; ; code++) {
      const letter = String.fromCharCode(code)
      if (!this.#keywords.has(letter)) return letter
    }
  }
}
