// What a row of the bench is: one task, done by several contenders in turn, and what we promise about our share of it.

/** What one round measured; the keys are the names of metrics with their unit, e.g. `msg/s`. */
export type Sample = Readonly<Record<string, number>>

/** A contender that stands ready. */
export interface Running {
  round(): Promise<Sample>
  stop(): Promise<void>
}

export interface Contender {
  readonly name: string
  /** `limit` is the bare program that moves the same bytes, or does the same hash, and nothing else. */
  readonly kind: 'ours' | 'peer' | 'limit'
  start(): Promise<Running>
}

/** A promise about the median of `metric` of the contender that is ours. */
export type Target = { readonly metric: string } & (
  | { readonly atLeast: number; readonly timesThatOf: string }
  | { readonly atMost: number; readonly timesThatOf: string }
  | { readonly atMost: number; readonly aboveThatOf: string }
  | { readonly atMost: number }
)

export interface Row {
  /** A word that `npm run bench WORD` can pick it by. */
  readonly name: string
  /** The task in one line, with its sizes. */
  readonly task: string
  /** The columns, in their order. */
  readonly metrics: readonly string[]
  /** Measured rounds; one more comes first and is not counted. Default 9. */
  readonly rounds?: number
  /** Makes what is kept for later runs; may take minutes, which a contender's start may not. */
  readonly prepare?: () => Promise<unknown>
  readonly contenders: readonly Contender[]
  readonly targets: readonly Target[]
}
