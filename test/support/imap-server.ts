// An IMAP server on a free port over a mailbox in memory, which has more extensions than a store needs: for clients that use them.
import { createServer, type MailboxHandlers } from 'email-server'
import { MemoryMailbox } from 'email-server/testing'

export interface ImapServer extends AsyncDisposable {
  readonly port: number
  readonly mailbox: MemoryMailbox
  /** What failed in the server: nothing should. */
  readonly failures: unknown[]
}

/** Anybody may log in, and all see one mailbox. `more` adds handlers that the mailbox in memory has not. */
export async function imapServer(more: MailboxHandlers = {}): Promise<ImapServer> {
  const mailbox = new MemoryMailbox({ now: () => Date.now() })
  const failures: unknown[] = []
  const server = createServer({
    hostname: 'mail.example.test',
    host: '127.0.0.1',
    ports: { imap: 0 },
    allowInsecureAuth: true,
  })
  server.on('auth', info => info.accept())
  server.on('error', error => failures.push(error))
  server.on('mailboxSession', session => {
    mailbox.attach(session)
    session.use(more)
  })
  await server.listen()
  return {
    port: server.ports.imap!,
    mailbox,
    failures,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** A small message whose subject and Message-ID have this name. */
export function letter(name: string): Buffer {
  return Buffer.from(
    `From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: ${name}\r\n` +
      `Date: Mon, 7 Feb 2022 21:52:25 -0800\r\nMessage-ID: <${name}@sender.example>\r\n\r\nBody of ${name}\r\n`,
  )
}
