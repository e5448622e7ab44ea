// MT-PRIORITY (RFC 6710): which messages go first.
import { priorityValue } from '../grammar/priority.ts'
import type { SmtpExtension } from '../registry.ts'
import { reply } from '../wire/reply.ts'

const LOWERED = reply(250, '2.3.6', '0 is the priority of the message: strangers cannot raise it')

export const mtPriority: SmtpExtension = {
  name: 'MT-PRIORITY',
  rfc: '6710',
  gate: facts => facts.extensions.mtPriority !== null,
  ehlo(facts) {
    const profile = facts.extensions.mtPriority?.profile ?? null
    return [profile === null ? 'MT-PRIORITY' : `MT-PRIORITY ${profile}`]
  },
  mailParams: [
    {
      keyword: 'MT-PRIORITY',
      read(value, draft) {
        draft.mtPriority = priorityValue.read(value ?? '')
        return null
      },
    },
  ],
  settleMail(draft, facts) {
    // no priority is raised by strangers (§4.1), and who does not write to our own domains as a stranger has logged in
    if (facts.role !== 'inbound' || (draft.mtPriority ?? 0) <= 0) return null
    draft.mtPriority = 0
    return LOWERED
  },
}
