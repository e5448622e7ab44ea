// An iteration over messages. It asks for them in portions that fit its window, so that the connection is never blocked by more than a portion
// or two, can be left early, and lets other commands through while somebody thinks about a message.
import { MailError, usageError } from '../../base/errors.ts'
import { countOf, type FlatRanges } from '../../base/ranges.ts'
import { BodyStream } from './body-stream.ts'
import type { ClientCore, Command } from './core.ts'
import type { ItemList } from './fetch-items.ts'
import type { FetchedMessage, MessageRecord } from './fetched.ts'
import type { OpenMailbox } from './mailbox.ts'
import { searchUids } from './search.ts'
import { asRanges, takeRanges, type UidSet, writeRanges } from './sets.ts'

export interface FetchOptions {
  /** The messages are sequence numbers, not UIDs. Default false. */
  readonly seq?: boolean
  /** The one body that is asked for is not held: `message.content` gives it piece by piece. Only for iterations. Default false. */
  readonly stream?: boolean
  /** Only messages that have changed since (RFC 7162 §3.1.4.1). */
  readonly changedSince?: bigint
  /** With `changedSince`: tells as `vanished` events what has gone meanwhile (RFC 7162 §3.2.6). */
  readonly vanished?: boolean
  readonly signal?: AbortSignal
}

/** What a message costs besides its bodies, octets. */
const OVERHEAD = 300
const FIRST_WITH_BODIES = 32
const FIRST_WITHOUT = 500
const MOST_AT_ONCE = 4000
/** Portions under way: one comes in while the next is asked for. */
const PORTIONS = 2

/** Iterate over it for one message after another, or await it for all of them. Nothing is asked for before. */
export class FetchFlow implements AsyncIterable<FetchedMessage>, PromiseLike<FetchedMessage[]> {
  readonly streams: boolean
  readonly #start: () => Promise<ClientCore>
  readonly #uids: UidSet
  readonly #items: ItemList
  readonly #options: FetchOptions
  #core: ClientCore | null = null
  #mailbox: OpenMailbox | null = null
  #ranges: FlatRanges | null = null
  readonly #place = { index: 0, offset: 0 }
  /** Collecting: no window, all at the end. */
  #collects = false
  #used = false
  #portions = 0
  #portion: number
  #messages: FetchedMessage[] = []
  #head = 0
  /** Octets of what waits here. */
  #held = 0
  #collected = 0
  /** What messages that wait cost. */
  readonly #costs = new WeakMap<FetchedMessage, number>()
  #waiting: (() => void) | null = null
  #current: BodyStream | null = null
  #over = false
  #error: MailError | null = null

  constructor(start: () => Promise<ClientCore>, uids: UidSet, items: ItemList, options: FetchOptions) {
    if (options.stream && items.bodies !== 1) throw usageError('stream: exactly one body must be asked for')
    if (options.vanished && options.changedSince === undefined)
      throw usageError('vanished wants changedSince')
    this.#start = start
    this.#uids = uids
    this.#items = items
    this.#options = options
    this.streams = options.stream === true
    this.#portion = items.bodies > 0 ? FIRST_WITH_BODIES : FIRST_WITHOUT
    asRanges(uids)
  }

  /** For the session: whoever iterates waits for what comes. */
  get hungry(): boolean {
    return this.#waiting !== null || this.#current?.hungry === true
  }

  /** For the session: enough is here. */
  get full(): boolean {
    return !this.#collects && !this.#over && this.#held > this.#core!.limits.imapFetchWindow
  }

  /** For the session: more is here than may ever be. */
  get bursts(): boolean {
    return !this.#collects && !this.#over && this.#held > this.#core!.limits.imapFetchHeld
  }

  /** All messages. Rejects with what ended it; with ELIMIT beyond `limits.imapAnswer`. */
  // biome-ignore lint/suspicious/noThenProperty: it can be awaited, as every command can
  then<A = FetchedMessage[], B = never>(
    onFulfilled?: ((messages: FetchedMessage[]) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.all().then(onFulfilled, onRejected)
  }

  async all(): Promise<FetchedMessage[]> {
    if (this.streams) throw usageError('stream: iterate over the messages')
    this.#use()
    this.#collects = true
    await this.#begin()
    while (!this.#over) await this.#wait()
    if (this.#error) throw this.#error
    return this.#messages
  }

  [Symbol.asyncIterator](): AsyncIterator<FetchedMessage> {
    this.#use()
    let begun: Promise<void> | null = null
    return {
      next: async () => {
        begun ??= this.#begin()
        await begun
        return this.#next()
      },
      return: async () => {
        this.#finish(null, true)
        return { done: true, value: undefined }
      },
    }
  }

  /** For the session: the iteration ends with an error; what comes for it is thrown away. */
  fail(error: MailError): void {
    this.#finish(error, true)
  }

  /** For the session: a body begins that is to be streamed; null: nobody wants it. */
  begin(message: MessageRecord, size: number): BodyStream | null {
    if (this.#over) return null
    const stream = new BodyStream(size, this.#owner())
    message.content = stream
    this.#deliver(message, 0)
    return stream
  }

  #use(): void {
    if (this.#used) throw usageError('an iteration can be used once')
    this.#used = true
  }

  #owner(): ConstructorParameters<typeof BodyStream>[1] {
    return {
      came: octets => {
        this.#held += octets
      },
      hungry: () => this.#core!.flowChanged(),
      taken: octets => {
        this.#held -= octets
        this.#more()
        this.#core!.flowChanged()
      },
    }
  }

  async #begin(): Promise<void> {
    try {
      const { signal } = this.#options
      const core = await this.#start()
      this.#core = core
      this.#mailbox = core.mailbox
      if (!core.mailbox) throw usageError('FETCH: no mailbox is open')
      signal?.addEventListener('abort', () => {
        this.#finish(new MailError('EABORT', 'the iteration was aborted', { cause: signal.reason }), true)
      })
      if (signal?.aborted)
        throw new MailError('EABORT', 'the iteration was aborted', { cause: signal.reason })
      core.addFlow(this)
      if (core.mailbox.total === 0 && this.#options.changedSince === undefined) {
        this.#finish(null, false)
        return
      }
      await this.#resolve(core)
      this.#more()
    } catch (error) {
      this.#finish(error as MailError, true)
    }
  }

  /** Which UIDs there are; what has changed is asked for at once. */
  async #resolve(core: ClientCore): Promise<void> {
    const { seq = false, changedSince } = this.#options
    if (changedSince !== undefined && !seq) {
      const ranges = asRanges(this.#uids)
      await this.#ask(ranges ? writeRanges(ranges) : (this.#uids as string), null)
      this.#ranges = []
      return
    }
    const given = seq ? null : asRanges(this.#uids)
    if (given) {
      this.#ranges = given
      return
    }
    const ranges = asRanges(this.#uids)
    const set = ranges ? writeRanges(ranges) : (this.#uids as string)
    if (set === '') this.#ranges = []
    else this.#ranges = await searchUids(core, seq ? set : `UID ${set}`, seq)
  }

  /** Asks for the next portion when there is room for it. */
  #more(): void {
    const core = this.#core
    if (this.#over || !core || !this.#ranges) return
    while (this.#portions < PORTIONS && (this.#collects || this.#held < core.limits.imapFetchWindow / 2)) {
      const portion = takeRanges(this.#ranges, this.#place, this.#portion)
      if (portion.length === 0) {
        if (this.#portions === 0) this.#finish(null, false)
        return
      }
      this.#ask(writeRanges(portion), portion).then(
        () => this.#more(),
        error => this.#finish(error as MailError, true),
      )
    }
  }

  async #ask(set: string, portion: FlatRanges | null): Promise<void> {
    if (set === '') return
    this.#portions++
    const before = this.#collected
    try {
      await this.#core!.send(this.#command(set, portion ? new Wanted(portion) : null))
    } finally {
      this.#portions--
    }
    if (!portion) return
    const each = (this.#collected - before) / countOf(portion)
    // all of it may have to be held when somebody waits for another command
    const fits = Math.floor((8 * this.#core!.limits.imapFetchWindow) / Math.max(1, each))
    this.#portion = Math.max(1, Math.min(fits, this.#portion * 4, MOST_AT_ONCE))
  }

  #command(set: string, wanted: Wanted | null): Command<void> {
    const { changedSince, vanished } = this.#options
    return {
      name: 'UID FETCH',
      args: w => {
        w.raw(` ${set} ${this.#items.text}`)
        if (changedSince !== undefined) w.raw(` (CHANGEDSINCE ${changedSince}${vanished ? ' VANISHED' : ''})`)
      },
      needs: 'mailbox',
      within: this.#mailbox,
      collects: ['FETCH'],
      flow: this,
      take: ({ message, octets }) => this.#take(message!, octets, wanted),
      done: () => {},
    }
  }

  #take(message: MessageRecord, octets: number, wanted: Wanted | null): boolean {
    if (message.uid === 0 && message.content === undefined) return false
    if (wanted && !wanted.has(message.uid)) return false
    // news of flags that come in between are no answer
    if (!this.#items.flagsOnly && message.isFlagsOnly) return false
    wanted?.delete(message.uid)
    if (this.#over) return true
    // what is streamed has been told of at its beginning
    if (message.content) return true
    if (this.streams) {
      const bytes = [...message.bodies.values()][0] ?? null
      const stream = new BodyStream(bytes?.length ?? null, this.#owner())
      if (bytes) stream.push(bytes)
      stream.end(null)
      message.content = stream
      message.bodies.clear()
    }
    this.#deliver(message, octets)
    return true
  }

  #deliver(message: FetchedMessage, octets: number): void {
    this.#messages.push(message)
    this.#collected += octets + OVERHEAD
    if (this.#collects) {
      if (this.#collected > this.#core!.limits.imapAnswer) {
        this.#finish(
          new MailError('ELIMIT', 'the messages are more than can be held; iterate over them'),
          true,
        )
      }
      return
    }
    this.#held += octets + OVERHEAD
    this.#costs.set(message, octets + OVERHEAD)
    this.#wake()
  }

  async #next(): Promise<IteratorResult<FetchedMessage>> {
    // what has not been read of the message before will not be
    this.#current?.cancel()
    this.#current = null
    for (;;) {
      const message = this.#messages[this.#head]
      if (message) {
        this.#head++
        if (this.#head > 1000 && this.#head * 2 > this.#messages.length) {
          this.#messages = this.#messages.slice(this.#head)
          this.#head = 0
        }
        this.#held -= this.#costs.get(message) ?? 0
        this.#current = message.content ?? null
        this.#more()
        this.#core!.flowChanged()
        return { done: false, value: message }
      }
      if (this.#error) throw this.#error
      if (this.#over) return { done: true, value: undefined }
      await this.#wait()
    }
  }

  #wait(): Promise<void> {
    return new Promise(resolve => {
      this.#waiting = resolve
      this.#more()
      this.#core?.flowChanged()
      if (this.#over) this.#wake()
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.()
  }

  /** `drop`: what is here and what comes is nobody's. */
  #finish(error: MailError | null, drop: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    if (drop) {
      for (const message of this.#messages.slice(this.#head)) {
        if (error) message.content?.end(error)
        else message.content?.cancel()
      }
      if (error) this.#current?.end(error)
      else this.#current?.cancel()
      this.#messages = []
      this.#head = 0
      this.#held = 0
    }
    this.#core?.removeFlow(this)
    this.#wake()
    this.#core?.flowChanged()
  }
}

/** UIDs of a portion that have not come yet. Answers come in order, so that the next one is where the last one was. */
class Wanted {
  readonly #ranges: FlatRanges
  readonly #seen = new Set<number>()

  constructor(ranges: FlatRanges) {
    this.#ranges = ranges
  }

  has(uid: number): boolean {
    if (this.#seen.has(uid)) return false
    let low = 0
    let high = this.#ranges.length / 2 - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      if (uid < this.#ranges[2 * middle]!) high = middle - 1
      else if (uid >= this.#ranges[2 * middle + 1]!) low = middle + 1
      else return true
    }
    return false
  }

  delete(uid: number): void {
    this.#seen.add(uid)
  }
}
