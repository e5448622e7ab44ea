// USER and PASS (RFC 1939 §7), AUTH (RFC 5034 §4).
import { latin1 } from '../../base/bytes.ts'
import { PeerSyntaxError } from '../../base/errors.ts'
import {
  decodeSaslBase64,
  encodeSaslBase64,
  login,
  plain,
  type SaslMechanism,
  xoauth2,
} from '../../sasl/index.ts'
import type { CommandContext, CommandSpec, Facts } from '../registry.ts'

const MECHANISMS: readonly SaslMechanism[] = [plain, login, xoauth2]

const IN_CLEAR = 'Passwords are not taken in clear: say STLS first'

export const user: CommandSpec = {
  name: 'USER',
  state: 'authorization',
  capabilities: facts => (facts.plaintextAllowed ? ['USER'] : []),
  run(cx, rest) {
    if (!cx.facts.plaintextAllowed) return cx.err(IN_CLEAR)
    if (rest === '') throw new PeerSyntaxError('USER wants a name')
    cx.enter({ kind: 'authorization', username: rest })
    // the same for a name that nobody has
    cx.ok('And the password?')
  },
}

export const pass: CommandSpec = {
  name: 'PASS',
  state: 'authorization',
  async run(cx, rest, state) {
    if (!cx.facts.plaintextAllowed) return cx.err(IN_CLEAR)
    if (state.username === null) return cx.bad('USER comes before PASS')
    // RFC 1939 §7: one argument, so that spaces belong to it
    await cx.signIn({
      authMethod: 'plain',
      username: state.username,
      password: rest,
      authorizationId: '',
    })
  },
}

export const auth: CommandSpec = {
  name: 'AUTH',
  state: 'authorization',
  capabilities: facts => {
    const names = available(facts).map(mechanism => mechanism.name)
    return names.length > 0 ? [`SASL ${names.join(' ')}`] : []
  },
  async run(cx, rest) {
    const [name = '', initial, ...more] = rest.split(' ')
    if (name === '' || more.length > 0) throw new PeerSyntaxError('AUTH wants a mechanism')
    const mechanism = available(cx.facts).find(candidate => candidate.name === name.toUpperCase())
    if (!mechanism) {
      const known = MECHANISMS.some(candidate => candidate.name === name.toUpperCase())
      return cx.err(known ? IN_CLEAR : 'No such mechanism')
    }
    const response =
      initial === undefined ? null : initial === '=' ? new Uint8Array(0) : decodeSaslBase64(initial)
    if (initial !== undefined && response === null) return cx.bad('That is not base64')
    await exchange(cx, mechanism, response)
  },
}

async function exchange(
  cx: CommandContext,
  mechanism: SaslMechanism,
  initial: Uint8Array | null,
): Promise<void> {
  const server = mechanism.startServer()
  for (let response = initial; ; ) {
    const step = server.step(response)
    if (step.kind === 'malformed') return cx.bad('That is not how this mechanism goes')
    if (step.kind === 'credentials') {
      return cx.signIn(step.credentials, async () => {
        // the client answers the mechanism's own words about the refusal with anything
        if (server.refusal) await challenge(cx, server.refusal())
      })
    }
    if (step.kind !== 'challenge') return
    const line = await challenge(cx, step.bytes)
    if (line === null) return
    const text = latin1(line)
    if (text === '*') return cx.err('Authentication cancelled')
    response = decodeSaslBase64(text)
    if (response === null) return cx.bad('That is not base64')
  }
}

function challenge(cx: CommandContext, bytes: Uint8Array): Promise<Uint8Array | null> {
  cx.output.write(`+ ${encodeSaslBase64(bytes)}\r\n`)
  return cx.nextLine()
}

function available(facts: Facts): readonly SaslMechanism[] {
  return MECHANISMS.filter(mechanism => !mechanism.plaintext || facts.plaintextAllowed)
}
