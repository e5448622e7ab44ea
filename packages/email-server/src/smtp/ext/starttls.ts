// STARTTLS (RFC 3207). What the client sent ahead in clear is an attack (CVE-2011-0411 and its many sisters) and ends the session.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { SmtpExtension } from '../registry.ts'
import { reply } from '../wire/reply.ts'

export const starttls: SmtpExtension = {
  name: 'STARTTLS',
  rfc: '3207',
  gate: facts => facts.canUpgrade && facts.tls === null,
  ehlo: () => ['STARTTLS'],
  commands: [
    {
      name: 'STARTTLS',
      rfc: '3207 §4',
      states: ['ready'],
      run(cx, argument) {
        if (argument !== '') throw new PeerSyntaxError('STARTTLS has no argument')
        cx.upgrade(reply(220, '2.0.0', 'Ready to start TLS'))
        return null
      },
    },
  ],
}
