// Several sessions on one mailbox, each changing it at random: every client's idea of the numbering, built from what it
// was told and nothing else, must be right at every response (RFC 3501 §7.4.1, §5.5).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryMailbox, type SessionDriver } from '../../src/testing/index.ts'
import { dice, message, selected } from './setup.ts'

/** A client that believes what it hears. */
class Client {
  readonly driver: SessionDriver
  /** UID by sequence number - 1, null where it has not been told. */
  uids: (number | null)[] = []
  idling = false
  #tag = 0

  constructor(driver: SessionDriver, exists: number) {
    this.driver = driver
    this.uids = Array(exists).fill(null)
  }

  /** Expunges told in answer to this command are an error. */
  async say(command: string, mayExpunge: boolean): Promise<void> {
    const tag = `t${++this.#tag}`
    const said = await this.driver.exchange(`${tag} ${command}\r\n`)
    this.hear(said, mayExpunge)
    assert.match(said, new RegExp(`^${tag} (OK|NO)|^\\+ idling`, 'm'), `${command}: ${said}`)
  }

  hear(said: string, mayExpunge: boolean): void {
    for (const line of said.split('\r\n')) {
      const [, number, what, rest] = /^\* ([0-9]+) (EXISTS|EXPUNGE|FETCH)(.*)$/.exec(line) ?? []
      const n = Number(number)
      if (what === 'EXISTS') {
        assert.ok(n >= this.uids.length, 'EXISTS never makes messages fewer')
        while (this.uids.length < n) this.uids.push(null)
      } else if (what === 'EXPUNGE') {
        assert.ok(mayExpunge, `EXPUNGE at the wrong time: ${said}`)
        assert.ok(n >= 1 && n <= this.uids.length, 'EXPUNGE names a message that is there')
        this.uids.splice(n - 1, 1)
      } else if (what === 'FETCH') {
        assert.ok(n >= 1 && n <= this.uids.length, 'FETCH names a message that is there')
        const uid = /UID ([0-9]+)/.exec(rest!)?.[1]
        if (uid === undefined) continue
        assert.equal(
          this.uids[n - 1] ?? Number(uid),
          Number(uid),
          `the message ${n} has changed its UID: ${said}`,
        )
        this.uids[n - 1] = Number(uid)
      }
    }
  }
}

for (const seed of [1, 77, 4242, 90210, 123456789]) {
  test(`three sessions change one mailbox, seed ${seed}`, async () => {
    const roll = dice(seed)
    const mailbox = new MemoryMailbox()
    for (let i = 0; i < 12; i++) mailbox.deliver(message(`m${i}`))
    const clients: Client[] = []
    for (let i = 0; i < 3; i++) clients.push(new Client((await selected({ mailbox })).driver, 12))
    for (let step = 0; step < 300; step++) {
      const client = clients[roll(3)]!
      if (client.idling) {
        client.idling = false
        client.hear(await client.driver.exchange('DONE\r\n'), true)
        continue
      }
      const count = client.uids.length
      const [a, b] = [1 + roll(Math.max(1, count)), 1 + roll(Math.max(1, count))]
      const known = client.uids.filter(uid => uid !== null)
      const uid = known[roll(Math.max(1, known.length))] ?? 1
      switch (roll(12)) {
        case 0:
          await client.say('APPEND INBOX {8+}\r\na: b\r\n\r\n', true)
          break
        case 1:
        case 2:
          if (count > 0) await client.say(`STORE ${a}:${b} +FLAGS (\\Deleted)`, false)
          break
        case 3:
          await client.say('EXPUNGE', true)
          break
        case 4:
          await client.say(`UID EXPUNGE ${uid}:${uid + 3}`, true)
          break
        case 5:
          await client.say(`UID MOVE ${uid} Trash`, true)
          break
        case 6:
          if (count > 0) await client.say(`FETCH ${a}:${b} (UID FLAGS)`, false)
          break
        case 7:
          await client.say('UID FETCH 1:* (FLAGS)', true)
          break
        case 8:
          if (count > 0) await client.say(`SEARCH ${a}:${b}`, false)
          break
        case 9:
          await client.say('NOOP', true)
          break
        case 10:
          if (count > 0) await client.say(`COPY ${a} INBOX`, true)
          break
        case 11:
          await client.say('IDLE', true)
          client.idling = true
          break
      }
      for (const other of clients) {
        await other.driver.settle()
        other.hear(other.driver.takeText(), other.idling)
      }
    }
    const real = mailbox.messages().map(each => each.uid)
    for (const client of clients) {
      if (client.idling) client.hear(await client.driver.exchange('DONE\r\n'), true)
      await client.say('NOOP', true)
      if (real.length > 0) await client.say('FETCH 1:* UID', false)
      assert.deepEqual(client.uids, real)
    }
  })
}
