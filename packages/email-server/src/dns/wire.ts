// The bytes of DNS messages: numbers, names with compression. RFC 1035 §3.1, §4.1.4. A reader that has run past its end answers with
// zeros and says so by `ok`, so that nothing is thrown and nothing is checked twice.
import { MailError } from '../base/errors.ts'

const LABEL_LIMIT = 63
/** RFC 1035 §2.3.4: octets of a name on the wire, with its length bytes and the final zero. */
const NAME_LIMIT = 255
const POINTER = 0xc0
/** A name has 127 labels at most; no honest one has more pointers. */
const JUMP_LIMIT = 127
const MESSAGE_LIMIT = 65_535

export class WireReader {
  readonly message: Uint8Array
  #at: number
  readonly #end: number
  #ok = true

  constructor(message: Uint8Array, start = 0, end: number = message.length) {
    this.message = message
    this.#at = start
    this.#end = end
  }

  get ok(): boolean {
    return this.#ok
  }

  get at(): number {
    return this.#at
  }

  get atEnd(): boolean {
    return this.#at === this.#end
  }

  fail(): void {
    this.#ok = false
  }

  u8(): number {
    if (this.#at >= this.#end) this.#ok = false
    return this.#ok ? this.message[this.#at++]! : 0
  }

  u16(): number {
    return (this.u8() << 8) | this.u8()
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16()
  }

  /** The next `length` bytes, not copied; as many zeros when they are not there. */
  raw(length: number): Uint8Array {
    if (this.#at + length > this.#end) this.#ok = false
    if (!this.#ok) return new Uint8Array(length)
    this.#at += length
    return this.message.subarray(this.#at - length, this.#at)
  }

  rest(): Uint8Array {
    return this.raw(this.#end - this.#at)
  }

  /** A reader for the next `length` bytes; names in it may point to anywhere before. */
  part(length: number): WireReader {
    const start = this.#at
    this.raw(length)
    const part = new WireReader(this.message, start, this.#ok ? start + length : start)
    if (!this.#ok) part.fail()
    return part
  }
}

// name = *( length 1*63OCTET ) ( %x00 / pointer )
/** A pointer leads to a place before the name it stands in, and each to one before the last: what cannot end is refused. */
export function readName(reader: WireReader): string {
  const { message } = reader
  let lowest = reader.at
  let length = reader.u8()
  const labels: string[] = []
  let octets = 1
  // once a pointer has been followed, the reader stands behind it and `at` goes on alone
  let at = -1
  const next = (): number => {
    if (at < 0) return reader.u8()
    if (at >= message.length) reader.fail()
    return message[at++] ?? 0
  }
  for (let jumps = 0; length !== 0 && reader.ok; length = next()) {
    if (length >= POINTER) {
      const target = ((length & ~POINTER) << 8) | next()
      if (target >= lowest || ++jumps > JUMP_LIMIT) reader.fail()
      lowest = target
      at = target
      continue
    }
    octets += length + 1
    if (length > LABEL_LIMIT || octets > NAME_LIMIT) {
      reader.fail()
      break
    }
    if (at < 0) labels.push(labelText(reader.raw(length)))
    else {
      if (at + length > message.length) reader.fail()
      labels.push(labelText(message.subarray(at, at + length)))
      at += length
    }
  }
  return labels.join('.')
}

function labelText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c
    text += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

/** The labels of a name in text, or null when it is none: empty or long labels, wrong escapes, more than 255 octets. */
export function nameLabels(name: string): Uint8Array[] | null {
  if (name === '') return []
  const labels: Uint8Array[] = []
  let label: number[] = []
  let octets = 1
  for (let i = 0; i <= name.length; i++) {
    const c = i < name.length ? name.charCodeAt(i) : 0x2e
    if (c === 0x2e) {
      octets += label.length + 1
      if (label.length === 0 || label.length > LABEL_LIMIT || octets > NAME_LIMIT) return null
      labels.push(Uint8Array.from(label))
      label = []
    } else if (c === 0x5c) {
      const digits = name.slice(i + 1, i + 4)
      if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255) return null
      label.push(Number(digits))
      i += 3
    } else {
      if (c > 0x7f || label.length > LABEL_LIMIT) return null
      label.push(c)
    }
  }
  return labels
}

export class WireWriter {
  #bytes = Buffer.alloc(512)
  #length = 0

  u16(value: number): void {
    this.#room(2)
    this.#length = this.#bytes.writeUInt16BE(value & 0xffff, this.#length)
  }

  u32(value: number): void {
    this.#room(4)
    this.#length = this.#bytes.writeUInt32BE(value >>> 0, this.#length)
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Never compressed: what we write is short. */
  name(name: string): void {
    const labels = nameLabels(name)
    if (!labels) throw new MailError('EMESSAGE', 'a DNS name has labels of 1 to 63 octets and 255 in all')
    for (const label of labels) {
      this.raw(Uint8Array.of(label.length))
      this.raw(label)
    }
    this.raw(Uint8Array.of(0))
  }

  /** Room for the length of what follows, which the returned function fills in. */
  reserve16(): () => void {
    this.u16(0)
    const start = this.#length
    return () => {
      this.#bytes.writeUInt16BE(this.#length - start, start - 2)
    }
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #room(count: number): void {
    const wanted = this.#length + count
    if (wanted > MESSAGE_LIMIT) throw new MailError('EMESSAGE', 'a DNS message has at most 65,535 octets')
    if (wanted <= this.#bytes.length) return
    const larger = Buffer.alloc(Math.max(wanted, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
