// Work that is asked for more often than it need be done.

/** Runs its work one at a time; what is asked for meanwhile is done afterwards, once. */
export class Gathered {
  readonly #work: () => Promise<void>
  #isRunning = false
  #again = false

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** What is under way began too early. */
  again(): void {
    this.#again = true
  }

  /** Resolves with true when all is done; with false at once when it will be done by the one under way. */
  async run(): Promise<boolean> {
    this.#again = true
    if (this.#isRunning) return false
    this.#isRunning = true
    try {
      while (this.#again) {
        this.#again = false
        await this.#work()
      }
    } finally {
      this.#isRunning = false
    }
    return true
  }
}
