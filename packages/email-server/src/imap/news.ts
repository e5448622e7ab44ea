// What the backend has told of the open folder and the client has not heard yet. It is kept compact, and told at the
// points where RFC 3501 §5.2, §5.5 and §7.4.1 allow it.
import {
  addRange,
  difference,
  type FlatRanges,
  intersection,
  numbersIn,
  removeRange,
} from '../base/ranges.ts'
import type { MailboxNews } from '../mailbox/index.ts'
import type { SequenceView } from './view.ts'
import type { OpenWatch } from './watching.ts'

export interface FlagNews {
  readonly flags: readonly string[]
  readonly modseq: number | null
}

/** Flag changes that are kept with their flags; of more, only the UIDs are kept and the flags asked for when told. */
const KEPT_FLAGS = 1000

export class News {
  readonly #view: SequenceView
  /** UIDs that are gone, as far as the view still has them. */
  #vanished: FlatRanges = []
  /** Those of them that a command of this session has removed: that is told whatever NOTIFY says. */
  #ownVanished: FlatRanges = []
  #flags: Map<number, FlagNews> | null = null
  #changed: FlatRanges = []
  #exists = false
  /** A command of this session has put messages here; their UIDs, as far as they are known. */
  #ownExists = false
  #ownUids: FlatRanges = []
  /** Messages whose flags have changed by whomever, for searches that are kept up to date (RFC 5267). */
  #touched: FlatRanges = []
  /** Set while there are such. */
  keepsTouched = false
  /** What this session has just been told of its own doing; an echo of it is no news. */
  #told: Map<number, string> | null = null

  constructor(view: SequenceView) {
    this.#view = view
  }

  /** Is there anything that the client has not heard? */
  get pending(): boolean {
    return this.#exists || this.#gone() || this.#flags !== null || this.#changed.length > 0
  }

  /** Is there anything that it wants to hear, and may? */
  pendingFor({ counts, flags }: OpenWatch, mayExpunge: boolean): boolean {
    if (this.#ownExists || (counts && this.#exists) || this.#touched.length > 0) return true
    if (mayExpunge && (this.#ownVanished.length > 0 || (counts && this.#gone()))) return true
    return flags && (this.#flags !== null || this.#changed.length > 0)
  }

  /** These messages were removed by a command of the session itself. */
  removed(uids: readonly number[]): void {
    this.add({ kind: 'vanished', uids })
    for (const uid of uids) if (this.#view.sequenceOf(uid) > 0) addRange(this.#ownVanished, uid, uid)
  }

  /** A command of the session itself has put messages into the folder; their UIDs, where they are known. */
  placed(uids: readonly number[]): void {
    this.#exists = true
    this.#ownExists = true
    for (const uid of uids) addRange(this.#ownUids, uid, uid)
  }

  add(news: MailboxNews): void {
    switch (news.kind) {
      case 'exists':
      case 'recent':
        this.#exists = true
        break
      case 'expunge': {
        const uid = this.#uidOf(news.sequence)
        if (uid > 0) addRange(this.#vanished, uid, uid)
        break
      }
      case 'vanished':
        for (const uid of news.uids) {
          // a message that is being looked for right now may turn up after it is gone
          const coming = uid >= this.#view.nextUid
          if (coming || this.#view.sequenceOf(uid) > 0) addRange(this.#vanished, uid, uid)
        }
        break
      case 'flags':
        this.#addFlags(news.uid, { flags: news.flags, modseq: news.modseq })
        break
    }
  }

  /** There may be messages after the last one of the view. */
  lookForNew(): void {
    this.#exists = true
  }

  /**
   * The session is about to set flags itself: what was pending for this message will be overtaken.
   * @returns true when something was pending, so that the outcome is news to the client in any case
   */
  overtake(uid: number): boolean {
    const pending = this.#flags?.delete(uid) ?? false
    if (this.#changed.length === 0 || !holds(this.#changed, uid)) return pending
    removeRange(this.#changed, uid, uid)
    return true
  }

  /** The client knows these flags from the session's own doing: the same from the backend is an echo. */
  told(uid: number, flags: readonly string[]): void {
    const spelling = spelled(flags)
    if (this.keepsTouched) addRange(this.#touched, uid, uid)
    this.#told ??= new Map()
    if (this.#told.size < KEPT_FLAGS) this.#told.set(uid, spelling)
    const pending = this.#flags?.get(uid)
    if (pending && spelled(pending.flags) === spelling) this.#flags?.delete(uid)
  }

  /** A command begins: what earlier ones have told is forgotten. */
  forgetTold(): void {
    this.#told = null
  }

  /** UIDs in view that are gone; or only those that the session itself has removed. */
  takeVanished(onlyOwn: boolean): FlatRanges {
    if (this.#vanished.length === 0) return this.#vanished
    const own = this.#ownVanished
    this.#ownVanished = []
    if (onlyOwn) {
      this.#vanished = difference(this.#vanished, own)
      return own
    }
    const next = this.#view.nextUid
    const vanished = intersection(this.#vanished, [0, next])
    this.#vanished = intersection(this.#vanished, [next, Number.POSITIVE_INFINITY])
    return vanished
  }

  /** UIDs whose flags have changed. */
  takeTouched(): FlatRanges {
    const touched = this.#touched
    this.#touched = []
    return touched
  }

  takeFlags(): Iterable<[uid: number, news: FlagNews]> {
    const flags = this.#flags ?? []
    this.#flags = null
    return flags
  }

  /** UIDs in view whose flags have changed and must be asked for. */
  takeChanged(): FlatRanges {
    const changed = this.#changed
    this.#changed = []
    return changed.length === 0 ? changed : intersection(changed, this.#view.all())
  }

  /** Are there new messages to be told of? Of all, or only when some are the session's own. */
  takeExists(onlyOwn: boolean): boolean {
    const exists = onlyOwn ? this.#ownExists : this.#exists
    if (exists) this.#exists = false
    if (exists) this.#ownExists = false
    return exists
  }

  /** Of these, the UIDs that the session itself has not put here. */
  withoutOwn(uids: FlatRanges): FlatRanges {
    const others = difference(uids, this.#ownUids)
    this.#ownUids = []
    return others
  }

  #addFlags(uid: number, news: FlagNews): void {
    if (this.#view.sequenceOf(uid) === 0) return
    if (this.#told?.get(uid) === spelled(news.flags)) return
    // others have changed them since: when they are once more as they were, that is no echo
    this.#told?.delete(uid)
    if (this.keepsTouched) addRange(this.#touched, uid, uid)
    this.#flags ??= new Map()
    if (this.#flags.size < KEPT_FLAGS || this.#flags.has(uid)) this.#flags.set(uid, news)
    else addRange(this.#changed, uid, uid)
  }

  #gone(): boolean {
    return this.#vanished.length > 0 && this.#vanished[0]! < this.#view.nextUid
  }

  /** Numbers count as if what is pending had been told already: a backend that removes one after the other says so. */
  #uidOf(sequence: number): number {
    let shifted = sequence
    for (const uid of numbersIn(this.#vanished)) if (this.#view.sequenceOf(uid) <= shifted) shifted++
    return this.#view.uidOf(shifted)
  }
}

function holds(ranges: FlatRanges, n: number): boolean {
  return intersection(ranges, [n, n + 1]).length > 0
}

function spelled(flags: readonly string[]): string {
  return flags
    .map(flag => flag.toUpperCase())
    .sort()
    .join(' ')
}
