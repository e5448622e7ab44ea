// A server session with a mailbox in memory, for the tests of this room.
import { type ImapServerOptions, ImapServerSession } from '../../src/imap/index.ts'
import type { MailboxSession } from '../../src/mailbox/index.ts'
import { MemoryMailbox, SessionDriver } from '../../src/testing/index.ts'

export interface TestSession {
  readonly driver: SessionDriver
  readonly session: ImapServerSession
  readonly mailbox: MemoryMailbox
  /** What the log would have said. */
  readonly failures: { readonly message: string; readonly error: unknown }[]
}

export interface TestOptions extends ImapServerOptions {
  readonly mailbox?: MemoryMailbox
  /** What the mailboxSession listener does; default: attaches the mailbox in memory. */
  readonly attach?: (session: MailboxSession) => void
}

export const TEST_TLS = { protocol: 'TLSv1.3', cipher: 'x', servername: null, authorized: false } as const

/** A session over TLS that lets `fred` in with `pw`; nothing is said yet. */
export function testSession(options: TestOptions = {}): TestSession {
  const failures: { message: string; error: unknown }[] = []
  const mailbox = options.mailbox ?? new MemoryMailbox()
  const {
    mailbox: _mailbox,
    attach = (session: MailboxSession) => mailbox.attach(session),
    ...rest
  } = options
  const session = new ImapServerSession({
    hostname: 'mail.example.test',
    tls: TEST_TLS,
    onFailure: (message, error) => failures.push({ message, error }),
    ...rest,
  })
  session.on('auth', info => {
    if (info.username === 'fred' && info.password === 'pw') info.accept()
    else info.reject()
  })
  session.on('mailboxSession', attach)
  return { driver: new SessionDriver(session), session, mailbox, failures }
}

/** Greeted and logged in; what was said so far is taken. */
export async function loggedIn(options: TestOptions = {}): Promise<TestSession> {
  const test = testSession(options)
  test.driver.greet()
  await test.driver.exchange('l LOGIN fred pw\r\n')
  return test
}

/** As `loggedIn`, with INBOX open. */
export async function selected(options: TestOptions = {}): Promise<TestSession> {
  const test = await loggedIn(options)
  await test.driver.exchange('s SELECT INBOX\r\n')
  return test
}

export function message(subject: string, body = 'Hello\r\n'): Uint8Array {
  return Buffer.from(
    `From: Fred Foobar <foobar@Blurdybloop.example>\r\nTo: mooch@owatagu.siam.example\r\nSubject: ${subject}\r\n` +
      `Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)\r\nMessage-Id: <${subject}@example.test>\r\n\r\n${body}`,
  )
}

/** Numbers below something, the same for the same seed (xorshift32). */
export function dice(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
