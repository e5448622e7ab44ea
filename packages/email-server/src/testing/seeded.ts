// Randomness that a seed repeats (xorshift32): good enough to mix tests up, useless for secrets.

export function seededBytes(seed: number): (length: number) => Uint8Array {
  let state = seed >>> 0 || 1
  return length => {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) {
      state ^= state << 13
      state ^= state >>> 17
      state = (state ^ (state << 5)) >>> 0
      bytes[i] = state >>> 24
    }
    return bytes
  }
}
