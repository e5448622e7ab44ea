// Reports come in gzip files (RFC 1952) and ZIP archives. What comes out of either is bounded before it is made.
import { asBuffer } from '../base/bytes.ts'

/** What the machine can do; `node/` has the real one. Both readers give null for what is broken or unpacks to more than `limit` octets. */
export interface Compression {
  /** The content of a gzip file. */
  gunzip(bytes: Uint8Array, limit: number): Uint8Array | null
  /** Bare DEFLATE (RFC 1951). */
  inflateRaw(bytes: Uint8Array, limit: number): Uint8Array | null
  /** A gzip file. */
  gzip(bytes: Uint8Array): Uint8Array
}

/** Files of an archive that are looked at. */
const ENTRIES_LIMIT = 20
/** The end record is 22 octets and a comment of up to 65,535. */
const END_SIZE = 22
const COMMENT_LIMIT = 0xffff

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 18 && bytes[0] === 0x1f && bytes[1] === 0x8b
}

export function isZip(bytes: Uint8Array): boolean {
  return bytes.length > END_SIZE && asBuffer(bytes).readUInt32LE(0) === 0x04034b50
}

/** The first file of the archive whose name says that it is a report (`.xml`, `.json`); null without one. */
export function unzipReport(bytes: Uint8Array, limit: number, compression: Compression): Uint8Array | null {
  const buf = asBuffer(bytes)
  let at = findDirectory(buf)
  if (at < 0) return null
  for (let n = 0; n < ENTRIES_LIMIT; n++) {
    // central directory header: PKWARE APPNOTE 4.3.12
    if (at + 46 > buf.length || buf.readUInt32LE(at) !== 0x02014b50) return null
    const nameLength = buf.readUInt16LE(at + 28)
    const name = buf.toString('latin1', at + 46, at + 46 + nameLength)
    if (/\.(?:xml|json)$/i.test(name)) return readEntry(buf, at, limit, compression)
    at += 46 + nameLength + buf.readUInt16LE(at + 30) + buf.readUInt16LE(at + 32)
  }
  return null
}

/** Offset of the first central directory header, by the end record (4.3.16); -1 without one. */
function findDirectory(buf: Buffer): number {
  const first = Math.max(0, buf.length - END_SIZE - COMMENT_LIMIT)
  for (let at = buf.length - END_SIZE; at >= first; at--) {
    if (buf[at] === 0x50 && buf.readUInt32LE(at) === 0x06054b50) return buf.readUInt32LE(at + 16)
  }
  return -1
}

function readEntry(buf: Buffer, at: number, limit: number, compression: Compression): Uint8Array | null {
  const flags = buf.readUInt16LE(at + 8)
  const method = buf.readUInt16LE(at + 10)
  const packed = buf.readUInt32LE(at + 20)
  const size = buf.readUInt32LE(at + 24)
  const local = buf.readUInt32LE(at + 42)
  const encrypted = (flags & 1) === 1
  if (encrypted || size > limit || local + 30 > buf.length || buf.readUInt32LE(local) !== 0x04034b50)
    return null
  const start = local + 30 + buf.readUInt16LE(local + 26) + buf.readUInt16LE(local + 28)
  if (start + packed > buf.length) return null
  const content = buf.subarray(start, start + packed)
  if (method === 0) return content.length <= limit ? content : null
  return method === 8 ? compression.inflateRaw(content, limit) : null
}
