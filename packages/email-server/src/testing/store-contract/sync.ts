// What sessions are told of each other, and clients that come back. RFC 9051 §5.2, §7.5; RFC 7162 §3.2; numbering with several sessions.
import assert from 'node:assert/strict'
import type { ClosedRange } from '../../base/ranges.ts'
import { ALL, type Box, type Check, check, flat, letter } from './kit.ts'

/** A picture of the folder that is kept up by news only, as a protocol session keeps it: by UID where it can, else by number. */
class Picture {
  uids: number[]
  readonly #box: Box
  #read = 0

  constructor(box: Box, uids: readonly number[]) {
    this.#box = box
    this.uids = [...uids]
  }

  /** Applies what was told since the last time. */
  async update(): Promise<void> {
    for (; this.#read < this.#box.news.length; this.#read++) {
      const news = this.#box.news[this.#read]!
      if (news.kind === 'vanished') this.uids = this.uids.filter(uid => !news.uids.includes(uid))
      if (news.kind === 'expunge') {
        assert.ok(
          news.sequence >= 1 && news.sequence <= this.uids.length,
          `EXPUNGE ${news.sequence} of ${this.uids.length}`,
        )
        this.uids.splice(news.sequence - 1, 1)
      }
      if (news.kind === 'exists') {
        const last = this.uids.at(-1) ?? 0
        this.uids.push(
          ...(await this.#box.uids([[last + 1, Number.POSITIVE_INFINITY]])).filter(uid => uid > last),
        )
      }
    }
  }
}

const SINCE: readonly (readonly [string, readonly number[]])[] = [
  ['the first', [0]],
  ['the last', [7]],
  ['several in a row', [2, 3, 4]],
  ['several apart', [1, 3, 6]],
  ['all', [0, 1, 2, 3, 4, 5, 6, 7]],
]

export const SYNC_CHECKS: readonly Check[] = [
  check('others hear of a new message, by their total', ['append'], async kit => {
    const box = await kit.filled(1)
    const other = await kit.box()
    await box.append(letter('new'))
    assert.deepEqual(other.news.at(-1), { kind: 'exists', total: 2 })
  }),
  check(
    'who has another folder open, or none, hears nothing',
    ['append', 'createFolder', 'expunge'],
    async kit => {
      const box = await kit.filled(1)
      await box.ask('createFolder', ['Other'], {})
      const others = [await kit.box('Other'), await kit.box(null)]
      await box.append(letter('new'))
      await box.store(await box.uids(), 'add', ['Seen'])
      await box.expunge(await box.uids())
      for (const other of others) assert.deepEqual(other.news, [])
    },
  ),
  check('others hear of changed flags, with the UID and all flags', ['setFlags'], async kit => {
    const box = await kit.filled(2)
    const other = await kit.box()
    const uids = await box.uids()
    await box.store([uids[1]!], 'set', ['Flagged', 'work'])
    const news = other.news.at(-1)
    assert.ok(news?.kind === 'flags' && news.uid === uids[1])
    assert.deepEqual([...news.flags].sort(), ['Flagged', 'work'])
  }),
  check('who changes flags is not told of it besides', ['setFlags'], async kit => {
    const box = await kit.filled(1)
    box.news.length = 0
    await box.store(await box.uids(), 'add', ['Seen'])
    assert.deepEqual(box.news, [])
  }),
  check('a session that was closed hears nothing more', ['append'], async kit => {
    const box = await kit.filled(1)
    const other = await kit.box()
    other.session.closed()
    await box.append(letter('new'))
    assert.deepEqual(other.news, [])
  }),
  ...SINCE.map(([what, gone]) =>
    check(
      `two other sessions have the right numbers when these have gone: ${what}`,
      ['expunge'],
      async kit => {
        const box = await kit.filled(8)
        const uids = await box.uids()
        const pictures = [await kit.box(), await kit.box()].map(other => new Picture(other, uids))
        await box.expunge(gone.map(i => uids[i]!))
        await box.append(letter('new'))
        for (const picture of pictures) {
          await picture.update()
          assert.deepEqual(picture.uids, await box.uids())
        }
      },
    ),
  ),
  check(
    'removals of two sessions come to a third in a way that numbers stay right',
    ['expunge'],
    async kit => {
      const boxes = [await kit.filled(8), await kit.box()]
      const uids = await boxes[0]!.uids()
      const picture = new Picture(await kit.box(), uids)
      await boxes[0]!.expunge([uids[0]!, uids[5]!])
      await boxes[1]!.expunge([uids[1]!, uids[7]!])
      await boxes[0]!.append(letter('new'))
      await boxes[1]!.expunge([uids[2]!])
      await picture.update()
      assert.deepEqual(picture.uids, await boxes[0]!.uids())
    },
  ),
  ...SINCE.flatMap(([what, gone]) => [
    check(
      `UID FETCH with VANISHED: ${what}`,
      ['resolveVanished', 'expunge', 'supplies vanished', 'supplies modseq'],
      async kit => {
        const box = await kit.filled(8)
        const uids = await box.uids()
        const before = await box.highest()
        const modseq = await box.expunge(gone.map(i => uids[i]!))
        const since = async (from: number): Promise<number[]> =>
          flat(await box.ask('resolveVanished', [{ type: 'uid', ranges: [[1, uids.at(-1)!]] }, from], {}))
        assert.deepEqual(
          await since(before),
          gone.map(i => uids[i]!),
        )
        if (modseq !== undefined) assert.deepEqual(await since(modseq), [])
      },
      ['QRESYNC'],
    ),
    check(
      `SELECT with QRESYNC: ${what}`,
      ['qresync', 'expunge', 'supplies vanished', 'supplies modseq'],
      async kit => {
        const box = await kit.filled(8)
        const uids = await box.uids()
        const modseq = await box.highest()
        const left = uids.filter((_uid, i) => !gone.includes(i))
        if (left.length > 0) await box.store([left[0]!], 'add', ['Flagged'])
        await box.expunge(gone.map(i => uids[i]!))
        const added = await box.append(letter('new'))
        const { uidValidity } = await box.open('INBOX')
        const ask = async (knownUids?: readonly ClosedRange[]): Promise<[number[], number[]]> => {
          const state = { uidValidity, modseq, ...(knownUids && { knownUids }) }
          const { changed, vanished } = await box.ask('qresync', ['INBOX', state], {})
          return [changed.map(({ uid }) => uid), flat(vanished)]
        }
        const went = gone.map(i => uids[i]!)
        assert.deepEqual(await ask(), [[...left.slice(0, 1), added], went])
        // RFC 7162 §3.2.5.1: of what the client knows, and of nothing else
        assert.deepEqual(await ask([[1, uids.at(-1)!]]), [left.slice(0, 1), went])
      },
      ['QRESYNC'],
    ),
  ]),
  check(
    'nothing is told of a folder with another UIDVALIDITY',
    ['qresync', 'supplies modseq'],
    async kit => {
      const box = await kit.filled(2)
      const { uidValidity } = await box.open('INBOX')
      const answer = await box.ask('qresync', ['INBOX', { uidValidity: uidValidity + 1, modseq: 1 }], {})
      assert.deepEqual(answer, { changed: [], vanished: [] })
    },
    ['QRESYNC'],
  ),
  check(
    'an expunge answers a mod-sequence above all before it, and STATUS says it',
    ['expunge', 'supplies vanished', 'supplies modseq'],
    async kit => {
      const box = await kit.filled(2)
      const before = await box.highest()
      const modseq = await box.expunge((await box.uids()).slice(0, 1))
      assert.ok(modseq !== undefined && modseq > before)
      assert.equal(await box.highest(), modseq)
    },
    ['QRESYNC'],
  ),
  check(
    'a move answers the mod-sequence of the folder that was left',
    ['move', 'createFolder', 'supplies vanished', 'supplies modseq'],
    async kit => {
      const box = await kit.filled(3)
      const before = await box.highest()
      await box.ask('createFolder', ['Moved'], {})
      const moved = await box.ask('move', [await box.ids((await box.uids()).slice(0, 2)), 'Moved'], {})
      assert.ok(moved?.modseq !== undefined && moved.modseq > before)
      assert.equal(
        flat(await box.ask('resolveVanished', [{ type: 'uid', ranges: ALL }, before], {})).length,
        2,
      )
    },
    ['QRESYNC'],
  ),
]
