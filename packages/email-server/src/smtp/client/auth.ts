// AUTH from the client's side (RFC 4954 §4): the strongest mechanism that both sides have, and a way out of every exchange.
import { MailError } from '../../base/errors.ts'
import {
  type ChosenMechanism,
  type ClientCredentials,
  chooseMechanism,
  decodeSaslBase64,
  encodeSaslBase64,
} from '../../sasl/index.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'
import type { ClientCore, Work } from './core.ts'
import { isNegative, isPositive, replyError, unexpectedReply } from './faults.ts'

/** RFC 5321 §4.5.3.1.4: octets of a command line with its CRLF, within which an initial response must stay (RFC 4954 §4). */
const LINE_LIMIT = 512
/** No mechanism asks so often. */
const MOST_CHALLENGES = 20

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
async function converse(core: ClientCore, { name, exchange }: ChosenMechanism): Promise<SmtpReply> {
  let initial = exchange.initial()
  let line = `AUTH ${name}`
  if (initial !== null) {
    const text = initial.length === 0 ? '=' : encodeSaslBase64(initial)
    if (line.length + 1 + text.length + 2 <= LINE_LIMIT) {
      line += ` ${text}`
      initial = null
    }
  }
  let reply = await core.command('AUTH', line, undefined, `AUTH ${name}`)
  for (let i = 0; reply.code === 334; i++) {
    let answer: Uint8Array
    try {
      if (i === MOST_CHALLENGES) throw new MailError('EAUTH', 'the server asks without end')
      answer = initial ?? (await exchange.step(challenge(reply)))
      initial = null
    } catch (error) {
      return cancel(core, error as MailError)
    }
    // keys are derived in their own time
    core.wake()
    reply = await core.command('AUTH', encodeSaslBase64(answer), undefined, '(secret)')
  }
  return reply
}

function challenge(reply: SmtpReply): Uint8Array {
  const bytes = reply.lines.length === 1 ? decodeSaslBase64(reply.lines[0]!) : null
  if (!bytes) throw new MailError('EAUTH', "the server's challenge is not base64", { command: 'AUTH' })
  return bytes
}

/** Gives up (RFC 4954 §4): the server has to answer 501. */
async function cancel(core: ClientCore, why: MailError): Promise<never> {
  const reply = await core.command('AUTH', '*')
  if (!isNegative(reply)) core.end(unexpectedReply('AUTH', reply))
  throw why
}
