// MAIL (RFC 5321 §4.1.1.2): mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
import { isAscii } from '../../text/index.ts'
import { type MailParams, NO_MAIL_PARAMS } from '../envelope.ts'
import type { CommandSpec, Draft, ServerContext } from '../registry.ts'
import { type Reply, reply } from '../wire/reply.ts'
import { readParams, splitArgument } from './arguments.ts'

const OK = reply(250, '2.1.0', 'Sender OK')
const AUTH_NEEDED = reply(530, '5.7.0', 'Authentication required')
const TLS_NEEDED = reply(530, '5.7.0', 'Say STARTTLS first')
const NEEDS_UTF8 = reply(550, '5.6.7', 'A sender beyond ASCII needs SMTPUTF8')

export const mail: CommandSpec = {
  name: 'MAIL',
  rfc: '5321 §4.1.1.2',
  states: ['ready'],
  malformed: reply(501, '5.1.7', 'Malformed sender: say MAIL FROM:<address>'),
  run(cx: ServerContext, argument: string): Reply | null {
    const objection = cx.admitMail()
    if (objection?.code === 421) {
      cx.leave(objection)
      return null
    }
    if (objection) return objection
    if (cx.role === 'submission' && cx.requireAuth && cx.username === null) {
      return !cx.tls && cx.canUpgrade && !cx.allowInsecureAuth ? TLS_NEEDED : AUTH_NEEDED
    }
    if (cx.state.kind !== 'ready') throw new TypeError('MAIL out of place')
    const { mailbox, rest } = splitArgument(argument, 'FROM:')
    const { hello } = cx.state
    let draft: Draft<MailParams> = NO_MAIL_PARAMS
    let word: Reply | null = null
    if (rest !== '') {
      draft = { ...NO_MAIL_PARAMS }
      word = readParams(
        rest,
        hello.extended,
        cx,
        keyword => cx.mailParam(keyword),
        draft,
        params => cx.settleMail(params),
      )
      if (word && word.code !== 250) return word
    }
    const from = mailbox?.address ?? ''
    if (!draft.smtputf8 && !isAscii(from)) return NEEDS_UTF8
    const envelope = { from, params: draft, time: cx.now, recipients: new Map(), accepted: [] }
    cx.enter({ kind: 'envelope', hello, envelope })
    return word ?? OK
  },
}
