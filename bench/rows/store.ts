// The store: what group commit gives, what a large mailbox costs, and how fast texts are found.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@email-server/store'
import type { MailboxHandlers } from 'email-server/mailbox'
import { ImapTalk } from '../clients/imap-talk.ts'
import { filledStore, letter, USER, Words } from '../data/store.ts'
import { type ServerProcess, startServer, work } from '../harness/child.ts'
import type { Contender, Row, Running, Sample } from '../harness/row.ts'

const LARGE = 100_000
const FETCH = 'UID FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE)'

async function listing(server: ServerProcess): Promise<Running> {
  const talk = await ImapTalk.open(server.port)
  await talk.command(`LOGIN ${USER} password`)
  return {
    async round() {
      const cpu = await server.cpu()
      const start = performance.now()
      await talk.command('SELECT INBOX')
      const opened = performance.now()
      await talk.command(FETCH)
      return {
        'open ms': opened - start,
        'list ms': performance.now() - opened,
        'CPU µs/msg': ((await server.cpu()) - cpu) / LARGE,
      }
    },
    async stop() {
      talk.close()
      await server.stop()
    },
  }
}

const listed: readonly Contender[] = [
  {
    name: 'store',
    kind: 'ours',
    start: async () =>
      listing(await startServer('../servers/imap-store.ts', import.meta.url, [await filledStore(LARGE)])),
  },
  {
    name: 'handlers in memory',
    kind: 'limit',
    start: async () =>
      listing(await startServer('../servers/imap-ours.ts', import.meta.url, ['listing', String(LARGE)])),
  },
]

type Handlers = Required<MailboxHandlers>

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** One of each operation on a mailbox of this size; the store is a copy, since deliveries change it. */
function sized(count: number, kind: Contender['kind']): Contender {
  return {
    name: `${count.toLocaleString('en-US')} messages`,
    kind,
    async start() {
      const directory = await mkdtemp(join(tmpdir(), 'bench-'))
      await cp(await filledStore(count), directory, { recursive: true })
      const store = await openStore(`sqlite:${directory}`)
      const handlers = store.mailbox(USER) as Handlers
      const words = new Words()
      let number = count
      return {
        async round(): Promise<Sample> {
          const flag = [1 + (number % count)]
          const sample = {
            'open ms': await timed(() => handlers.openFolder('INBOX', { readOnly: false })),
            'flag ms': await timed(() =>
              handlers.setFlags(flag, ['Flagged'], { mode: 'add', changed: ['Flagged'] }),
            ),
            'deliver ms': await timed(() => store.deliver(letter(words, number++), [USER])),
            'word ms': await timed(() => handlers.search({ key: 'text', value: words.ranked(9000) }, {})),
            'phrase ms': await timed(() =>
              handlers.search({ key: 'body', value: `${words.ranked(40)} ${words.ranked(700)}` }, {}),
            ),
            'from ms': await timed(() =>
              handlers.search({ key: 'header', name: 'from', value: 'sender42@' }, {}),
            ),
            'sort ms': await timed(() =>
              handlers.sort([{ by: 'subject', reverse: false }], { key: 'all' }, {}),
            ),
          }
          await store.idle()
          return sample
        },
        async stop() {
          await store.close()
          await rm(directory, { recursive: true })
        },
      }
    },
  }
}

const durable = (name: string, kind: Contender['kind'], exported: string): Contender =>
  work(name, kind, 'msg', '../work/durable.ts', exported, import.meta.url)

export const rows: readonly Row[] = [
  {
    name: 'store-deliver',
    task: 'messages of 2 KB made durable: 20 deliveries at a time, one at a time, and a file flushed for each',
    metrics: ['msg/s', 'CPU µs/msg'],
    contenders: [
      durable('store, 20 at a time', 'ours', 'together'),
      durable('store, one at a time', 'peer', 'alone'),
      durable('one flush a message', 'limit', 'flushed'),
    ],
    targets: [{ metric: 'msg/s', atLeast: 10, timesThatOf: 'one flush a message' }],
  },
  {
    name: 'store-queue',
    task: 'messages of 2 KB through the durable queue (taken, claimed, done with): 20 at a time, one at a time, and a file flushed for each',
    metrics: ['msg/s', 'CPU µs/msg'],
    contenders: [
      durable('queue, 20 at a time', 'ours', 'queuedTogether'),
      durable('queue, one at a time', 'peer', 'queuedAlone'),
      durable('one flush a message', 'limit', 'flushed'),
    ],
    targets: [{ metric: 'msg/s', atLeast: 1, timesThatOf: 'one flush a message' }],
  },
  {
    name: 'store-list',
    task: `SELECT, then ${FETCH} of ${LARGE.toLocaleString('en-US')} messages`,
    metrics: ['open ms', 'list ms', 'CPU µs/msg'],
    rounds: 5,
    prepare: () => filledStore(LARGE),
    contenders: listed,
    targets: [
      { metric: 'list ms', atMost: 2, timesThatOf: 'handlers in memory' },
      { metric: 'open ms', atMost: 2, timesThatOf: 'handlers in memory' },
    ],
  },
  {
    name: 'store-size',
    task: 'one of each operation, by the size of the mailbox',
    metrics: ['open ms', 'flag ms', 'deliver ms', 'word ms', 'phrase ms', 'from ms', 'sort ms'],
    rounds: 5,
    prepare: async () => {
      for (const count of [LARGE, 10_000, 1000]) await filledStore(count)
    },
    contenders: [sized(LARGE, 'ours'), sized(10_000, 'peer'), sized(1000, 'limit')],
    targets: [
      { metric: 'word ms', atMost: 100 },
      { metric: 'phrase ms', atMost: 100 },
      { metric: 'deliver ms', atMost: 2, timesThatOf: '1,000 messages' },
      { metric: 'flag ms', atMost: 2, timesThatOf: '1,000 messages' },
    ],
  },
]
