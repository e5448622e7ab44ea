// APPEND (RFC 3501 §6.3.11, RFC 4315 §3). The handler is asked when the whole message is here, never with a part of it.
import type { AppendContext, PlacedMessages } from '../../mailbox/index.ts'
import { dateTime } from '../grammar/date-time.ts'
import { flagList } from '../grammar/flags.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import type { CommandSpec } from '../registry.ts'
import { LOGGED_IN } from '../state.ts'
import { placedUids } from './placed.ts'

interface AppendArgs {
  readonly folder: string
  readonly flags: readonly string[]
  /** Ms since the epoch; null: now. */
  readonly internalDate: number | null
  readonly raw: Uint8Array
}

// append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal
const args: Grammar<AppendArgs> = {
  read(r, words) {
    const folder = mailbox.read(r.sp(), words)
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
    const { bytes, binary } = r.literal()
    if (binary) r.fail('a literal, not a literal8')
    return { folder, flags, internalDate, raw: bytes }
  },
  write(w, { folder, flags, internalDate, raw }, words) {
    mailbox.write(w.raw(' '), folder, words)
    if (flags.length > 0) flagList.write(w.raw(' '), flags, words)
    if (internalDate !== null) dateTime.write(w.raw(' '), internalDate, words)
    w.raw(' ').literal(raw)
  },
  samples: [
    {
      folder: 'saved-messages',
      flags: ['Seen'],
      internalDate: null,
      raw: Buffer.from('Subject: a\r\n\r\nb\r\n'),
    },
    { folder: 'INBOX', flags: [], internalDate: 760600345000, raw: Buffer.from('x') },
  ],
}

export const append: CommandSpec<AppendArgs> = {
  name: 'APPEND',
  rfc: '3501 §6.3.11',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'message',
  handlers: ['append'],
  args,
  async run(cx, { folder, flags, internalDate, raw }) {
    if (raw.length === 0) return { status: 'NO', code: 'CANNOT', text: 'A message is not empty' }
    if (raw.includes(0)) return { status: 'NO', code: 'CANNOT', text: 'A message has no NUL' }
    const context: AppendContext = internalDate === null ? {} : { internalDate: new Date(internalDate) }
    const kept = cx.mailbox.currentFolder === folder && cx.state.kind === 'selected'
    const placed: PlacedMessages | undefined = await cx.mailbox.ask('append', [folder, raw, flags], context)
    if (kept && cx.state.kind === 'selected') cx.folder.news.lookForNew()
    const uids = placedUids(cx, 'append', placed, 1)
    return { status: 'OK', code: uids && `APPENDUID ${uids}`, text: 'APPEND completed' }
  },
}
