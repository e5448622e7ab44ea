// The process that import-crash.test.ts kills: imports the same messages each time, and writes a line for what was made durable.
import { writeSync } from 'node:fs'
import { openStore, type TransferMessage } from '../src/index.ts'
import { ALICE, message } from './support.ts'

const [directory, count] = process.argv.slice(2) as [string, string]
const store = await openStore(`sqlite:${directory}`, { smallBody: 4000 })

function* messages(): Generator<TransferMessage> {
  for (let index = 0; index < Number(count); index++) {
    const raw = message(`m${index}`, index % 20 === 0 ? 6000 : 100)
    yield { raw, flags: index % 2 === 0 ? ['Seen'] : [], internalDate: new Date(index * 1000), folder: null }
  }
}

await store.importMessages(ALICE, messages(), {
  onProgress: ({ added, skipped }) => writeSync(1, `${added + skipped}\n`),
})
await store.close()
