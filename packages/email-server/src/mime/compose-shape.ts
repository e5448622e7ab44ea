// What stands in the way of sending content as it is: one look at its bytes. RFC 2045 §2.7–2.9 (7bit, 8bit, binary).
import { CR, LF, NUL, SP } from '../base/bytes.ts'

export interface Shape {
  /** Octets of the longest line, its CRLF not counted. */
  readonly longestLine: number
  /** Octets above 0x7F. */
  readonly eightBit: number
  readonly hasNul: boolean
  /** CR or LF that are not a CRLF: how many more octets there are when each becomes one. */
  readonly bareBreaks: number
  /** A line ends in space or tab; some servers strip them. */
  readonly trailingSpace: boolean
  /** A line begins with "From ", which mailbox files turn into ">From ". */
  readonly fromLine: boolean
  /** Octets that quoted-printable must escape, bare CR and LF not counted. */
  readonly escapes: number
  readonly endsWithBreak: boolean
}

const TAB = 9
/** 0 for the octets that say nothing: printable ASCII but `=`. */
const MATTERS: Uint8Array = new Uint8Array(256).fill(1).fill(0, SP, 0x7f)
MATTERS[0x3d] = 1

export function shapeOf(bytes: Uint8Array): Shape {
  let longestLine = 0
  let eightBit = 0
  let hasNul = false
  let bareBreaks = 0
  let trailingSpace = false
  let fromLine = false
  let escapes = 0
  let lineStart = 0
  const end = bytes.length
  for (let i = 0; i < end; i++) {
    const c = bytes[i]!
    if (MATTERS[c] === 0) continue
    if (c === CR || c === LF) {
      if (i - lineStart > longestLine) longestLine = i - lineStart
      if (i > lineStart && isBlank(bytes[i - 1]!)) trailingSpace = true
      if (!fromLine && isFromLine(bytes, lineStart)) fromLine = true
      if (c === CR && i + 1 < end && bytes[i + 1] === LF) i++
      else bareBreaks++
      lineStart = i + 1
    } else if (c > 0x7f) {
      eightBit++
      escapes++
    } else if (c !== TAB) {
      if (c === NUL) hasNul = true
      escapes++
    }
  }
  if (end - lineStart > longestLine) longestLine = end - lineStart
  if (end > lineStart && isBlank(bytes[end - 1]!)) trailingSpace = true
  if (!fromLine && isFromLine(bytes, lineStart)) fromLine = true
  const endsWithBreak = end > 0 && lineStart === end
  return { longestLine, eightBit, hasNul, bareBreaks, trailingSpace, fromLine, escapes, endsWithBreak }
}

/** Every line break as CRLF: bare CR and bare LF alike. `bareBreaks` is how many of those there are. */
export function withCrlf(bytes: Uint8Array, bareBreaks: number): Uint8Array {
  if (bareBreaks === 0) return bytes
  const out = Buffer.allocUnsafe(bytes.length + bareBreaks)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i]!
    if (c !== CR && c !== LF) {
      out[length++] = c
      continue
    }
    out[length++] = CR
    out[length++] = LF
    if (c === CR && bytes[i + 1] === LF) i++
  }
  return out
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === TAB
}

function isFromLine(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0x46 &&
    bytes[at + 1] === 0x72 &&
    bytes[at + 2] === 0x6f &&
    bytes[at + 3] === 0x6d &&
    bytes[at + 4] === SP
  )
}
