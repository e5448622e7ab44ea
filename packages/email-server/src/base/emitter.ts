// Typed events. What node:events does, with three differences: names and arguments are checked by the compiler, a
// listener that throws does not stop the emitter (`onListenerError` hears of it), and 'error' needs no listener.
import { usageError } from './errors.ts'

type Listener = (...args: never[]) => unknown
/** A listener that is called once, or every time. */
type Entry = { readonly once: Listener } | Listener

export class Emitter<Events extends { [K in keyof Events]: readonly unknown[] }> {
  /** One listener stands for itself: a connection has a dozen of them, and most events have one. */
  readonly #entries = new Map<keyof Events, Entry | readonly Entry[]>()

  on<K extends keyof Events>(name: K, listener: (...args: Events[K]) => unknown): this {
    return this.#add(name, listener, false)
  }

  once<K extends keyof Events>(name: K, listener: (...args: Events[K]) => unknown): this {
    return this.#add(name, listener, true)
  }

  off<K extends keyof Events>(name: K, listener: (...args: Events[K]) => unknown): this {
    const left = this.#of(name).filter(entry => listenerOf(entry) !== listener)
    if (left.length === 0) this.#entries.delete(name)
    else this.#entries.set(name, left.length === 1 ? left[0]! : left)
    return this
  }

  addListener<K extends keyof Events>(name: K, listener: (...args: Events[K]) => unknown): this {
    return this.on(name, listener)
  }

  removeListener<K extends keyof Events>(name: K, listener: (...args: Events[K]) => unknown): this {
    return this.off(name, listener)
  }

  removeAllListeners(name?: keyof Events): this {
    if (name === undefined) this.#entries.clear()
    else this.#entries.delete(name)
    return this
  }

  listenerCount(name: keyof Events): number {
    return this.#of(name).length
  }

  /** Calls the listeners in order; true when there was one. */
  emit<K extends keyof Events>(name: K, ...args: Events[K]): boolean {
    return this.#call(name, args, null)
  }

  /** As `emit`, for events whose asker must know that a listener threw, or that an async one rejected. */
  dispatch<K extends keyof Events>(name: K, args: Events[K], onError: (error: unknown) => void): boolean {
    return this.#call(name, args, onError)
  }

  #call<K extends keyof Events>(
    name: K,
    args: Events[K],
    onError: ((error: unknown) => void) | null,
  ): boolean {
    const entries = this.#entries.get(name)
    if (entries === undefined) return false
    if (Array.isArray(entries)) for (const entry of entries) this.#callOne(name, entry, args, onError)
    else this.#callOne(name, entries as Entry, args, onError)
    return true
  }

  #callOne<K extends keyof Events>(
    name: K,
    entry: Entry,
    args: Events[K],
    onError: ((error: unknown) => void) | null,
  ): void {
    const listener = listenerOf(entry) as unknown as (...args: Events[K]) => unknown
    if (typeof entry !== 'function') this.off(name, listener)
    try {
      const result = listener(...args)
      if (result instanceof Promise) result.catch(error => this.#failed(name, error, onError))
    } catch (error) {
      this.#failed(name, error, onError)
    }
  }

  #of(name: keyof Events): readonly Entry[] {
    const entries = this.#entries.get(name)
    if (entries === undefined) return []
    return Array.isArray(entries) ? entries : [entries as Entry]
  }

  #failed(name: keyof Events, error: unknown, onError: ((error: unknown) => void) | null): void {
    if (onError) onError(error)
    else this.onListenerError(error, name)
  }

  /** What happens when a listener throws or rejects. Classes that own a log override it. */
  protected onListenerError(_error: unknown, _name: keyof Events): void {}

  #add(name: keyof Events, listener: Listener, once: boolean): this {
    if (typeof listener !== 'function')
      throw usageError(`the listener of '${String(name)}' must be a function`)
    const entry = once ? { once: listener } : listener
    const before = this.#of(name)
    this.#entries.set(name, before.length === 0 ? entry : [...before, entry])
    return this
  }
}

function listenerOf(entry: Entry): Listener {
  return typeof entry === 'function' ? entry : entry.once
}
