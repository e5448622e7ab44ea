// LOGIN (RFC 3501 §6.2.3). Without TLS it is disabled, unless the server's owner wants it otherwise.
import type { Grammar } from '../grammar/grammar.ts'
import type { CommandSpec } from '../registry.ts'
import { capabilityCode } from './any-state.ts'
import { verdictReply } from './auth-reply.ts'

interface LoginArgs {
  readonly username: string
  readonly password: string
}

// login = "LOGIN" SP userid SP password        userid = astring        password = astring
const args: Grammar<LoginArgs> = {
  read(r) {
    const username = r.sp().astring()
    return { username, password: r.sp().astring() }
  },
  write: (w, { username, password }) => w.raw(' ').astring(username).raw(' ').astring(password),
  samples: [
    { username: 'fred', password: 'blurdybloop' },
    { username: 'fred@example.test', password: 'two "words" \\' },
    { username: 'grün', password: '' },
  ],
}

export const login: CommandSpec<LoginArgs> = {
  name: 'LOGIN',
  rfc: '3501 §6.2.3',
  states: ['notAuthenticated'],
  mayExpunge: true,
  literals: 'small',
  args,
  async run(cx, { username, password }) {
    if (!cx.facts.passwordsAllowed) {
      return { status: 'NO', code: 'PRIVACYREQUIRED', text: 'LOGIN is disabled without TLS' }
    }
    const verdict = await cx.authenticate({ authMethod: 'plain', username, password, authorizationId: '' })
    return verdictReply(verdict, () => capabilityCode(cx), 'Logged in')
  },
}
