// USER and PASS (RFC 1939 §7), AUTH (RFC 5034 §4).
import { PeerSyntaxError } from '../../base/errors.ts'
import { decodeSaslBase64 } from '../../sasl/index.ts'
import type { CommandSpec, Facts } from '../registry.ts'

const IN_CLEAR = 'Passwords are not taken in clear: say STLS first'

/** Why USER and PASS are closed. */
function closed(facts: Facts): string {
  return facts.auth.passwords ? IN_CLEAR : 'Passwords are not taken here: say AUTH'
}

export const user: CommandSpec = {
  name: 'USER',
  state: 'authorization',
  capabilities: facts => (facts.passwordsAllowed ? ['USER'] : []),
  run(cx, rest) {
    if (!cx.facts.passwordsAllowed) return cx.err(closed(cx.facts))
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
    if (!cx.facts.passwordsAllowed) return cx.err(closed(cx.facts))
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
  // RFC 5034 §4 holds clients to 255 octets here, and many of them send longer tokens all the same
  lineLimit: 'authLine',
  capabilities({ auth, tls, allowInsecureAuth }) {
    const names = auth.open(tls, allowInsecureAuth).map(mechanism => mechanism.name)
    return names.length > 0 ? [`SASL ${names.join(' ')}`] : []
  },
  async run(cx, rest) {
    const [name = '', initial, ...more] = rest.split(' ')
    if (name === '' || more.length > 0) throw new PeerSyntaxError('AUTH wants a mechanism')
    const { auth, tls, allowInsecureAuth } = cx.facts
    const mechanism = auth.find(name, tls, allowInsecureAuth)
    if (mechanism === 'needs-tls') return cx.err(IN_CLEAR)
    if (mechanism === 'unknown') return cx.err('No such mechanism')
    const response =
      initial === undefined ? null : initial === '=' ? new Uint8Array(0) : decodeSaslBase64(initial)
    if (initial !== undefined && response === null) return cx.bad('Not base64')
    await cx.authenticate(mechanism, response)
  },
}
