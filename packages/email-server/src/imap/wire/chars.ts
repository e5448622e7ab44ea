// The character classes of RFC 3501 §9 and RFC 9051 §9, as one table over the 256 octets.

export const ATOM_CHAR = 1
export const ASTRING_CHAR = 2
export const LIST_CHAR = 4
export const TAG_CHAR = 8
/** What may stand in a quoted string without an escape; octets of UTF-8 are looked at by the reader. */
export const QUOTED_PLAIN = 16
export const DIGIT = 32
export const BASE64_CHAR = 64
/** Letters, digits, `.`, `-` and `_`: enough for every data item's name, and it stops before `[`. */
export const NAME_CHAR = 128

const CLASSES = new Uint8Array(256)

for (let c = 0x21; c < 0x7f; c++) {
  const char = String.fromCharCode(c)
  const special = '(){%*"\\]'.includes(char)
  let bits = 0
  if (!special) bits |= ATOM_CHAR
  if (!special || char === ']') bits |= ASTRING_CHAR
  if (!special || '%*]'.includes(char)) bits |= LIST_CHAR
  if ((!special || char === ']') && char !== '+') bits |= TAG_CHAR
  if (/[0-9]/.test(char)) bits |= DIGIT
  if (/[A-Za-z0-9+/=]/.test(char)) bits |= BASE64_CHAR
  if (/[A-Za-z0-9._-]/.test(char)) bits |= NAME_CHAR
  CLASSES[c] = bits
}
for (let c = 1; c < 256; c++) {
  if (c !== 10 && c !== 13 && c !== 0x22 && c !== 0x5c) CLASSES[c]! |= QUOTED_PLAIN
}

/** Is this octet of one of the classes? */
export function isClass(code: number, classes: number): boolean {
  return code >= 0 && code < 256 && (CLASSES[code]! & classes) !== 0
}

/** Is the text one or more characters, all of these classes? */
export function isAll(text: string, classes: number): boolean {
  for (let i = 0; i < text.length; i++) if (!isClass(text.charCodeAt(i), classes)) return false
  return text.length > 0
}
