// UTF8 and LANG (RFC 6856). A message is sent as it is stored, in both modes: what an older client cannot show it can still keep, which
// a message refused or rewritten (§2.1) would not allow.
import { PeerSyntaxError } from '../../base/errors.ts'
import { readNothing } from '../grammar/command.ts'
import type { CommandSpec } from '../registry.ts'

export const utf8Mode: CommandSpec = {
  name: 'UTF8',
  state: 'authorization',
  // USER: names and passwords may be UTF-8 (§2.2)
  capabilities: () => ['UTF8 USER'],
  run(cx, rest) {
    readNothing(rest)
    cx.useUtf8()
    cx.ok('UTF-8 it is')
  },
}

/** Everything that we say is in it. */
const LANGUAGE = 'en'

export const lang: CommandSpec = {
  name: 'LANG',
  state: 'any',
  capabilities: () => ['LANG'],
  run(cx, rest) {
    if (rest === '') {
      cx.ok('Language listing follows')
      cx.output.write(`${LANGUAGE} English\r\n.\r\n`)
      return
    }
    // language-range = (1*8ALPHA *("-" 1*8alphanum)) / "*" (RFC 4647 §2.1); en-GB asks for more than we have and matches no less
    if (!/^(\*|[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*)$/.test(rest)) {
      throw new PeerSyntaxError('LANG wants a language')
    }
    if (rest === '*' || rest.toLowerCase() === LANGUAGE) cx.ok(`${LANGUAGE} English it is`)
    else cx.err(`${LANGUAGE} There is no other language here`)
  },
}
