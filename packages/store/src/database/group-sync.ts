// Group commit: any number of commits share one flush of the disk. A commit is followed by `flushed()`, which resolves
// when a flush that began after the commit has ended. Flushes run one after the other, in the thread pool, so that while
// one runs the next group gathers, and the event loop never waits for the disk.

export class GroupSync {
  readonly #flush: () => Promise<void>
  #commits = 0
  #safe = 0
  #running: Promise<void> | null = null

  constructor(flush: () => Promise<void>) {
    this.#flush = flush
  }

  /** Something was committed that is not yet safe. */
  committed(): void {
    this.#commits++
  }

  /** Resolves when everything committed so far is safe; rejects when the flush failed. */
  async flushed(): Promise<void> {
    const goal = this.#commits
    while (this.#safe < goal) {
      this.#running ??= this.#run()
      await this.#running
    }
  }

  async #run(): Promise<void> {
    // what else is ready to commit in this turn of the event loop joins the group
    await new Promise(resolve => setImmediate(resolve))
    const goal = this.#commits
    try {
      await this.#flush()
      this.#safe = goal
    } finally {
      this.#running = null
    }
  }
}
