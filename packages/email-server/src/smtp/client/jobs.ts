// What a session has been asked to do: one thing after another, in the order in which it was asked for. The envelope of a message may go with
// the end of the one before it (RFC 2920 §3.1), which saves a round trip.
import { MailError } from '../../base/errors.ts'
import type { ClientCore, Work } from './core.ts'
import { aborted } from './faults.ts'

interface Job {
  readonly work: Work<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: MailError) => void
}

export interface JobsOwner {
  /** Nothing is owed and nothing else goes on. */
  readonly idle: boolean
  /** The session can do things at all. */
  readonly open: boolean
  /** A failure of ours. */
  broken(error: unknown): void
}

export class Jobs {
  readonly #core: ClientCore
  readonly #owner: JobsOwner
  #queue: Job[] = []
  /** At most two: a message whose final reply has not come yet, and the one behind it. */
  #running: Job[] = []
  /** The only one that runs has said all that it has to say. */
  #said = false
  /** The session ends with this as soon as whoever else runs has its answer. */
  #doom: MailError | null = null

  constructor(core: ClientCore, owner: JobsOwner) {
    this.#core = core
    this.#owner = owner
  }

  get none(): boolean {
    return this.#running.length === 0 && this.#queue.length === 0
  }

  get running(): boolean {
    return this.#running.length > 0
  }

  /** Does this after everything that has been asked for before. */
  do<T>(work: Work<T>): Promise<T> {
    const { signal } = work
    if (signal?.aborted) return Promise.reject(aborted(signal))
    return new Promise((resolve, reject) => {
      const job: Job = { work, resolve: resolve as (value: unknown) => void, reject }
      this.#queue.push(signal ? this.#abortable(job, signal) : job)
      // nobody knows how long nothing has been said
      if (!this.running && this.#owner.open) this.#core.wake()
      this.next()
    })
  }

  /** Begins with the next when it may begin. */
  next(): void {
    const job = this.#queue[0]
    if (!job || !this.#owner.open || this.#doom) return
    const behind = this.#said && this.#running.length === 1 && job.work.mayFollow === true
    if (!behind && (this.running || !this.#owner.idle)) return
    this.#queue.shift()
    this.#said = false
    this.#running.push(job)
    job.work.run(this.#core).then(
      value => {
        job.resolve(value)
        this.#finish(job)
      },
      error => {
        if (!(error instanceof MailError)) this.#owner.broken(error)
        job.reject(error as MailError)
        this.#finish(job)
      },
    )
  }

  /** Who runs has said all that it has to say, and waits for its last reply. */
  said(): void {
    this.#said = this.#running.length === 1
    this.next()
  }

  /** The session is over. */
  end(error: MailError): void {
    // those that wait for replies are told by them
    for (const { work, reject } of this.#running.splice(0)) {
      const told = work.lost?.(error, this.#core)
      if (told) reject(told)
    }
    for (const { reject } of this.#queue.splice(0)) reject(error)
  }

  #finish(job: Job): void {
    this.#running = this.#running.filter(other => other !== job)
    if (!this.running) this.#said = false
    if (this.#doom && this.#running.length <= 1) this.#core.end(this.#doom)
    else this.next()
  }

  #abortable({ work, resolve, reject }: Job, signal: AbortSignal): Job {
    let isAborted = false
    const abort = (): void => {
      isAborted = true
      this.#abort(job)
    }
    const settled = (): void => signal.removeEventListener('abort', abort)
    const job: Job = {
      work,
      resolve: value => {
        settled()
        resolve(value)
      },
      reject: error => {
        settled()
        reject(isAborted ? aborted(signal, error.ambiguous) : error)
      },
    }
    signal.addEventListener('abort', abort, { once: true })
    return job
  }

  #abort(job: Job): void {
    // what all others hear of it
    const error = new MailError('ECONNECTION', 'sending was aborted, and the connection with it')
    if (!this.#running.includes(job)) {
      this.#queue = this.#queue.filter(other => other !== job)
      job.reject(error)
    } else if (job === this.#running[0]) {
      // half of a message cannot be taken back: only the end of the connection says that it is not meant
      this.#core.end(error)
    } else {
      // the message before this one has a right to its reply
      this.#doom = error
      job.reject(error)
    }
  }
}
