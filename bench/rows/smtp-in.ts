// Taking mail in over SMTP.
import { smtpLoad, wireMessage } from '../clients/smtp-load.ts'
import { signedMessage, ZONE } from '../data/signed.ts'
import { startServer } from '../harness/child.ts'
import type { Contender, Row, Sample } from '../harness/row.ts'

interface Load {
  readonly size: number
  readonly connections: number
  /** Messages in a round. */
  readonly messages: number
  /** Signed, and our server checks who sent them. */
  readonly checked?: boolean
}

function inbound(name: string, kind: Contender['kind'], program: string, load: Load): Contender {
  return {
    name,
    kind,
    async start() {
      const args = load.checked && kind === 'ours' ? [ZONE] : []
      const server = await startServer(`../servers/${program}.ts`, import.meta.url, args)
      const message = wireMessage(load.size)
      const client = await smtpLoad(
        server.port,
        load.connections,
        load.checked ? await signedMessage(message) : message,
      )
      return {
        async round(): Promise<Sample> {
          const [start, cpu] = [process.hrtime.bigint(), await server.cpu()]
          await client.run(load.messages)
          const seconds = Number(process.hrtime.bigint() - start) / 1e9
          return {
            'msg/s': load.messages / seconds,
            'CPU µs/msg': ((await server.cpu()) - cpu) / load.messages,
          }
        },
        async stop() {
          client.close()
          await server.stop()
        },
      }
    },
  }
}

function row(name: string, task: string, load: Load, atLeast: number): Row {
  return {
    name,
    task,
    metrics: ['msg/s', 'CPU µs/msg'],
    contenders: [
      inbound('email-server', 'ours', 'smtp-ours', load),
      // smtp-server checks nothing
      ...(load.checked ? [] : [inbound('smtp-server', 'peer', 'smtp-server', load)]),
      inbound('raw node:net', 'limit', 'smtp-raw', load),
    ],
    targets: [{ metric: 'msg/s', atLeast, timesThatOf: 'raw node:net' }],
  }
}

export const rows: readonly Row[] = [
  row(
    'smtp-in-2k',
    'messages of 2 KB in over 20 connections, no checks',
    { size: 2048, connections: 20, messages: 3000 },
    0.75,
  ),
  row(
    'smtp-in-2k-checked',
    'the same with SPF, DKIM (RSA-2048), DMARC and reverse DNS, all of it in the cache',
    { size: 2048, connections: 20, messages: 3000, checked: true },
    0.45,
  ),
  row(
    'smtp-in-1m',
    'messages of 1 MB in over 4 connections, no checks',
    { size: 1 << 20, connections: 4, messages: 60 },
    0.8,
  ),
]
