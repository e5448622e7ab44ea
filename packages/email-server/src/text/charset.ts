// Bytes to text in any charset that mail uses. Own tables and decoders where Node's TextDecoder lacks a charset or has it wrong
// (windows-1252 and its aliases on Node 20), TextDecoder for the rest. Decoding never throws.

import { isAscii } from 'node:buffer'
import { concat, latin1, utf8 } from '../base/bytes.ts'
import { Big5Decoder } from './big5.ts'
import { canonicalCharset } from './charset-names.ts'
import { Cp949Decoder } from './cp949.ts'
import { FramedDecoder } from './framed.ts'
import { Iso2022Decoder } from './iso2022.ts'
import { decodeSingleByte, hasSingleByteTable } from './single-byte.ts'
import type { TextSource } from './text-source.ts'
import { decodeUnlabelled, UnlabelledDecoder } from './unlabelled.ts'
import { WideDecoder } from './utf-wide.ts'
import { Utf7Decoder } from './utf7.ts'

/**
 * Decodes a charset that the library does not know; `label` is as the message writes it. Anything but a string means "I do not know it
 * either". What it throws is taken as that, too.
 */
export type CharsetHook = (bytes: Uint8Array, label: string) => string | null | undefined

export interface CharsetOptions {
  /** Asked for labels that are not known here. */
  readonly decodeCharset?: CharsetHook | undefined
}

/**
 * The text of `bytes` in the charset named `label` (null or empty: none given). Malformed sequences become U+FFFD. For a label that neither
 * the library nor the hook knows, no byte is lost: UTF-8 where it is UTF-8, else windows-1252. A leading byte order mark is
 * dropped.
 */
export function decodeCharset(
  bytes: Uint8Array,
  label: string | null | undefined,
  options: CharsetOptions = {},
): string {
  const charset = label ? canonicalCharset(label) : 'us-ascii'
  if (charset === 'utf-8') return withoutMark(utf8(bytes))
  if (charset === null) return askHook(bytes, label!, options) ?? withoutMark(decodeUnlabelled(bytes))
  if (charset === 'us-ascii') return withoutMark(decodeUnlabelled(bytes))
  if (!SHIFTING.has(charset) && isAscii(bytes)) return latin1(bytes)
  if (hasSingleByteTable(charset)) return decodeSingleByte(bytes, charset)
  const source = sourceFor(charset)
  return source.write(bytes) + source.end()
}

/** True when text under this label can be decoded without the hook. */
export function isKnownCharset(label: string): boolean {
  return canonicalCharset(label) !== null
}

/**
 * Decodes text that comes in chunks; characters may lie across chunks. The state is a few bytes, except for a label that
 * only the hook may know: then everything waits for `end`, because a hook is asked once.
 */
export class CharsetDecoder {
  readonly #source: TextSource

  constructor(label: string | null | undefined, options: CharsetOptions = {}) {
    const charset = label ? canonicalCharset(label) : 'us-ascii'
    if (charset !== null) this.#source = sourceFor(charset)
    else
      this.#source = options.decodeCharset
        ? new HookSource(label!, options)
        : new MarkSkipper(new UnlabelledDecoder())
  }

  /** The characters that the chunk completes; the chunk may be reused afterwards. */
  write(chunk: Uint8Array): string {
    return chunk.length === 0 ? '' : this.#source.write(chunk)
  }

  /** What was still held back. No call may follow. */
  end(): string {
    return this.#source.end()
  }
}

// Charsets in which bytes below 0x80 do not mean ASCII.
const SHIFTING: ReadonlySet<string> = new Set([
  'utf-7',
  'utf-16',
  'utf-16le',
  'utf-16be',
  'utf-32',
  'utf-32le',
  'utf-32be',
  'iso-2022-jp',
  'iso-2022-kr',
  'iso-2022-cn',
  'hz-gb-2312',
])

function sourceFor(charset: string): TextSource {
  if (hasSingleByteTable(charset)) return new SingleByteSource(charset)
  switch (charset) {
    case 'us-ascii':
      return new MarkSkipper(new UnlabelledDecoder())
    case 'utf-7':
      return new MarkSkipper(new Utf7Decoder())
    case 'utf-16':
      return new WideDecoder(2, null)
    case 'utf-16le':
      return new WideDecoder(2, 'le')
    case 'utf-16be':
      return new WideDecoder(2, 'be')
    case 'utf-32':
      return new WideDecoder(4, null)
    case 'utf-32le':
      return new WideDecoder(4, 'le')
    case 'utf-32be':
      return new WideDecoder(4, 'be')
    case 'euc-kr':
      return new Cp949Decoder()
    case 'gb18030':
    case 'gbk':
    case 'euc-jp':
      return new FramedDecoder(charset)
    case 'big5':
      return new Big5Decoder()
    case 'iso-2022-jp':
    case 'iso-2022-kr':
    case 'iso-2022-cn':
    case 'hz-gb-2312':
      return new Iso2022Decoder(charset)
    default:
      return new PlatformSource(charset)
  }
}

class SingleByteSource implements TextSource {
  readonly #charset: string

  constructor(charset: string) {
    this.#charset = charset
  }

  write(bytes: Uint8Array): string {
    return decodeSingleByte(bytes, this.#charset)
  }

  end(): string {
    return ''
  }
}

class PlatformSource implements TextSource {
  readonly #decoder: InstanceType<typeof TextDecoder>
  readonly #mend: (text: string) => string

  constructor(charset: string) {
    this.#decoder = new TextDecoder(charset)
    this.#mend = charset === 'shift_jis' && SWAPS_CONTROLS ? unswapControls : text => text
  }

  write(bytes: Uint8Array): string {
    return this.#mend(this.#decoder.decode(bytes, { stream: true }))
  }

  end(): string {
    return this.#decoder.decode()
  }
}

// ICU's converter for Shift_JIS, in Node 20, turns the controls SUB, FS and DEL into one another (IBM's old habit).
const SWAPS_CONTROLS: boolean = new TextDecoder('shift_jis').decode(Uint8Array.of(0x7f)) === '\x1a'

function unswapControls(text: string): string {
  return text.replace(/[\x1a\x1c\x7f]/g, c => (c === '\x1a' ? '\x7f' : c === '\x1c' ? '\x1a' : '\x1c'))
}

class MarkSkipper implements TextSource {
  readonly #source: TextSource
  #started = false

  constructor(source: TextSource) {
    this.#source = source
  }

  write(bytes: Uint8Array): string {
    return this.#skip(this.#source.write(bytes))
  }

  end(): string {
    return this.#skip(this.#source.end())
  }

  #skip(text: string): string {
    if (this.#started || text === '') return text
    this.#started = true
    return withoutMark(text)
  }
}

class HookSource implements TextSource {
  readonly #label: string
  readonly #options: CharsetOptions
  readonly #chunks: Uint8Array[] = []

  constructor(label: string, options: CharsetOptions) {
    this.#label = label
    this.#options = options
  }

  write(bytes: Uint8Array): string {
    this.#chunks.push(bytes.slice())
    return ''
  }

  end(): string {
    return decodeCharset(concat(this.#chunks), this.#label, this.#options)
  }
}

function askHook(bytes: Uint8Array, label: string, options: CharsetOptions): string | null {
  if (!options.decodeCharset) return null
  try {
    const text = options.decodeCharset(bytes, label)
    return typeof text === 'string' ? text : null
  } catch {
    // a hook that fails knows the charset no better than we do; the fallback keeps the bytes readable
    return null
  }
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}
