// gzip and DEFLATE of this machine, for reports. What is unpacked never grows beyond the limit.
import type { Compression } from '../dsn/index.ts'
import { builtin } from './builtin.ts'

export const nodeCompression: Compression = {
  gunzip: (bytes, limit) => bounded(() => builtin('node:zlib').gunzipSync(bytes, { maxOutputLength: limit })),
  inflateRaw: (bytes, limit) =>
    bounded(() => builtin('node:zlib').inflateRawSync(bytes, { maxOutputLength: limit })),
  gzip: bytes => builtin('node:zlib').gzipSync(bytes),
}

function bounded(unpack: () => Uint8Array): Uint8Array | null {
  try {
    return unpack()
  } catch {
    // broken, or too large: both are no report
    return null
  }
}
