// One node of nodes-processes.test.ts: a server over the shared store. Says its ports in one line, then does what it is told, a line each:
// `deliver N NAME` delivers N messages to Alice; `queue N NAME` takes N messages into the queue, and has them claimed; `claim` claims what is free
// ten minutes from now. Answers each by a line.
import { createInterface } from 'node:readline'
import { createServer } from 'email-server'
import { openStore } from '../src/index.ts'
import { ALICE, message } from './support.ts'

const [url, bodies] = process.argv.slice(2) as [string, string]
const store = await openStore(url, { bodies, onError: () => {} })
const server = createServer({ host: '127.0.0.1', ports: { imap: 0 }, allowInsecureAuth: true })
store.attach(server)
await server.listen()
console.log(`ready ${server.ports.imap}`)

async function queue(count: number, name: string): Promise<void> {
  for (let index = 0; index < count; index++) {
    const entry = {
      id: `${name} ${index}`,
      messageId: null,
      envelope: { from: ALICE } as never,
      recipients: [],
      since: Date.now(),
      attempts: 0,
      nextAttempt: Date.now(),
      warned: false,
    }
    await store.queue.add(entry, message(`${name} ${index}`), Date.now() + LEASE_MS)
  }
}

const LEASE_MS = 600_000

for await (const line of createInterface({ input: process.stdin })) {
  const [what, count = '0', name = ''] = line.split(' ')
  if (what === 'deliver') {
    const numbers = Array.from({ length: Number(count) }, (_, index) => index)
    await Promise.all(numbers.map(index => store.deliver(message(`${name} ${index}`), [ALICE])))
    console.log('done')
  } else if (what === 'queue') {
    await queue(Number(count), name)
    console.log('done')
  } else {
    const now = Date.now() + LEASE_MS
    const claimed = await store.queue.claim({ dueBy: now, now, leaseUntil: now + LEASE_MS, limit: 1000 })
    console.log(`claimed ${claimed.length}`)
  }
}
