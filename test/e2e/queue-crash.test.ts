// The promise of a durable queue: a message that it has taken is delivered, given back, or still there, wherever the process is killed.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createServer } from 'email-server'

const CHILD = fileURLToPath(new URL('../support/queue-child.js', import.meta.url))
const ROUNDS = 8
const EACH = 40

for (const kind of ['file', 'store']) {
  test(`${ROUNDS} times killed while it sends ${EACH} messages of a queue in a ${kind} to a server that refuses a third for now: none is lost`, () =>
    killAndCount(kind))
}

async function killAndCount(kind: string): Promise<void> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'queue-'))
  const arrived = new Map<string, string[]>()
  const bounced = new Set<string>()
  let attempts = 0
  const sink = createServer({ hostname: 'sink.test', ports: { inbound: 0 }, host: '127.0.0.1' })
  sink.addDomain('sink.test')
  sink.addDomain('sender.test')
  sink.on('smtpSession', session =>
    session.on('mail', mail => {
      const subject = mail.subject ?? ''
      if (mail.from === '') {
        for (const match of Buffer.from(mail.rawBytes)
          .toString('latin1')
          .matchAll(/^Original-Envelope-Id: (n\d+)\r$/gm)) {
          bounced.add(match[1]!)
        }
        mail.accept()
        return
      }
      // every tenth address is wrong, and some messages come at a bad time
      if (/n\d*7$/.test(subject)) mail.reject(550, '5.1.1 nobody')
      else if (attempts++ % 3 === 0) mail.reject(451, '4.3.0 later')
      else {
        arrived.set(subject, [...(arrived.get(subject) ?? []), mail.messageId ?? ''])
        mail.accept()
      }
    }),
  )
  await sink.listen()
  const queued = new Set<string>()
  const start = (from: number, count: number): ChildProcess => {
    const child = spawn(
      process.execPath,
      [CHILD, kind, directory, String(sink.ports.inbound), String(from), String(count)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      for (const match of text.matchAll(/^queued (n\d+)$/gm)) queued.add(match[1]!)
    })
    return child
  }
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const child = start(round * EACH, EACH)
      // at another point of its work each time, measured by what it has done
      const until = queued.size + 5 * round
      while (queued.size < until && child.exitCode === null) await once(child.stdout!, 'data')
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const last = start(0, 0)
    for await (const text of last.stdout!) if (String(text).includes('empty')) break
    last.kill('SIGKILL')
    await once(last, 'exit')
    assert.ok(queued.size > EACH, `${queued.size} messages were taken`)
    for (const id of queued) {
      const times = arrived.get(id)?.length ?? 0
      const refused = /7$/.test(id)
      if (refused) assert.equal(times, 0)
      else assert.ok(times >= 1, `${id} is lost`)
    }
    for (const ids of arrived.values())
      assert.equal(new Set(ids).size, 1, 'sent twice at most as the same message')
    const twice = [...arrived.values()].filter(ids => ids.length > 1).length
    assert.ok(twice <= ROUNDS * 10, `${twice} were sent twice`)
  } finally {
    await sink.close()
    fs.rmSync(directory, { recursive: true, force: true })
  }
}
