// The command lines of the commands beside the server: mail in and out, upkeep, accounts.
import { parseArgs } from 'node:util'
import { CommandLineError } from './command-line-error.ts'
import { STORE_OPTIONS, type StorePlace, type StoreValues, storePlace } from './store-options.ts'

export type TransferFormat = 'mbox' | 'maildir' | 'imap'

interface Common {
  readonly data: string
  readonly store: StorePlace
}

export interface TransferCommand extends Common {
  readonly name: 'import' | 'export'
  readonly format: TransferFormat
  /** A file, a directory, or the URL of a server. */
  readonly path: string
  readonly user: string
  readonly folder: string | null
  readonly passwordFile: string | null
}

export type AddAction =
  | { readonly on: 'user'; readonly action: 'add'; readonly address: string }
  | { readonly on: 'domain'; readonly action: 'add'; readonly domain: string }
  | { readonly on: 'alias'; readonly action: 'add'; readonly alias: string; readonly account: string }

export type RemoveAction =
  | { readonly on: 'user'; readonly action: 'remove'; readonly address: string }
  | { readonly on: 'domain'; readonly action: 'remove'; readonly domain: string }
  | {
      readonly on: 'alias'
      readonly action: 'remove'
      readonly alias: string
      readonly account: string | null
    }

export type DirectoryAction =
  | AddAction
  | RemoveAction
  | { readonly on: 'user'; readonly action: 'password' | 'enable' | 'disable'; readonly address: string }
  | { readonly on: 'user' | 'domain' | 'alias'; readonly action: 'list' }

export interface DirectoryCommand extends Common {
  readonly name: 'directory'
  readonly what: DirectoryAction
  readonly passwordFile: string | null
}

export type Command =
  | TransferCommand
  | DirectoryCommand
  | (Common & { readonly name: 'backup'; readonly path: string })
  | (Common & { readonly name: 'verify'; readonly removeOrphans: boolean })

const NAMES = ['import', 'export', 'backup', 'verify', 'user', 'domain', 'alias'] as const

export function isCommand(name: string | undefined): boolean {
  return (NAMES as readonly (string | undefined)[]).includes(name)
}

export function commandUsage(): string {
  return [
    'Commands, with --data, --store and --bodies as above; while the server is stopped, unless mail is in PostgreSQL:',
    '',
    '  import mbox FILE --user ADDRESS [--folder NAME]      into INBOX, or into the folder',
    '  import maildir DIR --user ADDRESS [--folder NAME]    with its folders, or all of them below the folder',
    '  import imap URL --user ADDRESS [--folder NAME]       from another server: imaps://NAME@HOST[:PORT], or imap:// with STARTTLS',
    '  export mbox FILE --user ADDRESS [--folder NAME]      INBOX, or the folder',
    '  export maildir DIR --user ADDRESS [--folder NAME]    all folders, or one',
    '  export imap URL --user ADDRESS [--folder NAME]       to another server, all folders, or one',
    '  backup DIR                                           what is new since the last backup there',
    '  verify [--remove-orphans]                            is everything there, and what it was',
    '  user list | add ADDRESS | password ADDRESS | enable ADDRESS | disable ADDRESS | remove ADDRESS',
    '  domain list | add NAME | remove NAME                 "add" makes the store when there is none',
    '  alias list | add ALIAS ADDRESS | remove ALIAS [ADDRESS]',
    '',
    'Nothing is imported or exported twice: what was broken off is begun anew. Passwords are asked for, or come from --password-file FILE,',
    'IMAP_PASSWORD (import and export imap) or USER_PASSWORD (user add, user password).',
  ].join('\n')
}

/** Throws a CommandLineError. `args` begin with the name of the command. */
export function readCommand([name = '', ...args]: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const data = values.data ?? './data'
  if (data === '') throw new CommandLineError('--data wants a directory')
  const common = { data, store: storePlace(values) }
  switch (name) {
    case 'import':
    case 'export':
      return { name, ...common, ...transfer(name, values, positionals) }
    case 'backup': {
      refuse(name, values, ['user', 'folder', 'remove-orphans', 'password-file'])
      const [path] = exactly(positionals, 1, 'backup wants one directory')
      return { name, ...common, path: path! }
    }
    case 'verify':
      refuse(name, values, ['user', 'folder', 'password-file'])
      exactly(positionals, 0, 'verify wants options only')
      return { name, ...common, removeOrphans: values['remove-orphans'] === true }
    default: {
      refuse(name, values, ['user', 'folder', 'remove-orphans'])
      const what = directoryAction(name, positionals)
      const asks = what.on === 'user' && (what.action === 'add' || what.action === 'password')
      if (!asks) refuse(`${name} ${what.action}`, values, ['password-file'])
      return { name: 'directory', ...common, what, passwordFile: values['password-file'] ?? null }
    }
  }
}

interface Values extends StoreValues {
  readonly data?: string
  readonly user?: string
  readonly folder?: string
  readonly 'password-file'?: string
  readonly 'remove-orphans'?: boolean
}

function parse(args: readonly string[]): { values: Values; positionals: readonly string[] } {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        user: { type: 'string' },
        folder: { type: 'string' },
        'password-file': { type: 'string' },
        'remove-orphans': { type: 'boolean' },
        ...STORE_OPTIONS,
      },
    })
  } catch (error) {
    throw new CommandLineError(`${(error as Error).message.split('. ')[0]} (--help shows the options)`)
  }
}

function transfer(
  name: string,
  values: Values,
  positionals: readonly string[],
): Omit<TransferCommand, 'name' | keyof Common> {
  refuse(name, values, ['remove-orphans'])
  const [format, path] = exactly(positionals, 2, `${name} wants mbox FILE, maildir DIR or imap URL`)
  if (format !== 'mbox' && format !== 'maildir' && format !== 'imap') {
    throw new CommandLineError(
      `${name} knows mbox, maildir and imap, not ${JSON.stringify(format!.slice(0, 40))}`,
    )
  }
  if (format !== 'imap') refuse(`${name} ${format}`, values, ['password-file'])
  if (!values.user) throw new CommandLineError(`${name} wants --user ADDRESS`)
  if (values.folder === '') throw new CommandLineError('--folder wants a name')
  const passwordFile = values['password-file'] ?? null
  return { format, path: path!, user: values.user, folder: values.folder ?? null, passwordFile }
}

function directoryAction(on: string, [action = '', ...names]: readonly string[]): DirectoryAction {
  const [first = '', second = null] = names
  if (!oneOf(on, ['user', 'domain', 'alias'] as const)) throw new CommandLineError(`${on} is no command`)
  if (action === 'list') {
    exactly(names, 0, `${on} list wants options only`)
    return { on, action }
  }
  if (on === 'user' && oneOf(action, ['password', 'enable', 'disable'] as const)) {
    exactly(names, 1, `user ${action} wants one address`)
    return { on, action, address: first }
  }
  if (action !== 'add' && action !== 'remove') {
    throw new CommandLineError(`${on} ${action}: there is no such command (--help shows them)`)
  }
  switch (on) {
    case 'user':
      exactly(names, 1, `user ${action} wants one address`)
      return { on, action, address: first }
    case 'domain':
      exactly(names, 1, `domain ${action} wants one name`)
      return { on, action, domain: first }
    case 'alias': {
      if (action === 'remove') {
        exactly(names, second === null ? 1 : 2, 'alias remove wants the alias, and perhaps an account')
        return { on, action, alias: first, account: second }
      }
      exactly(names, 2, 'alias add wants the alias and the address of an account')
      return { on, action, alias: first, account: second! }
    }
  }
}

function oneOf<T extends string>(value: string, all: readonly T[]): value is T {
  return (all as readonly string[]).includes(value)
}

function refuse(name: string, values: Values, options: readonly (keyof Values)[]): void {
  const wrong = options.find(option => values[option] !== undefined)
  if (wrong) throw new CommandLineError(`${name} has no option --${wrong}`)
}

function exactly(positionals: readonly string[], count: number, otherwise: string): readonly string[] {
  if (positionals.length !== count || positionals.includes('')) throw new CommandLineError(otherwise)
  return positionals
}
