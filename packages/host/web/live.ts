// What the server tells without being asked. One stream for the page; none while nobody looks at it, because browsers allow few connections to one server.
import type { WebEvents } from '../src/web/api-types.ts'

type Listener<K extends keyof WebEvents> = (data: WebEvents[K]) => void
type Listeners = { readonly [K in keyof WebEvents]: Set<Listener<K>> }

const NAMES: readonly (keyof WebEvents)[] = ['mail', 'sessions', 'lines', 'failures']
/** Before a lost stream is sought again, ms. */
const AGAIN_MS = 1000

export class Live {
  readonly #listeners: Listeners = {
    mail: new Set(),
    sessions: new Set(),
    lines: new Set(),
    failures: new Set(),
  }
  readonly #onState: (isLive: boolean) => void
  readonly #onReturn: () => void
  #source: EventSource | null = null
  #session: number | null = null
  #wasLost = false

  /** `onReturn`: something may have been missed. */
  constructor(onState: (isLive: boolean) => void, onReturn: () => void) {
    this.#onState = onState
    this.#onReturn = onReturn
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#close()
      else this.#open(0)
    })
  }

  start(): void {
    this.#open(0)
  }

  on<K extends keyof WebEvents>(name: K, listener: Listener<K>): void {
    this.#listeners[name].add(listener)
  }

  /** From now on the lines of this session, behind line `after`; null: of none. */
  follow(session: number | null, after: number = 0): void {
    if (session === this.#session && this.#source) return
    this.#session = session
    this.#close()
    this.#wasLost = false
    this.#open(after)
  }

  #open(after: number): void {
    if (this.#source || document.hidden) return
    const query = this.#session === null ? '' : `?session=${this.#session}&after=${after}`
    const source = new EventSource(`/api/events${query}`)
    this.#source = source
    source.onopen = () => {
      this.#onState(true)
      if (this.#wasLost) this.#onReturn()
      this.#wasLost = false
    }
    source.onerror = () => {
      // the browser's own attempts would ask for lines that are there already
      this.#close()
      this.#onState(false)
      setTimeout(() => this.#open(0), AGAIN_MS)
    }
    for (const name of NAMES) {
      source.addEventListener(name, event => {
        const data = JSON.parse((event as MessageEvent<string>).data)
        for (const listener of this.#listeners[name]) listener(data as never)
      })
    }
  }

  #close(): void {
    this.#source?.close()
    this.#source = null
    this.#wasLost = true
  }
}
