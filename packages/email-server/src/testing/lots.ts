// Decisions out of random bytes.

export type RandomBytes = (length: number) => Uint8Array

/** A number from 0 to below 1. */
export function fraction(random: RandomBytes): number {
  const bytes = random(3)
  return (bytes[0]! * 65_536 + bytes[1]! * 256 + bytes[2]!) / 2 ** 24
}

/** A whole number from 0 to below `below`. */
export function whole(random: RandomBytes, below: number): number {
  return Math.floor(fraction(random) * below)
}

/** One of them. */
export function oneOf<T>(random: RandomBytes, values: readonly T[]): T {
  return values[whole(random, values.length)]!
}

/** True with this chance, 0 to 1. */
export function happens(random: RandomBytes, chance: number): boolean {
  return fraction(random) < chance
}
