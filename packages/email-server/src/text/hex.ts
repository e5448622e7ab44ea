// One hexadecimal digit.

/** The value of the digit with this code, in either case; -1 for anything else, and for undefined. */
export function hexValue(c: number | undefined): number {
  if (c === undefined) return -1
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  const lower = c | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
