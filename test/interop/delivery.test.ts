// curl delivers to `npm start`.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALICE, BOB, type Host, type PortName, startHost } from '../support/host.ts'
import { carries, idOf, MESSAGES, UNFINISHED, withFinalNewline } from '../support/messages.ts'
import { imapflowReads } from '../support/npm-clients.ts'
import { curlSends, type Security } from '../support/programs.ts'

let host: Host
before(async () => {
  host = await startHost()
})
after(() => host[Symbol.asyncDispose]())

const WAYS: readonly (readonly [PortName, Security | null])[] = [
  ['inbound', null],
  ['submission', 'clear'],
  ['submission', 'starttls'],
  ['submissions', 'tls'],
]

for (const [times, [port, security]] of WAYS.entries()) {
  test(`curl delivers to ${port} (${security ?? 'without login'}), and every message is there byte for byte`, async () => {
    const at = { port: host.ports[port], ...(security ? { user: ALICE, security } : {}) }
    for (const raw of [...MESSAGES.values(), UNFINISHED]) await curlSends(at, raw, BOB)
    const stored = await imapflowReads(host.ports.imap, BOB)
    for (const [id, sent] of [...MESSAGES, ['unfinished', withFinalNewline(UNFINISHED)] as const]) {
      const found = stored.filter(raw => idOf(raw) === id)
      assert.equal(found.length, times + 1, `${id} is there ${found.length} times`)
      for (const raw of found) assert.ok(carries(raw, sent), `${id} is not what was sent`)
    }
  })
}

test('curl is refused where it may not send: a stranger to the submission port, a far domain to the inbound port', async () => {
  const plain = MESSAGES.get('plain')!
  await assert.rejects(curlSends({ port: host.ports.submission }, plain, BOB), /530|550|55\d/)
  await assert.rejects(curlSends({ port: host.ports.inbound }, plain, 'carol@elsewhere.example'), /55\d/)
})
