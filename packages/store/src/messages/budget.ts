// A bound on the bytes of large messages that are worked on at a time. Small ones do not ask.

export class ByteBudget {
  readonly #limit: number
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = []
  #used = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Runs `work` when there is room for so many bytes; in order of asking. One that is larger than all goes alone. */
  async spend<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || (this.#used > 0 && this.#used + bytes > this.#limit)) {
      await new Promise<void>(go => this.#waiting.push({ bytes, go }))
    } else {
      this.#used += bytes
    }
    try {
      return await work()
    } finally {
      this.#used -= bytes
      this.#next()
    }
  }

  #next(): void {
    let first = this.#waiting[0]
    while (first && (this.#used === 0 || this.#used + first.bytes <= this.#limit)) {
      this.#waiting.shift()
      this.#used += first.bytes
      first.go()
      first = this.#waiting[0]
    }
  }
}
