// Many small things at random, beside a model that does the same: whatever the order, folder and model agree.
import assert from 'node:assert/strict'
import { happens, oneOf, type RandomBytes, whole } from '../lots.ts'
import { seededBytes } from '../seeded.ts'
import { type Box, type Check, check, letter } from './kit.ts'

const RUNS = 40
const STEPS = 25
const FLAGS = ['Seen', 'Flagged', 'Deleted', 'work']

type Model = Map<number, { readonly subject: string; flags: string[] }>

export const MODEL_CHECKS: readonly Check[] = Array.from({ length: RUNS }, (_, seed) =>
  check(
    `${STEPS} steps at random by two sessions, seed ${seed}`,
    ['append', 'setFlags', 'expunge', 'copyMessages'],
    async kit => {
      const random = seededBytes(1000 + seed)
      const boxes = [await kit.box(), await kit.box()]
      const model: Model = new Map()
      for (let i = 0; i < STEPS; i++) await step(oneOf(random, boxes), model, random, i)
      for (const box of boxes) {
        const metas = await box.metas()
        assert.deepEqual(
          metas.map(({ uid }) => uid),
          [...model.keys()],
        )
        for (const { uid, flags } of metas) {
          assert.deepEqual(flags.filter(flag => flag !== 'Recent').sort(), [...model.get(uid)!.flags].sort())
          assert.ok(Buffer.from(await box.body(uid)).includes(`Subject: ${model.get(uid)!.subject}\r\n`))
        }
        assert.equal((await box.open('INBOX')).total, model.size)
      }
    },
  ),
)

async function step(box: Box, model: Model, random: RandomBytes, i: number): Promise<void> {
  const lot = whole(random, 10)
  const picked = [...model.keys()].filter(() => happens(random, 0.4))
  if (lot < 4 || picked.length === 0) {
    const subject = `step ${i}`
    const flags = FLAGS.filter(() => happens(random, 0.3))
    model.set(await box.append(letter(subject), { flags }), { subject, flags })
  } else if (lot < 7) {
    const mode = oneOf(random, ['set', 'add', 'remove'] as const)
    const changed = FLAGS.filter(() => happens(random, 0.4))
    await box.store(picked, mode, changed)
    for (const uid of picked) {
      const kept = model.get(uid)!.flags.filter(flag => !changed.includes(flag))
      model.get(uid)!.flags = mode === 'set' ? changed : mode === 'add' ? [...kept, ...changed] : kept
    }
  } else if (lot < 9) {
    await box.expunge(picked)
    for (const uid of picked) model.delete(uid)
  } else {
    await box.ask('copyMessages', [await box.ids(picked), 'INBOX'], {})
    const fresh = (await box.uids()).filter(uid => !model.has(uid))
    assert.equal(fresh.length, picked.length)
    for (const [n, uid] of fresh.entries()) model.set(uid, { ...model.get(picked[n]!)! })
  }
}
