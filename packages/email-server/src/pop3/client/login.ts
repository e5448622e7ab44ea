// Ways to prove who we are (RFC 1939 §7, RFC 5034), and none that gives a password away where it must not be.
import { fromUtf8, hasLineBreak, isAsciiBytes } from '../../base/bytes.ts'
import { createHash } from '../../base/crypto.ts'
import { MailError, usageError } from '../../base/errors.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import {
  AuthDialogue,
  type ChosenMechanism,
  type ClientCredentials,
  chooseMechanism,
  preparedSecret,
} from '../../sasl/index.ts'
import type { Answer, Command } from './dialogue.ts'

/** What a login needs of its session. */
export interface LoginPort {
  readonly tls: TlsInfo | null
  readonly allowInsecureAuth: boolean
  readonly capabilities: ReadonlyMap<string, string>
  /** The greeting's, for APOP; null: it had none. */
  readonly timestamp: string | null
  readonly host: string | undefined
  readonly port: number | undefined
  readonly random: (length: number) => Uint8Array
  say(command: Command): Promise<Answer>
  /** The server cannot be trusted. */
  end(error: MailError): void
}

/** RFC 2449 §4: octets of a command line with its CRLF, within which an initial response must stay (RFC 5034 §4). */
const LINE_LIMIT = 255

function inClear({ tls, allowInsecureAuth }: LoginPort): boolean {
  return tls === null && !allowInsecureAuth
}

function refuseInClear(port: LoginPort, what: string): void {
  if (inClear(port)) {
    throw new MailError(
      'ENOAUTH',
      `${what} gives the password away without TLS (allowInsecureAuth would allow it)`,
    )
  }
}

/** An argument of a command: nothing that could end its line, and UTF-8 only where the server takes it (RFC 6856 §2.2). */
function argument(port: LoginPort, name: string, text: string): string {
  if (typeof text !== 'string' || text === '') throw usageError(`${name} must be text`)
  if (hasLineBreak(text)) throw usageError(`${name} must not contain CR, LF or NUL`)
  if (!isAsciiBytes(fromUtf8(text)) && !/\bUSER\b/i.test(port.capabilities.get('UTF8') ?? '')) {
    throw new MailError('ENOAUTH', `the server takes no ${name} beyond ASCII (RFC 6856)`)
  }
  return text
}

export async function sayUser(port: LoginPort, user: string): Promise<void> {
  refuseInClear(port, 'USER')
  await port.say({ name: 'USER', line: `USER ${argument(port, 'user name', user)}`, refused: 'EAUTH' })
}

export async function sayPass(port: LoginPort, pass: string): Promise<void> {
  refuseInClear(port, 'PASS')
  const line = `PASS ${argument(port, 'password', pass)}`
  await port.say({ name: 'PASS', line, shown: 'PASS (secret)', refused: 'EAUTH' })
}

export async function apopLogin(port: LoginPort, user: string, pass: string): Promise<void> {
  if (port.timestamp === null) {
    throw new MailError('ENOAUTH', 'the greeting has no timestamp: the server has no APOP', {
      command: 'APOP',
    })
  }
  const name = argument(port, 'user name', user)
  const digest = createHash('md5')
    .update(port.timestamp + preparedSecret(pass))
    .digest('hex')
  await port.say({
    name: 'APOP',
    line: `APOP ${name} ${digest}`,
    shown: `APOP ${name} (digest)`,
    refused: 'EAUTH',
  })
}

/** By the strongest mechanism; without one that fits, by USER and PASS. */
export async function authenticate(port: LoginPort, credentials: ClientCredentials): Promise<void> {
  const { host, capabilities } = port
  const offered = (capabilities.get('SASL') ?? '').split(/ +/).filter(name => name !== '')
  let chosen: ChosenMechanism
  try {
    chosen = chooseMechanism(offered, credentials, {
      tls: port.tls,
      random: port.random,
      allowInsecureAuth: port.allowInsecureAuth,
      ...(host !== undefined && { host }),
      ...(port.port !== undefined && { port: port.port }),
    })
  } catch (error) {
    const { user, pass, method } = credentials
    if (pass === undefined || method !== undefined) throw error
    if (!inClear(port)) {
      await sayUser(port, user)
      return sayPass(port, pass)
    }
    if (port.timestamp !== null) return apopLogin(port, user, pass)
    throw error
  }
  await exchange(port, chosen)
}

async function exchange(port: LoginPort, chosen: ChosenMechanism): Promise<void> {
  const dialogue = new AuthDialogue(chosen, LINE_LIMIT)
  const { line, shown } = dialogue
  let failed: MailError | null = null
  const challenge = async (text: string): Promise<string> => {
    try {
      return await dialogue.answer(text)
    } catch (error) {
      failed = error as MailError
      return '*'
    }
  }
  try {
    await port.say({ name: 'AUTH', line, shown, refused: 'EAUTH', alone: true, challenge })
  } catch (error) {
    throw failed ?? error
  }
  try {
    if (failed) throw failed
    chosen.exchange.finish(null)
  } catch (error) {
    // it has not shown that it knows us, or goes on where we have given up: who is it?
    port.end(error as MailError)
    throw error
  }
}
