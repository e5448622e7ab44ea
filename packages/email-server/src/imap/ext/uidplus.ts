// UIDPLUS (RFC 4315): UID EXPUNGE; APPENDUID and COPYUID are told by APPEND, COPY and MOVE.
import { expungeDeleted } from '../commands/expunge.ts'
import { messagesOf } from '../commands/messages.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { formatSet, type SequenceSet, sequenceSet } from '../grammar/sequence-set.ts'

// uid-expunge = "UID" SP "EXPUNGE" SP sequence-set
const args: Grammar<SequenceSet> = {
  read: (r, words) => sequenceSet.read(r.sp(), words),
  write: (w, set) => w.raw(` ${formatSet(set)}`),
  samples: [[[3000, 3002]]],
}

const command: CommandSpec<SequenceSet> = {
  name: 'EXPUNGE',
  onlyUid: true,
  rfc: '4315 §2.1',
  states: ['selected'],
  mayExpunge: true,
  literals: 'none',
  handlers: ['expunge'],
  writes: true,
  args,
  run: (cx, set) => expungeDeleted(cx, messagesOf(cx, set)),
}

export const uidplus: Extension = {
  name: 'UIDPLUS',
  rfc: '4315',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['UIDPLUS']),
  commands: [command],
}
