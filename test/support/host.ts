// The real server, as `npm start` runs it: a process of its own, on free ports, with a data directory of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ALICE = 'alice@example.test'
export const BOB = 'bob@example.test'
export const PASSWORD = 'password'

const CLI = fileURLToPath(new URL('../../../packages/host/dist/cli.js', import.meta.url))

/** The options that name a port, in the order of the printed table. */
const PORT_OPTIONS = {
  inbound: 'inbound-port',
  submission: 'submission-port',
  submissions: 'submissions-port',
  imap: 'imap-port',
  imaps: 'imaps-port',
  pop3: 'pop3-port',
  pop3s: 'pop3s-port',
} as const

export type PortName = keyof typeof PORT_OPTIONS

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Host extends AsyncDisposable {
  readonly ports: Readonly<Record<PortName, number>>
  readonly data: string
  readonly pid: number
  /** The address of the web page; '' without one. */
  readonly web: string
  /** Everything that it has printed so far. */
  output(): string
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>
}

/** A folder under the system's temporary one, removed at the end. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'email-server-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Runs the program to its end, which must come within 20 seconds. */
export async function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended & { stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
  const ended = await settle(child)
  return { ...ended, ...said }
}

/** Starts a server and waits until it listens. Without `data` it gets a folder that goes away with it. */
export async function startHost(
  options: { readonly data?: string; readonly args?: readonly string[] } = {},
): Promise<Host> {
  const folder = options.data === undefined ? await temporaryFolder() : null
  const data = options.data ?? join(folder!.path, 'data')
  const names = [...Object.values(PORT_OPTIONS), ...(options.args?.includes('--no-web') ? [] : ['web'])]
  const anyPorts = names.flatMap(option => [`--${option}`, '0'])
  const child = spawn(process.execPath, [CLI, '--data', data, ...anyPorts, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ports = await new Promise<Record<PortName, number>>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString()
      try {
        const found = readPorts(output)
        if (found) resolve(found)
      } catch (error) {
        reject(error)
      }
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.once('exit', code => reject(new Error(`the server ended with ${code}: ${output}`)))
    child.once('error', reject)
  })
  return {
    ports,
    data,
    pid: child.pid!,
    web: /^ {2}Web page +(\S+)$/m.exec(output)?.[1] ?? '',
    output: () => output,
    async end(signal) {
      child.kill(signal)
      return settle(child)
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await settle(child)
      await folder?.[Symbol.asyncDispose]()
    },
  }
}

/** The ports in the printed table; null before all of it is there. */
function readPorts(output: string): Record<PortName, number> | null {
  if (!/^Stop with /m.test(output)) return null
  const rows = [...output.matchAll(/^ {2}(?:SMTP|IMAP|POP3)\b.* (\d+) +(?:START)?TLS.*$/gm)]
  const names = Object.keys(PORT_OPTIONS) as PortName[]
  if (rows.length !== names.length) throw new Error(`the table has ${rows.length} ports: ${output}`)
  return Object.fromEntries(names.map((name, i) => [name, Number(rows[i]![1])])) as Record<PortName, number>
}

async function settle(child: ChildProcess): Promise<Ended> {
  if (child.exitCode === null && child.signalCode === null) {
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await once(child, 'close')
    clearTimeout(timer)
  }
  return { code: child.exitCode, signal: child.signalCode }
}
