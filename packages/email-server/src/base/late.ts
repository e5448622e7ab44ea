// Values that are made when they are first asked for: programs that never ask for a table start faster, and what of a message
// nobody reads is never decoded.

/** `make` runs at the first call; every call gives the same value. */
export function late<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
