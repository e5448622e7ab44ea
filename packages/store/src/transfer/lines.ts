// Line ends, and the octets between them: files of other programs have LF, messages have CRLF (RFC 5322 §2.1).
const CR = 13
const LF = 10

/** Every LF that has no CR before it gets one. */
export function toCrlf(bytes: Uint8Array): Buffer {
  let missing = 0
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) missing++
  }
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (missing === 0) return source
  const result = Buffer.allocUnsafe(bytes.length + missing)
  let from = 0
  let to = 0
  for (let at = source.indexOf(LF); at >= 0; at = source.indexOf(LF, at + 1)) {
    if (source[at - 1] === CR) continue
    to += source.copy(result, to, from, at)
    result[to++] = CR
    from = at
  }
  source.copy(result, to, from)
  return result
}

/** CRLF becomes LF; a CR for itself stays. */
export function toLf(bytes: Uint8Array): Buffer {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const result = Buffer.allocUnsafe(bytes.length)
  let from = 0
  let to = 0
  for (let at = source.indexOf('\r\n'); at >= 0; at = source.indexOf('\r\n', at + 2)) {
    to += source.copy(result, to, from, at)
    from = at + 1
  }
  to += source.copy(result, to, from)
  return result.subarray(0, to)
}

/**
 * The lines of a source, whose chunks stay what they are, with their line ends (LF); what follows the last one is a line, too. A line that is longer than `longest`
 * comes in pieces.
 */
export async function* linesOf(source: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = []
  let size = 0
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
      const end = bytes.subarray(from, at + 1)
      yield pieces.length === 0 ? end : Buffer.concat([...pieces, end])
      pieces = []
      size = 0
      from = at + 1
    }
    if (from === bytes.length) continue
    pieces.push(bytes.subarray(from))
    size += bytes.length - from
    if (size > longest) {
      yield Buffer.concat(pieces)
      pieces = []
      size = 0
    }
  }
  if (pieces.length > 0) yield Buffer.concat(pieces)
}
