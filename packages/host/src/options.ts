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
}

export const DOORS: readonly Door[] = [
  { listener: 'inbound', option: 'inbound-port', port: 2525, label: 'SMTP, mail coming in' },
  { listener: 'submission', option: 'submission-port', port: 2587, label: 'SMTP, sending' },
  { listener: 'secure', option: 'submissions-port', port: 2465, label: 'SMTP, sending' },
  { listener: 'imap', option: 'imap-port', port: 2143, label: 'IMAP' },
  { listener: 'imaps', option: 'imaps-port', port: 2993, label: 'IMAP' },
  { listener: 'pop3', option: 'pop3-port', port: 2110, label: 'POP3' },
  { listener: 'pop3s', option: 'pop3s-port', port: 2995, label: 'POP3' },
]

export interface HostOptions {
  readonly data: string
  readonly host: string
  readonly requireTls: boolean
  readonly ports: ReadonlyMap<ListenerName, number>
}

/** The command line is wrong; the message is the one line that a person reads. */
export class CommandLineError extends Error {}

export function usage(): string {
  const ports = DOORS.map(door => {
    const text = `  --${`${door.option} N`.padEnd(22)} ${door.label} (default ${door.port})`
    return text
  })
  return [
    'email-server: a development mail server that keeps its mail and lets none out.',
    '',
    'Usage: npm start -- [options]',
    '',
    `  --${'data DIR'.padEnd(22)} where mail, accounts and the certificate are kept (default ./data)`,
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
  const strings = ['data', 'host', ...DOORS.map(door => door.option)]
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
    host,
    requireTls: values['require-tls'] === true,
    ports: new Map(
      DOORS.map(door => [door.listener, portOf(door, values[door.option] as string | undefined)]),
    ),
  }
}

function portOf(door: Door, text: string | undefined): number {
  if (text === undefined) return door.port
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new CommandLineError(
      `--${door.option} wants a port from 0 to 65535, not ${JSON.stringify(text.slice(0, 40))}`,
    )
  }
  return port
}

/** Is this an address that no other machine can reach? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
