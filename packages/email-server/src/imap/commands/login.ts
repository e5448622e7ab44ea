// LOGIN (RFC 3501 §6.2.3). Without TLS it is disabled, unless the server's owner wants it otherwise.

import type { CommandSpec } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { outcomeReply } from './auth-reply.ts'

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
    if (!cx.facts.auth.passwords)
      return { status: 'NO', code: 'CANNOT', text: 'LOGIN is disabled: AUTHENTICATE' }
    if (!cx.facts.passwordsAllowed) {
      return { status: 'NO', code: 'PRIVACYREQUIRED', text: 'LOGIN is disabled without TLS' }
    }
    const outcome = await cx.signIn({ authMethod: 'plain', username, password, authorizationId: '' })
    return outcomeReply(cx, outcome)
  },
}
