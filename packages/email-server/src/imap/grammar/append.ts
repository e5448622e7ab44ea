// What APPEND and REPLACE are given (RFC 3501 §6.3.11, RFC 4466 §2.3): a message with its flags and its date. Where else than in
// a literal it may come from is said by the registry.
import type { Literal } from '../wire/framer.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { dateTime } from './date-time.ts'
import { flagList } from './flags.ts'
import type { Grammar, Named, Vocabulary } from './grammar.ts'

/** `literal` as it came, or what an extension makes the message from. */
export type AppendData = { readonly literal: Literal } | { readonly item: Named }

export interface AppendMessage {
  readonly flags: readonly string[]
  /** Ms since the epoch; null: now. */
  readonly internalDate: number | null
  readonly data: AppendData
}

// append-message = [SP flag-list] [SP date-time] SP append-data
// append-data = literal / literal8 / append-data-ext        append-data-ext = tagged-ext
/** The space before it included. */
export const appendMessage: Grammar<AppendMessage> = {
  read(r, words) {
    r.sp()
    let flags: readonly string[] = []
    if (r.peek() === 0x28) {
      flags = flagList.read(r, words)
      r.sp()
    }
    let internalDate: number | null = null
    if (r.peek() === 0x22) {
      internalDate = dateTime.read(r, words)
      r.sp()
    }
    return { flags, internalDate, data: readData(r, words) }
  },
  write(w, { flags, internalDate, data }, words) {
    if (flags.length > 0) flagList.write(w.raw(' '), flags, words)
    if (internalDate !== null) dateTime.write(w.raw(' '), internalDate, words)
    writeData(w.raw(' '), data, words)
  },
  samples: [
    { flags: ['Seen'], internalDate: null, data: literalOf('Subject: a\r\n\r\nb\r\n') },
    { flags: [], internalDate: 760600345000, data: literalOf('x') },
  ],
}

function literalOf(text: string): AppendData {
  return { literal: { bytes: Buffer.from(text), binary: false } }
}

function readData(r: Reader, words: Vocabulary): AppendData {
  if (r.atLiteral) return { literal: r.literal() }
  const name = r.name()
  const term = words.appendItem(name)
  if (!term?.args) return r.fail('a literal')
  return { item: { name, args: term.args.read(r.sp(), words) } }
}

function writeData(w: Writer, data: AppendData, words: Vocabulary): void {
  if ('literal' in data) {
    if (data.literal.binary) w.raw('~')
    w.literal(data.literal.bytes)
    return
  }
  w.raw(`${data.item.name} `)
  words.appendItem(data.item.name)?.args?.write(w, data.item.args, words)
}
