// One mail transaction (RFC 5321 §3.3): the envelope in one go where the server has PIPELINING (RFC 2920), the content by DATA or in chunks
// (RFC 3030), one reply or, with LMTP, one for each recipient (RFC 2033 §4.2). Nothing is reported as sent before the final 250.
import { MailError, type MailErrorFacts } from '../../base/errors.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'
import { Content, contentFacts } from './content.ts'
import type { ClientCore, Command, Work } from './core.ts'
import { isNegative, isPositive, replyError, unexpectedReply } from './faults.ts'
import { limitOf } from './hello.ts'
import { type CheckedTransaction, checkTransaction, type EnvelopePlan, planEnvelope } from './parameters.ts'
import { clearTransaction } from './small.ts'
import type { SmtpAccepted, SmtpRejected, SmtpSendResult, SmtpTransaction } from './transaction.ts'

/** Throws what is wrong with the transaction; `started` is called when it is begun on the server. */
export function sendMessage(transaction: SmtpTransaction, started: () => void): Work<SmtpSendResult> {
  return new Sending(checkTransaction(transaction), transaction.signal, started)
}

/** What became of the envelope. `go`: the reply to DATA; null when it was not said: nobody is there to send to, or chunks follow. */
interface Answered {
  readonly accepted: readonly SmtpAccepted[]
  readonly rejected: readonly SmtpRejected[]
  readonly go: SmtpReply | null
}

class Sending implements Work<SmtpSendResult> {
  readonly signal: AbortSignal | undefined
  readonly mayFollow = true
  readonly #checked: CheckedTransaction
  readonly #started: () => void
  #content: Content | null = null
  /** The session has ended, and every octet had been handed to the transport. */
  #handedOver = false

  constructor(checked: CheckedTransaction, signal: AbortSignal | undefined, started: () => void) {
    this.#checked = checked
    this.signal = signal
    this.#started = started
  }

  lost(error: MailError, core: ClientCore): MailError | null {
    this.#content?.release()
    if (!this.#content?.complete) return error
    this.#handedOver = core.output.pending === 0
    // replies may have come that nobody has looked at yet
    return null
  }

  async run(core: ClientCore): Promise<SmtpSendResult> {
    const facts = contentFacts(this.#checked, core.extensions)
    const plan = planEnvelope(this.#checked, facts, {
      extensions: core.extensions,
      secured: core.tls !== null,
      maxRecipients: limitOf(core.extensions, 'RCPTMAX'),
    })
    if (plan.recipients.length === 0) throw allRefused(plan.rejected)
    this.#started()
    const chunked = core.extensions.has('CHUNKING')
    const answered = await sendEnvelope(core, plan, chunked)
    const { accepted, rejected, go } = answered
    if (accepted.length === 0) {
      withdraw(core, go)
      throw allRefused(rejected)
    }
    this.#content = new Content(core, this.#checked, facts)
    const finals = go
      ? await this.#sendData(core, this.#content, accepted.length, go)
      : await this.#sendChunks(core, this.#content, accepted.length)
    const command = go ? 'DATA' : 'BDAT'
    if (core.lmtp) return this.#settleEach(core, answered, command, finals)
    return this.#settle(core, answered, command, finals[0]!)
  }

  async #sendData(
    core: ClientCore,
    content: Content,
    accepted: number,
    go: SmtpReply,
  ): Promise<readonly Promise<SmtpReply>[]> {
    if (isNegative(go)) {
      clearTransaction(core)
      throw replyError('EMESSAGE', 'the server does not want the message', 'DATA', go)
    }
    if (isPositive(go)) throw stop(core, unexpectedReply('DATA', go))
    const finals = []
    for (let i = 0; i < (core.lmtp ? accepted : 1); i++) finals.push(core.oweLater('DATA'))
    try {
      const rest = content.sendDotted()
      if (rest) await rest
    } catch (error) {
      // whatever is said now would be part of the message
      throw stop(core, error as MailError)
    }
    for (const { due } of finals) due(core.limits.smtpFinalReplyTime)
    if (core.extensions.has('PIPELINING')) core.said()
    return finals.map(({ reply }) => reply)
  }

  async #sendChunks(
    core: ClientCore,
    content: Content,
    accepted: number,
  ): Promise<readonly Promise<SmtpReply>[]> {
    const finals: Promise<SmtpReply>[] = []
    try {
      await content.sendChunks(() => {
        for (let i = 0; i < (core.lmtp ? accepted : 1); i++) {
          finals.push(core.owe('BDAT', core.limits.smtpFinalReplyTime))
        }
      })
    } catch (error) {
      if (!core.closed) clearTransaction(core)
      throw error
    }
    return finals
  }

  async #settle(
    core: ClientCore,
    { accepted, rejected }: Answered,
    command: string,
    final: Promise<SmtpReply>,
  ): Promise<SmtpSendResult> {
    const reply = await this.#final(final)
    if (isPositive(reply)) return { accepted, rejected, response: reply.response, bytes: this.#bytes }
    if (!isNegative(reply)) throw stop(core, nonsense(command, reply))
    // after chunks the state is not defined (RFC 3030 §2)
    if (command !== 'DATA' && !core.closed) clearTransaction(core)
    throw replyError('EMESSAGE', 'the server refuses the message', command, reply)
  }

  /** LMTP: who has been told 250 has the message, whatever becomes of the others. */
  async #settleEach(
    core: ClientCore,
    answered: Answered,
    command: string,
    finals: readonly Promise<SmtpReply>[],
  ): Promise<SmtpSendResult> {
    const accepted: SmtpAccepted[] = []
    const rejected = [...answered.rejected]
    for (const [i, final] of finals.entries()) {
      const address = answered.accepted[i]!.address
      const outcome = await this.#final(final).then(
        reply => this.#lmtpOutcome(core, command, reply, address),
        error => withFacts(error as MailError, { recipient: address }),
      )
      if (outcome instanceof MailError) rejected.push({ address, error: outcome })
      else accepted.push(outcome)
    }
    const [first] = accepted
    if (!first) throw nobodyTook(rejected, rejected[answered.rejected.length]!.error)
    return { accepted, rejected, response: first.response, bytes: this.#bytes }
  }

  #lmtpOutcome(
    core: ClientCore,
    command: string,
    reply: SmtpReply,
    address: string,
  ): SmtpAccepted | MailError {
    if (isPositive(reply)) return { address, response: reply.response }
    if (!isNegative(reply)) return stop(core, nonsense(command, reply))
    return replyError('EMESSAGE', 'the server refuses the message', command, reply, { recipient: address })
  }

  get #bytes(): number {
    return this.#content?.bytes ?? 0
  }

  /** A final reply, or why nobody knows whether the message was taken. */
  async #final(final: Promise<SmtpReply>): Promise<SmtpReply> {
    try {
      return await final
    } catch (error) {
      const lost = error as MailError
      // a 421 instead of the reply is a clear no
      throw this.#handedOver && lost.responseCode !== 421 ? withFacts(lost, { ambiguous: true }) : lost
    }
  }
}

/** Ends the session with the error, and gives it back to be thrown. */
function stop(core: ClientCore, error: MailError): MailError {
  core.end(error)
  return error
}

/** Neither yes nor no to the message. */
function nonsense(command: string, reply: SmtpReply): MailError {
  return withFacts(unexpectedReply(command, reply), { ambiguous: true })
}

/** The same error for somebody for whom more is known. */
function withFacts(error: MailError, facts: MailErrorFacts): MailError {
  const { code, command, response, responseCode, enhancedCode, permanent, recipient, ambiguous } = error
  const known = { command, response, responseCode, enhancedCode, permanent, recipient, ambiguous }
  const defined = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
  return new MailError(code, error.message, { ...defined, cause: error.cause, ...facts })
}

function sendEnvelope(core: ClientCore, plan: EnvelopePlan, chunked: boolean): Promise<Answered> {
  return core.extensions.has('PIPELINING')
    ? sendTogether(core, plan, chunked)
    : sendOneByOne(core, plan, chunked)
}

/** RFC 2920 §3.1. Chunks may follow only when all replies have come (RFC 3030 §2), so that DATA alone can be said ahead. */
async function sendTogether(core: ClientCore, plan: EnvelopePlan, chunked: boolean): Promise<Answered> {
  const lines: Command[] = [{ name: 'MAIL FROM', line: plan.mail }]
  for (const { line } of plan.recipients) lines.push({ name: 'RCPT TO', line })
  if (!chunked) lines.push({ name: 'DATA', line: 'DATA', time: core.limits.smtpDataReplyTime })
  const replies = await core.commands(lines)
  const go = chunked ? null : replies.at(-1)!
  const mail = replies[0]!
  if (!isPositive(mail)) {
    if (go) withdraw(core, go)
    throw senderRefused(core, mail)
  }
  return judgeRecipients(core, plan, replies.slice(1), go)
}

async function sendOneByOne(core: ClientCore, plan: EnvelopePlan, chunked: boolean): Promise<Answered> {
  const mail = await core.command('MAIL FROM', plan.mail)
  if (!isPositive(mail)) throw senderRefused(core, mail)
  const replies: SmtpReply[] = []
  for (const { line } of plan.recipients) replies.push(await core.command('RCPT TO', line))
  const answered = judgeRecipients(core, plan, replies, null)
  if (chunked || answered.accepted.length === 0) return answered
  return { ...answered, go: await core.command('DATA', 'DATA', core.limits.smtpDataReplyTime) }
}

/** Throws when one of them is neither yes nor no. */
function judgeRecipients(
  core: ClientCore,
  plan: EnvelopePlan,
  replies: readonly SmtpReply[],
  go: SmtpReply | null,
): Answered {
  const accepted: SmtpAccepted[] = []
  const rejected = [...plan.rejected]
  for (const [i, { name }] of plan.recipients.entries()) {
    const reply = replies[i]!
    if (isPositive(reply)) accepted.push({ address: name, response: reply.response })
    else if (isNegative(reply)) {
      rejected.push({ address: name, error: recipientRefused(name, reply, accepted.length > 0) })
    } else throw stop(core, unexpectedReply('RCPT TO', reply))
  }
  return { accepted, rejected, go }
}

/** The error; ends the session when the reply is no clear no. */
function senderRefused(core: ClientCore, reply: SmtpReply): MailError {
  if (!isNegative(reply)) return stop(core, unexpectedReply('MAIL FROM', reply))
  return replyError('EENVELOPE', 'the server refuses the sender', 'MAIL FROM', reply)
}

function recipientRefused(recipient: string, reply: SmtpReply, others: boolean): MailError {
  // an old way to say that there are too many; SHOULD be taken as temporary (RFC 5321 §4.5.3.1.10)
  const tooMany = reply.code === 552 && others && !/^5\.[12]\./.test(reply.enhancedCode ?? '')
  return replyError('EENVELOPE', `the server refuses ${recipient}`, 'RCPT TO', reply, {
    recipient,
    ...(tooMany && { permanent: false }),
  })
}

/** Nobody is left to send to: a server that waits for the message gets a single dot (RFC 2920 §3.1). */
function withdraw(core: ClientCore, go: SmtpReply | null): void {
  if (!go || isNegative(go)) {
    clearTransaction(core)
    return
  }
  // LMTP would have as many replies as recipients: none at all (RFC 2033 §4.2)
  if (isPositive(go) || core.lmtp) {
    core.end(unexpectedReply('DATA', go))
    return
  }
  core.say('.')
  core.owe('DATA', core.limits.smtpFinalReplyTime)
}

function allRefused(rejected: readonly SmtpRejected[]): MailError {
  return nobodyTook(rejected, rejected[0]!.error)
}

/** An error for all, with the words of one. */
function nobodyTook(rejected: readonly SmtpRejected[], example: MailError): MailError {
  const errors = rejected.map(({ error }) => error)
  return withFacts(example, {
    rejected: errors,
    permanent: errors.every(({ permanent }) => permanent === true),
    ambiguous: errors.some(({ ambiguous }) => ambiguous === true),
  })
}
