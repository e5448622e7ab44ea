// What the checks that stand alone have in common: whom they ask, by which clock, in how much time, and how they answer.
import { optionError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'
import { CachingResolver, type Resolver, TimedQuestions } from '../dns/index.ts'
import { nodeRuntime } from './runtime.ts'

export interface CheckOptions {
  /** Who is asked; its `resolve(name, type)` tells the four ways to have no answer apart. Default: the DNS servers of this machine. */
  readonly resolver?: Resolver
  /** Time for the whole check, ms; then the result is `temperror`. Default 20,000 for SPF, else 10,000. */
  readonly timeoutMs?: number
  /** The clock. Default: that of this machine. */
  readonly runtime?: Pick<Runtime, 'now' | 'setTimer'>
}

export type CheckCallback<T> = (error: Error | null, result?: T) => void

export interface CheckWorld {
  readonly resolver: Resolver
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
}

/** Throws ECONFIG that names the option. */
export function checkWorld(options: CheckOptions): CheckWorld {
  const { resolver = nodeRuntime, runtime = nodeRuntime, timeoutMs } = options
  if (typeof resolver?.resolve !== 'function') {
    throw optionError('resolver', 'an object with resolve(name, type)', resolver)
  }
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw optionError('timeoutMs', 'a number of milliseconds above 0', timeoutMs)
  }
  return { resolver, runtime }
}

/** The same for questions that several checks ask: each is asked once. */
export function cachingWorld(options: CheckOptions): CheckWorld {
  const { resolver, runtime } = checkWorld(options)
  if (resolver instanceof CachingResolver) return { resolver, runtime }
  const asking = {
    now: () => runtime.now(),
    setTimer: runtime.setTimer.bind(runtime),
    resolve: resolver.resolve.bind(resolver),
  }
  return { resolver: new CachingResolver({ runtime: asking }), runtime }
}

/** Runs a check whose questions have `timeoutMs` (default 10,000) in all, counted from the first one: a message may take its time to come in. */
export async function inTime<T>(options: CheckOptions, run: (world: CheckWorld) => Promise<T>): Promise<T> {
  const { timeoutMs = 10_000 } = options
  const { resolver, runtime } = checkWorld(options)
  const asked: { questions?: TimedQuestions } = {}
  try {
    return await run({
      runtime,
      resolver: {
        resolve(name, type) {
          asked.questions ??= new TimedQuestions({ resolver, runtime, timeoutMs })
          return asked.questions.ask(name, type)
        },
      },
    })
  } finally {
    asked.questions?.close()
  }
}

/** `(options?, callback?)`: with a callback it is called once, without one there is a promise. */
export function answer<O extends object, T>(
  rest: readonly unknown[],
  run: (options: O) => Promise<T>,
): Promise<T> | undefined {
  const callback = rest.find(value => typeof value === 'function') as CheckCallback<T> | undefined
  const options = typeof rest[0] === 'object' && rest[0] !== null ? (rest[0] as O) : ({} as O)
  const result = run(options)
  if (!callback) return result
  result.then(
    value => callback(null, value),
    error => callback(error as Error),
  )
  return undefined
}
