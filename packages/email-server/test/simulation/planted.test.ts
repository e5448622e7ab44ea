// The simulation replays by its seed, and its books see bugs: each kind is planted, and found.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryQueue, type QueueChange } from '../../src/index.ts'
import { type RunOptions, simulate } from './simulation.ts'

for (const [tls, seeds] of [
  ['made up', [3, 17, 58]],
  ['real', [3, 17]],
] as const) {
  test(`a seed replays every octet at its time, with TLS that is ${tls}`, async () => {
    for (const seed of seeds) {
      const first = await simulate(seed, { trace: true, tls })
      assert.equal((await simulate(seed, { trace: true, tls })).digest, first.digest)
      assert.notEqual((await simulate(seed + 1, { trace: true, tls })).digest, first.digest)
    }
  })
}

describe('a planted bug is found', () => {
  test('lost acknowledgement: 250 for a message that was not stored', async () => {
    const found = await firstComplaint(() => ({
      plant: world => {
        for (const user of ['ann', 'ben']) world.inbox(`${user}@b.test`).add = () => {}
      },
    }))
    assert.match(found, /acknowledged and is in no mailbox/)
  })

  test('double delivery: the queue does not write down who has the message', async () => {
    const found = await firstComplaint(() => ({ queue: new ForgetfulQueue() }))
    assert.match(found, /must end once|stored twice/)
  })

  test('leaked timer: a session that leaves one behind', async () => {
    const found = await firstComplaint(() => ({
      plant: world => {
        world.server('c.test').on('smtpSession', () => void world.runtime('c.test').setTimer(1e12, () => {}))
      },
    }))
    assert.match(found, /\d+ timers left/)
  })

  test('leaked connection and listener: a session that opens one and forgets it', async () => {
    const found = await firstComplaint(() => ({
      plant: world => {
        void world.runtime().listen({ port: 7 }, () => {})
        const connect = () => world.runtime('c.test').connect({ host: '203.0.113.1', port: 7 })
        world.server('c.test').on('smtpSession', () => void connect().catch(() => {}))
      },
    }))
    assert.match(found, /\d+ connectionEnds left\n1 listeners left/)
  })

  test('leaked temporary file: a session that leaves one behind', async () => {
    const found = await firstComplaint(() => ({
      plant: world => {
        world.server('c.test').on('smtpSession', () => void world.runtime('c.test').openSpool())
      },
    }))
    assert.match(found, /\d+ spools left/)
  })

  test('memory without a bound: somebody who writes on and on, and never waits for his reader', async () => {
    const found = await firstComplaint(() => ({
      plant: world => {
        const flood = async (): Promise<void> => {
          const connection = await world.runtime('c.test').connect({ host: 'mail.b.test', port: 143 })
          for (let i = 0; i < 10; i++) connection.write(new Uint8Array(1024 * 1024))
          connection.destroy()
        }
        world.server('c.test').on('smtpSession', () => void flood().catch(() => {}))
      },
    }))
    assert.match(found, /octets lay unread in one connection/)
  })

  test('unsettled promise: a queue that never says that it has taken a message', async () => {
    const found = await firstComplaint(() => ({ queue: new SilentQueue() }))
    assert.match(found, /still pending/)
  })

  test('wrong expunge number: a session is told of the message beside the one that has gone', async () => {
    const found = await firstComplaint(() => ({
      plant: world => {
        for (const domain of world.domains) {
          world.server(domain).on('mailboxSession', session => {
            const tell = session.notifyVanished.bind(session)
            session.notifyVanished = uids => tell([uids].flat().map(uid => uid + 1))
          })
        }
      },
    }))
    assert.match(found, /EXPUNGE|believes in the UIDs|which was UID/)
  })
})

class ForgetfulQueue extends MemoryQueue {
  #forgets = 2

  override async update(
    id: string,
    lease: string,
    change: QueueChange | null,
    release: boolean,
  ): Promise<boolean> {
    // what is done with stays there, due when its lease ends
    if (change || this.#forgets-- <= 0) return super.update(id, lease, change, release)
    return true
  }
}

class SilentQueue extends MemoryQueue {
  override add(): Promise<never> {
    return new Promise(() => {})
  }
}

/** What the first seed that fails complains of; up to 30 are tried. */
async function firstComplaint(options: () => RunOptions): Promise<string> {
  for (let seed = 1; seed <= 30; seed++) {
    const { wrong } = await simulate(seed, options())
    if (wrong.length > 0) return wrong.join('\n')
  }
  return ''
}
