// Encoded words, writing. RFC 2047: always UTF-8, at most 75 characters, never half a character.

/** Where an encoded word stands decides what it may hold bare (RFC 2047 §5): `text` for Subject and the like, `phrase` for names. */
export type EncodedWordContext = 'text' | 'phrase'

const WORD_LIMIT = 75

export interface EncodedWordOptions {
  /** Default `text`. */
  readonly context?: EncodedWordContext
  /** Default: whichever makes shorter words. */
  readonly encoding?: 'Q' | 'B' | null
  /** Characters that the line has left for the first word, when fewer than the limit of 75; below 30 it counts as 75. */
  readonly firstWidth?: number
  /** Encode everything, needed or not. */
  readonly all?: boolean
}

/** True when the text cannot stand bare: it has other than printable ASCII and tab, or looks like an encoded word. */
export function needsEncodedWords(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if ((c < 0x20 && c !== 0x09) || c > 0x7e) return true
  }
  return text.includes('=?')
}

/**
 * The text with what needs it written as encoded words in UTF-8, separated by single spaces where a header may be folded. From the first
 * blank-separated piece that needs encoding to the last everything is encoded, what is before and behind stays readable. Q or B, whichever is
 * shorter; no word is over 75 characters and none splits a character. Text that needs nothing is given back unchanged. CR, LF
 * and NUL are encoded like other characters: refuse them before, where the field's name is known.
 */
export function encodeWords(text: string, options: EncodedWordContext | EncodedWordOptions = {}): string {
  const {
    context = 'text',
    encoding = null,
    firstWidth = WORD_LIMIT,
    all = false,
  } = typeof options === 'string' ? { context: options } : options
  if (all) return encodeAll(text, context, encoding, firstWidth)
  if (!needsEncodedWords(text)) return text
  const pieces = text.split(' ')
  let first = 0
  while (first < pieces.length - 1 && isBareWord(pieces[first]!, context)) first++
  let last = pieces.length - 1
  while (last > first && isBareWord(pieces[last]!, context)) last--
  const before = pieces.slice(0, first).join(' ')
  const middle = pieces.slice(first, last + 1).join(' ')
  const after = pieces.slice(last + 1).join(' ')
  const words = encodeAll(middle, context, encoding, first > 0 ? WORD_LIMIT : firstWidth)
  return (first > 0 ? `${before} ` : '') + words + (last < pieces.length - 1 ? ` ${after}` : '')
}

// Of a phrase only atoms are left bare; a quoted string beside encoded words would confuse more readers than it helps.
function isBareWord(word: string, context: EncodedWordContext): boolean {
  if (context === 'text') return !needsEncodedWords(word)
  for (let i = 0; i < word.length; i++) if (!isAtextCode(word.charCodeAt(i))) return false
  return word.length > 0 && !word.includes('=?')
}

function encodeAll(
  text: string,
  context: EncodedWordContext,
  encoding: 'Q' | 'B' | null,
  firstWidth: number,
): string {
  const bytes = Buffer.from(text, 'utf8')
  let qLength = 0
  for (const byte of bytes) qLength += qWidth(byte, context)
  const useQ = encoding === null ? qLength <= Math.ceil(bytes.length / 3) * 4 : encoding === 'Q'
  const prefix = useQ ? '=?UTF-8?Q?' : '=?UTF-8?B?'
  let room = (firstWidth < 30 ? WORD_LIMIT : Math.min(firstWidth, WORD_LIMIT)) - prefix.length - 2
  const words: string[] = []
  for (let from = 0; from < bytes.length; ) {
    const end = useQ ? takeQ(bytes, from, room, context) : takeB(bytes, from, room)
    const part = useQ ? writeQ(bytes, from, end, context) : bytes.toString('base64', from, end)
    words.push(`${prefix}${part}?=`)
    from = end
    room = WORD_LIMIT - prefix.length - 2
  }
  return words.join(' ')
}

// Buffer writes well-formed UTF-8 only, so the first byte tells the length of each character.
function characterEnd(bytes: Buffer, i: number): number {
  const c = bytes[i]!
  return i + (c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4)
}

function takeQ(bytes: Buffer, from: number, room: number, context: EncodedWordContext): number {
  let width = 0
  let i = from
  while (i < bytes.length) {
    const end = characterEnd(bytes, i)
    for (let k = i; k < end; k++) width += qWidth(bytes[k]!, context)
    if (width > room) break
    i = end
  }
  return i
}

function takeB(bytes: Buffer, from: number, room: number): number {
  const most = Math.floor(room / 4) * 3
  if (bytes.length - from <= most) return bytes.length
  let end = from + most
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return end
}

function qWidth(byte: number, context: EncodedWordContext): number {
  return byte === 0x20 || isBareInQ(byte, context) ? 1 : 3
}

function writeQ(bytes: Buffer, from: number, to: number, context: EncodedWordContext): string {
  let out = ''
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    if (byte === 0x20) out += '_'
    else if (isBareInQ(byte, context)) out += String.fromCharCode(byte)
    else out += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

// RFC 5322 §3.2.3 atext
function isAtextCode(c: number): boolean {
  if ((c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)) return true
  return c > 0x20 && c < 0x7f && "!#$%&'*+-/=?^_`{|}~".includes(String.fromCharCode(c))
}

// In a phrase only letters, digits and "!*+-/" may stand bare (RFC 2047 §5 (3)); elsewhere all printable ASCII but "=?_" (§4.2).
function isBareInQ(c: number, context: EncodedWordContext): boolean {
  if ((c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)) return true
  if (context === 'phrase') return c === 0x21 || c === 0x2a || c === 0x2b || c === 0x2d || c === 0x2f
  return c > 0x20 && c < 0x7f && c !== 0x3d && c !== 0x3f && c !== 0x5f
}
