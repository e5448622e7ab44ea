// NAMESPACE (RFC 2342). Without a handler there is one personal namespace that begins at the root.
import type { Namespace, Namespaces } from '../../mailbox/index.ts'
import { encodeImapUtf7 } from '../../text/index.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import { nothing } from '../grammar/grammar.ts'
import { askFolders, delimiterOf } from '../list-tree.ts'
import { LOGGED_IN } from '../state.ts'
import type { Writer } from '../wire/writer.ts'

const command: CommandSpec<null> = {
  name: 'NAMESPACE',
  rfc: '2342 §5',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'none',
  args: nothing,
  async run(cx) {
    const spaces: Namespaces = cx.mailbox.handles('namespace')
      ? await cx.mailbox.ask('namespace', [], {})
      : {
          personal: [{ prefix: '', delimiter: delimiterOf((await askFolders(cx))[0]) }],
          otherUsers: null,
          shared: null,
        }
    cx.out.raw('* NAMESPACE')
    for (const each of [spaces.personal, spaces.otherUsers, spaces.shared]) write(cx.out, each)
    cx.out.end()
    return undefined
  },
}

// Namespace = nil / "(" 1*( "(" string SP (<"> QUOTED_CHAR <"> / nil) *(Namespace_Response_Extension) ")" ) ")"
function write(w: Writer, namespaces: readonly Namespace[] | null): void {
  if (namespaces === null || namespaces.length === 0) {
    w.raw(' NIL')
    return
  }
  w.raw(' (')
  for (const { prefix, delimiter } of namespaces) {
    w.raw('(').string(w.utf8 ? prefix : encodeImapUtf7(prefix))
    w.raw(' ').nstring(delimiter).raw(')')
  }
  w.raw(')')
}

export const namespace: Extension = {
  name: 'NAMESPACE',
  rfc: '2342',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['NAMESPACE']),
  commands: [command],
}
