// An SMTP session for tests: driven in memory, with everything that it told its owner written down.
import { DEFAULT_LIMITS } from '../../src/index.ts'
import { type IncomingMail, type SmtpServerOptions, SmtpServerSession } from '../../src/smtp/index.ts'
import { SessionDriver, VIRTUAL_TLS } from '../../src/testing/index.ts'

/** Errors are answered without waiting, where waiting is not what is tested. */
const AT_ONCE = { freeErrors: 1_000_000 }

export const NOON: number = Date.UTC(2026, 10, 23, 12, 0, 0)

export interface Harness {
  readonly session: SmtpServerSession
  readonly driver: SessionDriver
  readonly failures: string[]
  /** Whole messages that were accepted, as latin1 text. */
  readonly taken: { readonly from: string; readonly to: readonly string[]; readonly raw: string }[]
  /** Says lines (CRLF is added to each) and gives what comes back. */
  say(...lines: string[]): Promise<string>
}

export interface HarnessOptions extends Partial<SmtpServerOptions> {
  /** What becomes of a message; default: taken. False: nobody listens. */
  readonly onMail?: ((mail: IncomingMail) => unknown) | false
}

/** Greeted; inbound for example.test unless told otherwise. */
export function harness(options: HarnessOptions = {}): Harness {
  const { onMail, ...rest } = options
  const failures: string[] = []
  const taken: Harness['taken'] = []
  const session = new SmtpServerSession({
    role: 'inbound',
    hostname: 'mx.example.test',
    remoteAddress: '192.0.2.1',
    now: NOON,
    random: length => new Uint8Array(length).fill(7),
    isLocalDomain: domain => domain.toLowerCase() === 'example.test',
    onFailure: (message, error) => failures.push(`${message}: ${String((error as Error).message)}`),
    ...rest,
    limits: { ...AT_ONCE, ...rest.limits },
  })
  session.on('auth', info => {
    if (info.password === 'secret') info.accept()
    else info.reject()
  })
  if (onMail !== false) {
    session.on(
      'mail',
      onMail ??
        (mail => {
          taken.push({ from: mail.from, to: mail.to, raw: Buffer.from(mail.rawBytes).toString('latin1') })
          mail.accept()
        }),
    )
  }
  const driver = new SessionDriver(session, { now: NOON })
  driver.greet()
  return {
    session,
    driver,
    failures,
    taken,
    say: (...lines) => driver.exchange(lines.map(line => `${line}\r\n`).join('')),
  }
}

/** Greeted, introduced, and with one recipient; what was said so far is taken. */
export async function atData(options: HarnessOptions = {}): Promise<Harness> {
  const made = harness(options)
  await made.say('EHLO client.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<bob@example.test>', 'DATA')
  return made
}

/** A message without the trace field that we put before it. */
export function withoutTrace(raw: string): string {
  return raw.replace(/^Received: [^\r]*\r\n(?:[ \t][^\r]*\r\n)*/, '')
}

/** Every way to cut `bytes` into two, and bytes one by one. */
export function* splits(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes]
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
  yield [...bytes].map(byte => Uint8Array.of(byte))
}

/**
 * What a transcript asks for: `role=submission`, `insecure` (AUTH without TLS), `tls` (secured from the start), `no-tls`
 * (STARTTLS cannot be had), `dsn`, `handler` (an rcpt handler), `shy` (nobody takes mail), `normalize` (bare line ends),
 * `xclient` (this client is trusted), `quiet` (how long the greeting is held back, ms), `hold`, `by`, `priority`, `mailMax`, `rcptDomainMax` (extensions and their numbers), `no-requiretls`, and any limit by its name.
 * Recipients named `overquota…` and `later…` are refused when the message is there; a message with the subject `echo` is refused
 * with its content as the text.
 */
export function harnessSession(options: ReadonlyMap<string, string>, now: number): SmtpServerSession {
  const limits: Record<string, number> = { ...AT_ONCE }
  for (const [name, value] of options) {
    if (Object.hasOwn(DEFAULT_LIMITS, name)) limits[name] = Number(value)
  }
  const number = (name: string): number | undefined => {
    const value = options.get(name)
    return value === undefined || value === 'true' ? undefined : Number(value)
  }
  const [min, mailMax, rcptDomainMax] = ['by', 'mailMax', 'rcptDomainMax'].map(number)
  const profile = options.get('priority')
  const role = options.get('role')
  const session = new SmtpServerSession({
    role: role === 'submission' || role === 'lmtp' ? role : 'inbound',
    hostname: 'mx.example.test',
    remoteAddress: '192.0.2.1',
    now,
    canUpgrade: !options.has('no-tls'),
    allowInsecureAuth: options.has('insecure'),
    dsn: options.has('dsn'),
    lineBreaks: options.has('normalize') ? 'normalize' : 'refuse',
    extensions: {
      requireTls: !options.has('no-requiretls'),
      ...(options.has('hold') && { futureRelease: { maxInterval: number('hold') ?? 86_400 } }),
      ...(options.has('by') && { deliverBy: min === undefined ? {} : { min } }),
      ...(profile !== undefined && { mtPriority: profile === 'true' ? {} : { profile } }),
      limits: {
        ...(mailMax !== undefined && { mailMax }),
        ...(rcptDomainMax !== undefined && { rcptDomainMax }),
      },
    },
    ...(options.has('quiet') && { greetingDelayMs: number('quiet') ?? 0 }),
    ...(options.has('xclient') && { xclient: (address: string) => address !== '192.0.2.66' }),
    ...(options.has('tls') ? { tls: VIRTUAL_TLS } : {}),
    random: length => new Uint8Array(length).fill(7),
    isLocalDomain: domain => ['example.test', 'bücher.example'].includes(domain.toLowerCase()),
    limits,
  })
  session.on('auth', info => {
    if (info.username === 'broken') throw new Error('no database')
    if (info.password === 'secret') info.accept()
    else info.reject()
  })
  if (options.has('handler')) {
    session.on('rcpt', (address, _params, ctx) => {
      if (address.startsWith('unknown')) ctx.reject(550, 'No such user')
      else if (address.startsWith('full')) ctx.reject(452, '4.2.2 Mailbox full')
      else if (address.startsWith('slow')) return
      else ctx.accept()
    })
  }
  if (!options.has('shy')) {
    session.on('mail', mail => {
      for (const recipient of mail.recipients) {
        if (recipient.address.startsWith('overquota')) recipient.reject(552, '5.2.2 Mailbox full')
        if (recipient.address.startsWith('later')) recipient.reject(452)
      }
      const raw = Buffer.from(mail.rawBytes).toString('latin1')
      const text = raw.slice(raw.indexOf('\r\n\r\n') + 4)
      if (mail.subject === 'echo') mail.reject(550, JSON.stringify(text))
      else if (mail.subject === 'spam') mail.reject(554, '5.7.1 Spam')
      else if (mail.subject !== 'silence') mail.accept()
    })
  }
  return session
}
