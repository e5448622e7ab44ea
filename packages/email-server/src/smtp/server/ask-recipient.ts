// The `rcpt` question: may mail for this address come in? One handler answers; without one the domain decides.
import { MailError } from '../../base/errors.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { MailParams, RcptParams } from '../envelope.ts'
import { type Reply, reply } from '../wire/reply.ts'
import { OUR_FAULT, refusalReply, rejection } from './verdicts.ts'

export const RCPT_HANDLER = 'rcpt'
export type RcptHandlerName = typeof RCPT_HANDLER

/** What an `rcpt` handler is told beside the address, and how it answers: the first answer counts. */
export interface RcptContext {
  /** The envelope sender; '' for the null sender. */
  readonly from: string
  readonly mailParams: MailParams
  /** The domain of the address is one of ours. */
  readonly isLocal: boolean
  /** The authenticated user; null on inbound. */
  readonly username: string | null
  readonly remoteAddress: string
  accept(): void
  /** `code` 400–599, default 550; a `text` may begin with an enhanced code. */
  reject(code?: number, text?: string): void
}

/**
 * Answers by `ctx`, or by the promise it returns: resolved is yes, rejected with a `Refusal` or an error that has an
 * SMTP `code` is no. Any other error, and no answer in time, is 451.
 */
export type RcptHandler = (address: string, params: RcptParams, ctx: RcptContext) => unknown

export interface RecipientQuestion {
  readonly handler: RcptHandler
  readonly address: string
  readonly params: RcptParams
  readonly facts: Omit<RcptContext, 'accept' | 'reject'>
  readonly clock: SessionClock
  readonly timeoutMs: number
  readonly onFailure: (error: unknown) => void
}

/** The handler has nothing against it: RCPT says OK in its own words. */
export const WELCOME: Reply = reply(250, '2.1.5', '')

/** Answers at once when the handler does; else a promise, which never rejects. */
export function askRecipient(question: RecipientQuestion): Reply | Promise<Reply> {
  const { clock, onFailure } = question
  let answer: Reply | null = null
  let wake: ((reply: Reply) => void) | null = null
  const settle = (verdict: Reply): boolean => {
    if (answer) return false
    answer = verdict
    wake?.(verdict)
    return true
  }
  const again = (): void => onFailure(new MailError('EHANDLER', "the 'rcpt' handler answered more than once"))
  const fail = (error: unknown): void => {
    const refusal = refusalReply('recipient', error, onFailure)
    if (!refusal) onFailure(error)
    settle(refusal ?? OUR_FAULT)
  }
  const context: RcptContext = {
    ...question.facts,
    accept: () => {
      if (!settle(WELCOME)) again()
    },
    reject: (code, text) => {
      if (!settle(rejection('recipient', code, text, onFailure))) again()
    },
  }
  try {
    const result = question.handler(question.address, question.params, context)
    // what a promise resolves to after ctx has answered is not a second answer
    if (result instanceof Promise) result.then(() => settle(WELCOME), fail)
  } catch (error) {
    fail(error)
  }
  if (answer) return answer
  return new Promise(resolve => {
    const deadline = Symbol('rcpt')
    wake = verdict => {
      clock.clear(deadline)
      resolve(verdict)
    }
    clock.set(deadline, question.timeoutMs, () => {
      fail(new MailError('EHANDLER', `the 'rcpt' handler has not answered within ${question.timeoutMs} ms`))
    })
  })
}
