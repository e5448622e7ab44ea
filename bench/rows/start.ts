// How long a process takes until it can serve or use the library, beside a process that does nothing. Each sample is a new
// process, from spawn to its first byte; it says its own CPU time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contender, Row, Sample } from '../harness/row.ts'

const METRICS = ['ms', 'CPU ms'] as const

function program(name: string, kind: Contender['kind'], file: string, ...args: string[]): Contender {
  const path = fileURLToPath(new URL(`../programs/${file}.js`, import.meta.url))
  return {
    name,
    kind,
    start: async () => ({
      async round(): Promise<Sample> {
        const start = process.hrtime.bigint()
        const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
        const ended = once(child, 'exit')
        const first = once(child.stdout, 'data')
        const [said] = (await Promise.race([first, ended.then(() => [undefined])])) as [Buffer | undefined]
        if (!said) throw new Error(`${name} said nothing`)
        const ms = Number(process.hrtime.bigint() - start) / 1e6
        child.kill('SIGKILL')
        await ended
        const { user, system }: NodeJS.CpuUsage = JSON.parse(said.toString())
        return { ms, 'CPU ms': (user + system) / 1000 }
      },
      stop: async () => {},
    }),
  }
}

const bare = program('bare Node', 'limit', 'say')
const library = (name: string, kind: Contender['kind']): Contender => program(name, kind, 'say', name)

export const rows: readonly Row[] = [
  {
    name: 'listen',
    task: 'process start until the server listens (ours: SMTP, IMAP and POP3)',
    metrics: METRICS,
    rounds: 15,
    contenders: [
      program('email-server', 'ours', 'listen-ours'),
      program('smtp-server', 'peer', 'listen-smtp-server'),
      program('raw node:net', 'peer', 'listen-raw'),
      bare,
    ],
    targets: [{ metric: 'ms', atMost: 30, aboveThatOf: 'bare Node' }],
  },
  {
    name: 'import',
    task: 'process start until the library is imported',
    metrics: METRICS,
    rounds: 15,
    contenders: [
      library('email-server', 'ours'),
      ...['nodemailer', 'smtp-server', 'imapflow', 'mailparser', 'postal-mime', 'mailauth'].map(name =>
        library(name, 'peer'),
      ),
      bare,
    ],
    targets: [{ metric: 'ms', atMost: 25, aboveThatOf: 'bare Node' }],
  },
]
