// The clients from npm that our users have: nodemailer delivers, imapflow reads.
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { PASSWORD } from './host.ts'

export interface Submission {
  /** Implicit TLS. */
  readonly secure?: boolean
  /** Log in as this user. */
  readonly user?: string
  readonly requireTls?: boolean
}

/** Delivers raw messages over one connection; resolves when all are answered with 250. */
export async function nodemailerSends(
  port: number,
  messages: Iterable<Buffer>,
  { secure = false, user, requireTls = false }: Submission = {},
  to = 'bob@example.test',
): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    secure,
    requireTLS: requireTls,
    ignoreTLS: !secure && !requireTls,
    pool: true,
    maxConnections: 1,
    tls: { rejectUnauthorized: false },
    ...(user === undefined ? {} : { auth: { user, pass: PASSWORD } }),
  })
  try {
    for (const raw of messages) {
      await transport.sendMail({ envelope: { from: user ?? 'alice@sender.example', to }, raw })
    }
  } finally {
    transport.close()
  }
}

/** A client that has logged in, and logs out at the end. */
export async function imapflowOpens(
  port: number,
  user: string,
  options: { readonly secure?: boolean } = {},
): Promise<{ client: ImapFlow } & AsyncDisposable> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: options.secure ?? false,
    ...(options.secure ? {} : { doSTARTTLS: false }),
    auth: { user, pass: PASSWORD },
    tls: { rejectUnauthorized: false },
    logger: false,
  })
  client.on('error', () => {})
  await client.connect()
  return {
    client,
    async [Symbol.asyncDispose]() {
      if (client.usable) await client.logout()
      else client.close()
    },
  }
}

/** All messages of a folder, whole, in the order of their UIDs. */
export async function imapflowReads(
  port: number,
  user: string,
  options: { readonly secure?: boolean; readonly folder?: string } = {},
): Promise<Buffer[]> {
  await using opened = await imapflowOpens(port, user, options)
  const { client } = opened
  const lock = await client.getMailboxLock(options.folder ?? 'INBOX', { readOnly: true })
  try {
    const found: Buffer[] = []
    for await (const { source } of client.fetch('1:*', { source: true })) found.push(source!)
    return found
  } finally {
    lock.release()
  }
}
