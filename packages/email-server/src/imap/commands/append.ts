// APPEND (RFC 3501 §6.3.11, RFC 4315 §3). The handler is asked when the whole message is here, never with a part of it.
import { Refusal } from '../../base/errors.ts'
import type { AppendContext, NewMessage, PlacedMessages } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Reply } from '../extension.ts'
import { type AppendMessage, appendMessage } from '../grammar/append.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { tooManyToSave } from '../message-limit.ts'
import { LOGGED_IN } from '../state.ts'
import { placedUids } from './placed.ts'

interface AppendArgs {
  readonly folder: string
  readonly messages: readonly AppendMessage[]
}

// append = "APPEND" SP mailbox 1*append-message                                   ; more than one: RFC 3502
const args: Grammar<AppendArgs> = {
  read(r, words) {
    const folder = mailbox.read(r.sp(), words)
    const messages = [appendMessage.read(r, words)]
    while (!r.atEnd()) messages.push(appendMessage.read(r, words))
    return { folder, messages }
  },
  write(w, { folder, messages }, words) {
    mailbox.write(w.raw(' '), folder, words)
    for (const message of messages) appendMessage.write(w, message, words)
  },
  samples: [
    { folder: 'saved-messages', messages: [appendMessage.samples[0]!] },
    { folder: 'INBOX', messages: appendMessage.samples },
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
  async run(cx, { folder, messages }) {
    if (messages.length > 1 && !cx.mailbox.handles('appendAll'))
      return { status: 'BAD', text: 'One message at a time' }
    const refusal = tooManyToSave(cx, messages.length)
    if (refusal) return refusal
    const gathered: NewMessage[] = []
    for (const message of messages) {
      const found = await gather(cx, message)
      if ('status' in found) return found
      gathered.push(found)
    }
    if (cx.over) return undefined
    const placed =
      gathered.length === 1
        ? await appendOne(cx, folder, gathered[0]!)
        : await appendAll(cx, folder, gathered)
    lookThere(cx, folder, placed)
    const uids = placedUids(cx, 'append', placed, gathered.length)
    return { status: 'OK', code: uids && `APPENDUID ${uids}`, text: 'APPEND completed' }
  },
}

function appendOne(
  cx: CommandContext,
  folder: string,
  { raw, flags, internalDate }: NewMessage,
): Promise<PlacedMessages | undefined> {
  const context: AppendContext = internalDate ? { internalDate } : {}
  return cx.mailbox.ask('append', [folder, raw, flags], context)
}

function appendAll(
  cx: CommandContext,
  folder: string,
  messages: readonly NewMessage[],
): Promise<PlacedMessages | undefined> {
  return cx.mailbox.ask('appendAll', [folder, messages], {})
}

/** Messages have been put into a folder by this session: the client hears of them when it has that folder open. */
export function lookThere(cx: CommandContext, folder: string, placed: PlacedMessages | undefined): void {
  if (cx.state.kind !== 'selected' || cx.mailbox.currentFolder !== folder) return
  const uids: unknown = placed?.uids
  cx.folder.news.placed(Array.isArray(uids) ? uids.filter(uid => Number.isSafeInteger(uid) && uid > 0) : [])
}

/** The message as the backend gets it; or the reply that says why there is none. */
export async function gather(
  cx: CommandContext,
  { flags, internalDate, data }: AppendMessage,
): Promise<NewMessage | Reply> {
  const raw =
    'literal' in data
      ? data.literal.bytes
      : await cx.words.appendItem(data.item.name)!.gather(cx, data.item.args)
  if (!(raw instanceof Uint8Array)) return raw
  if (raw.length === 0) throw new Refusal('CANNOT', 'A message is not empty')
  if (raw.length > cx.limits.messageSize)
    throw new Refusal('TOOBIG', `A message may have ${cx.limits.messageSize} octets`)
  // a literal8 is the one that may have NUL: what BODY could not give back is not taken (RFC 3516 §4.4)
  if (raw.includes(0)) throw new Refusal('UNKNOWN-CTE', 'A message has no NUL here')
  return internalDate === null ? { raw, flags } : { raw, flags, internalDate: new Date(internalDate) }
}
