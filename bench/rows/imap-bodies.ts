// What a mail program asks when it keeps everything: all messages, whole.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImapTalk } from '../clients/imap-talk.ts'
import { MESSAGES } from '../data/mailbox.ts'
import { type ServerProcess, startServer } from '../harness/child.ts'
import type { Contender, Row, Running } from '../harness/row.ts'
import { HAS_DOVECOT, startDovecot } from '../peers/dovecot.ts'

const FETCH = 'UID FETCH 1:* BODY.PEEK[]'

/** Our answer, for the raw program to send: it starts after us. */
let answer: Buffer | null = null

async function bodies(server: ServerProcess): Promise<{ talk: ImapTalk; running: Running }> {
  const talk = await ImapTalk.open(server.port)
  await talk.command('LOGIN alice@example.test password')
  await talk.command('SELECT INBOX')
  const running: Running = {
    async round() {
      const [start, cpu] = [process.hrtime.bigint(), await server.cpu()]
      const bytes = await talk.command(FETCH)
      const ms = Number(process.hrtime.bigint() - start) / 1e6
      return { 'MB/s': bytes / 1e3 / ms, 'CPU µs/msg': ((await server.cpu()) - cpu) / MESSAGES }
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
    const { talk, running } = await bodies(
      await startServer('../servers/imap-ours.ts', import.meta.url, ['bodies']),
    )
    answer = await talk.answer(FETCH)
    if (answer.length < 100e6) throw new Error(`the answer has ${answer.length} bytes`)
    return running
  },
}

const raw: Contender = {
  name: 'raw node:net',
  kind: 'limit',
  async start() {
    if (!answer) throw new Error('there is nothing to repeat')
    const folder = mkdtempSync(join(tmpdir(), 'bench-'))
    try {
      const file = join(folder, 'bodies')
      writeFileSync(file, answer)
      answer = null
      return (await bodies(await startServer('../servers/imap-raw.ts', import.meta.url, [file]))).running
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

const dovecot: Contender = {
  name: 'Dovecot, warm',
  kind: 'peer',
  start: async () => (await bodies(await startDovecot())).running,
}

export const rows: readonly Row[] = [
  {
    name: 'imap-bodies',
    task: `${FETCH} of ${MESSAGES.toLocaleString('en-US')} messages (110 MB) from memory`,
    metrics: ['MB/s', 'CPU µs/msg'],
    contenders: [ours, ...(HAS_DOVECOT ? [dovecot] : []), raw],
    targets: [
      ...(HAS_DOVECOT ? [{ metric: 'MB/s', atLeast: 3, timesThatOf: dovecot.name } as const] : []),
      { metric: 'MB/s', atLeast: 0.5, timesThatOf: raw.name },
    ],
  },
]
