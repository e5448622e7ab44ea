// Flags: each way of changing them, from each state. RFC 9051 §2.3.2, §6.4.6; RFC 7162 §3.1.
import assert from 'node:assert/strict'
import { type Check, check } from './kit.ts'

const STATES: readonly (readonly string[])[] = [
  [],
  ['Seen'],
  ['Seen', 'Flagged'],
  ['work'],
  ['Deleted', '$Forwarded', 'a.b'],
]
const CHANGES: readonly (readonly string[])[] = [
  ['Seen'],
  ['Flagged', 'Answered'],
  ['work'],
  ['Draft', '$Junk', 'a.b'],
  [],
]
const MODES = ['set', 'add', 'remove'] as const

const CHANGE_CHECKS: readonly Check[] = STATES.flatMap(state =>
  CHANGES.flatMap(change =>
    MODES.map(mode =>
      check(`${mode} ${list(change)}, where there is ${list(state)}`, ['setFlags'], async kit => {
        const box = await kit.filled(3)
        const uids = await box.uids()
        const uid = uids[1]!
        await box.store([uid], 'set', state)
        await box.store([uid], mode, change)
        const kept = state.filter(flag => !change.includes(flag))
        const wanted = mode === 'set' ? change : mode === 'add' ? [...kept, ...change] : kept
        assert.deepEqual(await box.flags(uid), [...wanted].sort())
        for (const other of [uids[0]!, uids[2]!]) assert.deepEqual(await box.flags(other), [])
      }),
    ),
  ),
)

function list(flags: readonly string[]): string {
  return flags.length === 0 ? 'nothing' : flags.join(' and ')
}

export const FLAG_CHECKS: readonly Check[] = [
  ...CHANGE_CHECKS,
  ...STATES.map(state =>
    check(`a message is appended with ${list(state)}`, ['append'], async kit => {
      const box = await kit.box()
      const uid = await box.append(Buffer.from('Subject: x\r\n\r\n'), { flags: state })
      assert.deepEqual(await box.flags(uid), [...state].sort())
    }),
  ),
  check('fifty keywords are kept', ['setFlags'], async kit => {
    const box = await kit.filled(1)
    const [uid] = await box.uids()
    const flags = Array.from({ length: 50 }, (_, i) => `keyword-${i}`).sort()
    await box.store([uid!], 'set', flags)
    assert.deepEqual(await box.flags(uid!), flags)
  }),
  check(
    'a flag that another session has set meanwhile is not lost by an addition',
    ['setFlags'],
    async kit => {
      const box = await kit.filled(1)
      const other = await kit.box()
      const [uid] = await box.uids()
      const [id] = await box.ids([uid!])
      await other.store([uid!], 'add', ['Flagged'])
      // this session believed that there were none
      await box.ask('setFlags', [[id!], ['Seen']], { mode: 'add', changed: ['Seen'] })
      const flags = await box.flags(uid!)
      assert.ok(flags.includes('Seen'))
      // a store that does as it is told by the second argument may lose it; one that promises mod-sequences may not
      if (box.session.supplies('modseq')) assert.deepEqual(flags, ['Flagged', 'Seen'])
    },
  ),
  check(
    'every change raises the mod-sequence of what has changed, and of nothing else',
    ['setFlags', 'supplies modseq'],
    async kit => {
      const box = await kit.filled(3)
      const uids = await box.uids()
      const before = await box.metas()
      await box.store([uids[1]!], 'add', ['Seen'])
      const after = await box.metas()
      assert.ok(after[1]!.modseq! > Math.max(...before.map(({ modseq }) => modseq!)))
      assert.deepEqual([after[0]!.modseq, after[2]!.modseq], [before[0]!.modseq, before[2]!.modseq])
      assert.ok((await box.highest()) >= after[1]!.modseq!)
    },
    ['CONDSTORE', 'QRESYNC'],
  ),
  check(
    'a new message has a mod-sequence above all before it',
    ['append', 'supplies modseq'],
    async kit => {
      const box = await kit.filled(2)
      const highest = await box.highest()
      const uid = await box.append(Buffer.from('Subject: new\r\n\r\n'))
      assert.ok((await box.meta(uid)).modseq! > highest)
    },
    ['CONDSTORE', 'QRESYNC'],
  ),
  check(
    'a message that has changed since is left alone, and left out of the answer',
    ['setFlags', 'supplies modseq'],
    async kit => {
      const box = await kit.filled(2)
      const uids = await box.uids()
      const ids = await box.ids(uids)
      const since = await box.highest()
      await box.store([uids[0]!], 'add', ['Flagged'])
      const answer = await box.ask('setFlags', [ids, ['Seen']], {
        ...{ mode: 'add', changed: ['Seen'], unchangedSince: since },
      })
      assert.deepEqual(
        answer?.map(({ id }) => id),
        [ids[1]],
      )
      assert.deepEqual([await box.flags(uids[0]!), await box.flags(uids[1]!)], [['Flagged'], ['Seen']])
      assert.ok(answer![0]!.modseq! > since)
    },
    ['CONDSTORE', 'QRESYNC'],
  ),
]
