// What becomes of a message, recipient by recipient: LMTP tells each of them (RFC 2033 §4.2), SMTP has one reply for all.
import { MailError } from '../../base/errors.ts'
import type { RcptParams, Recipient } from '../envelope.ts'
import { type Reply, reply } from '../wire/reply.ts'
import { rejection } from './verdicts.ts'

/** A recipient of a message that has come in. */
export class MailRecipient implements Recipient {
  readonly address: string
  /** What RCPT said about it. */
  readonly params: RcptParams
  readonly #answers: MailAnswers
  readonly #index: number

  constructor(recipient: Recipient, answers: MailAnswers, index: number) {
    this.address = recipient.address
    this.params = recipient.params
    this.#answers = answers
    this.#index = index
  }

  /** The message is safe for this recipient (and `mail.accept()` or `mail.reject()` speaks for those not answered for). */
  accept(): void {
    this.#answers.accept(this.#index)
  }

  /** Refuses it for this recipient: `code` 400–599, default 550; a `text` may begin with an enhanced code. */
  reject(code?: number, text?: string): void {
    this.#answers.reject(this.#index, code, text)
  }
}

/** A recipient who does not get a message that was taken for others. */
export interface UndeliveredRecipient extends Recipient {
  readonly code: number
  /** `5.2.2` */
  readonly enhancedCode: string
  readonly text: string
}

export interface AnswersOptions {
  readonly id: string
  readonly recipients: readonly Recipient[]
  /** One more recipient is answered for. */
  readonly onAnswer: (answers: MailAnswers) => void
  readonly onFailure: (error: unknown) => void
}

export class MailAnswers {
  #recipients: readonly MailRecipient[] | null = null
  readonly #options: AnswersOptions
  readonly #verdicts: (Reply | null)[]
  #left: number
  /** The message as a whole has been answered for. */
  #whole = false

  constructor(options: AnswersOptions) {
    this.#options = options
    this.#left = options.recipients.length
    this.#verdicts = new Array(this.#left).fill(null)
  }

  /** Made when somebody wants to see them. */
  get recipients(): readonly MailRecipient[] {
    this.#recipients ??= this.#options.recipients.map((recipient, i) => new MailRecipient(recipient, this, i))
    return this.#recipients
  }

  /** Every recipient is answered for. */
  get done(): boolean {
    return this.#left === 0
  }

  /** In the order of the recipients; null: not answered for. */
  get verdicts(): readonly (Reply | null)[] {
    return this.#verdicts
  }

  /** The one reply of SMTP, when all are answered for: yes when it was taken for anybody, else a no that asks to try again, else a no. */
  get folded(): Reply {
    const find = (hundred: number): Reply | null =>
      this.#verdicts.find(verdict => verdict !== null && Math.floor(verdict.code / 100) === hundred) ?? null
    return find(2) ?? find(4) ?? find(5)!
  }

  get undelivered(): UndeliveredRecipient[] {
    const found: UndeliveredRecipient[] = []
    for (const [i, verdict] of this.#verdicts.entries()) {
      if (!verdict || verdict.code === 250) continue
      const { address, params } = this.recipients[i]!
      const { code, enhanced, text } = verdict
      found.push({ address, params, code, enhancedCode: enhanced ?? '5.0.0', text: String(text) })
    }
    return found
  }

  accept(index: number): void {
    this.#one(index, this.#taken())
  }

  reject(index: number, code: number | undefined, text: string | undefined): void {
    this.#one(index, rejection('recipient', code, text, this.#options.onFailure))
  }

  acceptRest(): void {
    this.rest(this.#taken())
  }

  /** Speaks for all that are not answered for. */
  rest(verdict: Reply): void {
    if (this.#whole) {
      this.#again()
      return
    }
    this.#whole = true
    for (let i = 0; i < this.#verdicts.length; i++) if (!this.#verdicts[i]) this.#set(i, verdict)
  }

  #one(index: number, verdict: Reply): void {
    if (this.#verdicts[index]) this.#again()
    else this.#set(index, verdict)
  }

  #set(index: number, verdict: Reply): void {
    this.#verdicts[index] = verdict
    this.#left--
    this.#options.onAnswer(this)
  }

  #taken(): Reply {
    return reply(250, '2.0.0', `OK, taken as ${this.#options.id}`)
  }

  #again(): void {
    this.#options.onFailure(new MailError('EHANDLER', "the 'mail' listener answered more than once"))
  }
}
