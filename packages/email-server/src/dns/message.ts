// DNS messages between bytes and values. RFC 1035 §4 (format, compression), RFC 3596 (AAAA), RFC 6698 §2.1 (TLSA), RFC 6891 (EDNS),
// RFC 4035 §3.2 (the AD and CD bits). Names are text without the final dot; the root is the empty text; a byte that a label has and that
// would be misread (a dot, a backslash, what is not printable) is written `\DDD` (RFC 1035 §5.1).
import { asBuffer, fromUtf8 } from '../base/bytes.ts'
import { formatIp, parseIp } from '../base/ip.ts'
import { readName, WireReader, WireWriter } from './wire.ts'

export const TYPE_NUMBERS = {
  A: 1,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  OPT: 41,
  TLSA: 52,
} as const

export const CLASS_IN = 1

export const RCODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
}

/** What we say that we can take in one UDP packet: with its headers it fits the least MTU of IPv6, 1,280 octets. */
export const UDP_PAYLOAD = 1232

export interface DnsQuestion {
  readonly name: string
  /** A number of the IANA registry; those that we understand are in `TYPE_NUMBERS`. */
  readonly type: number
  readonly class: number
}

export interface ResourceRecord {
  readonly name: string
  readonly type: number
  readonly class: number
  /** Seconds. */
  readonly ttl: number
  /** Address, name, text; TLSA in the text of RFC 6698 §2.2; SOA: the primary server; other types: their bytes in hexadecimal. */
  readonly value: string
  /** MX. */
  readonly priority?: number
  /** SOA: how long the lack of an answer may be kept, s (RFC 2308 §4). */
  readonly minimum?: number
}

export interface DnsMessage {
  /** 0–65,535 */
  readonly id: number
  readonly response: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  /** AD: in an answer, DNSSEC has been checked; in a question, we want to know (RFC 6840 §5.7). */
  readonly authenticData: boolean
  /** With EDNS, the extended code. */
  readonly rcode: number
  readonly questions: readonly DnsQuestion[]
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  /** The UDP payload that the sender takes, bytes; null without EDNS. */
  readonly edns: number | null
}

const FLAG = { response: 0x8000, truncated: 0x0200, rd: 0x0100, ra: 0x0080, ad: 0x0020 }

/** A question as a stub resolver asks it: recursion, AD wanted, EDNS unless `edns` is false. */
export function writeQuery(id: number, question: DnsQuestion, edns = true): Uint8Array {
  return writeMessage({
    id,
    response: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    authenticData: true,
    rcode: RCODE.noError,
    questions: [question],
    answers: [],
    authorities: [],
    edns: edns ? UDP_PAYLOAD : null,
  })
}

// message = header questions answers authorities additionals                                               RFC 1035 §4.1
/** Throws EMESSAGE for a name or a value that has no bytes. */
export function writeMessage(message: DnsMessage): Uint8Array {
  const out = new WireWriter()
  out.u16(message.id)
  out.u16(
    (message.response ? FLAG.response : 0) |
      (message.truncated ? FLAG.truncated : 0) |
      (message.recursionDesired ? FLAG.rd : 0) |
      (message.recursionAvailable ? FLAG.ra : 0) |
      (message.authenticData ? FLAG.ad : 0) |
      (message.rcode & 15),
  )
  out.u16(message.questions.length)
  out.u16(message.answers.length)
  out.u16(message.authorities.length)
  out.u16(message.edns === null ? 0 : 1)
  for (const question of message.questions) {
    out.name(question.name)
    out.u16(question.type)
    out.u16(question.class)
  }
  for (const record of message.answers) writeRecord(out, record)
  for (const record of message.authorities) writeRecord(out, record)
  if (message.edns !== null) {
    out.name('')
    out.u16(TYPE_NUMBERS.OPT)
    out.u16(message.edns)
    out.u32((message.rcode >> 4) << 24)
    out.u16(0)
  }
  return out.bytes()
}

/** Null for bytes that are no message; linear in their number, whatever the compression says. */
export function readMessage(bytes: Uint8Array): DnsMessage | null {
  const reader = new WireReader(bytes)
  const id = reader.u16()
  const flags = reader.u16()
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const
  const questions: DnsQuestion[] = []
  for (let i = 0; i < counts[0] && reader.ok; i++) {
    questions.push({ name: readName(reader), type: reader.u16(), class: reader.u16() })
  }
  let edns: number | null = null
  let extended = 0
  const sections: ResourceRecord[][] = [[], [], []]
  for (const [i, records] of sections.entries()) {
    for (let n = 0; n < counts[i + 1]! && reader.ok; n++) {
      const record = readRecord(reader)
      if (record.type === TYPE_NUMBERS.OPT) {
        edns = record.class
        extended = record.ttl >>> 24
      } else records.push(record)
    }
  }
  if (!reader.ok) return null
  return {
    id,
    response: (flags & FLAG.response) !== 0,
    truncated: (flags & FLAG.truncated) !== 0,
    recursionDesired: (flags & FLAG.rd) !== 0,
    recursionAvailable: (flags & FLAG.ra) !== 0,
    authenticData: (flags & FLAG.ad) !== 0,
    rcode: (extended << 4) | (flags & 15),
    questions,
    answers: sections[0]!,
    authorities: sections[1]!,
    edns,
  }
}

// record = NAME TYPE CLASS TTL RDLENGTH RDATA                                                                RFC 1035 §4.1.3
function writeRecord(out: WireWriter, record: ResourceRecord): void {
  out.name(record.name)
  out.u16(record.type)
  out.u16(record.class)
  out.u32(record.ttl)
  const length = out.reserve16()
  writeData(out, record)
  length()
}

function writeData(out: WireWriter, record: ResourceRecord): void {
  switch (record.type) {
    case TYPE_NUMBERS.A:
    case TYPE_NUMBERS.AAAA:
      out.raw(parseIp(record.value) ?? new Uint8Array(0))
      return
    case TYPE_NUMBERS.CNAME:
    case TYPE_NUMBERS.PTR:
      out.name(record.value)
      return
    case TYPE_NUMBERS.MX:
      out.u16(record.priority ?? 0)
      out.name(record.value)
      return
    case TYPE_NUMBERS.SOA:
      out.name(record.value)
      out.name('')
      for (let i = 0; i < 4; i++) out.u32(0)
      out.u32(record.minimum ?? 0)
      return
    case TYPE_NUMBERS.TXT: {
      const text = fromUtf8(record.value)
      for (let at = 0; at === 0 || at < text.length; at += 255) {
        const piece = text.subarray(at, at + 255)
        out.raw(Uint8Array.of(piece.length))
        out.raw(piece)
      }
      return
    }
    case TYPE_NUMBERS.TLSA: {
      const [usage, selector, matching, data = ''] = record.value.split(' ')
      out.raw(Uint8Array.of(Number(usage), Number(selector), Number(matching)))
      out.raw(Buffer.from(data, 'hex'))
      return
    }
    default:
      out.raw(Buffer.from(record.value, 'hex'))
  }
}

function readRecord(reader: WireReader): ResourceRecord {
  const name = readName(reader)
  const type = reader.u16()
  const rrClass = reader.u16()
  const ttl = reader.u32()
  const length = reader.u16()
  const data = reader.part(length)
  const record = { name, type, class: rrClass, ttl: ttl > 0x7fffffff ? 0 : ttl, ...readData(data, type) }
  // what a record says must be all that it has
  if (!data.ok || !data.atEnd) reader.fail()
  // the top byte of an OPT record's TTL is no time (RFC 6891 §6.1.3)
  return type === TYPE_NUMBERS.OPT ? { ...record, ttl } : record
}

function readData(data: WireReader, type: number): Pick<ResourceRecord, 'value' | 'priority' | 'minimum'> {
  switch (type) {
    case TYPE_NUMBERS.A:
      return { value: formatIp(data.raw(4)) }
    case TYPE_NUMBERS.AAAA:
      return { value: formatIp(data.raw(16)) }
    case TYPE_NUMBERS.CNAME:
    case TYPE_NUMBERS.PTR:
      return { value: readName(data) }
    case TYPE_NUMBERS.MX:
      return { priority: data.u16(), value: readName(data) }
    case TYPE_NUMBERS.SOA: {
      const value = readName(data)
      readName(data)
      for (let i = 0; i < 4; i++) data.u32()
      return { value, minimum: data.u32() }
    }
    case TYPE_NUMBERS.TXT: {
      const strings: Uint8Array[] = []
      while (!data.atEnd && data.ok) strings.push(data.raw(data.u8()))
      return { value: text(Buffer.concat(strings)) }
    }
    case TYPE_NUMBERS.TLSA: {
      const fields = [data.u8(), data.u8(), data.u8()]
      return { value: [...fields, asBuffer(data.rest()).toString('hex')].join(' ') }
    }
    default:
      return { value: asBuffer(data.rest()).toString('hex') }
  }
}

/** UTF-8 when it is that (RFC 8616 has it in DKIM keys), else one character for each byte: nothing is lost, nothing becomes ASCII. */
function text(bytes: Buffer): string {
  const utf8 = bytes.toString('utf8')
  return utf8.includes('\ufffd') ? bytes.toString('latin1') : utf8
}
