// The open mailbox as the client knows it (RFC 3501 §2.3, §7.3): how many messages there are, and which UID has which number as far
// as the server has told. Not `SequenceView`: a client that has asked for nothing knows a count and no UIDs.
import type { FlatRanges } from '../../base/ranges.ts'

/** Beyond so many the oldest knowledge is not worth its memory, and is forgotten. */
const MOST_KNOWN = 1_000_000

export class KnownNumbers {
  /** Ascending, both, in step. */
  #sequences: number[] = []
  #uids: number[] = []

  get size(): number {
    return this.#uids.length
  }

  learn(sequence: number, uid: number): void {
    const at = lowest(this.#sequences, sequence)
    if (this.#sequences[at] === sequence) {
      if (this.#uids[at] === uid) return
      this.clear()
    } else if (
      (at > 0 && this.#uids[at - 1]! >= uid) ||
      (at < this.#uids.length && this.#uids[at]! <= uid) ||
      this.#uids.length === MOST_KNOWN
    ) {
      // what the server says now is not what it said before
      this.clear()
    }
    const place = this.#uids.length === 0 ? 0 : at
    if (place === this.#uids.length) {
      this.#sequences.push(sequence)
      this.#uids.push(uid)
      return
    }
    this.#sequences.splice(place, 0, sequence)
    this.#uids.splice(place, 0, uid)
  }

  /** 0: not known. */
  uidOf(sequence: number): number {
    const at = lowest(this.#sequences, sequence)
    return this.#sequences[at] === sequence ? this.#uids[at]! : 0
  }

  /** 0: not known. */
  sequenceOf(uid: number): number {
    const at = lowest(this.#uids, uid)
    return this.#uids[at] === uid ? this.#sequences[at]! : 0
  }

  /** A message is gone; those behind it move up. Returns its UID, 0 when it was not known. */
  expunge(sequence: number): number {
    const at = lowest(this.#sequences, sequence)
    const known = this.#sequences[at] === sequence
    const uid = known ? this.#uids[at]! : 0
    if (known) {
      this.#sequences.splice(at, 1)
      this.#uids.splice(at, 1)
    }
    for (let i = at; i < this.#sequences.length; i++) this.#sequences[i]!--
    return uid
  }

  /** These are gone, all of which were there (RFC 7162 §3.2.10). */
  vanish(uids: FlatRanges): void {
    let at = 0
    let gone = 0
    let kept = 0
    for (let i = 0; i < this.#uids.length; i++) {
      const uid = this.#uids[i]!
      while (at < uids.length && uids[at + 1]! <= uid) {
        gone += uids[at + 1]! - uids[at]!
        at += 2
      }
      if (at < uids.length && uids[at]! <= uid) continue
      this.#uids[kept] = uid
      this.#sequences[kept] = this.#sequences[i]! - gone
      kept++
    }
    this.#uids.length = kept
    this.#sequences.length = kept
    if (kept > 0 && this.#sequences[0]! < 1) this.clear()
  }

  clear(): void {
    this.#sequences = []
    this.#uids = []
  }
}

/** Where the first number is that is not below this one. */
function lowest(numbers: readonly number[], value: number): number {
  let low = 0
  let high = numbers.length
  // answers come in order: usually it belongs at the end
  if (high > 0 && numbers[high - 1]! < value) return high
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** What SELECT and EXAMINE have told, and what has come since. */
export interface MailboxInfo {
  readonly name: string
  readonly readOnly: boolean
  /** Messages in it. */
  readonly total: number
  readonly recent: number
  /** The number of the first message that is not seen, when the server tells (RFC 3501 §7.1 UNSEEN). */
  readonly firstUnseen: number | null
  /** 0: the server keeps no UIDs. */
  readonly uidValidity: number
  /** The UID that the next message gets at least; null: not told. */
  readonly uidNext: number | null
  /** Null: there are no mod-sequences here (RFC 7162 §3.1.2). */
  readonly highestModseq: bigint | null
  /** Without backslash. */
  readonly flags: readonly string[]
  /** Those that stay; `*` when new ones can be made; null: not told, so all do (RFC 3501 §7.1). */
  readonly permanentFlags: readonly string[] | null
  /** RFC 8474 §4.1. */
  readonly mailboxId: string | null
}

export class OpenMailbox implements MailboxInfo {
  readonly name: string
  readonly numbers: KnownNumbers = new KnownNumbers()
  readOnly = false
  total = 0
  recent = 0
  firstUnseen: number | null = null
  uidValidity = 0
  uidNext: number | null = null
  highestModseq: bigint | null = null
  flags: readonly string[] = []
  permanentFlags: readonly string[] | null = null
  mailboxId: string | null = null

  constructor(name: string) {
    this.name = name
  }

  /** As it is now; does not change any more. */
  info(): MailboxInfo {
    const { name, readOnly, total, recent, firstUnseen, uidValidity, uidNext, highestModseq } = this
    const { flags, permanentFlags, mailboxId } = this
    return {
      name,
      readOnly,
      total,
      recent,
      firstUnseen,
      uidValidity,
      uidNext,
      highestModseq,
      flags,
      permanentFlags,
      mailboxId,
    }
  }
}
