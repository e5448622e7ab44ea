// MOVE (RFC 6851), when the backend can.
import { type CopyArgs, copyArgs, place } from '../commands/copy.ts'
import { goneReply } from '../commands/expunge.ts'
import { messagesOf } from '../commands/messages.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import { partly, withinLimit } from '../message-limit.ts'

const command: CommandSpec<CopyArgs> = {
  name: 'MOVE',
  rfc: '6851 §3.1',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: true,
  literals: 'small',
  writes: true,
  args: copyArgs,
  async run(cx, { set, destination }) {
    const allowed = withinLimit(cx, messagesOf(cx, set))
    const { refs, code, modseq } = await place(cx, 'move', allowed.uids, destination)
    // before the EXPUNGEs, so that the client can follow its messages (RFC 6851 §4.3)
    if (code) cx.untagged('OK', 'Moved', code)
    return partly(cx, allowed.code, await goneReply(cx, refs, modseq, 'MOVE completed'), 'MOVE')
  },
}

export const move: Extension = {
  name: 'MOVE',
  rfc: '6851',
  gate: { kind: 'handlers', names: ['move'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['MOVE']),
  commands: [command],
}
