// Every command of docs/web.md, as it stands there, against the real program.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startHost } from '../support/host.ts'

const DOCUMENT = new URL('../../../docs/web.md', import.meta.url)
const run = promisify(execFile)

test('the commands of docs/web.md do what they say, in their order', async () => {
  await using host = await startHost()
  const text = await readFile(DOCUMENT, 'utf8')
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!)
  assert.equal(blocks.length, 5)
  const said: string[] = []
  for (const block of blocks) {
    const script = `set -e\n${block.replaceAll('http://127.0.0.1:2080/', host.web)}`
    said.push((await run('bash', ['-c', script])).stdout)
  }
  const [reading, waiting, failing, watching] = said
  assert.match(reading!, /"address":"alice@example\.test"/)
  assert.match(reading!, /Lunch on Friday\?/)
  assert.match(reading!, /^January,120\r?$/m)
  assert.match(waiting!, /"subject":"Reset your password".*"code":"482913"/)
  assert.match(failing!, /"left":2,"given":0}\]\[\]$/)
  assert.match(watching!, /"by":"server","text":"220 mail\.example\.test ESMTP"/)
})
