// The RFCs' example dialogues that concern this server, replayed whole, byte by byte and cut at every point.
import type { Folder } from '../../src/mailbox/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { testTranscripts } from '../support/transcripts.ts'
import { testSession } from './setup.ts'

// One mailbox for all connections of a transcript. Its options: `tls=later` begins in clear, `folders=a b Sent:Sent` are
// the folders beside INBOX (with their special use). Blocks called m1, m2, … are messages in INBOX; `messages=12` fills
// it up to that many. `do deliver NAME` delivers a block, `do flags UID FLAG …` says what is known of a message.
testTranscripts('imap', transcript => {
  const { options, blocks } = transcript
  const folders = options.get('folders')
  const mailbox = new MemoryMailbox({
    now: () => Date.UTC(1996, 6, 17, 9, 44, 25),
    ...(folders === undefined ? {} : { folders: folders.split(' ').filter(Boolean).map(folderOf) }),
  })
  const deliver = (name: string): unknown => mailbox.deliver(Buffer.from(blocks.get(name) ?? '', 'latin1'))
  for (const name of blocks.keys()) if (/^m[0-9]+$/.test(name)) deliver(name)
  const deleted = (options.get('deleted') ?? '').split(' ').map(Number)
  for (let uid = mailbox.messages().length + 1; uid <= Number(options.get('messages') ?? 0); uid++) {
    mailbox.deliver(Buffer.from(`Subject: message ${uid}\r\n\r\nHello\r\n`), {
      flags: deleted.includes(uid) ? ['Deleted'] : [],
    })
  }
  const clear = options.get('tls') === 'later'
  return {
    open: (_connection, now) =>
      testSession({ mailbox, now, ...(clear ? { tls: null, canUpgrade: true } : {}) }).session,
    actions: { deliver },
  }
})

function folderOf(word: string): Folder {
  const [name = '', specialUse = null] = word.split(':')
  return { name, specialUse }
}
