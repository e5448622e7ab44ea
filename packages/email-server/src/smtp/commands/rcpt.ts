// RCPT (RFC 5321 §4.1.1.3):
//
//   rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
import { PeerSyntaxError } from '../../base/errors.ts'
import { isAscii } from '../../text/index.ts'
import { type Envelope, NO_RCPT_PARAMS, type RcptParams } from '../envelope.ts'
import type { CommandSpec, Draft, ServerContext } from '../registry.ts'
import { type Reply, reply } from '../wire/reply.ts'
import { readParams, splitArgument } from './arguments.ts'

const OK = reply(250, '2.1.5', 'Recipient OK')
const TOO_MANY = reply(452, '4.5.3', 'Too many recipients')
const NEEDS_UTF8 = reply(553, '5.6.7', 'A recipient beyond ASCII needs SMTPUTF8')

export const rcpt: CommandSpec = {
  name: 'RCPT',
  rfc: '5321 §4.1.1.3',
  states: ['envelope'],
  malformed: reply(501, '5.1.3', 'Malformed recipient: say RCPT TO:<address>'),
  run(cx: ServerContext, argument: string): Reply | Promise<Reply> {
    if (cx.state.kind !== 'envelope') throw new TypeError('RCPT out of place')
    const { hello, envelope } = cx.state
    const { mailbox, rest } = splitArgument(argument, 'TO:')
    if (!mailbox) throw new PeerSyntaxError('a recipient cannot be null')
    let draft: Draft<RcptParams> = NO_RCPT_PARAMS
    if (rest !== '') {
      draft = { ...NO_RCPT_PARAMS }
      const refusal = readParams(rest, hello.extended, cx, keyword => cx.rcptParam(keyword), draft)
      if (refusal) return refusal
    }
    if (!envelope.params.smtputf8 && !isAscii(mailbox.address)) return NEEDS_UTF8
    if (envelope.accepted.length >= cx.limits.recipients) return TOO_MANY
    const objection = cx.admitDomain(mailbox.domain)
    if (objection) return objection
    // the bare <Postmaster> is this host's own, and every host has one (§4.5.1)
    const address = mailbox.domain === '' ? `${mailbox.address}@${cx.hostname}` : mailbox.address
    const verdict = cx.judgeRecipient(envelope, { address, domain: mailbox.domain }, draft)
    return verdict instanceof Promise
      ? verdict.then(answer => add(cx, envelope, address, draft, answer))
      : add(cx, envelope, address, draft, verdict)
  },
}

function add(
  cx: ServerContext,
  envelope: Envelope,
  address: string,
  params: RcptParams,
  verdict: Reply,
): Reply {
  if (verdict.code !== 250) return verdict
  const { recipients, accepted } = envelope
  // named twice, delivered once; but LMTP answers twice
  if (cx.role === 'lmtp' || !recipients.has(address)) accepted.push(address)
  if (!recipients.has(address)) recipients.set(address, { address, params })
  return verdict.text === '' ? OK : verdict
}
