// JMAPACCESS (RFC 9698): where the same mail can be had by JMAP with the same credentials, when the backend says so.
import { badAnswer } from '../../mailbox/index.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import { nothing } from '../grammar/grammar.ts'
import { LOGGED_IN } from '../state.ts'

const URL_TEXT = /^https?:\/\/[!-~]+$/

const command: CommandSpec<null> = {
  name: 'GETJMAPACCESS',
  rfc: '9698 §4',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'none',
  args: nothing,
  async run(cx) {
    const url: unknown = await cx.mailbox.ask('jmapAccess', [], {})
    if (typeof url !== 'string' || !URL_TEXT.test(url))
      throw badAnswer('jmapAccess', 'the URL of a JMAP session', url)
    // resp-jmapaccess = "JMAPACCESS" SP quoted
    cx.out.raw('* JMAPACCESS ').string(url).end()
    return undefined
  },
}

export const jmapaccess: Extension = {
  name: 'JMAPACCESS',
  rfc: '9698',
  // ids are the same in both protocols: so there must be some (RFC 9698 §3)
  gate: {
    kind: 'all',
    of: [
      { kind: 'handlers', names: ['jmapAccess'] },
      { kind: 'supplies', items: ['emailId', 'mailboxId'] },
    ],
  },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['JMAPACCESS']),
  commands: [command],
}
