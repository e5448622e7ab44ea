// What a mail program asks first: everything about every message but the message.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImapTalk } from '../clients/imap-talk.ts'
import { MESSAGES } from '../data/mailbox.ts'
import { type ServerProcess, startServer } from '../harness/child.ts'
import type { Contender, Row, Running } from '../harness/row.ts'
import { HAS_DOVECOT, startDovecot } from '../peers/dovecot.ts'

const FETCH = 'UID FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE)'
/** Listings in a round. */
const TIMES = 5

/** Our answer, for the raw program to send: it starts after us. */
let answer: Buffer | null = null

async function listing(server: ServerProcess): Promise<{ talk: ImapTalk; running: Running }> {
  const talk = await ImapTalk.open(server.port)
  await talk.command('LOGIN alice@example.test password')
  await talk.command('SELECT INBOX')
  const running: Running = {
    async round() {
      const [start, cpu] = [process.hrtime.bigint(), await server.cpu()]
      let bytes = 0
      for (let i = 0; i < TIMES; i++) bytes += await talk.command(FETCH)
      const ms = Number(process.hrtime.bigint() - start) / 1e6
      return {
        ms: ms / TIMES,
        'MB/s': bytes / 1e3 / ms,
        'CPU µs/msg': ((await server.cpu()) - cpu) / TIMES / MESSAGES,
      }
    },
    async stop() {
      talk.close()
      await server.stop()
    },
  }
  return { talk, running }
}

const ours: Contender = {
  name: 'email-server',
  kind: 'ours',
  async start() {
    const { talk, running } = await listing(await startServer('../servers/imap-ours.ts', import.meta.url))
    answer = await talk.answer(FETCH)
    const lines = answer.toString('latin1').match(/^\* \d+ FETCH \(.*\)\r$/gm)?.length ?? 0
    if (lines !== MESSAGES) throw new Error(`the listing has ${lines} messages`)
    return running
  },
}

const raw: Contender = {
  name: 'raw node:net',
  kind: 'limit',
  async start() {
    if (!answer) throw new Error('there is no listing to repeat')
    const folder = mkdtempSync(join(tmpdir(), 'bench-'))
    try {
      const file = join(folder, 'listing')
      writeFileSync(file, answer)
      return (await listing(await startServer('../servers/imap-raw.ts', import.meta.url, [file]))).running
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

const dovecot: Contender = {
  name: 'Dovecot, warm',
  kind: 'peer',
  async start() {
    const { talk, running } = await listing(await startDovecot())
    await talk.command(FETCH) // fills its cache
    return running
  },
}

export const rows: readonly Row[] = [
  {
    name: 'imap-list',
    task: `${FETCH} of ${MESSAGES.toLocaleString('en-US')} messages from memory`,
    metrics: ['ms', 'MB/s', 'CPU µs/msg'],
    contenders: [ours, ...(HAS_DOVECOT ? [dovecot] : []), raw],
    targets: HAS_DOVECOT
      ? [{ metric: 'ms', atMost: 1, timesThatOf: dovecot.name }]
      : // what it took where the project began
        [{ metric: 'ms', atMost: 87 }],
  },
]
