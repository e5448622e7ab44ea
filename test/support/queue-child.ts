// A program that is killed while it sends: `node queue-child.js file|store DIRECTORY PORT FROM COUNT`. Says `queued N` when message N is safe, and `empty`
// whenever nothing waits any more.
import { openStore } from '@email-server/store'
import { createServer, type DeliveryQueue } from 'email-server'
import { FileQueue } from './file-queue.ts'

const [kind = '', directory = '', port = '', from = '', count = ''] = process.argv.slice(2)
const queue: DeliveryQueue =
  // bodies of both kinds: in the database, and as files
  kind === 'store'
    ? (await openStore(`sqlite:${directory}`, { smallBody: 350 })).queue
    : new FileQueue(directory)
const add = queue.add.bind(queue)
queue.add = async (entry, content, leaseUntil) => {
  const claimed = await add(entry, content, leaseUntil)
  process.stdout.write(`queued ${entry.envelope.envid ?? '-'}\n`)
  return claimed
}
const server = createServer({
  hostname: 'mx.sender.test',
  ports: { inbound: 0 },
  host: '127.0.0.1',
  relay: { host: '127.0.0.1', port: Number(port), ignoreTLS: true },
  pool: { maxPerDomain: 5 },
  delivery: { queue, retry: { firstDelayMs: 50, maxDelayMs: 200 }, localDomains: false },
})
await server.listen()
for (let n = Number(from); n < Number(from) + Number(count); n++) {
  // refused for now by some, for good by others: the events of that are the sink's business
  server
    .send({
      from: 'sender@sender.test',
      to: `u${n}@sink.test`,
      subject: `n${n}`,
      text: 'x'.repeat(n % 2 === 0 ? 1 : 400),
      messageId: `n${n}@sender.test`,
      dsn: { id: `n${n}` },
      date: new Date(),
    })
    .catch(() => {})
}
setInterval(() => {
  queue.nextDue().then(due => {
    if (due === null) process.stdout.write('empty\n')
  })
}, 20)
