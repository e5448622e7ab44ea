// What we want to say and have not handed over yet. Small writes of one turn leave together; a peer that does not read
// stops its producers (`ready`) instead of filling our memory.
import { concat, fromUtf8 } from './bytes.ts'

/** Pieces up to this size are joined with their neighbours; larger ones are handed over as they are. */
const JOIN_BELOW = 2 * 1024
/** Pending bytes at which a turn is cut into several sends, and the size of the largest send. */
const SEND_AT = 64 * 1024

export class OutputQueue {
  readonly #send: (bytes: Uint8Array) => void
  #text = ''
  #chunks: Uint8Array[] = []
  #pending = 0
  #scheduled = false
  #corked = false
  #paused = false
  #closing = false
  #closed = false
  #waiting: (() => void)[] = []

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send
  }

  /** Bytes not handed over yet (characters, for text that is not encoded yet). */
  get pending(): number {
    return this.#pending
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Text is sent as UTF-8. The caller vouches that it holds no line break it does not mean. */
  write(data: string | Uint8Array): void {
    if (this.#closed || data.length === 0) return
    if (typeof data === 'string') {
      this.#text += data
    } else {
      this.#encodeText()
      this.#chunks.push(data)
    }
    this.#pending += data.length
    if (this.#pending >= SEND_AT && !this.#paused) this.flush()
    else if (!this.#scheduled && !this.#corked) {
      this.#scheduled = true
      queueMicrotask(() => {
        this.#scheduled = false
        this.flush()
      })
    }
  }

  /** What is written from now on waits for `uncork`, which hands it over at once: cheaper than at the end of the turn. */
  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    this.#corked = false
    this.flush()
  }

  /** Hands everything over now, unless and until the peer is not reading. */
  flush(): void {
    if (this.#pending === 0 || this.#paused) return
    this.#encodeText()
    const chunks = this.#chunks
    this.#chunks = []
    this.#pending = 0
    let run: Uint8Array[] = []
    for (const [i, chunk] of chunks.entries()) {
      if (chunk.length < JOIN_BELOW) {
        run.push(chunk)
        if (i + 1 < chunks.length && chunks[i + 1]!.length < JOIN_BELOW) continue
        this.#send(concat(run))
        run = []
      } else {
        for (let at = 0; at < chunk.length; at += SEND_AT) {
          this.#send(chunk.subarray(at, at + SEND_AT))
          if (this.#paused && at + SEND_AT < chunk.length) {
            this.#keep([chunk.subarray(at + SEND_AT), ...chunks.slice(i + 1)])
            return
          }
        }
      }
      if (this.#paused) {
        this.#keep(chunks.slice(i + 1))
        return
      }
    }
  }

  /** The transport is full: producers wait until `resume`. */
  pause(): void {
    // last words leave in any case
    if (!this.#closing) this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.flush()
    if (this.#paused) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }

  /** Null: go on writing. A promise: the peer is not reading; write no more before it resolves. */
  ready(): Promise<void> | null {
    if (!this.#paused || this.#closed) return null
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** Hands over what is left and takes nothing more; producers that wait go on (and write into the void). */
  close(): void {
    if (this.#closed) return
    this.#closing = true
    this.#paused = false
    this.flush()
    this.#closed = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }

  /** As `close`, but what is left is forgotten. */
  discard(): void {
    this.#text = ''
    this.#chunks = []
    this.#pending = 0
    this.close()
  }

  /** Puts back what could not be sent, before anything written since. */
  #keep(chunks: readonly Uint8Array[]): void {
    this.#encodeText()
    this.#chunks = [...chunks, ...this.#chunks]
    for (const chunk of chunks) this.#pending += chunk.length
  }

  #encodeText(): void {
    if (this.#text === '') return
    this.#chunks.push(fromUtf8(this.#text))
    this.#text = ''
  }
}
