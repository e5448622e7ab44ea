// AUTH from the client's side (RFC 4954 §4): the strongest mechanism that both sides have, and a way out of every exchange.
import { MailError } from '../../base/errors.ts'
import {
  AuthDialogue,
  type ChosenMechanism,
  type ClientCredentials,
  chooseMechanism,
} from '../../sasl/index.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'
import type { ClientCore, Work } from './core.ts'
import { isNegative, isPositive, replyError, unexpectedReply } from './faults.ts'

/** RFC 5321 §4.5.3.1.4: octets of a command line with its CRLF, within which an initial response must stay (RFC 4954 §4). */
const LINE_LIMIT = 512

export function authenticate(credentials: ClientCredentials): Work<void> {
  return {
    async run(core) {
      const chosen = choose(core, credentials)
      const last = await converse(core, chosen)
      if (isNegative(last)) throw replyError('EAUTH', 'the server refuses the login', 'AUTH', last)
      if (!isPositive(last)) throw endWith(core, unexpectedReply('AUTH', last))
      try {
        chosen.exchange.finish(null)
      } catch (error) {
        // it has not shown that it knows us: who is it?
        throw endWith(core, error as MailError)
      }
    },
  }
}

function endWith(core: ClientCore, error: MailError): MailError {
  core.end(error)
  return error
}

function choose(core: ClientCore, credentials: ClientCredentials): ChosenMechanism {
  const { host, port, allowInsecureAuth = false } = core.options
  const offered = core.extensions.get('AUTH')
  if (!offered) throw new MailError('ENOAUTH', 'the server offers no login', { command: 'AUTH' })
  return chooseMechanism(offered.split(' '), credentials, {
    tls: core.tls,
    random: core.random,
    allowInsecureAuth,
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
  })
}

/** Resolves with the reply that is no challenge. */
async function converse(core: ClientCore, chosen: ChosenMechanism): Promise<SmtpReply> {
  const dialogue = new AuthDialogue(chosen, LINE_LIMIT)
  let reply = await core.command('AUTH', dialogue.line, undefined, dialogue.shown)
  while (reply.code === 334) {
    let answer: string
    try {
      answer = await dialogue.answer(reply.lines.length === 1 ? reply.lines[0]! : null)
    } catch (error) {
      return cancel(core, error as MailError)
    }
    // keys are derived in their own time
    core.wake()
    reply = await core.command('AUTH', answer, undefined, '(secret)')
  }
  return reply
}

/** Gives up (RFC 4954 §4): the server has to answer 501. */
async function cancel(core: ClientCore, why: MailError): Promise<never> {
  const reply = await core.command('AUTH', '*')
  if (!isNegative(reply)) core.end(unexpectedReply('AUTH', reply))
  throw why
}
