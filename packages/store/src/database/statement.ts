// Statements of the busiest paths, built and compiled once: building and compiling costs more than what the database does with a short one.
import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Tables } from './schema.ts'

/** Stands for a value while the statement is built. */
class Slot {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

interface Compiled<R> {
  readonly query: CompiledQuery<R>
  /** Values, and the slots where one comes from outside. */
  readonly parameters: readonly unknown[]
}

/**
 * @param build gets stand-ins for the values, by their names: they are used as values only, each as often as is liked
 *
 *     const byHash = statement((db, { hash }: { hash: string }) => db.selectFrom('bodies').select('id').where('hash', '=', hash))
 *     const row = await byHash.first(trx, { hash })
 */
export function statement<P extends { readonly [name: string]: unknown }, R>(
  build: (db: Kysely<Tables>, values: P) => Compilable<R>,
): Statement<P, R> {
  return new Statement(build)
}

export class Statement<P extends { readonly [name: string]: unknown }, R> {
  readonly #build: (db: Kysely<Tables>, values: P) => Compilable<R>
  /** By dialect: its adapter is one for the database and its transactions. */
  readonly #compiled = new WeakMap<object, Compiled<R>>()

  constructor(build: (db: Kysely<Tables>, values: P) => Compilable<R>) {
    this.#build = build
  }

  async all(db: Kysely<Tables>, values: P): Promise<R[]> {
    const { query, parameters } = this.#of(db)
    const bound = parameters.map(each => (each instanceof Slot ? values[each.name] : each))
    return (await db.executeQuery<R>({ ...query, parameters: bound })).rows
  }

  async first(db: Kysely<Tables>, values: P): Promise<R | undefined> {
    return (await this.all(db, values))[0]
  }

  #of(db: Kysely<Tables>): Compiled<R> {
    const { adapter } = db.getExecutor()
    const known = this.#compiled.get(adapter)
    if (known) return known
    const slots = new Proxy({}, { get: (_, name) => new Slot(String(name)) }) as P
    const query = this.#build(db, slots).compile()
    const made = { query, parameters: query.parameters }
    this.#compiled.set(adapter, made)
    return made
  }
}
