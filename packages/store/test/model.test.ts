// The store beside a model of it in memory: any sequence of operations leaves both the same.
import assert from 'node:assert/strict'
import type { MailboxHandlers } from 'email-server/mailbox'
import fc from 'fast-check'
import { ALICE, allUids, isPostgres, message, OPEN, test, testStore } from './support.ts'

type Operation =
  | { readonly kind: 'append'; readonly flags: readonly string[]; readonly bytes: number }
  | {
      readonly kind: 'flags'
      readonly mode: 'set' | 'add' | 'remove'
      readonly pick: number
      readonly flags: readonly string[]
    }
  | { readonly kind: 'expunge' | 'copy' | 'move' | 'moveBack'; readonly pick: number }

const flags = fc.subarray(['Seen', 'Answered', 'Flagged', 'Deleted', 'Draft', '$Forwarded', 'Work'])
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), flags, bytes: fc.nat(300) }),
  fc.record({
    kind: fc.constant('flags' as const),
    mode: fc.constantFrom('set' as const, 'add' as const, 'remove' as const),
    pick: fc.nat(255),
    flags,
  }),
  fc.record({
    kind: fc.constantFrom('expunge', 'copy', 'move', 'moveBack'),
    pick: fc.nat(255),
  }) as fc.Arbitrary<Operation>,
)

interface ModelMessage {
  readonly size: number
  readonly flags: ReadonlySet<string>
}

class ModelFolder {
  uidNext = 1
  readonly messages = new Map<number, ModelMessage>()

  add(entry: ModelMessage): number {
    this.messages.set(this.uidNext, entry)
    return this.uidNext++
  }

  /** The messages whose place has its bit set. */
  picked(bits: number): number[] {
    return [...this.messages.keys()].filter((_, index) => (bits >> (index % 8)) & 1)
  }
}

test('flags, UIDs, copies, moves, removals and counters are those of a Map of messages', async t => {
  const { store } = await testStore(t)
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 30 }), async operations => {
      const names = [`a${round}`, `b${round++}`] as const
      const model = { [names[0]]: new ModelFolder(), [names[1]]: new ModelFolder() }
      const handlers = store.mailbox(ALICE)
      for (const name of names) await handlers.createFolder!(name, {})
      let modseq = 0
      for (const step of operations) {
        await apply(handlers, model, names, step)
        const status = await handlers.status!(names[0], { items: [] })
        assert.ok(status.highestModseq! >= modseq)
        modseq = status.highestModseq!
      }
      for (const name of names) await compare(handlers, name, model[name]!)
    }),
    { numRuns: isPostgres(t) ? 8 : 40 },
  )
})

async function apply(
  handlers: MailboxHandlers,
  model: Record<string, ModelFolder>,
  [first, second]: readonly [string, string],
  step: Operation,
): Promise<void> {
  const [a, b] = [model[first]!, model[second]!]
  const open = (name: string): unknown => handlers.openFolder!(name, OPEN)
  switch (step.kind) {
    case 'append': {
      const raw = message('model', step.bytes)
      const placed = await handlers.append!(first, raw, step.flags, {})
      assert.deepEqual(placed?.uids, [a.add({ size: raw.length, flags: new Set(step.flags) })])
      return
    }
    case 'flags': {
      const uids = a.picked(step.pick)
      await open(first)
      await handlers.setFlags!(uids, step.flags, { mode: step.mode, changed: step.flags })
      for (const uid of uids) {
        const old = a.messages.get(uid)!
        const now = new Set(step.mode === 'set' ? [] : old.flags)
        for (const flag of step.flags) {
          if (step.mode === 'remove') now.delete(flag)
          else now.add(flag)
        }
        a.messages.set(uid, { ...old, flags: now })
      }
      return
    }
    case 'expunge': {
      const uids = a.picked(step.pick)
      await open(first)
      await handlers.expunge!(uids, {})
      for (const uid of uids) a.messages.delete(uid)
      return
    }
    case 'copy':
    case 'move':
    case 'moveBack': {
      const [from, to] = step.kind === 'moveBack' ? [b, a] : [a, b]
      const uids = from.picked(step.pick)
      await open(step.kind === 'moveBack' ? second : first)
      const destination = step.kind === 'moveBack' ? first : second
      const placed = await handlers[step.kind === 'copy' ? 'copyMessages' : 'move']!(uids, destination, {})
      const expected = uids.map(uid => to.add(from.messages.get(uid)!))
      assert.deepEqual(placed?.uids, expected)
      if (step.kind !== 'copy') for (const uid of uids) from.messages.delete(uid)
    }
  }
}

async function compare(handlers: MailboxHandlers, name: string, model: ModelFolder): Promise<void> {
  await handlers.openFolder!(name, OPEN)
  const uids = await allUids(handlers)
  assert.deepEqual(uids, [...model.messages.keys()])
  const metas = await handlers.messageMeta!(uids, {})
  assert.deepEqual(
    metas.map(meta => [meta.uid, meta.size, [...meta.flags].sort()]),
    [...model.messages].map(([uid, entry]) => [uid, entry.size, [...entry.flags].sort()]),
  )
  const status = await handlers.status!(name, { items: [] })
  const entries = [...model.messages.values()]
  assert.deepEqual(
    [status.total, status.uidNext, status.unread, status.deleted, status.size],
    [
      entries.length,
      model.uidNext,
      entries.filter(entry => !entry.flags.has('Seen')).length,
      entries.filter(entry => entry.flags.has('Deleted')).length,
      entries.reduce((sum, entry) => sum + entry.size, 0),
    ],
  )
}
