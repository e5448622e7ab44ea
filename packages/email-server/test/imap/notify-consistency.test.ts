// Sessions that are told at any time (NOTIFY, RFC 5465) and searches that are kept up to date (RFC 5267), on a mailbox that others
// change at random: a client that believes what it hears knows at every moment which messages there are, how they are flagged,
// which of them its search finds, and how many there are in a folder that it has not open.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryMailbox, type SessionDriver } from '../../src/testing/index.ts'
import { dice, loggedIn, message, selected } from './setup.ts'

const SEEDS = Array.from({ length: 12 }, (_, i) => 7919 * (i + 1))

/** A client that has said NOTIFY, and keeps a search of flagged messages by UID and one by number. */
class Watcher {
  readonly driver: SessionDriver
  /** By number - 1. */
  readonly messages: { uid: number; flagged: boolean }[] = []
  byUid = new Set<number>()
  /** The messages that the search by number finds. */
  byNumber = new Set<Watcher['messages'][number]>()
  sent = 0
  readonly delayed: boolean
  #tag = 0

  constructor(driver: SessionDriver, delayed: boolean) {
    this.driver = driver
    this.delayed = delayed
  }

  async begin(): Promise<void> {
    await this.say('SELECT INBOX')
    await this.say('UID FETCH 1:* FLAGS')
    const filter = this.delayed ? 'selected-delayed' : 'selected'
    await this.say(
      `NOTIFY SET STATUS (${filter} (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (mailboxes Sent (MessageNew MessageExpunge))`,
    )
    await this.say('UID SEARCH RETURN (UPDATE ALL) FLAGGED', 'U')
    await this.say('SEARCH RETURN (UPDATE ALL) FLAGGED', 'N')
  }

  async say(command: string, tag = `t${++this.#tag}`): Promise<void> {
    this.driver.feed(`${tag} ${command}\r\n`)
    await this.driver.advance(2)
    const said = this.driver.takeText()
    assert.match(said, new RegExp(`^${tag} OK`, 'm'), `${command}: ${said}`)
    this.hear(said, /^(NOOP|SELECT|NOTIFY|UID)/.test(command))
  }

  hear(said: string, mayExpunge: boolean): void {
    for (const line of said.split('\r\n')) this.#line(line, mayExpunge || !this.delayed)
  }

  #line(line: string, mayExpunge: boolean): void {
    const [, number, what] = /^\* ([0-9]+) (EXISTS|EXPUNGE|FETCH)/.exec(line) ?? []
    const n = Number(number)
    if (what === 'EXISTS') {
      assert.ok(n >= this.messages.length, line)
      while (this.messages.length < n) this.messages.push({ uid: 0, flagged: false })
    } else if (what === 'EXPUNGE') {
      assert.ok(mayExpunge, 'a removal is told where it is allowed')
      const [gone] = this.messages.splice(n - 1, 1)
      assert.ok(gone, line)
      assert.ok(!this.byUid.has(gone.uid) && !this.byNumber.has(gone), 'REMOVEFROM comes before EXPUNGE')
    } else if (what === 'FETCH') {
      const known = this.messages[n - 1]!
      const uid = Number(/UID ([0-9]+)/.exec(line)?.[1] ?? known.uid)
      assert.ok(known.uid === 0 || known.uid === uid, line)
      known.uid = uid
      if (line.includes('FLAGS')) known.flagged = line.includes('\\Flagged')
    }
    const sent = /^\* STATUS Sent \(.*MESSAGES ([0-9]+)/.exec(line)?.[1]
    if (sent !== undefined) this.sent = Number(sent)
    const [, tag, changes = ''] = /^\* ESEARCH \(TAG "([UN])"\)(.*)$/.exec(line) ?? []
    for (const [, kind, set] of changes.matchAll(/(ALL|ADDTO \(0|REMOVEFROM \(0) ([0-9:,]+)/g)) {
      for (const one of numbersOf(set!)) {
        const add = kind !== 'REMOVEFROM (0'
        const place = tag === 'U' ? one : this.messages[one - 1]!
        assert.ok(place, `the search by number names a message that is there: ${line}`)
        const found = (tag === 'U' ? this.byUid : this.byNumber) as Set<unknown>
        assert.equal(found.has(place), !add, `nothing is added or removed twice: ${line}`)
        if (add) found.add(place)
        else found.delete(place)
      }
    }
  }
}

function numbersOf(set: string): number[] {
  return set.split(',').flatMap(range => {
    const [first, last = first] = range.split(':').map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
  })
}

/** Something that others do, or the watcher itself. */
async function disturb(
  roll: (below: number) => number,
  mailbox: MemoryMailbox,
  driver: SessionDriver,
): Promise<void> {
  const uids = mailbox.messages().map(({ uid }) => uid)
  const uid = uids[roll(Math.max(1, uids.length))] ?? 1
  const flags = roll(3) === 0 ? ['Flagged'] : []
  switch (roll(7)) {
    case 0:
    case 1:
      mailbox.deliver(message('m'), { flags })
      break
    case 2:
      mailbox.deliver(message('m'), { folder: 'Sent' })
      break
    case 3:
      await driver.exchange(`d UID STORE ${uid}:${uid + 2} +FLAGS (\\Flagged)\r\n`)
      break
    case 4:
      await driver.exchange(`d UID STORE ${uid}:${uid + 2} -FLAGS (\\Flagged)\r\n`)
      break
    case 5:
      await driver.exchange(`d UID STORE ${uid} +FLAGS (\\Deleted)\r\n`)
      break
    case 6:
      await driver.exchange('d EXPUNGE\r\n')
      break
  }
}

for (const seed of SEEDS) {
  for (const delayed of [false, true]) {
    test(`a watcher knows everything at any time, ${delayed ? 'SELECTED-DELAYED' : 'SELECTED'}, seed ${seed}`, async () => {
      const roll = dice(seed)
      const mailbox = new MemoryMailbox()
      for (let i = 0; i < 8; i++) mailbox.deliver(message('m'), { flags: i % 3 === 0 ? ['Flagged'] : [] })
      const watcher = new Watcher((await loggedIn({ mailbox })).driver, delayed)
      await watcher.begin()
      const other = (await selected({ mailbox })).driver
      for (let step = 0; step < 150; step++) {
        await disturb(roll, mailbox, other)
        if (roll(4) === 0) {
          const known = watcher.messages.filter(({ uid }) => uid > 0)
          const uid = known[roll(Math.max(1, known.length))]?.uid ?? 1
          const own = [
            'NOOP',
            `UID STORE ${uid} FLAGS (\\Flagged)`,
            `UID STORE ${uid} -FLAGS.SILENT (\\Flagged)`,
          ]
          await watcher.say(own[roll(own.length)]!)
          // a silent change is known to who has made it
          for (const each of watcher.messages) each.flagged = watcher.byUid.has(each.uid)
        }
        // a search that looks at many messages lets others have a turn
        await watcher.driver.advance(2)
        watcher.hear(watcher.driver.takeText(), false)
        if (delayed && roll(2) === 0) await watcher.say('NOOP')
        if (delayed) continue
        const real = mailbox.messages()
        assert.deepEqual(
          watcher.messages,
          real.map(({ uid, flags }) => ({ uid, flagged: flags.includes('Flagged') })),
        )
        const flagged = real.filter(({ flags }) => flags.includes('Flagged')).map(({ uid }) => uid)
        assert.deepEqual(
          [...watcher.byUid].sort((a, b) => a - b),
          flagged,
        )
        assert.deepEqual(
          [...watcher.byNumber].map(({ uid }) => uid).sort((a, b) => a - b),
          flagged,
        )
        assert.equal(watcher.sent, mailbox.messages('Sent').length)
      }
      await watcher.say('NOOP')
      assert.deepEqual(
        watcher.messages.map(({ uid }) => uid),
        mailbox.messages().map(({ uid }) => uid),
      )
      assert.deepEqual(
        [...watcher.byUid].sort((a, b) => a - b),
        mailbox
          .messages()
          .filter(({ flags }) => flags.includes('Flagged'))
          .map(({ uid }) => uid),
      )
    })
  }
}
