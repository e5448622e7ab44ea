// XCLIENT (Postfix, XCLIENT_README): a proxy that we trust, or a test, says whom it speaks for. Offered to nobody else.
//
//   xclient-command = "XCLIENT" 1*( SP attribute-name "=" attribute-value )
//   attribute-name  = "NAME" / "ADDR" / "PORT" / "PROTO" / "HELO" / "LOGIN" / "DESTADDR" / "DESTPORT"
//   attribute-value = xtext
import { PeerSyntaxError } from '../../base/errors.ts'
import { formatIp, parsePeerIp } from '../../base/ip.ts'
import { xtext } from '../grammar/xtext.ts'
import type { NamedClient, SmtpExtension } from '../registry.ts'
import { reply } from '../wire/reply.ts'

const ATTRIBUTES: ReadonlySet<string> = new Set([
  'NAME',
  'ADDR',
  'PORT',
  'PROTO',
  'HELO',
  'LOGIN',
  'DESTADDR',
  'DESTPORT',
])
/** What is said of a thing that is not known. */
const UNKNOWN: ReadonlySet<string> = new Set(['[UNAVAILABLE]', '[TEMPUNAVAIL]'])

const MALFORMED = reply(501, '5.5.4', 'Malformed XCLIENT')

export const xclient: SmtpExtension = {
  name: 'XCLIENT',
  rfc: 'Postfix XCLIENT_README',
  gate: facts => facts.xclient,
  ehlo: () => [`XCLIENT ${[...ATTRIBUTES].join(' ')}`],
  commands: [
    {
      name: 'XCLIENT',
      rfc: 'Postfix XCLIENT_README',
      // at any time but in a transaction
      states: ['fresh', 'ready'],
      malformed: MALFORMED,
      run(cx, argument) {
        cx.becomeClient(readClient(argument))
        return null
      },
    },
  ],
}

/**
 * Of what is said, the address, the login and the EHLO change anything: the client's name we look up ourselves, and nothing here depends on ports
 * or on our own address. All of it must be well-formed. Throws `PeerSyntaxError`.
 */
function readClient(argument: string): NamedClient {
  const given = new Map<string, string | null>()
  for (const attribute of argument.split(' ')) {
    const equals = attribute.indexOf('=')
    const name = attribute.slice(0, Math.max(0, equals)).toUpperCase()
    if (!ATTRIBUTES.has(name) || given.has(name)) throw new PeerSyntaxError('unknown or double attribute')
    const value = attribute.slice(equals + 1)
    given.set(name, UNKNOWN.has(value.toUpperCase()) ? null : xtext.read(value))
  }
  for (const name of ['PORT', 'DESTPORT']) checkPort(given.get(name))
  for (const name of ['NAME', 'HELO']) checkName(given.get(name))
  const own = given.get('DESTADDR')
  if (own) readAddress(own)
  const [address, login, helo] = [given.get('ADDR'), given.get('LOGIN'), given.get('HELO')]
  const extended = readProtocol(given.get('PROTO'))
  return {
    ...(address !== undefined && { address: address === null ? '' : readAddress(address) }),
    ...(login !== undefined && { username: login === '' ? null : login }),
    ...(helo !== undefined && { helo }),
    ...(extended !== null && { extended }),
  }
}

function readAddress(text: string): string {
  const bytes = parsePeerIp(text.replace(/^IPV6:/i, ''))
  if (!bytes) throw new PeerSyntaxError('not an IP address')
  return formatIp(bytes)
}

/** Null: nothing is said of it. */
function readProtocol(text: string | null | undefined): boolean | null {
  if (text === undefined || text === null) return null
  const name = text.toUpperCase()
  if (name !== 'SMTP' && name !== 'ESMTP') throw new PeerSyntaxError('not SMTP or ESMTP')
  return name === 'ESMTP'
}

function checkPort(text: string | null | undefined): void {
  if (text === undefined || text === null) return
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new PeerSyntaxError('not a port')
}

/** As in EHLO, where any word is taken. */
function checkName(text: string | null | undefined): void {
  if (text === undefined || text === null) return
  if (text === '' || text.length > 255 || /[^\x21-\x7e]/.test(text)) throw new PeerSyntaxError('not a name')
}
