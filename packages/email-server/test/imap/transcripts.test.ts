import { MemoryMailbox } from '../../src/testing/index.ts'
import { testTranscripts } from '../support/transcripts.ts'
import { testSession } from './setup.ts'

// One mailbox for all connections of a transcript. Blocks are messages: those called m1, m2, … are in INBOX beforehand.
testTranscripts('imap', transcript => {
  const mailbox = new MemoryMailbox({ now: () => Date.UTC(1996, 6, 17, 9, 44, 25) })
  for (const [name, text] of transcript.blocks) {
    if (/^m[0-9]+$/.test(name)) mailbox.deliver(Buffer.from(text, 'latin1'))
  }
  const clear = transcript.options.get('tls') === 'later'
  return {
    open: (_connection, now) =>
      testSession({ mailbox, now, ...(clear ? { tls: null, canUpgrade: true } : {}) }).session,
    actions: {
      deliver: (name: string) => mailbox.deliver(Buffer.from(transcript.blocks.get(name) ?? '', 'latin1')),
    },
  }
})
