// The process that durability.test.ts kills: delivers, moves and expunges as fast as it can, and writes a line for each
// thing that was acknowledged. `A id` delivered; `X id` about to be expunged; `G id` expunged.
import { writeSync } from 'node:fs'
import { openStore } from '../src/index.ts'
import { ALICE, allUids, BOB, message, OPEN } from './support.ts'

const [url, bodies, round] = process.argv.slice(2) as [string, string, string]
const say = (line: string): void => {
  writeSync(1, `${line}\n`)
}
const store = await openStore(url, { smallBody: 4000, ...(bodies !== '' && { bodies }) })
say('ready')

async function deliver(worker: number): Promise<void> {
  for (let index = 0; ; index++) {
    const id = `${round}-${worker}-${index}`
    await store.deliver(message(id, index % 3 === 0 ? 6000 : 200), index % 5 === 0 ? [ALICE, BOB] : [ALICE])
    say(`A ${id}`)
  }
}

async function move(): Promise<void> {
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  for (;;) {
    const uids = (await allUids(handlers)).slice(0, 3)
    await handlers.move!(uids, 'Archive', {})
    await new Promise(resolve => setImmediate(resolve))
  }
}

async function expunge(): Promise<void> {
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('Archive', OPEN)
  for (;;) {
    const uids = (await allUids(handlers)).filter(uid => uid % 4 === 0).slice(0, 2)
    const ids = (await handlers.messageEnvelope!(uids, {})).map(envelope => envelope?.subject)
    for (const id of ids) say(`X ${id}`)
    await handlers.expunge!(uids, {})
    for (const id of ids) say(`G ${id}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}

await Promise.all([deliver(0), deliver(1), deliver(2), deliver(3), move(), expunge()])
