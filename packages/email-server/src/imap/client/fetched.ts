// FETCH responses (RFC 3501 §7.4.2, RFC 9051 §7.5.2, and the data items of the extensions) as objects.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { BodyStructure } from '../../mime/index.ts'
import { bodyStructure } from '../grammar/body-structure.ts'
import { readEnvelope } from '../grammar/envelope.ts'
import { Reader } from '../wire/reader.ts'
import type { BodyStream } from './body-stream.ts'
import { type ImapEnvelope, LazyEnvelope } from './envelope.ts'
import { type ImapValue, readBytes, readDate, readFlagList, readModseq, readValue } from './values.ts'

/** What was asked for and told of one message; what was not told is absent. */
export interface FetchedMessage {
  /** Its sequence number when it was told; 0 when the server has none (RFC 9586). */
  readonly seq: number
  /** 0: not told. */
  readonly uid: number
  /** Without backslash. */
  readonly flags?: readonly string[]
  readonly envelope?: ImapEnvelope | undefined
  readonly bodyStructure?: BodyStructure | undefined
  readonly internalDate?: Date | null
  /** RFC822.SIZE, octets. */
  readonly size?: number
  readonly modseq?: bigint
  readonly emailId?: string
  readonly threadId?: string | null
  readonly saveDate?: Date | null
  readonly preview?: string | null
  /**
   * Sections by their name, in upper case, as they stand in brackets: '' for `BODY[]`, `HEADER`, `1.2`, `TEXT<0>` with the offset of a part of it, `BINARY 1`;
   * null: there is no such section.
   */
  readonly bodies: ReadonlyMap<string, Uint8Array | null>
  /** `BODY[]`, else the only section that was asked for; absent: there is none, or it is streamed. */
  readonly body?: Uint8Array | null | undefined
  /** The section that is streamed (`stream: true`). What stands behind it in the response is told when it has been read. */
  readonly content?: BodyStream
  /** BINARY.SIZE by section (RFC 3516 §4.3). */
  readonly binarySizes?: ReadonlyMap<string, number>
  /** Items that are not known here (`X-GM-LABELS`), or that nobody could read, by their names. */
  readonly other?: ReadonlyMap<string, ImapValue>
}

const FLAG_KEYS: ReadonlySet<string> = new Set(['seq', 'uid', 'flags', 'modseq', 'bodies'])

/** Filled item by item; the same object from the beginning of the response to its end. */
export class MessageRecord implements FetchedMessage {
  seq: number
  uid = 0
  readonly bodies: Map<string, Uint8Array | null> = new Map()
  declare flags?: readonly string[]
  #envelope: Later<ImapEnvelope> | undefined
  #bodyStructure: Later<BodyStructure> | undefined
  declare internalDate?: Date | null
  declare size?: number
  declare modseq?: bigint
  declare emailId?: string
  declare threadId?: string | null
  declare saveDate?: Date | null
  declare preview?: string | null
  declare content?: BodyStream
  declare binarySizes?: Map<string, number>
  declare other?: Map<string, ImapValue>

  constructor(seq: number) {
    this.seq = seq
  }

  get envelope(): ImapEnvelope | undefined {
    return this.#envelope?.value
  }

  get bodyStructure(): BodyStructure | undefined {
    return this.#bodyStructure?.value
  }

  set laterEnvelope(envelope: Later<ImapEnvelope>) {
    this.#envelope = envelope
  }

  set laterBodyStructure(structure: Later<BodyStructure>) {
    this.#bodyStructure = structure
  }

  /** Nothing has been told but flags. */
  get isFlagsOnly(): boolean {
    if (!this.flags || this.content || this.bodies.size > 0 || this.#envelope || this.#bodyStructure)
      return false
    return Object.keys(this).every(key => FLAG_KEYS.has(key))
  }

  get body(): Uint8Array | null | undefined {
    const whole = this.bodies.get('')
    if (whole !== undefined) return whole
    return this.bodies.size === 1 ? this.bodies.values().next().value : undefined
  }

  toJSON(): Partial<FetchedMessage> {
    const { envelope, bodyStructure } = this
    return { ...this, ...(envelope && { envelope }), ...(bodyStructure && { bodyStructure }) }
  }
}

// what `console.log` shows
Object.defineProperty(MessageRecord.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: MessageRecord) {
    return this.toJSON()
  },
})

/** What is read when it is first looked at: whoever lists subjects does not pay for structures. */
class Later<T> {
  #read: (() => T | undefined) | null
  #value: T | undefined

  constructor(read: () => T | undefined) {
    this.#read = read
  }

  get value(): T | undefined {
    if (this.#read) this.#value = this.#read()
    this.#read = null
    return this.#value
  }
}

// msg-att = "(" (msg-att-dynamic / msg-att-static) *(SP (msg-att-dynamic / msg-att-static)) ")"
/** @param upToLiteral the response is here up to a literal; true is returned when that is the body of a section */
export function readFetch(r: Reader, message: MessageRecord, upToLiteral: boolean): boolean {
  r.try(' ')
  r.open()
  while (r.try(' '));
  // parentheses that nobody needs, around an item (Domino)
  let extra = 0
  while (r.peek() !== 0x29 || extra > 0) {
    if (r.try(')')) {
      extra--
      while (r.try(' '));
      continue
    }
    if (r.try('(')) {
      extra++
      continue
    }
    const name = itemName(r)
    if (upToLiteral && r.peekAt(0) === 0x20 && r.peekAt(1) === -1)
      return /^(?:BODY\[|BINARY\[|RFC822)/.test(name)
    const mark = r.mark()
    try {
      readItem(r, name, message)
    } catch (error) {
      if (!(error instanceof PeerSyntaxError)) throw error
      // one value that is not as it should be does not cost the others
      r.reset(mark)
      other(message, name, readValue(skipSpace(r)))
    }
    while (r.try(' '));
    if (upToLiteral && r.atEnd()) return false
  }
  r.close()
  return false
}

function itemName(r: Reader): string {
  let name = r.name()
  if (!r.try('[')) return name
  name += '['
  // the section, with a list of fields in it
  let depth = 0
  for (;;) {
    const c = r.peek()
    if (c === 0x22) name += r.string().toUpperCase()
    else if (c === 0x5d && depth === 0) break
    else if (c === -2) name += Buffer.from(r.literal().bytes).toString('utf8').toUpperCase()
    else if (c < 0) r.fail('"]"')
    else {
      if (c === 0x28) depth++
      if (c === 0x29) depth--
      const char = String.fromCharCode(c)
      r.expect(char)
      name += char.toUpperCase()
    }
  }
  r.expect(']')
  if (r.try('<')) {
    name += `]<${r.number()}>`
    r.expect('>')
    return name
  }
  return `${name}]`
}

function skipSpace(r: Reader): Reader {
  r.try(' ')
  return r
}

function other(message: MessageRecord, name: string, value: ImapValue): void {
  message.other ??= new Map()
  message.other.set(name, value)
}

/** Read now when there is a literal in it; what cannot be read is then undefined. */
function later<T>(r: Reader, read: (r: Reader) => T): Later<T> {
  const text = r.takeNested()
  if (text === null) {
    const value = read(r)
    return new Later(() => value)
  }
  const { limits, utf8, lenient } = r
  return new Later(() => {
    const inside = Reader.over(text, limits)
    inside.utf8 = utf8
    inside.lenient = lenient
    try {
      return read(inside)
    } catch (error) {
      if (error instanceof PeerSyntaxError) return undefined
      throw error
    }
  })
}

function readItem(r: Reader, name: string, message: MessageRecord): void {
  r.sp()
  // a section that is not there, not even as NIL (Yandex)
  if (r.peek() === 0x29 && name.startsWith('BODY[')) {
    message.bodies.set(sectionKey(name.slice(5)), null)
    return
  }
  switch (name) {
    case 'UID':
      message.uid = r.nzNumber()
      return
    case 'FLAGS':
      message.flags = readFlagList(r)
      return
    case 'ENVELOPE':
      message.laterEnvelope = later(r, each => new LazyEnvelope(readEnvelope(each)))
      return
    case 'BODYSTRUCTURE':
    case 'BODY':
      message.laterBodyStructure = later(r, each => bodyStructure.read(each, null as never))
      return
    case 'INTERNALDATE':
      message.internalDate = readDate(r)
      return
    case 'RFC822.SIZE':
      message.size = r.number64()
      return
    case 'MODSEQ':
      r.open()
      message.modseq = readModseq(r)
      r.close()
      return
    case 'EMAILID':
    case 'THREADID': {
      const id = r.tryKeyword('NIL') ? null : parenthesizedWord(r)
      if (name === 'THREADID') message.threadId = id
      else if (id !== null) message.emailId = id
      return
    }
    case 'SAVEDATE':
      message.saveDate = readDate(r)
      return
    case 'PREVIEW':
      message.preview = r.nstring()
      return
    case 'RFC822':
      message.bodies.set('', readBytes(r))
      return
    case 'RFC822.HEADER':
      message.bodies.set('HEADER', readBytes(r))
      return
    case 'RFC822.TEXT':
      message.bodies.set('TEXT', readBytes(r))
      return
  }
  if (name.startsWith('BODY[')) message.bodies.set(sectionKey(name.slice(5)), readBytes(r))
  else if (name.startsWith('BINARY[')) message.bodies.set(`BINARY ${sectionKey(name.slice(7))}`, readBytes(r))
  else if (name.startsWith('BINARY.SIZE[')) {
    message.binarySizes ??= new Map()
    message.binarySizes.set(sectionKey(name.slice(12)), r.number64())
  } else other(message, name, readValue(r))
}

/** `1.2]<0>` → `1.2<0>` */
function sectionKey(rest: string): string {
  return rest.replace(']', '')
}

function parenthesizedWord(r: Reader): string {
  r.open()
  const word = r.word()
  r.close()
  return word
}
