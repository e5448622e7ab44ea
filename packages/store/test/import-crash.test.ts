// Kill -9 in the middle of an import: what was counted is there, in order, and the next attempt adds what is missing.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openStore } from '../src/index.ts'
import { ALICE, allUids, later, OPEN, testStore } from './support.ts'

const ROUNDS = 8
const COUNT = 1000
const CHILD = fileURLToPath(new URL('./import-child.js', import.meta.url))

/** Kills the child when it has counted `lines` times; answers the last count. */
function killedAfter(directory: string, lines: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, directory, String(COUNT)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.split('\n').length > lines) child.kill('SIGKILL')
    })
    child.on('close', (code, signal) => {
      if (code !== 0 && signal !== 'SIGKILL') reject(new Error(`the child ended with ${code}`))
      else resolve(Number(said.split('\n').at(-2) ?? 0))
    })
  })
}

test(`${ROUNDS} times kill -9 in an import: what was counted is there, nothing is there twice, all is there in the end`, async t => {
  const { store, directory } = await testStore(t)
  await store.close()
  for (let round = 0; round < ROUNDS; round++) {
    const counted = await killedAfter(directory, 1 + 2 * round)
    const again = await openStore(`sqlite:${directory}`)
    try {
      const handlers = again.mailbox(ALICE)
      await handlers.openFolder!('INBOX', OPEN)
      const uids = await allUids(handlers)
      const subjects = (await handlers.messageEnvelope!(uids, {})).map(envelope => envelope?.subject)
      assert.ok(uids.length >= counted, `${counted} were counted, ${uids.length} are there`)
      assert.deepEqual(
        subjects,
        uids.map((_, index) => `m${index}`),
      )
    } finally {
      await again.close()
    }
  }
  assert.equal(await killedAfter(directory, Number.POSITIVE_INFINITY), COUNT)
  const last = await openStore(`sqlite:${directory}`)
  later(t, () => last.close())
  assert.equal((await last.mailbox(ALICE).openFolder!('INBOX', OPEN)).total, COUNT)
  assert.deepEqual((await last.verify()).problems, [])
})
