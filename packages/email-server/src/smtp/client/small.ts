// What is said in one line: RSET, NOOP, VRFY, QUIT (RFC 5321 §4.1.1.5–10), STARTTLS (RFC 3207).
import { hasLineBreak } from '../../base/bytes.ts'
import { MailError, usageError } from '../../base/errors.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import { isAscii } from '../../text/index.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'
import type { ClientCore, Work } from './core.ts'
import { isNegative, isPositive, replyError, unexpectedReply } from './faults.ts'

/** How long a goodbye may take, ms: nothing depends on it. */
const GOODBYE_MS = 30_000

export const reset: Work<void> = { run: core => simple(core, 'RSET') }
export const noop: Work<void> = { run: core => simple(core, 'NOOP') }

async function simple(core: ClientCore, verb: string): Promise<void> {
  const reply = await core.command(verb, verb)
  if (isPositive(reply)) return
  throw isNegative(reply)
    ? replyError('EPROTOCOL', `the server refuses ${verb}`, verb, reply)
    : unexpectedReply(verb, reply)
}

/** Clears what a transaction has left on the server. Whoever cannot do that cannot be trusted with the next message. */
export function clearTransaction(core: ClientCore): void {
  reset.run(core).catch(error => core.end(error as MailError))
}

/** Throws EENVELOPE for text that is no argument. Resolves with any 2yz reply; rejects with EENVELOPE. */
export function verify(address: string): Work<SmtpReply> {
  if (typeof address !== 'string' || address.trim() === '' || hasLineBreak(address)) {
    throw new MailError('EENVELOPE', 'address must be a text without CR, LF and NUL', { command: 'VRFY' })
  }
  return {
    async run(core) {
      const plain = isAscii(address)
      if (!plain && !core.extensions.has('SMTPUTF8')) {
        throw new MailError('EENVELOPE', 'the server takes no address beyond ASCII', {
          command: 'VRFY',
          enhancedCode: '5.6.7',
          permanent: true,
        })
      }
      const reply = await core.command('VRFY', `VRFY ${address}${plain ? '' : ' SMTPUTF8'}`)
      if (isPositive(reply)) return reply
      throw replyError('EENVELOPE', 'the server does not know', 'VRFY', reply)
    },
  }
}

/** QUIT; the session is over with the reply, whatever it is. */
export const leave: Work<void> = {
  async run(core) {
    await core.command('QUIT', 'QUIT', GOODBYE_MS)
    core.end(null)
  },
}

/** STARTTLS, the handshake, EHLO again (RFC 3207 §4.2). ETLS leaves the session in clear when it is the server that refuses. */
export const secure: Work<TlsInfo> = {
  async run(core) {
    if (core.tls) throw usageError('the connection has TLS already')
    if (!core.options.canUpgrade) throw usageError('canUpgrade is not set: the driver cannot do TLS')
    if (!core.extensions.has('STARTTLS')) {
      throw new MailError('ETLS', 'the server offers no TLS', { command: 'STARTTLS' })
    }
    const reply = await core.command('STARTTLS', 'STARTTLS')
    if (reply.code === 220) return core.upgrade()
    if (isNegative(reply)) throw replyError('ETLS', 'the server refuses TLS', 'STARTTLS', reply)
    const error = unexpectedReply('STARTTLS', reply)
    core.end(error)
    throw error
  },
}
