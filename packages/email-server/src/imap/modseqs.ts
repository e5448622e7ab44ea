// The mod-sequences of the open folder as far as the client has heard of them, and which of them it may take for the
// highest that it knows: never one above a removal that it is still to be told (RFC 7162 §3.2, §6).
import type { Writer } from './wire/writer.ts'

export class Modseqs {
  #told: number
  /** All that has happened up to here was told. */
  #settled: number
  /** The client was told a lower one than it has seen. */
  #corrected = false

  /** @param highest what SELECT tells of the folder */
  constructor(highest: number) {
    this.#told = highest
    this.#settled = highest
  }

  /** What may be told as the highest. */
  get settled(): number {
    return this.#settled
  }

  /** The client is told this one. */
  tell(modseq: number): void {
    if (modseq > this.#told) this.#told = modseq
  }

  /** Everything that has happened was told, up to this mod-sequence at least. */
  settle(modseq = 0): void {
    this.tell(modseq)
    this.#settled = this.#told
    this.#corrected = false
  }

  /**
   * The client takes the highest that it has seen in a command for the highest there is, unless it is told another one.
   * @param pending something that has happened is not told yet
   * @returns the HIGHESTMODSEQ to be told; null: none
   */
  correction(pending: boolean): number | null {
    if (!pending) {
      const owed = this.#corrected
      this.settle()
      return owed ? this.#settled : null
    }
    if (this.#told === this.#settled) return null
    this.#corrected = true
    return this.#settled
  }
}

/** fetch-mod-resp = "MODSEQ" SP "(" permsg-modsequence ")" */
export function writeModseq(w: Writer, modseqs: Modseqs, modseq: number): void {
  modseqs.tell(modseq)
  w.raw(`MODSEQ (${modseq})`)
}
