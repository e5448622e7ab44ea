// The small change of IMAP: NOOP after NOOP, and what opening a large folder costs.
import { ImapTalk } from '../clients/imap-talk.ts'
import { type ServerProcess, startServer } from '../harness/child.ts'
import type { Contender, Row, Running } from '../harness/row.ts'
import { HAS_DOVECOT, startDovecot } from '../peers/dovecot.ts'

const NOOPS = 2000
const SELECTS = 20
const LARGE = 100_000

async function repeated(
  server: ServerProcess,
  command: string,
  times: number,
  unit: string,
): Promise<Running> {
  const talk = await ImapTalk.open(server.port)
  await talk.command('LOGIN alice@example.test password')
  await talk.command('SELECT INBOX')
  return {
    async round() {
      const [start, cpu] = [process.hrtime.bigint(), await server.cpu()]
      for (let i = 0; i < times; i++) await talk.command(command)
      const seconds = Number(process.hrtime.bigint() - start) / 1e9
      const spent = (await server.cpu()) - cpu
      return {
        [`${unit}/s`]: times / seconds,
        [`CPU µs/${unit}`]: spent / times,
        [`CPU ms/${unit}`]: spent / times / 1e3,
      }
    },
    async stop() {
      talk.close()
      await server.stop()
    },
  }
}

const noop = (name: string, kind: Contender['kind'], start: () => Promise<ServerProcess>): Contender => ({
  name,
  kind,
  start: async () => repeated(await start(), 'NOOP', NOOPS, 'NOOP'),
})

export const rows: readonly Row[] = [
  {
    name: 'imap-noop',
    task: `${NOOPS} times NOOP, one after the other, in a folder of 10,000 messages`,
    metrics: ['NOOP/s', 'CPU µs/NOOP'],
    contenders: [
      noop('email-server', 'ours', () => startServer('../servers/imap-ours.ts', import.meta.url)),
      ...(HAS_DOVECOT ? [noop('Dovecot', 'peer', startDovecot)] : []),
      noop('raw node:net', 'limit', () =>
        startServer('../servers/imap-raw.ts', import.meta.url, ['/dev/null']),
      ),
    ],
    targets: HAS_DOVECOT ? [{ metric: 'NOOP/s', atLeast: 1, timesThatOf: 'Dovecot' }] : [],
  },
  {
    name: 'imap-select',
    task: `SELECT of a folder of ${LARGE.toLocaleString('en-US')} messages, whose numbers the backend has in an array`,
    metrics: ['CPU ms/SELECT'],
    contenders: [
      {
        name: 'email-server',
        kind: 'ours',
        start: async () =>
          repeated(
            await startServer('../servers/imap-ours.ts', import.meta.url, [String(LARGE)]),
            'SELECT INBOX',
            SELECTS,
            'SELECT',
          ),
      },
    ],
    targets: [{ metric: 'CPU ms/SELECT', atMost: 50 }],
  },
]
