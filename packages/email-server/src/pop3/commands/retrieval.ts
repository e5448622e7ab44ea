// RETR (RFC 1939 §5) and TOP (§7).
import { Refusal } from '../../base/errors.ts'
import { type OpenBody, openBody } from '../../mailbox/index.ts'
import { readNumbers } from '../grammar/command.ts'
import type { MaildropMessage } from '../maildrop.ts'
import type { CommandContext, CommandSpec } from '../registry.ts'
import { sendBody } from '../send-body.ts'
import type { Transaction } from '../state.ts'
import { messageOf } from './listing.ts'

export const retr: CommandSpec = {
  name: 'RETR',
  state: 'transaction',
  async run(cx, rest, state) {
    const [number] = readNumbers(rest, 1, 1)
    const message = messageOf(cx, state.maildrop, number!)
    const body = message && (await open(cx, state, message))
    if (!body || cx.closed) return
    cx.ok(`${body.length} octets`)
    await sendBody(cx, body, null)
  },
}

export const top: CommandSpec = {
  name: 'TOP',
  state: 'transaction',
  capabilities: () => ['TOP'],
  async run(cx, rest, state) {
    const [number, lines] = readNumbers(rest, 2, 2)
    const message = messageOf(cx, state.maildrop, number!)
    const body = message && (await open(cx, state, message))
    if (!body || cx.closed) return
    cx.ok('Top of message follows')
    await sendBody(cx, body, lines!)
  },
}

/** Null, and answered, when the handler does not give the message. */
async function open(
  cx: CommandContext,
  { mailbox }: Transaction,
  message: MaildropMessage,
): Promise<OpenBody | null> {
  try {
    return await openBody(mailbox, message.id)
  } catch (error) {
    if (error instanceof Refusal) {
      // RFC 3206 has no code for "another session has removed it"
      if (error.code === 'EXPUNGEISSUED' || error.code === 'NONEXISTENT') cx.err('This message is gone')
      else cx.err('This message cannot be read', error.code === 'UNAVAILABLE' ? 'SYS/TEMP' : 'SYS/PERM')
    } else if (!cx.closed) {
      cx.failed('reading a message', error)
      cx.err('This message cannot be read now', 'SYS/TEMP')
    }
    return null
  }
}
