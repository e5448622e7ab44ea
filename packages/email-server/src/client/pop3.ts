// connectPOP3: a maildrop that is connected to, greeted, secured and logged in at.
import { type Callback, settle } from '../base/callback.ts'
import {
  type ListEntry,
  type MaildropTotal,
  type MessageStream,
  Pop3ClientSession,
  type Pop3Message,
  type UidlEntry,
} from '../pop3/index.ts'
import { ClientConnection, type ConnectOptions, checkConnectOptions, connect } from './connect.ts'

export interface ConnectPop3Options extends ConnectOptions {
  /** Default 995 with `secure`, else 110. */
  readonly port?: number
  /** TLS from the first byte. Default: true unless the port is 110. */
  readonly secure?: boolean
}

/** A maildrop that is open. `close` removes what was marked; `destroy` removes nothing. */
export class Pop3Connection extends ClientConnection<Pop3ClientSession> {
  get capabilities(): ReadonlyMap<string, string> {
    return this.session.capabilities
  }

  stat(): Promise<MaildropTotal> {
    return this.session.stat()
  }

  list(): Promise<ListEntry[]> {
    return this.session.list()
  }

  uidl(): Promise<UidlEntry[]> {
    return this.session.uidl()
  }

  retr(index: number): Promise<Uint8Array> {
    return this.session.retr(index)
  }

  retrStream(index: number): Promise<MessageStream> {
    return this.session.retrStream(index)
  }

  top(index: number, lines: number): Promise<Uint8Array> {
    return this.session.top(index, lines)
  }

  dele(index: number): Promise<void> {
    return this.session.dele(index)
  }

  rset(): Promise<void> {
    return this.session.rset()
  }

  /** See `Pop3ClientSession.messages`. */
  messages(): AsyncGenerator<Pop3Message, void, undefined> {
    return this.session.messages()
  }
}

/**
 * Connects, hears the greeting, secures the connection as asked, and logs in.
 *
 *     const pop = await connectPOP3({ host: 'pop.example.com', auth: { user, pass } })
 *     for await (const message of pop.messages()) console.log(message.uid, await message.bytes())
 *     await pop.close()
 *
 * Rejects with a MailError: ECONFIG for a bad option, ECONNECTION, ETIMEDOUT, ETLS, EAUTH, ENOAUTH, EPROTOCOL, EABORT; the connection is
 * closed then.
 */
export function connectPOP3(options: ConnectPop3Options): Promise<Pop3Connection>
export function connectPOP3(options: ConnectPop3Options, callback: Callback<Pop3Connection>): void
export function connectPOP3(
  options: ConnectPop3Options,
  callback?: Callback<Pop3Connection>,
): Promise<Pop3Connection> | undefined {
  return settle(open(options), callback)
}

async function open(options: ConnectPop3Options): Promise<Pop3Connection> {
  checkConnectOptions(options)
  const secure = options.secure ?? options.port !== 110
  const place = {
    host: options.host ?? 'localhost',
    port: options.port ?? (secure ? 995 : 110),
    secure,
  }
  const driven = await connect(options, place, {
    start: facts => new Pop3ClientSession(facts),
    offersTls: session => session.capabilities.has('STLS'),
    startTls: session => session.stls(),
    leave: session => session.quit(),
  })
  return new Pop3Connection(driven, place)
}
