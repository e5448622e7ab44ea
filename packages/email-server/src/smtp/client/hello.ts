// The beginning of the dialogue: greeting, EHLO or LHLO, HELO for servers that know no EHLO (RFC 5321 §3.1, §3.2).
import type { MailError } from '../../base/errors.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'
import type { ClientCore } from './core.ts'
import { isNegative, isPositive, replyError, unexpectedReply } from './faults.ts'

/** Resolves with the greeting's text. Rejects with what the session has to end with when the server does not want us. */
export async function hearGreeting(core: ClientCore, greeting: Promise<SmtpReply>): Promise<string> {
  const reply = await greeting
  if (reply.code === 220) return reply.lines[0] ?? ''
  if (!isNegative(reply)) throw unexpectedReply('greeting', reply)
  // who is turned away says goodbye (RFC 5321 §3.1)
  core.say('QUIT')
  core.output.flush()
  throw replyError('ECONNECTION', 'the server does not want to talk', 'greeting', reply)
}

/** Introduces us; resolves with what the server offers. Rejects as `hearGreeting`. */
export async function introduce(core: ClientCore): Promise<ReadonlyMap<string, string>> {
  const verb = core.lmtp ? 'LHLO' : 'EHLO'
  const name = core.options.hostname ?? 'localhost'
  const reply = await core.command(verb, `${verb} ${name}`)
  if (isPositive(reply)) return readExtensions(reply.lines)
  // who knows no EHLO says so with a 5yz (RFC 5321 §3.2); a 4yz means that nobody may come in now
  if (reply.code < 500 || core.lmtp) throw notWelcome(verb, reply)
  const second = await core.command('HELO', `HELO ${name}`)
  if (isPositive(second)) return new Map()
  throw notWelcome('HELO', second)
}

function notWelcome(command: string, reply: SmtpReply): MailError {
  return isNegative(reply)
    ? replyError('ECONNECTION', `the server refuses ${command}`, command, reply)
    : unexpectedReply(command, reply)
}

/** ehlo-line = ehlo-keyword *( SP ehlo-param ); `AUTH=LOGIN`, which is older than the RFC, is AUTH with a parameter. */
const EHLO_LINE = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?$/

/** `lines` are those of the reply; the first one is a greeting. */
export function readExtensions(lines: readonly string[]): ReadonlyMap<string, string> {
  const extensions = new Map<string, string>()
  for (const line of lines.slice(1)) {
    const match = EHLO_LINE.exec(line.trimEnd())
    if (!match) continue
    const keyword = match[1]!.toUpperCase()
    const params = (match[2] ?? '').trim()
    const known = extensions.get(keyword)
    // said in both spellings by servers that care for old clients
    extensions.set(keyword, known ? `${known} ${params}`.trim() : params)
  }
  return extensions
}

/** A limit of RFC 9422, such as `RCPTMAX`; null when the server has not told it. */
export function limitOf(extensions: ReadonlyMap<string, string>, name: string): number | null {
  const limits = extensions.get('LIMITS')
  if (limits === undefined) return null
  for (const word of limits.toUpperCase().split(' ')) {
    if (!word.startsWith(`${name}=`)) continue
    const value = word.slice(name.length + 1)
    if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  }
  return null
}
