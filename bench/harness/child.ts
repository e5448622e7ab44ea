// Contenders that run in a process of their own, so that their CPU time is known apart from ours: the parent's half
// (`startServer`, `startWork`) and the child's half (`serve`).
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contender, Running, Sample } from './row.ts'

type Question = { ask: 'cpu' } | { ask: 'work' }
type Answer =
  | { ready: number }
  | { cpu: number }
  | { units: number; wall: number; cpu: number }
  | { failed: string }

export interface ServerProcess {
  readonly port: number
  /** Resident memory and CPU time are the child's alone; µs since its start, user and system together. */
  cpu(): Promise<number>
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a program of `bench/servers` (a `.ts` name relative to `base`), which says `serve(port)` when it listens. */
export async function startServer(
  program: string,
  base: string,
  args: readonly string[] = [],
): Promise<ServerProcess> {
  const child = fork(script(program, base), [...args], { stdio: 'inherit' })
  const first = await answer(child)
  if (!('ready' in first)) throw new Error(`${program} did not listen`)
  return {
    port: first.ready,
    pid: child.pid!,
    async cpu() {
      const said = await ask(child, { ask: 'cpu' })
      if (!('cpu' in said)) throw new Error(`${program} did not tell its CPU time`)
      return said.cpu
    },
    stop: () => stop(child),
  }
}

export interface WorkProcess {
  round(): Promise<Sample>
  stop(): Promise<void>
}

/** Starts a program that calls `serve(0, doWork)`: each round is one call, and its units are messages. */
export async function startSender(
  program: string,
  base: string,
  args: readonly string[],
): Promise<WorkProcess> {
  const child = fork(script(program, base), [...args], { stdio: 'inherit' })
  await answer(child)
  return {
    async round() {
      const said = await ask(child, { ask: 'work' })
      if (!('units' in said)) throw new Error(`${program} did not send`)
      return { 'msg/s': (said.units / said.wall) * 1e6, 'CPU µs/msg': said.cpu / said.units }
    },
    stop: () => stop(child),
  }
}

/**
 * A contender that computes: in a child of its own, `export`ed by `program`, a function that does a round's work each time
 * it is called and says how many units that was. Its metrics are `UNIT/s` and `CPU µs/UNIT`.
 */
export function work(
  name: string,
  kind: Contender['kind'],
  unit: string,
  program: string,
  exported: string,
  base: string,
): Contender {
  return {
    name,
    kind,
    async start(): Promise<Running> {
      const child = fork(fileURLToPath(new URL('./work-child.js', import.meta.url)), [
        script(program, base),
        exported,
      ])
      await answer(child)
      return {
        async round(): Promise<Sample> {
          const said = await ask(child, { ask: 'work' })
          if (!('units' in said)) throw new Error(`${program} did not work`)
          return { [`${unit}/s`]: (said.units / said.wall) * 1e6, [`CPU µs/${unit}`]: said.cpu / said.units }
        },
        stop: () => stop(child),
      }
    },
  }
}

/** The child's half: says that it is ready (a server: at which port), then answers until the parent is gone. */
export function serve(port: number, doWork?: () => number | Promise<number>): void {
  process.on('disconnect', () => process.exit())
  process.on('message', async (question: Question) => {
    try {
      if (question.ask === 'cpu') return tell({ cpu: cpuTime() })
      if (!doWork) throw new Error('no work')
      const [wall, cpu] = [process.hrtime.bigint(), cpuTime()]
      const units = await doWork()
      tell({ units, wall: Number(process.hrtime.bigint() - wall) / 1e3, cpu: cpuTime() - cpu })
    } catch (error) {
      tell({ failed: String(error) })
    }
  })
  tell({ ready: port })
}

function tell(said: Answer): void {
  process.send?.(said)
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function script(program: string, base: string): string {
  return fileURLToPath(new URL(program.replace(/\.ts$/, '.js'), base))
}

async function ask(child: ChildProcess, question: Question): Promise<Answer> {
  child.send(question)
  return answer(child)
}

async function answer(child: ChildProcess): Promise<Answer> {
  const gone = new AbortController()
  const exit = (code: number | null): void => gone.abort(new Error(`the child process ended (${code})`))
  child.once('exit', exit)
  try {
    const [said] = (await once(child, 'message', { signal: gone.signal })) as [Answer]
    if ('failed' in said) throw new Error(said.failed)
    return said
  } finally {
    child.off('exit', exit)
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
