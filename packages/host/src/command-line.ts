// The command lines of the commands beside the server: `import`, `export`, `backup`, `verify`.
import { parseArgs } from 'node:util'
import { CommandLineError } from './options.ts'

export type TransferFormat = 'mbox' | 'maildir'

export type Command =
  | {
      readonly name: 'import' | 'export'
      readonly data: string
      readonly format: TransferFormat
      readonly path: string
      readonly user: string
      readonly folder: string | null
    }
  | { readonly name: 'backup'; readonly data: string; readonly path: string }
  | { readonly name: 'verify'; readonly data: string; readonly removeOrphans: boolean }

const NAMES = ['import', 'export', 'backup', 'verify'] as const

export function isCommand(name: string | undefined): boolean {
  return (NAMES as readonly (string | undefined)[]).includes(name)
}

export function commandUsage(): string {
  return [
    'Commands, while the server is stopped (--data DIR as above):',
    '',
    '  import mbox FILE --user ADDRESS [--folder NAME]      into INBOX, or into the folder',
    '  import maildir DIR --user ADDRESS [--folder NAME]    with its folders, or all of them below the folder',
    '  export mbox FILE --user ADDRESS [--folder NAME]      INBOX, or the folder',
    '  export maildir DIR --user ADDRESS [--folder NAME]    all folders, or one',
    '  backup DIR                                           what is new since the last backup there',
    '  verify [--remove-orphans]                            is everything there, and what it was',
    '',
    'Nothing is imported or exported twice: what was broken off is begun anew.',
  ].join('\n')
}

/** Throws a CommandLineError. `args` begin with the name of the command. */
export function readCommand([name, ...args]: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const data = values.data ?? './data'
  if (data === '') throw new CommandLineError('--data wants a directory')
  switch (name) {
    case 'import':
    case 'export':
      return { name, data, ...transfer(name, values, positionals) }
    case 'backup': {
      refuse(name, values, ['user', 'folder', 'remove-orphans'])
      const [path] = exactly(positionals, 1, 'backup wants one directory')
      return { name, data, path: path! }
    }
    default:
      refuse('verify', values, ['user', 'folder'])
      exactly(positionals, 0, 'verify wants options only')
      return { name: 'verify', data, removeOrphans: values['remove-orphans'] === true }
  }
}

interface Values {
  readonly data?: string
  readonly user?: string
  readonly folder?: string
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
        'remove-orphans': { type: 'boolean' },
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
): { format: TransferFormat; path: string; user: string; folder: string | null } {
  refuse(name, values, ['remove-orphans'])
  const [format, path] = exactly(positionals, 2, `${name} wants mbox FILE or maildir DIR`)
  if (format !== 'mbox' && format !== 'maildir') {
    throw new CommandLineError(`${name} knows mbox and maildir, not ${JSON.stringify(format!.slice(0, 40))}`)
  }
  if (!values.user) throw new CommandLineError(`${name} wants --user ADDRESS`)
  if (values.folder === '') throw new CommandLineError('--folder wants a name')
  return { format, path: path!, user: values.user, folder: values.folder ?? null }
}

function refuse(name: string, values: Values, options: readonly (keyof Values)[]): void {
  const wrong = options.find(option => values[option] !== undefined)
  if (wrong) throw new CommandLineError(`${name} has no option --${wrong}`)
}

function exactly(positionals: readonly string[], count: number, otherwise: string): readonly string[] {
  if (positionals.length !== count || positionals.includes('')) throw new CommandLineError(otherwise)
  return positionals
}
