// xtext, in which ESMTP parameters carry arbitrary ASCII. RFC 3461 §4. (For addresses beyond ASCII: unitext.ts.)

// xtext = *( xchar / hexchar ); xchar = "!"–"~" except "+" and "="; hexchar = "+" 2HEXDIG (upper case)   RFC 3461 §4

/** Encodes text as xtext; characters above U+007F become the hexchars of their UTF-8 octets. */
export function encodeXtext(text: string): string {
  let out = ''
  for (const byte of Buffer.from(text, 'utf8'))
    out += isXchar(byte) ? String.fromCharCode(byte) : `+${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return out
}

/** The text that xtext stands for (octets above 0x7F are read as UTF-8), or null when it is not xtext. */
export function decodeXtext(text: string): string | null {
  if (!text.includes('+')) return isXcharsOnly(text) ? text : null
  const bytes = Buffer.allocUnsafe(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x2b) {
      const high = upperHex(text.charCodeAt(i + 1))
      const low = upperHex(text.charCodeAt(i + 2))
      if (high < 0 || low < 0) return null
      bytes[length++] = (high << 4) | low
      i += 2
    } else if (isXchar(c)) bytes[length++] = c
    else return null
  }
  return bytes.toString('utf8', 0, length)
}

function isXchar(c: number): boolean {
  return c > 0x20 && c < 0x7f && c !== 0x2b && c !== 0x3d
}

function isXcharsOnly(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isXchar(text.charCodeAt(i))) return false
  return true
}

function upperHex(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  return c >= 0x41 && c <= 0x46 ? c - 0x37 : -1
}
