// A contender that is a process which says its CPU time when it is ready, or done. Each sample is a new process, from spawn to its first byte.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contender, Sample } from './row.ts'

/** `file`: in `programs/`. Samples: `ms` and `CPU ms`. */
export function program(name: string, kind: Contender['kind'], file: string, ...args: string[]): Contender {
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
