// What the tests of text/ share: bytes from Latin-1 text and back, and generated cuts for streaming decoders.

import fc from 'fast-check'

export function bytes(latin1: string): Uint8Array {
  return Uint8Array.from(latin1, character => character.charCodeAt(0))
}

export function text(data: Uint8Array): string {
  return Buffer.from(data).toString('latin1')
}

/** Bytes made of the given characters. */
export function ascii(characters: string, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc
    .array(fc.integer({ min: 0, max: characters.length - 1 }), { maxLength })
    .map(indexes => Uint8Array.from(indexes, index => characters.charCodeAt(index)))
}

/** Cuts data into pieces at generated places; every piece is a copy. */
export function cutsOf(length: number): fc.Arbitrary<(data: Uint8Array) => Uint8Array[]> {
  const places = fc.array(fc.integer({ min: 0, max: length }), { maxLength: 20 })
  return fc.oneof(
    fc.constant((data: Uint8Array) => [...data].map(byte => Uint8Array.of(byte))),
    places.map(list => {
      const sorted = [...list].sort((a, b) => a - b)
      return (data: Uint8Array) =>
        [...sorted, data.length].map((end, i) => data.slice(sorted[i - 1] ?? 0, end))
    }),
  )
}
