// REPLACE (RFC 8508): a new message for an old one, in one step; for backends that can.
import { gather, lookThere } from '../commands/append.ts'
import { goneReply } from '../commands/expunge.ts'
import { messagesOf } from '../commands/messages.ts'
import { placedUids } from '../commands/placed.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import { type AppendMessage, appendMessage } from '../grammar/append.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { STAR } from '../grammar/sequence-set.ts'
import { refsOf } from '../message-refs.ts'

interface ReplaceArgs {
  /** STAR: the last. */
  readonly number: number
  readonly folder: string
  readonly message: AppendMessage
}

// replace = "REPLACE" SP seq-number SP mailbox append-message                     ; seq-number = nz-number / "*"
const args: Grammar<ReplaceArgs> = {
  read(r, words) {
    const number = r.sp().try('*') ? STAR : r.nzNumber()
    const folder = mailbox.read(r.sp(), words)
    return { number, folder, message: appendMessage.read(r, words) }
  },
  write(w, { number, folder, message }, words) {
    mailbox.write(w.raw(` ${number === STAR ? '*' : number} `), folder, words)
    appendMessage.write(w, message, words)
  },
  samples: [
    { number: 4, folder: 'Drafts', message: appendMessage.samples[0]! },
    { number: STAR, folder: 'INBOX', message: appendMessage.samples[1]! },
  ],
}

const command: CommandSpec<ReplaceArgs> = {
  name: 'REPLACE',
  rfc: '8508 §3.2',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: true,
  literals: 'message',
  writes: true,
  args,
  async run(cx, { number, folder, message }) {
    const [ref] = await refsOf(cx.mailbox, cx.folder, messagesOf(cx, [[number, number]]))
    if (!ref) return { status: 'NO', code: 'NONEXISTENT', text: 'There is no such message' }
    const found = await gather(cx, message)
    if ('status' in found || cx.over) return 'status' in found ? found : undefined
    const { raw, flags, internalDate } = found
    const context = internalDate ? { internalDate } : {}
    const placed = await cx.mailbox.ask('replace', [ref.id, folder, raw, flags], context)
    lookThere(cx, folder, placed)
    const uids = placedUids(cx, 'replace', placed, 1)
    // before the EXPUNGE, so that the client can follow (RFC 8508 §4.3)
    if (uids) cx.untagged('OK', 'The new message', `APPENDUID ${uids}`)
    return goneReply(cx, [ref], placed?.modseq, 'REPLACE completed')
  },
}

export const replace: Extension = {
  name: 'REPLACE',
  rfc: '8508',
  gate: { kind: 'handlers', names: ['replace'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['REPLACE']),
  commands: [command],
}
