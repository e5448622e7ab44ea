// Encoded words, decoding. RFC 2047 (and the language of RFC 2231 §5). Tolerant: words without white space around them, white space
// inside them, words over 75 characters, characters and base64 quanta split over adjacent words, unknown charsets.

import { concat, fromUtf8 } from '../base/bytes.ts'
import { decodeBase64 } from './base64.ts'
import { type CharsetOptions, decodeCharset } from './charset.ts'
import { canonicalCharset } from './charset-names.ts'
import { hexValue } from './hex.ts'
import { unfold } from './unfold.ts'
import { decodeUnlabelled } from './unlabelled.ts'

const Q = 0x71
const B = 0x62
const QUESTION = 0x3f

interface Word {
  readonly charset: string
  readonly encoding: 'b' | 'q'
  readonly text: string
  /** Offset behind the word. */
  readonly end: number
}

/**
 * The text of an unstructured header field body, or of a phrase, with its encoded words decoded. The white space (and folding) between two
 * adjacent words vanishes (RFC 2047 §6.2). CR, LF and NUL inside a decoded word become spaces: a header is one line. What only looks
 * like an encoded word stays as it is.
 */
export function decodeEncodedWords(text: string, options: CharsetOptions = {}): string {
  let open = text.indexOf('=?')
  if (open < 0) return text
  let out = ''
  let copied = 0
  let run: Word[] = []
  while (open >= 0) {
    const word = readWord(text, open)
    if (typeof word === 'number') {
      open = text.indexOf('=?', word)
      continue
    }
    const between = text.slice(copied, open)
    if (run.length > 0 && !isWhite(between)) {
      out += decodeRun(run, options)
      run = []
    }
    if (run.length === 0) out += between
    run.push(word)
    copied = word.end
    open = text.indexOf('=?', copied)
  }
  return out + decodeRun(run, options) + text.slice(copied)
}

/** A raw header field body as people should read it: unfolded, raw 8-bit text read, encoded words decoded, ends trimmed. */
export function decodeHeaderText(bytes: Uint8Array, options: CharsetOptions = {}): string {
  return decodeEncodedWords(unfold(decodeUnlabelled(bytes)), options).trim()
}

// encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="        RFC 2047 §2, RFC 2231 §5
/** The word that begins at `open`, or where to look on for the next. */
function readWord(text: string, open: number): Word | number {
  let i = open + 2
  const limit = Math.min(text.length, i + 128)
  while (i < limit && isTokenCode(text.charCodeAt(i))) i++
  if (i === open + 2 || text.charCodeAt(i) !== QUESTION) return i
  const encoding = text.charCodeAt(i + 1) | 0x20
  if ((encoding !== B && encoding !== Q) || text.charCodeAt(i + 2) !== QUESTION) return i
  const start = i + 3
  const close = text.indexOf('?=', start)
  if (close < 0) return text.length
  // a word that was never closed must not swallow the next one
  const next = text.lastIndexOf('=?', close - 2)
  if (next >= start) return next
  const label = text.slice(open + 2, i)
  const language = label.indexOf('*')
  const charset = language < 0 ? label : label.slice(0, language)
  return { charset, encoding: encoding === B ? 'b' : 'q', text: text.slice(start, close), end: close + 2 }
}

function decodeRun(run: readonly Word[], options: CharsetOptions): string {
  let out = ''
  for (let i = 0; i < run.length; ) {
    const charset = charsetKey(run[i]!.charset)
    let end = i + 1
    while (end < run.length && charsetKey(run[end]!.charset) === charset) end++
    const words = end - i === run.length ? run : run.slice(i, end)
    const text = decodeCharset(bytesOf(words), run[i]!.charset, options)
    out += /[\r\n\0]/.test(text) ? text.replace(/\r\n|[\r\n\0]/g, ' ') : text
    i = end
  }
  return out
}

function charsetKey(label: string): string {
  return canonicalCharset(label) ?? label.toLowerCase()
}

function bytesOf(words: readonly Word[]): Uint8Array {
  const only = words[0]!
  if (words.length === 1) return only.encoding === 'b' ? base64Bytes(only.text) : decodeQ(only.text)
  const parts: Uint8Array[] = []
  let base64 = ''
  for (const word of words) {
    if (word.encoding === 'b') {
      base64 += word.text
      // a quantum that is not whole goes on in the next word, if that is base64 too
      if (word.text.endsWith('=') || base64Characters(base64) % 4 === 0) {
        parts.push(base64Bytes(base64))
        base64 = ''
      }
    } else {
      if (base64 !== '') parts.push(base64Bytes(base64))
      base64 = ''
      parts.push(decodeQ(word.text))
    }
  }
  if (base64 !== '') parts.push(base64Bytes(base64))
  return concat(parts)
}

/** Buffer's decoder is the quickest, and takes what others would not: it gets what is base64 to the letter. */
function base64Bytes(text: string): Uint8Array {
  const regular = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
  return regular ? Buffer.from(text, 'base64') : decodeBase64(fromUtf8(text))
}

function base64Characters(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c > 0x20) count++
  }
  return count
}

function decodeQ(text: string): Uint8Array {
  const src = Buffer.from(text, 'utf8')
  let length = 0
  for (let i = 0; i < src.length; i++) {
    const c = src[i]!
    if (c === 0x5f) src[length++] = 0x20
    else if (c === 0x3d && hexValue(src[i + 1]) >= 0 && hexValue(src[i + 2]) >= 0) {
      src[length++] = (hexValue(src[i + 1]) << 4) | hexValue(src[i + 2])
      i += 2
    } else src[length++] = c
  }
  return src.subarray(0, length)
}

// RFC 2047 §2 token; "." is let through because charsets such as ANSI_X3.4-1968 have it, and so do "*" and "'".
function isTokenCode(c: number): boolean {
  return (
    c > 0x20 && c < 0x7f && c !== 0x3f && c !== 0x3d && c !== 0x22 && c !== 0x28 && c !== 0x29 && c !== 0x2c
  )
}

function isWhite(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c !== 0x20 && c !== 0x09 && c !== 13 && c !== 10) return false
  }
  return true
}
