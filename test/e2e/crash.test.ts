// What was answered with 250 is on disk: the server is killed in the middle of deliveries and started again.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { BOB, startHost, temporaryFolder } from '../support/host.ts'
import { LineClient } from '../support/line-client.ts'
import { idOf } from '../support/messages.ts'
import { imapflowReads } from '../support/npm-clients.ts'

const CONNECTIONS = 8

/** Delivers message after message over one connection until the server is gone; tells of each 250. */
async function deliver(port: number, name: string, answered: (id: string) => void): Promise<void> {
  await using client = await LineClient.open(port)
  try {
    await client.expect(/^220 .*\r\n/)
    client.send('EHLO client.example\r\n')
    await client.expect(/^250 .*\r\n/m)
    for (let i = 0; ; i++) {
      const id = `${name}.${i}`
      client.send('MAIL FROM:<alice@sender.example>\r\n')
      await client.expect(/^250 .*\r\n/m)
      client.send(`RCPT TO:<${BOB}>\r\n`)
      await client.expect(/^250 .*\r\n/m)
      client.send('DATA\r\n')
      await client.expect(/^354 .*\r\n/m)
      const body = `line ${i}\r\n`.repeat(200)
      client.send(`From: <alice@sender.example>\r\nMessage-ID: <${id}@sender.example>\r\n\r\n${body}.\r\n`)
      await client.expect(/^250 .*\r\n/m)
      answered(id)
    }
  } catch {
    // the server is gone, as it was to be
  }
}

test('kill -9 during delivery: after a restart every message answered with 250 is there, once', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const answered: string[] = []
  // killed the moment that the nth answer comes, while the other connections are somewhere in their dialogues
  for (const [round, kills] of [1, 23, 60].entries()) {
    await using host = await startHost({ data })
    const before = answered.length
    let killed: Promise<unknown> | null = null
    await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, i) =>
        deliver(host.ports.inbound, `round-${round}-connection-${i}`, id => {
          answered.push(id)
          if (answered.length - before >= kills) killed ??= host.end('SIGKILL')
        }),
      ),
    )
    assert.ok(killed, `the server was gone after ${answered.length - before} answers: ${host.output()}`)
    await killed
  }

  await using host = await startHost({ data })
  const stored = await imapflowReads(host.ports.imap, BOB)
  const times = new Map<string, number>()
  for (const raw of stored) {
    const id = idOf(raw)
    if (id === null) continue
    times.set(id, (times.get(id) ?? 0) + 1)
    const body = raw.toString('latin1').split('\r\n\r\n')[1]!
    assert.match(body, /^(?:line \d+\r\n){200}$/, `${id} is not whole`)
  }
  assert.deepEqual(
    answered.filter(id => times.get(id) !== 1),
    [],
    'answered with 250, but not there exactly once',
  )
  assert.deepEqual(
    [...times].filter(([, count]) => count > 1),
    [],
    'stored more than once',
  )
})
