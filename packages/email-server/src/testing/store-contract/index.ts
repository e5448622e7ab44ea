// The contract of a mailbox store as checks: whoever writes a backend runs them against it, and learns what it may honestly advertise.
import { nodeRuntime } from '../../node/index.ts'
import { FLAG_CHECKS } from './flags.ts'
import { FOLDER_CHECKS } from './folders.ts'
import { Box, type Check, type ContractStore, Kit } from './kit.ts'
import { MESSAGE_CHECKS } from './messages.ts'
import { MODEL_CHECKS } from './model.ts'
import { SEARCH_CHECKS } from './search.ts'
import { SYNC_CHECKS } from './sync.ts'

export type { ContractStore } from './kit.ts'

/** One rule, ready to be run. */
export interface ContractCheck {
  /** A sentence that states the rule. */
  readonly name: string
  /** Opens a store of its own. Resolves to what the store lacks for it (`needs move`), or to null when it holds; rejects when it does not. */
  readonly run: () => Promise<string | null>
}

export interface ContractReport {
  readonly passed: readonly string[]
  /** What the store has no handler or item for. */
  readonly skipped: readonly { readonly name: string; readonly needs: string }[]
  readonly failed: readonly { readonly name: string; readonly error: unknown }[]
  /** Capabilities of which every check has passed. */
  readonly honest: readonly string[]
  /** Capabilities that the store should not advertise, and why not. */
  readonly dishonest: readonly { readonly capability: string; readonly because: string }[]
}

export interface StoreContract {
  readonly checks: readonly ContractCheck[]
  /** Runs all, one after the other. */
  run(): Promise<ContractReport>
}

const CHECKS: readonly Check[] = [
  ...FOLDER_CHECKS,
  ...MESSAGE_CHECKS,
  ...FLAG_CHECKS,
  ...SEARCH_CHECKS,
  ...SYNC_CHECKS,
  ...MODEL_CHECKS,
]
/** A handler that has not answered by then never will, ms. */
const LIMIT_MS = 30_000

/**
 * Some hundreds of checks of a store by its handlers. `openMyStore` gives a new store with one user, whose mailbox holds an empty INBOX; it is called
 * for each check.
 *
 *     const contract = storeContract(async () => {
 *       const store = await openMyStore(':memory:')
 *       return { attach: session => store.attach(session), close: () => store.close() }
 *     })
 *     for (const { name, run } of contract.checks) {
 *       test(name, async t => {
 *         const lacks = await run()
 *         if (lacks) t.skip(lacks)
 *       })
 *     }
 */
export function storeContract(openMyStore: () => ContractStore | Promise<ContractStore>): StoreContract {
  return {
    checks: CHECKS.map(it => ({ name: it.name, run: () => runCheck(it, openMyStore) })),
    run: () => runAll(openMyStore),
  }
}

async function runCheck(
  it: Check,
  openMyStore: () => ContractStore | Promise<ContractStore>,
): Promise<string | null> {
  const kit = new Kit(await openMyStore())
  try {
    const lacks = await missing(kit, it)
    if (lacks === null) await withinTime(it.run(kit))
    return lacks
  } finally {
    await kit.store.close?.()
  }
}

async function missing(kit: Kit, { needs }: Check): Promise<string | null> {
  const box = new Box(kit.store.username)
  await kit.store.attach(box.session)
  for (const need of needs) {
    const item = /^supplies (.+)$/.exec(need)?.[1]
    const has =
      need === 'crash'
        ? kit.store.crash !== undefined
        : item === undefined
          ? box.session.handles(need as never)
          : box.session.supplies(item as never)
    if (!has) return `needs ${need}`
  }
  box.session.closed()
  return null
}

function withinTime(work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = nodeRuntime.setTimer(LIMIT_MS, () => reject(new Error(`no answer within ${LIMIT_MS} ms`)))
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}

async function runAll(openMyStore: () => ContractStore | Promise<ContractStore>): Promise<ContractReport> {
  const passed: string[] = []
  const skipped: { name: string; needs: string }[] = []
  const failed: { name: string; error: unknown }[] = []
  const honest = new Set(CHECKS.flatMap(({ shows }) => shows))
  const dishonest = new Map<string, string>()
  for (const it of CHECKS) {
    const { name, shows } = it
    let because: string | null = null
    try {
      const lacks = await runCheck(it, openMyStore)
      if (lacks === null) passed.push(name)
      else skipped.push({ name, needs: lacks })
      because = lacks
    } catch (error) {
      failed.push({ name, error })
      because = name
    }
    if (because === null) continue
    for (const capability of shows) {
      honest.delete(capability)
      if (!dishonest.has(capability)) dishonest.set(capability, because)
    }
  }
  return {
    ...{ passed, skipped, failed },
    honest: [...honest].sort(),
    dishonest: [...dishonest].map(([capability, because]) => ({ capability, because })),
  }
}
