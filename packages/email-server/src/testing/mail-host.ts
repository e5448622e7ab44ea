// The backend of test servers: every recipient gets a mailbox, in memory, readable by IMAP and POP3. One of these answers for any number of
// servers.

import { concat, fromLatin1 } from '../base/bytes.ts'
import type { SendResult } from '../base/send-result.ts'
import type { Server } from '../server/index.ts'
import { type IncomingMail, returnPathField, type SmtpServerSession } from '../smtp/index.ts'
import { addHandlerFaults, type StoreFault } from './handler-faults.ts'
import { Inbox, type WaitFor } from './inbox.ts'
import { MemoryMailbox } from './memory-mailbox.ts'
import { ReceivedMessage } from './received.ts'

export interface MailHostOptions {
  /** ms since the epoch. */
  readonly now: () => number
  readonly wait: WaitFor
  /** Who may log in, by address; null: everybody, with any password. Asked at every login. */
  readonly mayLogIn: (username: string, password: string) => boolean
  /** The reply that refuses a message at its end, `451 4.3.0 …`; null: none does. Asked for each. */
  readonly refuse: () => string | null
  readonly storeFault?: (address: string) => StoreFault | null
  /** The same for each call of a handler that answers IMAP and POP3. */
  readonly handlerFault?: (name: string) => StoreFault | null
  /** Hears of every message that was put into a mailbox. */
  readonly stored?: (message: ReceivedMessage) => void
  /** Hears what becomes of a message that a client has handed in; null: it was not taken. */
  readonly submitted?: (mail: IncomingMail, result: SendResult | null) => void
  /** Mail that is handed in goes out to its recipients' servers; else it goes into the mailboxes here. */
  readonly relays: boolean
  /** Takes mail for every domain there is; else for those of `server.addDomain`. */
  readonly takesEverything: boolean
}

interface Account {
  mailbox: MemoryMailbox
  readonly inbox: Inbox
}

export class MailHost {
  readonly #options: MailHostOptions
  readonly #accounts = new Map<string, Account>()

  constructor(options: MailHostOptions) {
    this.#options = options
  }

  /** What arrives for this address; made when it is first asked for. */
  inbox(address: string): Inbox {
    return this.#account(address).inbox
  }

  mailbox(address: string): MemoryMailbox {
    return this.#account(address).mailbox
  }

  /** The addresses that have mailboxes, in the order of their making. */
  get addresses(): readonly string[] {
    return [...this.#accounts.keys()]
  }

  /** Empties all mailboxes; sessions that have one open keep what they see. */
  clear(): void {
    for (const account of this.#accounts.values()) {
      account.inbox.clear()
      account.mailbox = new MemoryMailbox({ now: this.#options.now })
    }
  }

  /** Answers for this server. */
  serve(server: Server): void {
    const { mayLogIn, takesEverything, handlerFault } = this.#options
    server.on('auth', info => {
      if (mayLogIn(info.username, info.password)) info.accept()
      else info.reject()
    })
    server.on('mailboxSession', session => {
      if (handlerFault) addHandlerFaults(session, handlerFault)
      this.mailbox(session.username).attach(session)
    })
    server.on('smtpSession', session => {
      if (takesEverything) session.on('rcpt', (_address, _params, context) => context.accept())
      session.on('mail', mail => this.#mail(session, mail))
    })
  }

  #mail(session: SmtpServerSession, mail: IncomingMail): void {
    const no = this.#options.refuse()
    if (no !== null) {
      mail.reject(...codeAndText(no))
      if (session.isSubmission) this.#options.submitted?.(mail, null)
      return
    }
    if (session.isSubmission && this.#options.relays) this.#relay(mail)
    else this.#store(mail)
  }

  #relay(mail: IncomingMail): void {
    mail.deliver((error, result) => {
      this.#options.submitted?.(mail, result ?? null)
      if (error) mail.reject(error.permanent ? 550 : 451, error.message)
      else mail.accept()
    })
  }

  #store(mail: IncomingMail): void {
    const fault = mail.to
      .map(address => this.#options.storeFault?.(address) ?? null)
      .find(found => found !== null)
    if (fault === 'throws') throw new Error('the store has failed, as the test wants it')
    if (fault === 'hangs') return
    const raw = concat([fromLatin1(returnPathField(mail.from)), mail.rawBytes])
    for (const to of mail.to) {
      const { mailbox, inbox } = this.#account(to)
      const { from, auth } = mail
      mailbox.deliver(raw)
      const message = new ReceivedMessage({ raw, from, to, at: this.#options.now(), auth })
      inbox.add(message)
    }
    mail.accept()
    if (fault === 'twice') mail.accept()
  }

  #account(address: string): Account {
    const key = address.toLowerCase()
    let account = this.#accounts.get(key)
    if (!account) {
      const { now, wait, stored } = this.#options
      account = { mailbox: new MemoryMailbox({ now }), inbox: new Inbox(key, wait, stored) }
      this.#accounts.set(key, account)
    }
    return account
  }
}

function codeAndText(reply: string): [number, string] {
  return [Number(reply.slice(0, 3)), reply.slice(4)]
}
