// QRESYNC (RFC 7162 §3.2): a client that comes back hears in one answer what has changed and what has vanished.
import { PeerSyntaxError } from '../../base/errors.ts'
import {
  addRange,
  type ClosedRange,
  closedRanges,
  difference,
  type FlatRanges,
  intersection,
} from '../../base/ranges.ts'
import { badAnswer, checkedFlags } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { Extension, FetchModifier, SelectParam } from '../extension.ts'
import { fetchStartWithUid } from '../fetch-start.ts'
import { wireFlag } from '../grammar/flags.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { modSequence } from '../grammar/mod-sequence.ts'
import { formatSet, mergedSet, type SequenceSet, STAR, sequenceSet } from '../grammar/sequence-set.ts'
import { writeModseq } from '../modseqs.ts'
import type { Reader } from '../wire/reader.ts'

/** What the client says it knows of the folder. */
interface Known {
  readonly uidValidity: number
  readonly modseq: number
  /** Null: all. */
  readonly uids: SequenceSet | null
  /** Sequence numbers and their UIDs, for servers that have forgotten removals; checked, and not needed here. */
  readonly matches: readonly [SequenceSet, SequenceSet] | null
}

// select-param =/ "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
// seq-match-data = "(" known-sequence-set SP known-uid-set ")"                  ; neither has "*", both the same length
const known: Grammar<Known> = {
  read(r, words) {
    r.open()
    const uidValidity = r.nzNumber()
    const modseq = modSequence.read(r.sp(), words)
    let uids: SequenceSet | null = null
    let matches: Known['matches'] = null
    if (r.try(' ')) {
      if (r.peek() !== 0x28) {
        uids = withoutStar(r, sequenceSet.read(r, words))
        if (r.try(' ')) matches = readMatches()
      } else matches = readMatches()
    }
    r.close()
    return { uidValidity, modseq, uids, matches }

    function readMatches(): readonly [SequenceSet, SequenceSet] {
      r.open()
      const sequences = withoutStar(r, sequenceSet.read(r, words))
      const theirs = withoutStar(r, sequenceSet.read(r.sp(), words))
      if (sizeOf(sequences) !== sizeOf(theirs)) r.fail('as many UIDs as sequence numbers')
      r.close()
      return [sequences, theirs]
    }
  },
  write(w, { uidValidity, modseq, uids, matches }) {
    w.raw(`(${uidValidity} ${modseq}`)
    if (uids) w.raw(` ${formatSet(uids)}`)
    if (matches) w.raw(` (${formatSet(matches[0])} ${formatSet(matches[1])})`)
    w.raw(')')
  },
  samples: [
    { uidValidity: 67890007, modseq: 90060115194045, uids: null, matches: null },
    { uidValidity: 67890007, modseq: 1, uids: [[41, 211]], matches: null },
    { uidValidity: 1, modseq: 1, uids: null, matches: [[[1, 3]], [[5, 7]]] },
    { uidValidity: 1, modseq: 1, uids: [[1, 9]], matches: [[[1, 1]], [[5, 5]]] },
  ],
}

function withoutStar(r: Reader, set: SequenceSet): SequenceSet {
  if (set.some(([, high]) => high === STAR)) r.fail('a set without "*"')
  return set
}

function sizeOf(set: SequenceSet): number {
  return mergedSet(set).reduce((sum, [low, high]) => sum + high - low + 1, 0)
}

const param: SelectParam<Known> = {
  name: 'QRESYNC',
  rfc: '7162 §3.2.5',
  args: known,
  check(cx, { matches }) {
    mustBeEnabled(cx)
    // RFC 9586 §3.7
    if (matches && cx.dialect.uidOnly) {
      const text = 'no sequence match data once UIDONLY is enabled'
      throw new PeerSyntaxError(text, -1, 'UIDREQUIRED')
    }
  },
  async after(cx, { uidValidity, modseq, uids }) {
    const { folder } = cx
    // all that the client knows is of another folder, or of none (RFC 7162 §3.2.5)
    if (!folder.modseqs || folder.opened.uidValidity !== uidValidity) return
    const ranges = uids ? mergedSet(uids) : [[1, highestUid(cx)] as const]
    const answer = await cx.mailbox.ask(
      'qresync',
      [folder.name, { uidValidity, modseq, knownUids: ranges }],
      {},
    )
    if (typeof answer !== 'object' || answer === null || !Array.isArray(answer.changed))
      throw badAnswer('qresync', '{ changed, vanished }', answer)
    tellEarlier(cx, vanishedOf(cx, 'qresync', answer.vanished, ranges))
    for (const { uid, flags, modseq: changed = 0 } of answer.changed) {
      if (folder.view.sequenceOf(uid) === 0 || !holds(ranges, uid)) continue
      const words = checkedFlags(cx.mailbox, 'qresync', flags).map(wireFlag)
      cx.out.raw(`${fetchStartWithUid(cx.dialect, folder.view, uid)}FLAGS (${words.join(' ')}) `)
      writeModseq(cx.out, folder.modseqs, changed)
      cx.out.raw(')').end()
      const wait = cx.ready()
      if (wait) await wait
      if (cx.over) return
    }
  },
}

const vanished: FetchModifier = {
  name: 'VANISHED',
  rfc: '7162 §3.2.6',
  async apply(cx, _args, { set, changedSince }) {
    mustBeEnabled(cx)
    if (!cx.byUid) throw new PeerSyntaxError('VANISHED belongs to UID FETCH')
    if (changedSince === null) throw new PeerSyntaxError('VANISHED wants CHANGEDSINCE')
    const last = highestUid(cx)
    const ranges = mergedSet(set.map(([low, high]) => [Math.min(low, last), Math.min(high, last)] as const))
    const answer = await cx.mailbox.ask('resolveVanished', [{ type: 'uid', ranges }, changedSince], {})
    tellEarlier(cx, vanishedOf(cx, 'resolveVanished', answer, ranges))
    return undefined
  },
}

/** The highest UID that was ever given out, as far as anybody knows. */
function highestUid({ folder }: CommandContext): number {
  return Math.max(2, folder.opened.uidNext ?? 1, folder.view.nextUid) - 1
}

function mustBeEnabled(cx: CommandContext): void {
  if (!cx.dialect.vanished) throw new PeerSyntaxError('QRESYNC has not been enabled')
}

/** Of what the backend says is gone: what the client has asked for, and is not in view. */
function vanishedOf(
  cx: CommandContext,
  handler: 'qresync' | 'resolveVanished',
  answer: unknown,
  asked: readonly ClosedRange[],
): FlatRanges {
  if (!Array.isArray(answer)) throw badAnswer(handler, 'the UIDs that vanished as ranges', answer)
  const gone: FlatRanges = []
  for (const range of answer as readonly unknown[]) {
    const [first, last] = Array.isArray(range) ? (range as unknown[]) : []
    if (typeof first !== 'number' || typeof last !== 'number' || !(first >= 1 && first <= last))
      throw badAnswer(handler, 'ranges [first, last]', range)
    addRange(gone, first, last)
  }
  const wanted: FlatRanges = []
  for (const [first, last] of asked) addRange(wanted, first, last)
  return difference(intersection(gone, wanted), cx.folder.view.all())
}

// "VANISHED" SP "(EARLIER)" SP known-uids
function tellEarlier(cx: CommandContext, uids: FlatRanges): void {
  if (uids.length > 0) cx.out.raw(`* VANISHED (EARLIER) ${formatSet(closedRanges(uids))}`).end()
}

function holds(ranges: readonly ClosedRange[], uid: number): boolean {
  return ranges.some(([first, last]) => first <= uid && uid <= last)
}

export const qresync: Extension = {
  name: 'QRESYNC',
  rfc: '7162',
  gate: {
    kind: 'all',
    of: [
      { kind: 'supplies', items: ['modseq'] },
      { kind: 'handlers', names: ['qresync', 'resolveVanished'] },
    ],
  },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['QRESYNC']),
  enables: { modseq: true, vanished: true },
  selectParams: [param],
  fetchModifiers: [vanished],
}
