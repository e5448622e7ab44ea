// Waiting until nothing more happens, without real time playing a part.
import { turn } from '../node/index.ts'

export { turn }

/** Turns until `measure` has given the same number `quiet` times in a row (at most `most` turns). */
export async function turnsUntilQuiet(measure: () => number, quiet = 3, most = 100_000): Promise<void> {
  let last = measure()
  let same = 0
  for (let i = 0; i < most && same < quiet; i++) {
    await turn()
    const now = measure()
    same = now === last ? same + 1 : 0
    last = now
  }
}
