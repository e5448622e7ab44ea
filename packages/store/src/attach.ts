// The store behind a server: who may log in, whose mail is taken, where it goes, what mailbox sessions see.
import { type AuthInfo, MailError, Refusal } from 'email-server'
import type { MailboxSession } from 'email-server/mailbox'
import { domainName } from './accounts/address.ts'
import { isScram } from './accounts/scram.ts'
import type { Change } from './changes.ts'
import { isNoSpace, isStorageFailure, usageError } from './errors.ts'
import { SUPPLIES } from './mailbox-handlers.ts'
import type { Store } from './store.ts'

/** What the store needs of email-server's `Server`. */
export interface MailServer {
  on(event: 'auth', listener: (info: AuthInfo) => unknown): unknown
  on(event: 'smtpSession', listener: (session: MailSession) => unknown): unknown
  on(event: 'mailboxSession', listener: (session: MailboxSession) => unknown): unknown
  /** Where its outgoing messages wait. */
  readonly queue?: unknown
  /** The domains that it takes for its own. */
  readonly domains?: readonly string[]
  addDomain?(name: string): unknown
}

/** What it needs of an SMTP session. */
export interface MailSession {
  readonly isSubmission: boolean
  readonly username: string | null
  on(event: 'rcpt', handler: (address: string, params: never, context: RecipientAnswer) => unknown): unknown
  on(event: 'mail', listener: (mail: SubmittedMail) => unknown): unknown
}

export interface RecipientAnswer {
  readonly mailParams: {
    /** Octets that the client has announced (RFC 1870). */
    readonly size: number | null
  }
  accept(): void
  reject(code?: number, text?: string): void
}

export interface ArrivedMail {
  readonly to: readonly string[]
  readonly size: number
  readonly rawBytes: Uint8Array
  /** `Return-Path: <…>` with its CRLF. */
  readonly returnPath: string
  accept(): void
  reject(code?: number, text?: string): void
}

export interface SubmittedMail extends ArrivedMail {
  deliver(options: {
    readonly to: readonly string[]
    readonly id: string
    readonly answerWithin: number
  }): Promise<unknown>
}

export interface AttachOptions {
  /**
   * Submitted mail for other domains is sent: it goes into `store.queue`, which has to be the server's queue
   * (`createServer({ delivery: { queue: store.queue } })`), and the server does the rest. Default false: nothing leaves the machine.
   */
  readonly deliver?: boolean
  /**
   * Without `deliver`: the folder of the sender that keeps submitted mail for other domains, made when there is none; null:
   * such mail is refused. Default `Outbox`.
   */
  readonly outbox?: string | null
  /** Accounts that may set quotas by IMAP (SETQUOTA). Default: nobody. */
  readonly administrators?: readonly string[]
}

/** What becomes of submitted mail for other domains: sent, put into a folder of the sender, refused. */
type Others = { readonly kind: 'send' } | { readonly kind: 'keep'; readonly folder: string } | null

export function attachStore(store: Store, server: MailServer, options: AttachOptions = {}): void {
  const others = othersOf(store, server, options)
  if (others?.kind === 'send') announceDomains(store, server)
  server.on('auth', info => authenticate(store, info))
  server.on('smtpSession', session => {
    const sender = (): string | null => (session.isSubmission ? session.username : null)
    session.on('rcpt', (address, _params, answer) =>
      askRecipient(store, address, answer, sender() === null ? null : others),
    )
    session.on('mail', mail => deliver(store, mail, sender(), others))
  })
  const administrators = new Set(options.administrators?.map(address => address.toLowerCase()))
  server.on('mailboxSession', session =>
    openSession(store, session, administrators.has(session.username.toLowerCase())),
  )
}

function othersOf(store: Store, server: MailServer, { deliver, outbox = 'Outbox' }: AttachOptions): Others {
  if (deliver !== true) return outbox === null ? null : { kind: 'keep', folder: outbox }
  if (server.queue !== store.queue) {
    throw usageError(
      'attach: to deliver, the server needs createServer({ delivery: { queue: store.queue } })',
    )
  }
  return { kind: 'send' }
}

/** Reports of what could not be delivered go to the senders' own mailboxes: so the server has to know that they are here. */
function announceDomains(store: Store, server: MailServer): void {
  store.onDomain(name => {
    // a domain that the user has given the server is left as it is, with its keys
    if (!server.domains?.includes(name)) server.addDomain?.(name)
  })
}

async function authenticate(store: Store, info: AuthInfo): Promise<void> {
  if (info.authMethod === 'xoauth2' || info.authMethod === 'oauthbearer') {
    info.reject('tokens are not taken here')
    return
  }
  if (isScram(info.authMethod)) {
    const found = await store.scramKeys(info.username, info.authMethod)
    if (found && (await actsFor(store, info, found.username))) info.acceptKeys(found.keys, found.username)
    else info.reject()
    return
  }
  const username = await store.verifyUser(info.username, info.password)
  if (username !== null && (await actsFor(store, info, username))) info.accept(username)
  else info.reject()
}

/** Nobody acts for somebody else. */
async function actsFor(store: Store, info: AuthInfo, username: string): Promise<boolean> {
  return info.authorizationId === '' || (await store.findUser(info.authorizationId)) === username
}

async function askRecipient(
  store: Store,
  address: string,
  answer: RecipientAnswer,
  others: Others,
): Promise<void> {
  try {
    if ((await store.findRecipients(address)).length > 0) {
      const room = await store.hasRoom(address, answer.mailParams.size ?? 0)
      if (room === 'yes') answer.accept()
      else if (room === 'full') answer.reject(452, FULL)
      else answer.reject(552, TOO_LARGE)
    } else if (!address.includes('@') || (await store.isLocal(address))) {
      answer.reject(550, '5.1.1 there is nobody of that name here')
    } else if (others && isDomain(address)) answer.accept()
    else if (others) answer.reject(550, '5.1.2 that is no domain')
    else answer.reject(550, '5.7.1 mail for that domain is not taken here')
  } catch (error) {
    rejectFor(error, answer)
  }
}

/** Of what can be written as a domain in SMTP not all can be one; an address literal may. */
function isDomain(address: string): boolean {
  const domain = address.slice(address.lastIndexOf('@') + 1)
  return domain.startsWith('[') || domainName(domain) !== null
}

async function deliver(
  store: Store,
  mail: SubmittedMail,
  sender: string | null,
  others: Others,
): Promise<void> {
  try {
    // a session that has logged in before that
    if (sender !== null && !(await store.isEnabled(sender))) {
      mail.reject(550, '5.7.1 this account is closed')
      return
    }
    if (sender === null || !others) await store.deliverMail(mail, null)
    else if (others.kind === 'send') await store.submitMail(mail)
    else await store.deliverMail(mail, { username: sender, folder: others.folder })
    mail.accept()
  } catch (error) {
    rejectFor(error, mail)
  }
}

/** RFC 3463 §3.3: the mailbox is full now, and may not be when the sender tries again. */
const FULL = '4.2.2 the mailbox is full'
/** Trying again does not help. */
const TOO_LARGE = '5.2.3 the message is larger than all that may be kept here'

/** A temporary reply for what may go better later; anything else is the library's to answer and to report. */
function rejectFor(error: unknown, answer: { reject(code?: number, text?: string): void }): void {
  if (error instanceof MailError && error.responseCode !== undefined) {
    answer.reject(error.responseCode, `${error.enhancedCode ?? ''} ${error.message}`.trim())
    return
  }
  const cause = error instanceof Refusal && error.code === 'UNAVAILABLE' ? (error.cause ?? error) : error
  if (error instanceof Refusal && error.code === 'OVERQUOTA') answer.reject(452, FULL)
  else if (isNoSpace(cause)) answer.reject(452, '4.3.1 no room is left here, try again later')
  else if (cause !== error || isStorageFailure(error)) {
    answer.reject(451, '4.3.0 storage fails here, try again later')
  } else throw error
}

function openSession(store: Store, session: MailboxSession, isAdministrator: boolean): void {
  const access = store.openMailbox(session.username, change => tell(session, change), {
    onFolderNews: news => session.notifyFolder(news),
    onEnd: () => session.end('This account is closed'),
    isAdministrator,
  })
  session.use(access.handlers, { supplies: SUPPLIES })
  session.on('close', () => access.close())
}

function tell(session: MailboxSession, change: Change): void {
  switch (change.kind) {
    case 'exists':
      session.notifyExists(change.total)
      break
    case 'vanished':
      session.notifyVanished(change.uids)
      break
    case 'flags':
      for (const { id, flags, modseq } of change.messages)
        session.notifyFlags(null, id as number, flags, modseq)
  }
}
