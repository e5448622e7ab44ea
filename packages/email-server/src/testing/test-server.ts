// The mail server of a program's tests: whatever the program sends lands in a mailbox here, and nowhere else. On real ports, or without any.
import type { Runtime } from '../base/runtime.ts'
import { nodeRuntime } from '../node/index.ts'
import { createServer, type Server } from '../server/index.ts'
import { Authority } from './authority.ts'
import { type Duration, milliseconds } from './duration.ts'
import { Faults } from './faults.ts'
import { type Inbox, nothingCame, type WaitFor } from './inbox.ts'
import { MailHost } from './mail-host.ts'
import type { MemoryMailbox } from './memory-mailbox.ts'
import type { ReceivedMessage } from './received.ts'
import { withReplyFaults } from './reply-faults.ts'

export interface TestServerOptions {
  /** 0, the default, picks a free one. */
  readonly ports?: { readonly smtp?: number; readonly imap?: number; readonly pop3?: number }
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Offer STARTTLS with a certificate for `localhost` and `127.0.0.1` that `ca` vouches for. Default false: most programs check certificates. */
  readonly tls?: boolean
  /** Who may log in, by address, with which password. Default: everybody, with any password, and whoever does not log in. */
  readonly users?: Readonly<Record<string, string>>
  /** How long `waitFor` waits when it is not told. Default 5 s. */
  readonly within?: Duration
  /** The world that the server lives in. Default: this machine. */
  readonly runtime?: Runtime
}

/** What a program is told to use. */
export interface TestServerPlace {
  readonly host: string
  readonly port: number
  readonly secure: false
}

const WITHIN: Duration = '5s'
const CLOSE_TIMEOUT_MS = 2000

export class TestServer {
  /** Where to send mail to; the options of nodemailer's createTransport are of this shape. */
  readonly smtp: TestServerPlace
  readonly imap: TestServerPlace
  readonly pop3: TestServerPlace
  /** `smtp://127.0.0.1:41234` */
  readonly url: string
  /** PEM of the authority behind the certificate; null without `tls`. */
  readonly ca: string | null
  readonly #server: Server
  readonly #host: MailHost
  readonly #faults: Faults

  /** Use `createTestServer`. */
  constructor(server: Server, host: MailHost, faults: Faults, address: string, ca: string | null) {
    this.#server = server
    this.#host = host
    this.#faults = faults
    this.ca = ca
    const { submission, imap, pop3 } = server.ports
    const at = (port: number | undefined): TestServerPlace => ({ host: address, port: port!, secure: false })
    this.smtp = at(submission)
    this.imap = at(imap)
    this.pop3 = at(pop3)
    this.url = `smtp://${address}:${submission}`
  }

  /** What has arrived for this address. Every address has an inbox. */
  inbox(address: string): Inbox {
    return this.#host.inbox(address)
  }

  /** The same as IMAP and POP3 show it, to put messages in by hand. */
  mailbox(address: string): MemoryMailbox {
    return this.#host.mailbox(address)
  }

  /** All that has arrived, for whomever, by time. */
  get messages(): readonly ReceivedMessage[] {
    return this.#host.addresses.flatMap(address => this.inbox(address).messages).sort((a, b) => a.at - b.at)
  }

  /**
   * Answers so to an SMTP command from now on, so many times: `fail('RCPT', '451 4.2.0 Later', 2)`. `CONNECT` is the greeting, `.` the end of a
   * message, `reset` as reply breaks the connection.
   */
  fail(verb: string, reply: string, times?: number): this {
    this.#faults.reply('test-server', verb, reply, times)
    return this
  }

  /** Between tests: forgets all messages and all failures. Connections stay. */
  reset(): void {
    this.#faults.clear()
    this.#host.clear()
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Starts a mail server for tests:
 *
 *     const mail = await createTestServer()
 *     await signUp('ann@example.com', { transport: mail.smtp })
 *     const message = await mail.inbox('ann@example.com').waitFor({ subject: /confirm/i })
 *     await visit(message.link('/confirm'))
 *     await mail.close()
 */
export async function createTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { ports = {}, host = '127.0.0.1', tls = false, users, within = WITHIN } = options
  const world = options.runtime ?? nodeRuntime
  const faults = new Faults(length => world.random(length))
  const names = ['test-server']
  let listeners = 0
  const runtime: Runtime = {
    ...world,
    listen: (where, accept) => {
      // the ports are opened in the order in which they are named
      const isMail = listeners++ === 0
      return world.listen(where, connection =>
        accept(isMail ? withReplyFaults(connection, verb => faults.replyFor(names, verb)) : connection),
      )
    },
  }
  const authority = tls ? new Authority(length => world.random(length), world.now()) : null
  const mailHost = new MailHost({
    now: () => world.now(),
    wait: realTime(world, within),
    mayLogIn: (username, password) =>
      users === undefined || (Object.hasOwn(users, username) && users[username] === password),
    refuse: () => faults.refusalFor(names),
    relays: false,
    takesEverything: true,
  })
  const server = createServer({
    hostname: 'localhost',
    host,
    runtime,
    ports: { submission: ports.smtp ?? 0, imap: ports.imap ?? 0, pop3: ports.pop3 ?? 0 },
    allowInsecureAuth: true,
    requireAuth: users !== undefined,
    mailAuth: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    ...(authority && { tlsOptions: authority.issue(['localhost', host]) }),
  })
  mailHost.serve(server)
  await server.listen()
  return new TestServer(server, mailHost, faults, host, authority?.cert ?? null)
}

/** Waits by the clock of a Runtime. */
function realTime(runtime: Runtime, usual: Duration): WaitFor {
  return (find, { inbox, what, within }) =>
    new Promise((resolve, reject) => {
      const look = (): boolean => {
        const found = find()
        if (!found) return false
        unwatch()
        timer.cancel()
        resolve(found)
        return true
      }
      const unwatch = inbox.watch(() => void look())
      const time = within ?? usual
      const timer = runtime.setTimer(milliseconds(time), () => {
        unwatch()
        reject(nothingCame(inbox, what, `within ${time}${typeof time === 'number' ? ' ms' : ''}`))
      })
      look()
    })
}
