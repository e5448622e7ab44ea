// `import imap` and `export imap`: mail from and to another server.
import type { ImapProgress, RefusedMessage, Store } from '@email-server/store'
import { type ConnectImapOptions, MailError } from 'email-server'
import type { TransferCommand } from './command-line.ts'
import { CommandLineError } from './command-line-error.ts'
import type { CommandResult } from './commands.ts'
import { number, type ProgressBar } from './progress.ts'
import { readSecret } from './secrets.ts'

export function importFromServer(
  store: Store,
  command: TransferCommand,
  bar: ProgressBar,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { user, folder } = command
  return transfer('imported', command, bar, (way, told) =>
    store.importIMAP(user, way, { ...told, ...(folder !== null && { folder }), signal }),
  )
}

export function exportToServer(
  store: Store,
  command: TransferCommand,
  bar: ProgressBar,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { user, folder } = command
  return transfer('exported', command, bar, (way, told) =>
    store.exportIMAP(user, way, { ...told, ...(folder !== null && { only: folder }), signal }),
  )
}

interface Told {
  readonly onProgress: (progress: ImapProgress) => void
  readonly onRefused: (message: RefusedMessage) => void
}

async function transfer(
  done: 'imported' | 'exported',
  command: TransferCommand,
  bar: ProgressBar,
  start: (way: ConnectImapOptions, told: Told) => Promise<ImapProgress>,
): Promise<CommandResult> {
  const refused = new Refused()
  const told = { onProgress: (progress: ImapProgress) => show(bar, progress), onRefused: refused.take }
  const { added, skipped } = await start(await wayTo(command), told).catch(explain)
  return refused.result(`${number(added)} messages ${done}, ${number(skipped)} were there already`)
}

/** Why a connection could not be made stands behind the error. */
function explain(error: unknown): never {
  const { message, cause } = error as Error
  if (error instanceof MailError && cause instanceof Error) {
    throw new Error(`${message}: ${cause.message}`, { cause: error })
  }
  throw error
}

function show(bar: ProgressBar, { added, skipped, refused, total }: ImapProgress): void {
  const text = `${number(added)} messages, ${number(skipped)} were there`
  bar.show(added + skipped + refused, total, text)
}

/** Messages that one of the servers does not give or take: each is told at the end. */
class Refused {
  readonly #lines: string[] = []

  readonly take = ({ folder, uid, error }: RefusedMessage): void => {
    this.#lines.push(`message ${uid} of ${folder}: ${error.message}`)
  }

  result(text: string): CommandResult {
    const left = this.#lines.length
    if (left === 0) return { ok: true, text }
    return { ok: false, text: [...this.#lines, `${text}, ${number(left)} were refused`].join('\n') }
  }
}

/** `imaps://NAME@HOST[:PORT]` */
async function wayTo({ path, passwordFile }: TransferCommand): Promise<ConnectImapOptions> {
  let url: URL
  try {
    url = new URL(path)
  } catch {
    throw wrongUrl()
  }
  if (!/^imaps?:$/.test(url.protocol) || url.hostname === '' || url.username === '') throw wrongUrl()
  if (url.password !== '') {
    throw new CommandLineError(
      'a password in the command line is seen by everybody: --password-file, IMAP_PASSWORD',
    )
  }
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') throw wrongUrl()
  const secure = url.protocol === 'imaps:'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const user = decodeURIComponent(url.username)
  const pass = await readSecret({
    file: passwordFile,
    variable: 'IMAP_PASSWORD',
    question: `Password of ${user} at ${host}`,
  })
  const port = url.port === '' ? (secure ? 993 : 143) : Number(url.port)
  return { host, port, secure, auth: { user, pass } }
}

function wrongUrl(): CommandLineError {
  return new CommandLineError('a server is said as imaps://NAME@HOST[:PORT], or imap:// with STARTTLS')
}
