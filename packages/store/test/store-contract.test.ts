// The contract of a store, as email-server/testing has it, kept by this one.
import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { type ContractStore, storeContract } from 'email-server/testing'
import { attachStore } from '../src/attach.ts'
import { openStore, type Store } from '../src/index.ts'
import { ALICE, later, type TestStore, temporaryDirectory, test, testStore } from './support.ts'

/** The test that is running: what it opens goes with it. */
let running: TestContext

function contractStore(store: Store, { url, directory, open: openAgain }: TestStore): ContractStore {
  let open: ContractStore['attach'] = () => {}
  attachStore(store, {
    on: (event: string, listener: unknown) => {
      if (event === 'mailboxSession') open = listener as ContractStore['attach']
    },
  })
  return {
    username: ALICE,
    attach: session => open(session),
    // what is on the disk at this moment is what a new process would find
    async crash() {
      if (!url.startsWith('sqlite:')) {
        const other = await openAgain()
        later(running, () => other.close())
        return contractStore(other, { url, directory, open: openAgain } as TestStore)
      }
      const copy = await temporaryDirectory(running)
      await cp(directory, copy, { recursive: true })
      const reopened = await openStore(`sqlite:${copy}`)
      later(running, () => reopened.close())
      return contractStore(reopened, { url: `sqlite:${copy}`, directory: copy, open: openAgain } as TestStore)
    },
  }
}

const contract = storeContract(async () => {
  const made = await testStore(running)
  return contractStore(made.store, made)
})

/** What the library does by itself over this store. */
const LEFT_TO_THE_LIBRARY = ['needs search', 'needs sort', 'needs thread']

for (const { name, run } of contract.checks) {
  test(name, async t => {
    running = t
    const lacks = await run()
    if (lacks !== null) assert.ok(LEFT_TO_THE_LIBRARY.includes(lacks), lacks)
  })
}
