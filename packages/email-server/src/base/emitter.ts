// Typed events. What node:events does, with three differences: names and arguments are checked by the compiler, a
// listener that throws does not stop the emitter (`onListenerError` hears of it), and 'error' needs no listener.
import { usageError } from './errors.ts'

type Listener = (...args: never[]) => unknown
interface Entry {
  readonly listener: Listener
  readonly once: boolean
}

export class Emitter<Events extends { [K in keyof Events]: readonly unknown[] }> {
  readonly #entries = new Map<keyof Events, readonly Entry[]>()

  on<K extends keyof Events>(name: K, listener: (...args: Events[K]) => unknown): this {
    return this.#add(name, listener, false)
  }

  once<K extends keyof Events>(name: K, listener: (...args: Events[K]) => unknown): this {
    return this.#add(name, listener, true)
  }

  off<K extends keyof Events>(name: K, listener: (...args: Events[K]) => unknown): this {
    const left = this.#entries.get(name)?.filter(entry => entry.listener !== listener)
    if (left) this.#entries.set(name, left)
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
    return this.#entries.get(name)?.length ?? 0
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
    if (!entries || entries.length === 0) return false
    for (const entry of entries) {
      if (entry.once) this.off(name, entry.listener as (...args: Events[K]) => unknown)
      try {
        const result = (entry.listener as unknown as (...args: Events[K]) => unknown)(...args)
        if (result instanceof Promise) result.catch(error => this.#failed(name, error, onError))
      } catch (error) {
        this.#failed(name, error, onError)
      }
    }
    return true
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
    const before = this.#entries.get(name)
    const entry = { listener, once }
    // an array that is spread has room for sixteen more: too much for every connection's every event
    this.#entries.set(name, before ? [...before, entry] : [entry])
    return this
  }
}
