// Who is logged in, so that who may not be here any longer is shown out.
export class OpenSessions {
  /** What shows them out, by address. */
  readonly #open = new Map<string, Set<() => void>>()

  add(address: string, end: () => void): void {
    const sessions = this.#open.get(address)
    if (sessions) sessions.add(end)
    else this.#open.set(address, new Set([end]))
  }

  remove(address: string, end: () => void): void {
    const sessions = this.#open.get(address)
    sessions?.delete(end)
    if (sessions?.size === 0) this.#open.delete(address)
  }

  end(address: string): void {
    // each takes itself out
    for (const end of [...(this.#open.get(address) ?? [])]) end()
  }
}
