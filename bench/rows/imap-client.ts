// Reading a mailbox of 10,000 messages (110 MB) out of Dovecot.
import { startSender } from '../harness/child.ts'
import type { Contender, Row } from '../harness/row.ts'
import { HAS_DOVECOT, startDovecot } from '../peers/dovecot.ts'

/** A program of `bench/readers`, which reads all of a mailbox of its own each time it is asked to. */
function reader(name: string, kind: Contender['kind'], program: string, what: string): Contender {
  return {
    name,
    kind,
    async start() {
      const dovecot = await startDovecot()
      const args = [String(dovecot.port), what]
      const work = await startSender(`../readers/${program}.ts`, import.meta.url, args)
      return {
        round: () => work.round(),
        async stop() {
          await work.stop()
          await dovecot.stop()
        },
      }
    },
  }
}

function contenders(what: string): readonly Contender[] {
  return [
    reader('email-server', 'ours', 'imap-ours', what),
    reader('imapflow', 'peer', 'imap-imapflow', what),
    reader('raw node:net', 'limit', 'imap-raw', what),
  ]
}

export const rows: readonly Row[] = HAS_DOVECOT
  ? [
      {
        name: 'imap-client-envelopes',
        task: 'flags, dates, envelopes and structures of 10,000 messages, out of Dovecot',
        metrics: ['msg/s', 'CPU µs/msg'],
        contenders: contenders('envelopes'),
        targets: [{ metric: 'msg/s', atLeast: 4, timesThatOf: 'imapflow' }],
      },
      {
        name: 'imap-client-bodies',
        task: '10,000 whole messages (110 MB), out of Dovecot',
        metrics: ['msg/s', 'CPU µs/msg'],
        contenders: contenders('bodies'),
        targets: [{ metric: 'msg/s', atLeast: 0.85, timesThatOf: 'raw node:net' }],
      },
    ]
  : []
