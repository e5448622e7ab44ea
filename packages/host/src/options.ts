// The command line of `npm start`. Everything has a default; a bad option is one clear line.
import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import type { ListenerName } from 'email-server'

/** One listener: its option, its default port, and what a person is told of it. */
export interface Door {
  readonly listener: ListenerName
  readonly option: string
  readonly port: number
  readonly label: string
  /** TLS comes first, before a word is said. */
  readonly implicitTls: boolean
}

export const DOORS: readonly Door[] = [
  door('inbound', 'inbound-port', 2525, 'SMTP, mail coming in'),
  door('submission', 'submission-port', 2587, 'SMTP, sending'),
  door('secure', 'submissions-port', 2465, 'SMTP, sending', true),
  door('imap', 'imap-port', 2143, 'IMAP'),
  door('imaps', 'imaps-port', 2993, 'IMAP', true),
  door('pop3', 'pop3-port', 2110, 'POP3'),
  door('pop3s', 'pop3s-port', 2995, 'POP3', true),
]

function door(
  listener: ListenerName,
  option: string,
  port: number,
  label: string,
  implicitTls = false,
): Door {
  return { listener, option, port, label, implicitTls }
}

export interface HostOptions {
  readonly data: string
  /** `postgres://…`; null: SQLite, in `data`. */
  readonly store: string | null
  readonly host: string
  readonly requireTls: boolean
  readonly ports: ReadonlyMap<ListenerName, number>
}

/** The command line is wrong; the message is the one line that a person reads. */
export class CommandLineError extends Error {}

export function usage(): string {
  const ports = DOORS.map(
    ({ option, label, implicitTls, port }) =>
      `  --${`${option} N`.padEnd(22)} ${label}${implicitTls ? ', TLS from the start' : ''} (default ${port})`,
  )
  return [
    'email-server: a development mail server that keeps its mail and lets none out.',
    '',
    'Usage: npm start -- [options]',
    '',
    `  --${'data DIR'.padEnd(22)} where mail, accounts and the certificate are kept (default ./data)`,
    `  --${'store URL'.padEnd(22)} keep mail in PostgreSQL (postgres://…), which several processes may share;`,
    '                           large messages stay in DIR/bodies, which they share as well',
    `  --${'host ADDRESS'.padEnd(22)} address to listen at (default 127.0.0.1)`,
    ...ports,
    '                           a port of 0 takes any free one',
    `  --${'require-tls'.padEnd(22)} take no password without TLS, not even on loopback`,
    `  --${'help'.padEnd(22)} this text`,
    `  --${'version'.padEnd(22)} the version`,
  ].join('\n')
}

/** `help` and `version` are asked for instead of a server. Throws a CommandLineError. */
export function readCommandLine(args: readonly string[]): HostOptions | 'help' | 'version' {
  const strings = ['data', 'store', 'host', ...DOORS.map(each => each.option)]
  let values: Record<string, string | boolean | undefined>
  try {
    values = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        ...Object.fromEntries(strings.map(name => [name, { type: 'string' as const }])),
        'require-tls': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    }).values as Record<string, string | boolean | undefined>
  } catch (error) {
    throw new CommandLineError(`${(error as Error).message.split('. ')[0]} (--help shows the options)`)
  }
  if (values['help']) return 'help'
  if (values['version']) return 'version'
  const host = (values['host'] as string | undefined) ?? '127.0.0.1'
  if (host === '') throw new CommandLineError('--host wants an address')
  const data = (values['data'] as string | undefined) ?? './data'
  if (data === '') throw new CommandLineError('--data wants a directory')
  return {
    data,
    store: storeOf(values['store'] as string | undefined),
    host,
    requireTls: values['require-tls'] === true,
    ports: new Map(
      DOORS.map(each => [each.listener, portOf(each, values[each.option] as string | undefined)]),
    ),
  }
}

function storeOf(url: string | undefined): string | null {
  if (url === undefined) return null
  if (!/^postgres(?:ql)?:\/\//.test(url))
    throw new CommandLineError('--store wants postgres://USER:PASSWORD@HOST/DATABASE')
  return url
}

function portOf({ option, port: usual }: Door, text: string | undefined): number {
  if (text === undefined) return usual
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new CommandLineError(
      `--${option} wants a port from 0 to 65535, not ${JSON.stringify(text.slice(0, 40))}`,
    )
  }
  return port
}

/** Is this an address that no other machine can reach? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
