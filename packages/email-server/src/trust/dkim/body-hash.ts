// The hash of a body as a stream (RFC 6376 §3.4.3, §3.4.4, §3.4.5, §3.7): any cut of the bytes gives the same hash, memory is constant.
// Trailing empty lines are counted, not kept; white space is looked for by native searches where it is rare.
import { asBuffer, CR, CRLF, LF, SP } from '../../base/bytes.ts'
import { createHash } from '../../base/crypto.ts'
import type { Canonicalization } from './canonical-header.ts'

const TAB = 9
const BLOCK = 32 * 1024
/** How far white space must be away for a native search to be the quicker one. */
const NEAR = 256
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
const NO_WORDS = new Int32Array(0)
const EMPTY_LINES = Buffer.from('\r\n'.repeat(512))
const SPACE = Buffer.from(' ')
const LONE_CR = Buffer.from('\r')

/** One wanted hash: of a canonicalisation, to a number of octets (`l=`), null for all. */
export class BodyDigest {
  readonly #hash
  #left: number
  #length = 0
  #digest: Uint8Array | null = null

  constructor(algorithm: 'sha256' | 'sha1', limit: number | null) {
    this.#hash = createHash(algorithm)
    this.#left = limit ?? Number.POSITIVE_INFINITY
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length
    if (this.#left >= bytes.length) {
      this.#left -= bytes.length
      this.#hash.update(bytes)
    } else if (this.#left > 0) {
      this.#hash.update(bytes.subarray(0, this.#left))
      this.#left = 0
    }
  }

  /** The hash; asked for when the body has ended. */
  digest(): Uint8Array {
    this.#digest ??= this.#hash.digest()
    return this.#digest
  }

  /** Octets of the whole canonical body, whatever the limit. */
  get length(): number {
    return this.#length
  }
}

/** One canonicalisation of one body, for all the hashes that want it. */
export class BodyCanonicalizer {
  readonly #relaxed: boolean
  readonly #sinks: BodyDigest[] = []
  /** CRLFs that are empty lines at the end unless something follows. */
  #lines = 0
  /** A CR whose LF may be in the next chunk; it comes behind `#lines`. */
  #cr = false
  /** Relaxed: white space that is nothing unless something follows on its line. */
  #space = false
  /** Relaxed: a CR behind such white space. */
  #spaceCr = false
  #any = false
  #scratch: Buffer | null = null

  constructor(how: Canonicalization) {
    this.#relaxed = how === 'relaxed'
  }

  add(sink: BodyDigest): void {
    this.#sinks.push(sink)
  }

  write(chunk: Uint8Array): void {
    const bytes = asBuffer(chunk)
    if (this.#relaxed) {
      for (let at = 0; at < bytes.length; at += BLOCK) this.#reduce(bytes.subarray(at, at + BLOCK))
    } else this.#trim(bytes)
  }

  end(): void {
    if (this.#spaceCr) {
      this.#spaceCr = false
      this.#trim(Buffer.from(' \r'))
    }
    if (this.#cr) this.#release()
    // §3.4.3: an empty body is one CRLF; §3.4.4: it is nothing.
    if (this.#any || !this.#relaxed) this.#emit(CRLF)
  }

  /** Runs of white space become one space, and none at the end of a line. */
  #reduce(block: Buffer): void {
    let from = 0
    if (this.#spaceCr) {
      this.#spaceCr = false
      this.#trim(block[0] === LF ? LONE_CR : Buffer.from(' \r'))
    } else if (this.#space) {
      while (from < block.length && (block[from] === SP || block[from] === TAB)) from++
      if (from === block.length) return
      this.#space = false
      if (block[from] !== CR) this.#trim(SPACE)
      else if (from + 1 === block.length) {
        this.#spaceCr = true
        return
      } else if (block[from + 1] !== LF) this.#trim(SPACE)
    }
    const change = nextChange(block, from)
    if (change < block.length) {
      this.#scratch ??= Buffer.allocUnsafe(BLOCK)
      this.#trim(this.#scratch.subarray(0, this.#rewrite(block, from, change, this.#scratch)))
    } else this.#trim(from === 0 ? block : block.subarray(from))
  }

  /** `block` from `from` on into `out`, which is as long; up to `change` nothing changes. */
  #rewrite(block: Buffer, from: number, change: number, out: Buffer): number {
    const end = block.length
    let o = block.copy(out, 0, from, change)
    let i = change
    while (i < end) {
      const c = block[i]!
      if (c !== SP && c !== TAB) {
        out[o++] = c
        i++
        continue
      }
      do i++
      while (i < end && (block[i] === SP || block[i] === TAB))
      if (i === end) this.#space = true
      else if (block[i] !== CR) out[o++] = SP
      else if (i + 1 === end) {
        this.#spaceCr = true
        break
      } else if (block[i + 1] !== LF) out[o++] = SP
    }
    return o
  }

  /** Holds back the empty lines at the end of what was given so far. */
  #trim(bytes: Uint8Array): void {
    let start = 0
    let end = bytes.length
    if (end === 0) return
    if (this.#cr && bytes[0] === LF) {
      this.#cr = false
      this.#lines++
      start = 1
    }
    const cr = end > start && bytes[end - 1] === CR
    if (cr) end--
    const last = end
    while (end - 2 >= start && bytes[end - 1] === LF && bytes[end - 2] === CR) end -= 2
    if (end > start) {
      this.#release()
      this.#emit(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
      this.#any = true
    } else if (this.#cr && (last > start || cr)) this.#release()
    this.#lines += (last - end) / 2
    this.#cr = cr
  }

  #release(): void {
    for (; this.#lines > 0; this.#lines -= Math.min(this.#lines, 512)) {
      this.#emit(EMPTY_LINES.subarray(0, Math.min(this.#lines, 512) * 2))
    }
    if (this.#cr) this.#emit(LONE_CR)
    this.#any = true
    this.#cr = false
  }

  #emit(bytes: Uint8Array): void {
    for (const sink of this.#sinks) sink.update(bytes)
  }
}

/**
 * Offset of the first white space at or after `from` that does not stay as it is, or that ends the block; else its length. Four bytes
 * are looked at together: prose has a space every few bytes, and nearly all of them stay.
 */
function nextChange(block: Buffer, from: number): number {
  // The words below have their first byte lowest; elsewhere all is rewritten.
  if (!LITTLE_ENDIAN) return from
  const tab = block.indexOf(TAB, from)
  const stop = tab === -1 ? block.length : tab
  const shift = -block.byteOffset & 3
  const count = (block.length - shift) >> 2
  const words = count > 0 ? new Int32Array(block.buffer, block.byteOffset + shift, count) : NO_WORDS
  let i = from
  while (i < stop) {
    if (((i - shift) & 3) !== 0 || stop - i < 4) {
      if (isChange(block, i)) return i
      i++
      continue
    }
    const near = Math.min(i + NEAR, stop - 3)
    let hasSpace = false
    for (; i < near; i += 4) {
      const word = words[(i - shift) >> 2]!
      const spaces = zeroBytes(word ^ 0x20202020)
      if (spaces === 0) continue
      hasSpace = true
      const followers = spaces | zeroBytes(word ^ 0x0d0d0d0d)
      if ((spaces & (followers >>> 8)) !== 0) {
        for (let j = i; j < i + 3; j++) if (isChange(block, j)) return j
      }
      // The neighbour of the last one is in the next word.
      if (spaces < 0 && isChange(block, i + 3)) return i + 3
    }
    if (hasSpace) continue
    const space = block.indexOf(SP, i)
    if (space === -1 || space >= stop) return stop
    i = space
  }
  return stop
}

/** The top bit of each byte that is zero; the byte above such a one may have it, too, when it is 1. */
function zeroBytes(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080
}

function isChange(block: Buffer, at: number): boolean {
  if (block[at] !== SP) return false
  const next = block[at + 1]
  return next === SP || next === CR || next === TAB || next === undefined
}

/** The hashes that are wanted of one body; equal wishes share one. */
export class BodyHashes {
  readonly #canonicalizers = new Map<Canonicalization, BodyCanonicalizer>()
  readonly #digests = new Map<string, BodyDigest>()

  /** Called before the first byte of the body. */
  want(
    how: Canonicalization,
    algorithm: 'sha256' | 'sha1' = 'sha256',
    limit: number | null = null,
  ): BodyDigest {
    const key = `${how} ${algorithm} ${limit}`
    const known = this.#digests.get(key)
    if (known !== undefined) return known
    let canonicalizer = this.#canonicalizers.get(how)
    if (canonicalizer === undefined) {
      canonicalizer = new BodyCanonicalizer(how)
      this.#canonicalizers.set(how, canonicalizer)
    }
    const digest = new BodyDigest(algorithm, limit)
    canonicalizer.add(digest)
    this.#digests.set(key, digest)
    return digest
  }

  write(chunk: Uint8Array): void {
    for (const canonicalizer of this.#canonicalizers.values()) canonicalizer.write(chunk)
  }

  end(): void {
    for (const canonicalizer of this.#canonicalizers.values()) canonicalizer.end()
  }
}
