// A POP3 server over a mailbox in memory, as transcripts and tests ask for it.
import { MaildropLocks, type Pop3ServerOptions, Pop3ServerSession } from '../../src/pop3/index.ts'
import type { AuthMechanism } from '../../src/sasl/index.ts'
import { MemoryMailbox, type Setup, VIRTUAL_TLS } from '../../src/testing/index.ts'

export const USERNAME = 'alice'
export const PASSWORD = 'secret'

/** A session that lets `alice` with `secret` into this mailbox. */
export function pop3Session(mailbox: MemoryMailbox, options: Pop3ServerOptions = {}): Pop3ServerSession {
  const session = new Pop3ServerSession({ hostname: 'pop.example.test', tls: VIRTUAL_TLS, ...options })
  session.on('auth', info => {
    if (info.username === USERNAME && info.authMethod === 'apop') info.acceptSecret(PASSWORD)
    else if (info.username === USERNAME && info.password === PASSWORD) info.accept()
    else info.reject()
  })
  session.on('mailboxSession', it => mailbox.attach(it))
  return session
}

/**
 * `options: inbox=one two` puts these blocks into INBOX; `clear` makes the connection one without TLS, `insecure` takes
 * passwords there all the same, `stls` lets it become a TLS one. `auth=APOP PLAIN` offers these, `expire=30` says so, `login-delay=60` keeps users
 * apart from themselves for so long. `do uids 3 5` is for what must be left at the end.
 */
export const pop3Transcript: Setup = ({ options, blocks }) => {
  const mailbox = new MemoryMailbox()
  for (const name of (options.get('inbox') ?? '').split(' ').filter(Boolean)) {
    mailbox.deliver(Buffer.from(blocks.get(name)!, 'latin1'))
  }
  const mechanisms = options.get('auth')?.split(' ') as AuthMechanism[] | undefined
  const expire = options.get('expire')
  const locks = new MaildropLocks({ loginDelay: Number(options.get('login-delay') ?? 0) })
  return {
    open: (_connection, now) =>
      pop3Session(mailbox, {
        now,
        locks,
        random: length => new Uint8Array(length),
        ...(mechanisms && { auth: { mechanisms } }),
        ...(expire !== undefined && { expire: expire === 'NEVER' ? expire : Number(expire) }),
        tls: options.has('clear') ? null : VIRTUAL_TLS,
        canUpgrade: options.has('stls'),
        allowInsecureAuth: options.has('insecure'),
      }),
    actions: {
      uids: (...expected) => {
        const uids = mailbox.messages().map(message => String(message.uid))
        if (uids.join(' ') !== expected.join(' ')) throw new Error(`INBOX holds UIDs ${uids.join(' ')}`)
      },
      deliver: (raw = '') => mailbox.deliver(Buffer.from(raw, 'latin1')),
    },
  }
}
