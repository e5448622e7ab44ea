// A login as a client says it in SMTP and POP3: AUTH with an initial response where there is room (RFC 4954 §4, RFC 5034 §4), then an answer to
// each challenge, all in base64.
import { MailError } from '../base/errors.ts'
import { decodeSaslBase64, encodeSaslBase64 } from './base64.ts'
import type { ChosenMechanism } from './choose.ts'

/** No mechanism asks so often. */
const MOST_CHALLENGES = 20

export class AuthDialogue {
  /** The command, without CRLF. */
  readonly line: string
  /** The same for logs. */
  readonly shown: string
  readonly #chosen: ChosenMechanism
  /** What did not fit into the command. */
  #initial: Uint8Array | null
  #challenges = 0

  /** `lineLimit`: octets of a command line with its CRLF. */
  constructor(chosen: ChosenMechanism, lineLimit: number) {
    this.#chosen = chosen
    this.shown = `AUTH ${chosen.name}`
    const initial = chosen.exchange.initial()
    const text = initial === null ? null : initial.length === 0 ? '=' : encodeSaslBase64(initial)
    const fits = text !== null && this.shown.length + 1 + text.length + 2 <= lineLimit
    this.line = fits ? `${this.shown} ${text}` : this.shown
    this.#initial = fits ? null : initial
  }

  /** What is said to a challenge; null: it is no text. Rejects with EAUTH when the exchange cannot go on. */
  async answer(challenge: string | null): Promise<string> {
    if (this.#challenges++ === MOST_CHALLENGES) throw new MailError('EAUTH', 'the server asks without end')
    const bytes = challenge === null ? null : decodeSaslBase64(challenge)
    if (!bytes) throw new MailError('EAUTH', "the server's challenge is not base64", { command: 'AUTH' })
    const answer = this.#initial ?? (await this.#chosen.exchange.step(bytes))
    this.#initial = null
    return encodeSaslBase64(answer)
  }
}
