// What has arrived for one address, and what is waited for.
import type { ReceivedMessage } from './received.ts'

/** Every condition that is given must hold. A text must be contained, in any case of letters; `from` is an address. */
export interface MessageMatch {
  readonly subject?: string | RegExp
  readonly from?: string | RegExp
  readonly text?: string | RegExp
  /** Any other condition. */
  readonly where?: (message: ReceivedMessage) => boolean
}

export class Inbox {
  readonly address: string
  readonly #messages: ReceivedMessage[] = []
  /** Those that were waited for, and have been found. */
  readonly #taken = new Set<ReceivedMessage>()
  readonly #watchers = new Set<() => void>()
  readonly #wait: WaitFor
  readonly #added: (message: ReceivedMessage) => void

  /** `added` hears of every message that is put in. */
  constructor(address: string, wait: WaitFor, added: (message: ReceivedMessage) => void = () => {}) {
    this.address = address
    this.#wait = wait
    this.#added = added
  }

  /** All that has arrived, in the order of its coming. */
  get messages(): readonly ReceivedMessage[] {
    return [...this.#messages]
  }

  /** The one that came last, or undefined. */
  get last(): ReceivedMessage | undefined {
    return this.#messages.at(-1)
  }

  /**
   * The first message that fits and that no earlier `waitFor` has given; it may be there already. Rejects when none has come in time, with the
   * subjects of those that are there.
   */
  waitFor(
    match: MessageMatch = {},
    options: { readonly within?: number | string } = {},
  ): Promise<ReceivedMessage> {
    return this.#wait(
      () => {
        const found = this.#messages.find(message => !this.#taken.has(message) && fits(message, match))
        if (found) this.#taken.add(found)
        return found
      },
      { inbox: this, what: describeMatch(match), within: options.within },
    )
  }

  /** Puts a message in. */
  add(message: ReceivedMessage): void {
    this.#messages.push(message)
    this.#added(message)
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** Calls `watcher` whenever something has arrived, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Forgets everything that has arrived. */
  clear(): void {
    this.#messages.length = 0
    this.#taken.clear()
  }
}

/** How time passes while a test waits: `find` is asked again whenever something has arrived. */
export type WaitFor = (
  find: () => ReceivedMessage | undefined,
  facts: { readonly inbox: Inbox; readonly what: string; readonly within: number | string | undefined },
) => Promise<ReceivedMessage>

/** What is told when nothing has come. */
export function nothingCame(inbox: Inbox, what: string, time: string): Error {
  const there = inbox.messages.map(message => JSON.stringify(message.subject)).join(', ') || 'nothing'
  return new Error(`no message ${what} for ${inbox.address} ${time}; there is: ${there}`)
}

function fits(message: ReceivedMessage, { subject, from, text, where }: MessageMatch): boolean {
  return (
    holds(subject, message.subject) &&
    (from === undefined ||
      (typeof from === 'string' ? from.toLowerCase() === message.from : from.test(message.from))) &&
    (text === undefined || holds(text, `${message.text}\n${message.html}`)) &&
    (where?.(message) ?? true)
  )
}

function holds(wanted: string | RegExp | undefined, value: string): boolean {
  if (wanted === undefined) return true
  if (typeof wanted === 'string') return value.toLowerCase().includes(wanted.toLowerCase())
  // a pattern with the flag g remembers where it was
  return value.search(wanted) >= 0
}

function describeMatch(match: MessageMatch): string {
  const conditions = Object.entries(match).map(([name, value]) =>
    typeof value === 'function' ? 'that fits' : `with ${name} ${value}`,
  )
  return conditions.join(' and ') || 'at all'
}
