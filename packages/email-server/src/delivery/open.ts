// One connection to one host, ready to send: connected to the first of its addresses that answers, greeted, secured as the plan demands,
// logged in. RFC 5321 §3.1, RFC 3207 §4, RFC 8305 §5 (addresses in quick succession).
import { type DrivenClient, driveClient } from '../base/drive-client.ts'
import { MailError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { Connection, Runtime, Timer, TlsInfo, TlsOptions } from '../base/runtime.ts'
import type { ClientCredentials } from '../sasl/index.ts'
import { addressName, drivenLimits, SmtpClientSession } from '../smtp/index.ts'
import { judgeTls, type TlsFailure, type TlsPlan } from './tls-choice.ts'

export interface OpenOptions {
  readonly runtime: Runtime
  readonly limits: Limits
  /** The name, for SNI and certificates. */
  readonly host: string
  /** Tried in this order; or a name, where the Runtime finds the addresses. At least one. */
  readonly addresses: readonly string[]
  readonly port: number
  readonly localAddress: string | undefined
  readonly connectTimeoutMs: number
  /** What we say in EHLO; null: our address. */
  readonly hostname: string | null
  readonly lmtp: boolean
  /** `implicit`: before the greeting. `starttls`: when it is offered or demanded. `skip`: not tried. */
  readonly handshake: 'implicit' | 'starttls' | 'skip'
  readonly tls: TlsOptions
  readonly plan: TlsPlan
  readonly credentials: ((wanted: { readonly refresh: boolean }) => Promise<ClientCredentials | null>) | null
  readonly allowInsecureAuth: boolean
  readonly signal: AbortSignal | undefined
  /** Hears every line but what is secret. */
  readonly onLine?: ((from: 'client' | 'server', line: string) => void) | undefined
}

export interface OpenSession extends DrivenClient<SmtpClientSession> {
  readonly tls: TlsInfo | null
  /** What the plan demanded and did not get; only a lenient plan goes on. */
  readonly failure: TlsFailure | null
}

/** The server does not give what the plan demands. */
export class TlsRefused extends Error {
  override readonly name = 'TlsRefused'
  readonly failure: TlsFailure
  /** The handshake itself went wrong: the same host may still be spoken to in clear, where that is allowed. */
  readonly inHandshake: boolean

  constructor(failure: TlsFailure, inHandshake: boolean, cause?: unknown) {
    super(failure.reason, cause === undefined ? undefined : { cause })
    this.failure = failure
    this.inHandshake = inHandshake
  }
}

/** Rejects with TlsRefused, and with the MailErrors of the session; nothing is left open then. */
export async function openSession(options: OpenOptions): Promise<OpenSession> {
  const { plan, host, runtime } = options
  const connection = await connectFirst(options)
  const { session, closed } = await begin(connection, options)
  const abort = (): void => session.destroy(aborted(options.signal))
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    await session.ready()
    if (!session.tls && options.handshake === 'starttls') await secure(session, options)
    const failure = judgeTls(plan, session.tls, host, runtime.now())
    if (failure && !plan.lenient) throw new TlsRefused(failure, false)
    if (options.credentials) await logIn(session, options.credentials)
    return { session, connection, tls: session.tls, failure, closed }
  } catch (error) {
    void session.quit()
    if (options.signal?.aborted) throw aborted(options.signal)
    throw error
  } finally {
    options.signal?.removeEventListener('abort', abort)
  }
}

async function logIn(
  session: SmtpClientSession,
  ask: NonNullable<OpenOptions['credentials']>,
): Promise<void> {
  const credentials = await ask({ refresh: false })
  if (!credentials) return
  try {
    await session.authenticate(credentials)
  } catch (error) {
    if ((error as MailError).code !== 'EAUTH' || session.state === 'closed') throw error
    const others = await ask({ refresh: true })
    if (!others) throw error
    await session.authenticate(others)
  }
}

async function secure(session: SmtpClientSession, { plan, host }: OpenOptions): Promise<void> {
  if (!session.extensions.has('STARTTLS')) return
  try {
    await session.startTls()
  } catch (error) {
    const refused = error as MailError
    const reason = `no TLS with ${host}: ${refused.message}`
    // the server said no, and the session goes on: clear text is for the plan to judge
    if (session.state !== 'closed') return
    const type =
      plan.demand === 'dane' || plan.demand === 'verified' ? 'validation-failure' : 'starttls-not-supported'
    throw new TlsRefused({ type, reason }, true, error)
  }
}

function begin(connection: Connection, options: OpenOptions): Promise<DrivenClient<SmtpClientSession>> {
  const { runtime, limits, host, port, signal } = options
  return driveClient({
    ...{ connection, runtime, host, port, signal },
    limits: drivenLimits(limits),
    // who the server is, the plan judges: after the handshake, before anything that matters is said
    tls: { ...options.tls, rejectUnauthorized: false },
    implicitTls: options.handshake === 'implicit',
    start: facts => {
      const session = new SmtpClientSession({
        ...facts,
        hostname: options.hostname ?? addressName(connection.localAddress),
        lmtp: options.lmtp,
        allowInsecureAuth: options.allowInsecureAuth,
      })
      const { onLine } = options
      if (onLine) session.on('trace', (from, line) => onLine(from, line))
      return session
    },
    aborted: () => aborted(signal),
    failed: error => {
      const reason = `no TLS with ${host}: ${error?.message ?? 'the connection was closed'}`
      return new TlsRefused({ type: 'validation-failure', reason }, true, error)
    },
  })
}

/** After this time the next address is tried beside the one that has not answered (RFC 8305 §5: 250 ms), ms. */
const NEXT_ADDRESS_MS = 250

/** The first connection that is made; the others are closed. Rejects with the last error when there is none. */
function connectFirst(options: OpenOptions): Promise<Connection> {
  const { runtime, addresses, port, localAddress, connectTimeoutMs, signal } = options
  return new Promise((resolve, reject) => {
    let next = 0
    let open = 0
    let done = false
    let timer: Timer | null = null
    let last: unknown = new MailError('ECONNECTION', `${options.host} has no address`)
    const finish = (): void => {
      done = true
      timer?.cancel()
      signal?.removeEventListener('abort', abort)
    }
    const abort = (): void => {
      finish()
      reject(aborted(signal))
    }
    const start = (): void => {
      timer?.cancel()
      const host = addresses[next++]
      if (host === undefined) {
        if (open > 0) return
        finish()
        reject(last)
        return
      }
      open++
      const where = {
        host,
        port,
        timeoutMs: connectTimeoutMs,
        ...(localAddress !== undefined && { localAddress }),
      }
      runtime.connect(where).then(
        connection => {
          open--
          if (done) return connection.destroy()
          finish()
          resolve(connection)
        },
        error => {
          open--
          last = error
          if (!done) start()
        },
      )
      if (next < addresses.length) timer = runtime.setTimer(NEXT_ADDRESS_MS, start)
    }
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort, { once: true })
    start()
  })
}

export function aborted(signal: AbortSignal | undefined): MailError {
  return new MailError('EABORT', 'sending was aborted', { cause: signal?.reason })
}
