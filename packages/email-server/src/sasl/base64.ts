// base64 as SASL exchanges carry it (RFC 4954 §4, RFC 9051 §9, RFC 5034 §4; RFC 4648 §4): characters outside the
// alphabet are refused, and padding stands at the end only.

/** Null when the text is not base64. */
export function decodeSaslBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  return Buffer.from(text, 'base64')
}

export function encodeSaslBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
