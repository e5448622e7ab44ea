// Sending mail over SMTP, into Postfix's smtp-sink.
import { startSender } from '../harness/child.ts'
import type { Contender, Row } from '../harness/row.ts'
import { HAS_SMTP_SINK, startSink } from '../peers/smtp-sink.ts'

/** A program of `bench/senders`, which is told the port of the sink and sends a round's messages each time it is asked to. */
function outbound(name: string, kind: Contender['kind'], program: string): Contender {
  return {
    name,
    kind,
    async start() {
      const sink = await startSink()
      const sender = await startSender(`../senders/${program}.ts`, import.meta.url, [String(sink.port)])
      return {
        round: () => sender.round(),
        async stop() {
          await sender.stop()
          await sink.stop()
        },
      }
    },
  }
}

export const rows: readonly Row[] = HAS_SMTP_SINK
  ? [
      {
        name: 'smtp-out-2k',
        task: 'messages of 2 KB out over 20 connections',
        metrics: ['msg/s', 'CPU µs/msg'],
        contenders: [
          outbound('email-server', 'ours', 'session'),
          outbound('nodemailer', 'peer', 'nodemailer'),
          outbound('raw node:net', 'limit', 'raw'),
        ],
        targets: [{ metric: 'msg/s', atLeast: 0.6, timesThatOf: 'raw node:net' }],
      },
      {
        name: 'smtp-out-pool-2k',
        task: 'messages of 2 KB out by sendMail over a pool of 20 connections',
        metrics: ['msg/s', 'CPU µs/msg'],
        contenders: [
          outbound('email-server', 'ours', 'pool'),
          outbound('nodemailer', 'peer', 'nodemailer'),
          outbound('raw node:net', 'limit', 'raw'),
        ],
        targets: [],
      },
    ]
  : []
