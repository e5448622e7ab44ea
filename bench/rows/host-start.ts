// How long `npm start` takes, without the build, until a person reads the table of ports.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contender, Row } from '../harness/row.ts'

const CLI = fileURLToPath(new URL('../../../packages/host/dist/cli.js', import.meta.url))
const OPTIONS = ['inbound', 'submission', 'submissions', 'imap', 'imaps', 'pop3', 'pop3s'].flatMap(name => [
  `--${name}-port`,
  '0',
])

async function startOnce(data: string, web: readonly string[]): Promise<number> {
  const start = process.hrtime.bigint()
  const child = spawn(process.execPath, [CLI, '--data', data, ...OPTIONS, ...web], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  try {
    let printed = ''
    for await (const chunk of child.stdout) {
      printed += String(chunk)
      if (printed.includes('Stop with')) return Number(process.hrtime.bigint() - start) / 1e6
    }
    throw new Error(`the server ended: ${printed}`)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

function contender(name: string, fresh: boolean, web: readonly string[] = ['--web', '0']): Contender {
  return {
    name,
    kind: 'ours',
    async start() {
      const folder = mkdtempSync(join(tmpdir(), 'bench-'))
      let count = 0
      return {
        round: async () => ({ ms: await startOnce(join(folder, fresh ? `data-${count++}` : 'data'), web) }),
        stop: async () => rmSync(folder, { recursive: true }),
      }
    },
  }
}

export const rows: readonly Row[] = [
  {
    name: 'host-start',
    task: 'npm start until the table is printed, with a new data directory (certificate, seeded mail) and an old one',
    metrics: ['ms'],
    rounds: 5,
    contenders: [
      contender('first start', true),
      contender('later start', false),
      contender('later start without the page', false, ['--no-web']),
    ],
    targets: [{ metric: 'ms', atMost: 2000 }],
  },
]
