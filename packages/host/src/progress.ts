// A bar on a terminal, nothing elsewhere: logs want results, not the way to them.
const WIDTH = 30
/** Drawn so often at most, ms. */
const EVERY_MS = 100

export interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export class ProgressBar {
  readonly #terminal: Terminal
  readonly #now: () => number
  #drawnAt = Number.NEGATIVE_INFINITY
  #drawn = ''

  constructor(terminal: Terminal, now: () => number = Date.now) {
    this.#terminal = terminal
    this.#now = now
  }

  /** `total` may be 0 when there is nothing to do. */
  show(done: number, total: number, text: string): void {
    if (!this.#terminal.isTTY || this.#now() - this.#drawnAt < EVERY_MS) return
    this.#drawnAt = this.#now()
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const full = Math.floor(share * WIDTH)
    const bar = `${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}`
    const line = `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${text}`
    this.#terminal.write(`\r${line.padEnd(this.#drawn.length)}`)
    this.#drawn = line
  }

  /** Takes the bar away, so that the result stands in its place. */
  clear(): void {
    if (this.#drawn !== '') this.#terminal.write(`\r${' '.repeat(this.#drawn.length)}\r`)
    this.#drawn = ''
  }
}

/** As people read it: 12,345. */
export function number(value: number): string {
  return value.toLocaleString('en-US')
}
