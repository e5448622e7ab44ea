// A wish to stop. Nearly every attempt of a queue ends by itself: the AbortSignal, which is dear, is made when somebody really wants to hear of it.

export class Cancel {
  readonly #outer: AbortSignal | undefined
  #controller: AbortController | null = null
  #own: { readonly reason: unknown } | null = null

  /** `outer`: a caller's signal, whose wish this is too. */
  constructor(outer?: AbortSignal) {
    this.#outer = outer
  }

  get aborted(): boolean {
    return this.#own !== null || this.#outer?.aborted === true
  }

  /** The same each time. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    this.#controller = new AbortController()
    if (this.#own) this.#controller.abort(this.#own.reason)
    else if (this.#outer?.aborted) this.#controller.abort(this.#outer.reason)
    else this.#outer?.addEventListener('abort', this.#follow, { once: true })
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#own ??= { reason }
    this.#controller?.abort(reason)
  }

  /** It is over: the caller's signal is let go. */
  release(): void {
    this.#outer?.removeEventListener('abort', this.#follow)
  }

  readonly #follow = (): void => this.#controller?.abort(this.#outer?.reason)
}
