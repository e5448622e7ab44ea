// What a POP3 client does all day: one message after the other.
import { Pop3Talk } from '../clients/pop3-talk.ts'
import { LETTERS } from '../data/letters.ts'
import { startServer } from '../harness/child.ts'
import type { Contender, Row } from '../harness/row.ts'

function server(name: string, kind: Contender['kind'], program: string): Contender {
  return {
    name,
    kind,
    async start() {
      const child = await startServer(program, import.meta.url)
      const talk = await Pop3Talk.open(child.port)
      await talk.command('USER alice@example.test')
      await talk.command('PASS password')
      return {
        async round() {
          const [start, cpu] = [process.hrtime.bigint(), await child.cpu()]
          let bytes = 0
          for (let number = 1; number <= LETTERS; number++) bytes += await talk.retrieve(number)
          const ms = Number(process.hrtime.bigint() - start) / 1e6
          return { 'MB/s': bytes / 1e3 / ms, 'CPU µs/msg': ((await child.cpu()) - cpu) / LETTERS }
        },
        async stop() {
          talk.close()
          await child.stop()
        },
      }
    },
  }
}

export const rows: readonly Row[] = [
  {
    name: 'pop3-retr',
    task: `RETR of ${LETTERS.toLocaleString('en-US')} messages of 11 KB, one after the other`,
    metrics: ['MB/s', 'CPU µs/msg'],
    contenders: [
      server('email-server', 'ours', '../servers/pop3-ours.ts'),
      server('raw node:net', 'limit', '../servers/pop3-raw.ts'),
    ],
    targets: [{ metric: 'MB/s', atLeast: 0.5, timesThatOf: 'raw node:net' }],
  },
]
