// Sessions with QRESYNC and CONDSTORE beside plain ones, all changing one mailbox at random. A client with QRESYNC that believes
// what it hears, and keeps UIDs, flags and the highest mod-sequence for the day when it comes back, must be right about all of
// them at every moment (RFC 7162 §3.2, §6): what it has not been told lies above the mod-sequence that it would ask from.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryMailbox, type SessionDriver } from '../../src/testing/index.ts'
import { dice, message, selected } from './setup.ts'

const SEEDS = [3, 58, 911, 20_261, 424_242, 7_654_321]

/** What a client keeps on its disk. */
interface Cache {
  readonly flags: Map<number, string>
  highest: number
  /** Up to this UID it has asked for every message; of later ones it may know some, by changes that it was told. */
  asked: number
}

/** A client with QRESYNC: it numbers nothing but UIDs, and remembers. */
class Resyncing {
  driver: SessionDriver
  readonly cache: Cache = { flags: new Map(), highest: 0, asked: 0 }
  idling = false
  #tag = 0
  #heard = 0
  #corrected: number | null = null

  constructor(driver: SessionDriver) {
    this.driver = driver
  }

  async say(command: string): Promise<string> {
    const tag = `t${++this.#tag}`
    const said = await this.driver.exchange(`${tag} ${command}\r\n`)
    this.hear(said)
    assert.match(said, new RegExp(`^${tag} (OK|NO)|^\\+ idling`, 'm'), `${command}: ${said}`)
    return said
  }

  /** Messages are announced by their number alone (EXISTS): the client asks for those that it has not seen. */
  async askForNew(): Promise<void> {
    await this.say(`UID FETCH ${this.cache.asked + 1}:* (FLAGS MODSEQ)`)
    this.cache.asked = Math.max(this.cache.asked, ...this.cache.flags.keys())
  }

  /** All that was said since the last time; what the client may take for the highest is settled at its end. */
  hear(said: string): void {
    this.#corrected = null
    this.#heard = 0
    for (const line of said.split('\r\n')) this.#line(line)
    if (this.#corrected !== null) this.cache.highest = this.#corrected
    else if (this.#heard > this.cache.highest) this.cache.highest = this.#heard
  }

  #line(line: string): void {
    const vanished = /^\* VANISHED (?:\(EARLIER\) )?([0-9:,]+)$/.exec(line)?.[1]
    if (vanished !== undefined) {
      for (const range of vanished.split(',')) {
        const [first, last = first] = range.split(':').map(Number)
        for (let uid = first!; uid <= last!; uid++) this.cache.flags.delete(uid)
      }
    }
    assert.doesNotMatch(line, /^\* [0-9]+ EXPUNGE/, 'who has enabled QRESYNC hears VANISHED')
    if (/^\* [0-9]+ FETCH/.test(line)) {
      const uid = Number(/UID ([0-9]+)/.exec(line)?.[1])
      const modseq = Number(/MODSEQ \(([0-9]+)\)/.exec(line)?.[1])
      assert.ok(uid > 0, `every FETCH response has a UID: ${line}`)
      const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1]
      if (flags !== undefined) this.cache.flags.set(uid, sorted(flags))
      if (modseq > this.#heard) this.#heard = modseq
    }
    const told = /\[HIGHESTMODSEQ ([0-9]+)\]/.exec(line)?.[1]
    if (told !== undefined) this.#corrected = Number(told)
  }
}

function sorted(flags: string): string {
  return flags
    .split(' ')
    .map(flag => flag.replace('\\', ''))
    .filter(flag => flag !== '' && flag !== 'Recent')
    .sort()
    .join(' ')
}

/** What is there, as a client would keep it. */
function real(mailbox: MemoryMailbox): Map<number, string> {
  return new Map(mailbox.messages().map(({ uid, flags }) => [uid, sorted(flags.join(' '))]))
}

async function enabled(mailbox: MemoryMailbox): Promise<SessionDriver> {
  const { driver } = await selected({ mailbox })
  await driver.exchange('u UNSELECT\r\nx ENABLE QRESYNC\r\n')
  return driver
}

for (const seed of SEEDS) {
  test(`two sessions with QRESYNC and two without, and one of them comes and goes, seed ${seed}`, async () => {
    const roll = dice(seed)
    const mailbox = new MemoryMailbox()
    for (let i = 0; i < 12; i++) mailbox.deliver(message(`m${i}`))
    const clients = [new Resyncing(await enabled(mailbox)), new Resyncing(await enabled(mailbox))]
    for (const client of clients) {
      await client.say('SELECT INBOX')
      await client.askForNew()
    }
    const plain = [(await selected({ mailbox })).driver, (await selected({ mailbox })).driver]
    await plain[1]!.exchange('c ENABLE CONDSTORE\r\n')
    for (let step = 0; step < 200; step++) {
      await disturb(plain[roll(2)]!, roll, mailbox)
      const client = clients[roll(2)]!
      if (client.idling) {
        client.idling = false
        client.hear(await client.driver.exchange('DONE\r\n'))
      } else if (roll(12) === 0) {
        await comeBack(client, mailbox)
        compare(client, mailbox, step)
      } else await work(client, roll)
      for (const each of clients) {
        await each.driver.settle()
        const more = each.driver.takeText()
        if (more !== '') each.hear(more)
      }
    }
    for (const client of clients) {
      if (client.idling) client.hear(await client.driver.exchange('DONE\r\n'))
      await client.say('NOOP')
      await client.askForNew()
      compare(client, mailbox, -1)
    }
  })
}

/** The connection is lost; the client comes back with what it has kept, and asks for what is new above it. */
async function comeBack(client: Resyncing, mailbox: MemoryMailbox): Promise<void> {
  client.driver = await enabled(mailbox)
  const { highest, flags } = client.cache
  const known = [...flags.keys()].sort((a, b) => a - b)
  await client.say(`SELECT INBOX (QRESYNC (1 ${highest}${known.length > 0 ? ` ${known.join(',')}` : ''}))`)
  await client.askForNew()
}

function compare(client: Resyncing, mailbox: MemoryMailbox, step: number): void {
  assert.deepEqual(
    [...client.cache.flags].sort((a, b) => a[0] - b[0]),
    [...real(mailbox)],
    `at step ${step} the cache is not what is there`,
  )
}

async function work(client: Resyncing, roll: (below: number) => number): Promise<void> {
  const known = [...client.cache.flags.keys()]
  const uid = known[roll(Math.max(1, known.length))] ?? 1
  switch (roll(8)) {
    case 0:
      await client.say(`UID STORE ${uid} +FLAGS (\\Flagged)`)
      break
    case 1:
      await client.say(`UID STORE ${uid}:${uid + 2} +FLAGS.SILENT (\\Deleted)`)
      for (const each of known)
        if (each >= uid && each <= uid + 2) {
          // a silent STORE is taken for done, unless it was told otherwise
          const flags = client.cache.flags.get(each)
          if (flags !== undefined)
            client.cache.flags.set(each, sorted([...new Set([...flags.split(' '), 'Deleted'])].join(' ')))
        }
      break
    case 2:
      await client.say('EXPUNGE')
      break
    case 3:
      await client.say(`UID MOVE ${uid} Trash`)
      break
    case 4:
      await client.say('NOOP')
      break
    case 5:
      await client.say(`UID STORE ${uid} (UNCHANGEDSINCE ${client.cache.highest}) -FLAGS (\\Flagged)`)
      break
    case 6:
      await client.say('FETCH 1 (UID FLAGS MODSEQ)').catch(error => {
        if (!/BAD/.test(String(error))) throw error
      })
      break
    case 7:
      client.idling = true
      await client.say('IDLE')
      break
  }
}

async function disturb(
  driver: SessionDriver,
  roll: (below: number) => number,
  mailbox: MemoryMailbox,
): Promise<void> {
  const uids = mailbox.messages().map(({ uid }) => uid)
  const uid = uids[roll(Math.max(1, uids.length))] ?? 1
  const commands = [
    `UID STORE ${uid} +FLAGS (\\Seen)`,
    `UID STORE ${uid} -FLAGS (\\Seen)`,
    `UID STORE ${uid} +FLAGS.SILENT (\\Deleted)`,
    `UID EXPUNGE ${uid}:${uid + 1}`,
    'APPEND INBOX {8+}\r\na: b\r\n\r\n',
    'NOOP',
    'NOOP',
  ]
  await driver.exchange(`p ${commands[roll(commands.length)]}\r\n`)
}
