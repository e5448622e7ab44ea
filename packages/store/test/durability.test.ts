// Kill -9 at random moments of delivery, move and expunge: nothing acknowledged is lost, nothing is there twice, no UID
// is given out again.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Store } from '../src/index.ts'
import { ALICE, allUids, BOB, bytesOf, isPostgres, OPEN, type TestStore, test, testStore } from './support.ts'

/** More of them with STORE_KILL_ROUNDS=200. */
const ROUNDS = Number(process.env['STORE_KILL_ROUNDS'] ?? 20)
const CHILD = fileURLToPath(new URL('./durability-child.js', import.meta.url))

/** Lets the child work until it has acknowledged `lines` things, and kills it; answers what it said. */
function killedAfter({ url, place }: TestStore, round: number, lines: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, url, place.bodies ?? '', String(round)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    let complaints = ''
    let count = 0
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      for (const byte of chunk) if (byte === 10) count++
      if (count >= lines) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(said.split('\n').slice(0, -1))
      else reject(new Error(`the child ended by itself: ${complaints}`))
    })
  })
}

test('kill -9 again and again: everything acknowledged is there, once, and no UID is used again', async t => {
  const made = await testStore(t)
  await made.store.close()
  const rounds = isPostgres(t) ? Math.ceil(ROUNDS / 4) : ROUNDS
  const delivered = new Set<string>()
  const expunging = new Set<string>()
  const expunged = new Set<string>()
  /** Folder and UID → the message that had it. */
  const seen = new Map<string, string>()
  const validities = new Map<string, number>()
  const next = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    const lines = await killedAfter(made, round, 2 + Math.floor(Math.random() * 60))
    for (const line of lines) {
      const [what, id] = line.split(' ') as [string, string]
      if (what === 'A') delivered.add(id)
      if (what === 'X') expunging.add(id)
      if (what === 'G') expunged.add(id)
    }
    const again = await made.open()
    try {
      const present = new Map<string, number>()
      const bobs = new Set<string>()
      for (const [user, folder] of [
        [ALICE, 'INBOX'],
        [ALICE, 'Archive'],
        [BOB, 'INBOX'],
      ] as const) {
        const handlers = again.mailbox(user)
        const place = `${user} ${folder}`
        const { uidValidity, uidNext, total } = await handlers.openFolder!(folder, OPEN)
        assert.equal(uidValidity, validities.get(place) ?? uidValidity)
        validities.set(place, uidValidity)
        assert.ok(uidNext! >= (next.get(place) ?? 1))
        next.set(place, uidNext!)
        const uids = await allUids(handlers)
        assert.equal(uids.length, total)
        assert.ok((uids.at(-1) ?? 0) < uidNext!)
        const envelopes = await handlers.messageEnvelope!(uids, {})
        for (const [index, uid] of uids.entries()) {
          const id = envelopes[index]?.subject ?? ''
          assert.equal(seen.get(`${place} ${uid}`) ?? id, id, 'a UID was used again')
          seen.set(`${place} ${uid}`, id)
          if (user === BOB) {
            assert.ok(!bobs.has(id))
            bobs.add(id)
          } else present.set(id, (present.get(id) ?? 0) + 1)
        }
        // the bytes are there too, of rows and of files
        for (const uid of uids.slice(-8)) {
          const raw = await bytesOf(handlers, uid)
          const [meta] = await handlers.messageMeta!([uid], {})
          assert.equal(raw.length, meta?.size)
        }
      }
      for (const [id, count] of present) assert.equal(count, 1, `${id} is there ${count} times`)
      for (const id of delivered) {
        if (!expunging.has(id)) assert.ok(present.has(id), `${id} was acknowledged and is lost`)
        if (Number(id.split('-')[2]) % 5 === 0)
          assert.ok(bobs.has(id), `${id} was acknowledged and is lost for Bob`)
      }
      for (const id of expunged) assert.ok(!present.has(id), `${id} was expunged and is back`)
      // what was never acknowledged may be there, for all of its recipients
      for (const id of present.keys()) {
        if (Number(id.split('-')[2]) % 5 === 0)
          assert.ok(bobs.has(id), `${id} reached only one of its recipients`)
      }
    } finally {
      await again.close()
    }
  }
  assert.ok(delivered.size > rounds)
  await assertSearchable(await made.open())
})

/** What the killed processes have left of the index of texts is made whole: all messages are found by their texts, and no others. */
async function assertSearchable(store: Store): Promise<void> {
  try {
    await store.idle()
    const handlers = store.mailbox(ALICE)
    await handlers.openFolder!('INBOX', OPEN)
    const uids = await allUids(handlers)
    const envelopes = await handlers.messageEnvelope!(uids, {})
    const everything = await handlers.search!({ key: 'text', value: 'carol@elsewhere' }, {})
    assert.deepEqual(everything, uids)
    for (const [index, uid] of uids.entries()) {
      if (index % 20 !== 0) continue
      const subject = `subject: ${envelopes[index]!.subject}`
      const found = await handlers.search!({ key: 'text', value: subject }, {})
      assert.ok((found as number[]).includes(uid), subject)
    }
  } finally {
    await store.close()
  }
}
