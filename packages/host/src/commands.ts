// What the commands do with the store. Each answers the lines that tell its result.
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type ImportProgress,
  MaildirWriter,
  maildirFolders,
  readMaildir,
  readMbox,
  type Store,
  type TransferMessage,
  writeMbox,
} from '@email-server/store'
import type { Command, TransferCommand } from './command-line.ts'
import { runDirectory } from './directory-commands.ts'
import { exportToServer, importFromServer } from './imap-commands.ts'
import { number, ProgressBar, type Terminal } from './progress.ts'
import { openAt } from './store-options.ts'

export interface CommandWorld {
  /** Where a bar is shown, if it is a terminal. */
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

export interface CommandResult {
  /** Lines for the person who asked. */
  readonly text: string
  /** False: something is wrong with the mail. */
  readonly ok: boolean
}

/** Rejects with an error whose message is the one line that a person needs. */
export async function runCommand(command: Command, world: CommandWorld): Promise<CommandResult> {
  const store = await open(command)
  const bar = new ProgressBar(world.terminal)
  try {
    switch (command.name) {
      case 'directory':
        return { ok: true, text: await runDirectory(store, command) }
      case 'import':
        if (command.format === 'imap') return await importFromServer(store, command, bar, world.signal)
        return { ok: true, text: await importMail(store, command, bar, world.signal) }
      case 'export':
        if (command.format === 'imap') return await exportToServer(store, command, bar, world.signal)
        return { ok: true, text: await exportMail(store, command, bar, world.signal) }
      case 'backup':
        return { ok: true, text: await backUp(store, command.path, bar, world.signal) }
      case 'verify':
        return await verify(store, command.removeOrphans, bar, world.signal)
    }
  } finally {
    bar.clear()
    await store.close()
  }
}

/** A store that is made by mistake would be empty, and the mail seem lost: so only a first domain makes one. */
async function open(command: Command): Promise<Store> {
  const data = resolve(command.data)
  const isFirst =
    command.name === 'directory' && command.what.on === 'domain' && command.what.action === 'add'
  const isMade = command.store.url !== null || (await isThere(join(data, 'mail.sqlite')))
  if (!isFirst && !isMade) throw new Error(`there is no mail in ${data}`)
  return openAt(data, command.store)
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}

async function importMail(
  store: Store,
  command: TransferCommand,
  bar: ProgressBar,
  signal: AbortSignal,
): Promise<string> {
  const { user, folder, path } = command
  let at = 0
  let total = 0
  const counted = ({ added, skipped }: ImportProgress): void => {
    bar.show(at, total, `${number(added)} messages, ${number(skipped)} were there`)
  }
  const source = async function* (): AsyncGenerator<TransferMessage> {
    if (command.format === 'mbox') {
      total = (await stat(path)).size
      const count = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of createReadStream(path)) {
          at += (chunk as Buffer).length
          yield chunk as Buffer
        }
      }
      yield* readMbox(count())
      return
    }
    const folders = await maildirFolders(path)
    total = folders.reduce((sum, { count }) => sum + count, 0)
    for (const each of folders) {
      for await (const message of readMaildir(each)) {
        at++
        yield { ...message, folder: below(folder, each.name) }
      }
    }
  }
  const { added, skipped } = await store.importMessages(user, source(), {
    ...(folder !== null && { folder }),
    onProgress: counted,
    signal,
  })
  return `${number(added)} messages imported, ${number(skipped)} were there already`
}

function below(parent: string | null, folder: string): string {
  if (parent === null) return folder
  return folder === 'INBOX' ? parent : `${parent}/${folder}`
}

async function exportMail(
  store: Store,
  command: TransferCommand,
  bar: ProgressBar,
  signal: AbortSignal,
): Promise<string> {
  const { user, folder, path } = command
  const all = await store.folderNames(user)
  const folders = folder !== null ? [folder] : command.format === 'mbox' ? ['INBOX'] : all
  const handlers = store.mailbox(user)
  let total = 0
  for (const name of folders) total += Number((await handlers.status!(name, { items: ['total'] })).total)
  let at = 0
  const messages = async function* (name: string) {
    for await (const message of store.exportMessages(user, name)) {
      signal.throwIfAborted()
      bar.show(++at, total, `${number(at)} messages`)
      yield message
    }
  }
  if (command.format === 'mbox') {
    if (await isThere(path)) throw new Error(`${path} is there already`)
    const draft = `${path}.part`
    try {
      // flushed before it gets its name
      const file = createWriteStream(draft, { mode: 0o600, flush: true })
      await pipeline(Readable.from(writeMbox(messages(folders[0]!)), { objectMode: false }), file)
      await rename(draft, path)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
    return `${number(at)} messages exported`
  }
  const writer = new MaildirWriter(path)
  let written = 0
  for (const name of folders) {
    await writer.folder(name)
    for await (const message of messages(name)) if (await writer.add(message)) written++
  }
  await writer.close()
  return `${number(written)} messages exported, ${number(at - written)} were there already`
}

async function backUp(
  store: Store,
  directory: string,
  bar: ProgressBar,
  signal: AbortSignal,
): Promise<string> {
  const { bodies, copied, bytes } = await store.backup(directory, {
    onProgress: progress =>
      bar.show(progress.bodies, progress.total, `${number(progress.bodies)} large messages`),
    signal,
  })
  return `backed up into ${resolve(directory)}: the database, and ${number(copied)} of ${number(bodies)} large messages that were not there (${megabytes(bytes)})`
}

async function verify(
  store: Store,
  removeOrphans: boolean,
  bar: ProgressBar,
  signal: AbortSignal,
): Promise<CommandResult> {
  const report = await store.verify({
    removeOrphans,
    onProgress: ({ bodies, total }) => bar.show(bodies, total, `${number(bodies)} different messages`),
    signal,
  })
  bar.clear()
  const { folders, messages, bodies, bytes, problems, orphans, orphanBytes, removed } = report
  const lines = [
    ...problems,
    `${number(messages)} messages in ${number(folders)} folders, ${number(bodies)} different ones (${megabytes(bytes)}): ${
      problems.length === 0 ? 'all is in order' : `${number(problems.length)} problems`
    }`,
  ]
  if (orphans > 0) {
    lines.push(
      `${number(orphans)} files belong to no message (${megabytes(orphanBytes)}), ${number(removed)} of them were removed`,
    )
  }
  return { ok: problems.length === 0, text: lines.join('\n') }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
