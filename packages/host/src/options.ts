// The command line of `npm start`. Everything has a default; a bad option is one clear line.
import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import type { ListenerName } from 'email-server'
import { CommandLineError } from './command-line-error.ts'
import { STORE_OPTIONS, type StorePlace, type StoreValues, storePlace, storeUsage } from './store-options.ts'

/** One listener: its option, its default port, and what a person is told of it. */
export interface Door {
  readonly listener: ListenerName
  readonly option: string
  readonly port: number
  readonly label: string
  readonly protocol: 'smtp' | 'imap' | 'pop3'
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
  const protocol = listener.startsWith('imap') ? 'imap' : listener.startsWith('pop3') ? 'pop3' : 'smtp'
  return { listener, option, port, label, protocol, implicitTls }
}

/** How a connection is secured, in the words of a mail client. */
export function securityOf({ implicitTls, listener }: Door, clearPasswords: boolean): string {
  if (implicitTls) return 'TLS'
  return clearPasswords || listener === 'inbound' ? 'STARTTLS or none' : 'STARTTLS'
}

export interface HostOptions {
  readonly data: string
  readonly store: StorePlace
  readonly host: string
  readonly requireTls: boolean
  readonly ports: ReadonlyMap<ListenerName, number>
  /** Null: without the web page. */
  readonly web: WebPageOptions | null
}

export interface WebPageOptions {
  readonly port: number
  readonly address: string
  /** Names under which it is reached, beside `localhost` and its address. */
  readonly names: readonly string[]
  /** Null: none was given. */
  readonly token: string | null
}

const WEB_PORT = 2080
const SHORTEST_TOKEN = 16

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
    ...storeUsage(),
    `  --${'host ADDRESS'.padEnd(22)} address to listen at (default 127.0.0.1)`,
    ...ports,
    '                           a port of 0 takes any free one',
    `  --${'web N'.padEnd(22)} port of the web page (default ${WEB_PORT})`,
    `  --${'no-web'.padEnd(22)} without the web page`,
    `  --${'web-address ADDRESS'.padEnd(22)} where the page listens (default 127.0.0.1); elsewhere it wants a token`,
    `  --${'web-host NAME'.padEnd(22)} a name under which the page is reached; may be given again`,
    `  --${'web-token TOKEN'.padEnd(22)} what the page asks for (default: none on loopback, else made at the start)`,
    `  --${'require-tls'.padEnd(22)} take no password without TLS, not even on loopback`,
    `  --${'help'.padEnd(22)} this text`,
    `  --${'version'.padEnd(22)} the version`,
  ].join('\n')
}

type Values = Record<string, string | boolean | string[] | undefined>

/** `help` and `version` are asked for instead of a server. Throws a CommandLineError. */
export function readCommandLine(args: readonly string[]): HostOptions | 'help' | 'version' {
  const strings = ['data', 'host', 'web', 'web-address', 'web-token', ...DOORS.map(each => each.option)]
  let values: Values
  try {
    values = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        ...Object.fromEntries(strings.map(name => [name, { type: 'string' as const }])),
        ...STORE_OPTIONS,
        'no-web': { type: 'boolean' },
        'web-host': { type: 'string', multiple: true },
        'require-tls': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    }).values as Values
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
    store: storePlace(values as StoreValues),
    host,
    requireTls: values['require-tls'] === true,
    ports: new Map(DOORS.map(({ listener, option, port }) => [listener, portOf(option, port, values)])),
    web: webOptions(values),
  }
}

function webOptions(values: Values): WebPageOptions | null {
  const names = (values['web-host'] as string[] | undefined) ?? []
  const token = (values['web-token'] as string | undefined) ?? null
  const address = (values['web-address'] as string | undefined) ?? '127.0.0.1'
  if (values['no-web']) {
    const other = ['web', 'web-address', 'web-host', 'web-token'].find(name => values[name] !== undefined)
    if (other) throw new CommandLineError(`--no-web and --${other} contradict each other`)
    return null
  }
  if (address === '') throw new CommandLineError('--web-address wants an address')
  const bad = names.find(name => !/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(name))
  if (bad !== undefined) {
    throw new CommandLineError(
      `--web-host wants a name without a port, not ${JSON.stringify(bad.slice(0, 40))}`,
    )
  }
  // it stands in an address, a cookie and a header
  if (token !== null && !(token.length >= SHORTEST_TOKEN && /^[A-Za-z0-9._~-]+$/.test(token))) {
    throw new CommandLineError(`--web-token wants at least ${SHORTEST_TOKEN} letters, digits, or . _ ~ -`)
  }
  return {
    port: portOf('web', WEB_PORT, values),
    address,
    names: names.map(name => name.toLowerCase()),
    token,
  }
}

function portOf(option: string, usual: number, values: Values): number {
  const text = values[option] as string | undefined
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
