// What the backend has told of the open folder and the client has not heard yet. It is kept compact, and told at the
// points where RFC 3501 §5.2, §5.5 and §7.4.1 allow it.
import { addRange, type FlatRanges, intersection, numbersIn, removeRange } from '../base/ranges.ts'
import type { MailboxNews } from '../mailbox/index.ts'
import type { SequenceView } from './view.ts'

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
  #flags: Map<number, FlagNews> | null = null
  #changed: FlatRanges = []
  #exists = false
  /** What this session has just been told of its own doing; an echo of it is no news. */
  #told: Map<number, string> | null = null

  constructor(view: SequenceView) {
    this.#view = view
  }

  get pending(): boolean {
    return this.#exists || this.#gone() || this.#flags !== null || this.#changed.length > 0
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
    this.#told ??= new Map()
    if (this.#told.size < KEPT_FLAGS) this.#told.set(uid, spelling)
    const pending = this.#flags?.get(uid)
    if (pending && spelled(pending.flags) === spelling) this.#flags?.delete(uid)
  }

  /** A command begins: what earlier ones have told is forgotten. */
  forgetTold(): void {
    this.#told = null
  }

  /** UIDs in view that are gone. */
  takeVanished(): FlatRanges {
    if (this.#vanished.length === 0) return this.#vanished
    const next = this.#view.nextUid
    const vanished = intersection(this.#vanished, [0, next])
    this.#vanished = intersection(this.#vanished, [next, Number.POSITIVE_INFINITY])
    return vanished
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

  takeExists(): boolean {
    const exists = this.#exists
    this.#exists = false
    return exists
  }

  #addFlags(uid: number, news: FlagNews): void {
    if (this.#view.sequenceOf(uid) === 0) return
    if (this.#told?.get(uid) === spelled(news.flags)) return
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
