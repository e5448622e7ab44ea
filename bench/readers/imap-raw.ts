// The limit: a bare socket that asks the same and looks for nothing but the end.
import { ImapTalk } from '../clients/imap-talk.ts'
import { MESSAGES } from '../data/mailbox.ts'
import { serve } from '../harness/child.ts'

const [port, what] = [Number(process.argv[2]), process.argv[3]]
const talk = await ImapTalk.open(port)
await talk.command('LOGIN alice@example.test password')
await talk.command('SELECT INBOX')
const items = what === 'envelopes' ? 'FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE' : 'BODY.PEEK[]'

serve(port, async () => {
  await talk.command(`UID FETCH 1:* (UID ${items})`)
  return MESSAGES
})
