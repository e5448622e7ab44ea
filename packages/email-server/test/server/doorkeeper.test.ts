// Who comes in and who does not: bans, rates, counts and guessing, through the whole server in the virtual world.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS, type MailError, type Server, type ServerOptions } from '../../src/index.ts'
import { Doorkeeper } from '../../src/server/doorkeeper.ts'
import { MemoryMailbox, VirtualWorld } from '../../src/testing/index.ts'
import { Client, listening, SERVER } from './virtual.ts'

const TURNED_AWAY: readonly (readonly [port: number, line: RegExp])[] = [
  [25, /^421 4\.7\.0 [^\r]+\r\n$/],
  [587, /^421 4\.7\.0 [^\r]+\r\n$/],
  [143, /^\* BYE [^\r]+\r\n$/],
  [110, /^-ERR [^\r]+\r\n$/],
]
const GREETED = /^(?:220 |\* OK|\+OK)/

async function isIn(world: VirtualWorld, from: string, port = 25): Promise<boolean> {
  const client = await Client.connect(world, port, from)
  const greeted = GREETED.test(client.heard)
  client.hangUp()
  await world.settle()
  return greeted
}

describe('ban', () => {
  test('turns an address away in the words of each port, until its time is over or unban', async () => {
    const world = new VirtualWorld()
    const server = await listening(world)
    server.ban('198.51.100.7', 60_000)
    for (const [port, line] of TURNED_AWAY) {
      const client = await Client.connect(world, port)
      assert.match(client.heard, line)
      assert.equal(client.closed, true)
    }
    assert.equal(await isIn(world, '198.51.100.8'), true)
    await world.advance(59_999)
    assert.equal(await isIn(world, '198.51.100.7'), false)
    await world.advance(1)
    assert.equal(await isIn(world, '198.51.100.7'), true)
    server.ban('198.51.100.0/24', Number.POSITIVE_INFINITY)
    await world.advance(86_400_000)
    assert.equal(await isIn(world, '198.51.100.7'), false)
    assert.equal(server.unban('198.51.100.7'), false)
    assert.equal(server.unban('198.51.100.0/24'), true)
    assert.equal(await isIn(world, '198.51.100.7'), true)
  })

  test('says goodbye to those who are in', async () => {
    const world = new VirtualWorld()
    const server = await listening(world)
    const [foe, friend] = [await Client.connect(world, 25), await Client.connect(world, 143, '198.51.100.8')]
    server.ban('198.51.100.7')
    await world.settle()
    assert.match(foe.heard, /^421 4\.3\.2 /m)
    assert.equal(foe.closed, true)
    assert.equal(friend.closed, false)
    await world.advance(DEFAULT_LIMITS.banTime)
    assert.equal(await isIn(world, '198.51.100.7'), true)
  })

  test('ban evasion: another address of the same /64 is the same customer, one of the next is not', async () => {
    const world = new VirtualWorld()
    const server = await listening(world)
    server.ban('2001:db8:0:1::66')
    assert.equal(await isIn(world, '2001:db8:0:1:dead:beef::1'), false)
    assert.equal(await isIn(world, '2001:db8:0:2::66'), true)
    assert.equal(server.unban('2001:db8:0:1::1'), true)
    assert.equal(await isIn(world, '2001:db8:0:1:dead:beef::1'), true)
  })

  test('of what is no address is EUSAGE', async () => {
    const server = await listening(new VirtualWorld())
    for (const bad of ['localhost', '', '10.0.0.0/33', '192.0.2.300', null]) {
      assert.throws(() => server.ban(bad as string), { code: 'EUSAGE' })
      assert.throws(() => server.unban(bad as string), { code: 'EUSAGE' })
    }
    for (const time of [0, -1, Number.NaN, '1h']) {
      assert.throws(() => server.ban('192.0.2.1', time as number), { code: 'EUSAGE' })
    }
  })
})

describe('rateLimit', () => {
  const limited = (rateLimit: ServerOptions['rateLimit']): Partial<ServerOptions> => ({
    rateLimit: rateLimit ?? null,
  })

  test('more connections in a minute than permitted earn a ban of banDuration', async () => {
    const world = new VirtualWorld()
    const server = await listening(world, limited({ perMinute: 3, banDuration: 120_000 }))
    for (const port of [25, 143, 110]) assert.equal(await isIn(world, '198.51.100.7', port), true)
    assert.equal(await isIn(world, '198.51.100.7'), false)
    assert.equal(await isIn(world, '198.51.100.8'), true)
    await world.advance(119_999)
    assert.equal(await isIn(world, '198.51.100.7'), false)
    await world.advance(1)
    assert.equal(await isIn(world, '198.51.100.7'), true)
    for (let i = 0; i < 5; i++) await isIn(world, '198.51.100.7')
    assert.equal(server.unban('198.51.100.7'), true)
    assert.equal(await isIn(world, '198.51.100.7'), true)
  })

  test('perHour counts what perMinute lets pass; banDuration 0 turns away and bans nobody', async () => {
    const world = new VirtualWorld()
    await listening(world, limited({ perMinute: 2, perHour: 5, banDuration: 0 }))
    let came = 0
    for (let minute = 0; minute < 10; minute++) {
      if (await isIn(world, '198.51.100.7')) came++
      await world.advance(60_000)
    }
    assert.equal(came, 5)
    await world.advance(2 * 3_600_000)
    assert.equal(await isIn(world, '198.51.100.7'), true)
  })

  const submits = async (world: VirtualWorld, from: string, ...lines: string[]): Promise<string> => {
    const client = await Client.connect(world, 587, from)
    client.send(['EHLO c', 'AUTH PLAIN AHUAcA==', ''].join('\r\n'))
    await world.settle()
    client.heard = ''
    for (const line of lines) {
      client.send(`${line}\r\n`)
      await world.settle()
    }
    client.hangUp()
    await world.settle()
    return client.heard.replace(/^(\d{3} \d\.\d\.\d) [^\r]*\r\n/gm, '$1,')
  }
  const MESSAGE = ['MAIL FROM:<u@c.test>', 'RCPT TO:<a@x.test>', 'DATA', 'Subject: x\r\n\r\n.']

  test('a stolen password sends no more than messagesPerHour, from however many addresses; a refused attempt does not count', async () => {
    const world = new VirtualWorld()
    const server = await listening(world, limited({ messagesPerHour: 3 }))
    server.on('auth', info => info.accept())
    server.on('smtpSession', session => session.on('mail', mail => mail.accept()))
    const TAKEN = /^250 2\.1\.0,250 2\.1\.5,354 [^\n]*\r\n250 2\.0\.0,$/
    for (let i = 0; i < 3; i++) assert.match(await submits(world, `198.51.100.${i + 1}`, ...MESSAGE), TAKEN)
    for (let i = 0; i < 50; i++) {
      assert.equal(await submits(world, '203.0.113.7', MESSAGE[0]!, 'RSET'), '450 4.7.1,250 2.0.0,')
    }
    await world.advance(2 * 3_600_000)
    assert.match(await submits(world, '203.0.113.7', ...MESSAGE), TAKEN)
  })

  test('recipientsPerHour counts over messages and sessions; inbound mail is not counted', async () => {
    const world = new VirtualWorld()
    const server = await listening(world, limited({ recipientsPerHour: 3 }))
    server.addDomain('example.test')
    server.on('auth', info => info.accept())
    const two = ['MAIL FROM:<u@c.test>', 'RCPT TO:<a@x.test>', 'RCPT TO:<b@x.test>', 'RSET']
    assert.equal(await submits(world, '198.51.100.1', ...two), '250 2.1.0,250 2.1.5,250 2.1.5,250 2.0.0,')
    assert.equal(await submits(world, '198.51.100.2', ...two), '250 2.1.0,250 2.1.5,450 4.7.1,250 2.0.0,')
    const stranger = await Client.connect(world, 25)
    stranger.send('EHLO c\r\nMAIL FROM:<u@c.test>\r\n')
    for (let i = 0; i < 5; i++) stranger.send(`RCPT TO:<a${i}@example.test>\r\n`)
    await world.settle()
    assert.equal(stranger.heard.match(/^250 2\.1\.5/gm)?.length, 5)
  })

  test('rate limit evasion: the addresses of a /64 count together', async () => {
    const world = new VirtualWorld()
    await listening(world, limited({ perMinute: 2 }))
    const came: boolean[] = []
    for (let i = 1; i <= 4; i++) came.push(await isIn(world, `2001:db8:0:1::${i}`))
    assert.deepEqual(came, [true, true, false, false])
  })
})

describe("'connection'", () => {
  const REJECTIONS: readonly (readonly [port: number, line: string])[] = [
    [25, '554 5.7.1 Not you\r\n'],
    [143, '* BYE Not you\r\n'],
    [110, '-ERR Not you\r\n'],
  ]
  for (const [port, line] of REJECTIONS) {
    test(`port ${port}: reject(554, text) says so before the door is closed`, async () => {
      const world = new VirtualWorld()
      const server = await listening(world)
      server.on('connection', info => info.reject(554, 'Not you'))
      const client = await Client.connect(world, port)
      assert.equal(client.heard, line)
      assert.equal(client.closed, true)
    })
  }

  test('reject with what cannot be said still rejects, and tells the log', async () => {
    const world = new VirtualWorld()
    const server = await listening(world)
    const errors: MailError[] = []
    server.on('error', error => errors.push(error))
    server.on('connection', info => info.reject(200, 'a\r\n250 b'))
    const client = await Client.connect(world, 25)
    assert.equal(client.heard, '554 5.7.1 No service for you\r\n')
    assert.deepEqual(
      errors.map(error => error.code),
      ['EUSAGE', 'EUSAGE'],
    )
  })

  test('who does not take the last word is cut off, and close() does not wait for him', async () => {
    const world = new VirtualWorld()
    const server = await listening(world)
    server.on('connection', info => info.reject(421))
    const connection = await world.run(world.host('198.51.100.7').connect({ host: SERVER, port: 25 }))
    let closed = false
    connection.open({
      data() {},
      end() {},
      drain() {},
      secured() {},
      closed() {
        closed = true
      },
    })
    await world.advance(4999)
    assert.equal(closed, false)
    await world.advance(1)
    assert.equal(closed, true)
    await world.run(server.close(), 100)
  })
})

describe('guessing', () => {
  const GUESSES: readonly (readonly [port: number, guess: string])[] = [
    [587, 'EHLO c\r\nAUTH PLAIN AHUAcA==\r\n'],
    [143, 'a LOGIN u p\r\n'],
    [110, 'USER u\r\nPASS p\r\n'],
  ]
  const place = async (limits: ServerOptions['limits']): Promise<{ world: VirtualWorld; server: Server }> => {
    const world = new VirtualWorld()
    const server = await listening(world, { limits: { authFailureDelay: 1000, ...limits } })
    server.on('auth', info => (info.password === 'right' ? info.accept() : info.reject()))
    return { world, server }
  }

  for (const [port, guess] of GUESSES) {
    test(`user enumeration: port ${port} says the same to an unknown user and to a wrong password, after the same time`, async () => {
      const heard = new Set<string>()
      for (const known of [true, false]) {
        const world = new VirtualWorld()
        const server = await listening(world)
        server.on('auth', info => {
          // of a known user the password is compared here, of an unknown one there is none
          if (known) info.acceptSecret('another')
          else info.reject()
        })
        const client = await Client.connect(world, port)
        client.send(guess.slice(0, guess.indexOf('\r\n') + 2))
        await world.settle()
        client.heard = ''
        client.send(guess.slice(guess.indexOf('\r\n') + 2) || '')
        for (let ms = 0; ms <= 2000; ms += 250) {
          if (/^(?:535|a NO|-ERR)/m.test(client.heard)) {
            heard.add(`${ms} ms: ${client.heard}`)
            break
          }
          await world.advance(250)
        }
      }
      assert.equal(heard.size, 1, [...heard].join(' | '))
    })
  }

  test('AUTH brute force: failures of one address count over connections and protocols, and end in a ban of all it has', async () => {
    const { world } = await place({ authFailuresPerAddress: 3, banTime: 600_000 })
    const idle = await Client.connect(world, 143)
    for (const [port, guess] of GUESSES) {
      const client = await Client.connect(world, port)
      client.send(guess)
      await world.advance(2000)
    }
    assert.equal(idle.closed, true)
    assert.equal(await isIn(world, '198.51.100.7'), false)
    assert.equal(await isIn(world, '198.51.100.8'), true)
    await world.advance(600_000)
    assert.equal(await isIn(world, '198.51.100.7'), true)
  })

  test('AUTH brute force from many addresses: guesses at one account wait longer and longer; its owner does not wait', async () => {
    const { world } = await place({ authFailuresPerAccount: 5 })
    const waits: number[] = []
    for (let i = 0; i < 14; i++) {
      const client = await Client.connect(world, 587, `203.0.113.${i}`)
      const began = world.now
      client.send(GUESSES[0]![1])
      while (!/^535/m.test(client.heard)) await world.advance(500)
      waits.push(world.now - began)
    }
    assert.deepEqual(
      waits,
      [1000, 1000, 1000, 1000, 1000, 2000, 3000, 5000, 9000, 17_000, 31_000, 31_000, 31_000, 31_000],
    )
    const owner = await Client.connect(world, 587, '192.0.2.77')
    owner.send(`EHLO c\r\nAUTH PLAIN ${Buffer.from('\0u\0right').toString('base64')}\r\n`)
    await world.settle()
    assert.match(owner.heard, /^235 /m)
  })

  test('a success in between does not buy an attacker new guesses', async () => {
    const { world } = await place({ authFailuresPerAddress: 4 })
    for (let i = 0; i < 2; i++) {
      const client = await Client.connect(world, 143)
      client.send('a LOGIN u p\r\n')
      await world.advance(1500)
      client.send('b LOGIN u p\r\n')
      await world.advance(1500)
      client.send('c LOGIN own right\r\n')
      await world.settle()
    }
    assert.equal(await isIn(world, '198.51.100.7'), false)
  })
})

test('one user has so many mailbox sessions and no more; they are given back when they end', async () => {
  const world = new VirtualWorld()
  const server = await listening(world, { limits: { connectionsPerUser: 2 } })
  const box = new MemoryMailbox()
  let sessions = 0
  server.on('auth', info => info.accept())
  server.on('mailboxSession', session => {
    sessions++
    box.attach(session)
  })
  const login = async (port: number, text: string, from: string): Promise<Client> => {
    const client = await Client.connect(world, port, from)
    client.send(text)
    await world.settle()
    return client
  }
  const first = await login(143, 'a LOGIN u p\r\n', '192.0.2.1')
  await login(110, 'USER u\r\nPASS p\r\n', '192.0.2.2')
  const third = await login(143, 'a LOGIN u p\r\n', '192.0.2.3')
  assert.equal(third.closed, true)
  assert.match(third.heard, /^\* BYE /m)
  assert.equal((await login(143, 'a LOGIN v p\r\n', '192.0.2.3')).closed, false)
  assert.equal(sessions, 3)
  first.hangUp()
  await world.settle()
  assert.equal((await login(143, 'a LOGIN u p\r\n', '192.0.2.3')).closed, false)
})

test('address flood: what is remembered of 100,000 strangers is bounded, and nothing of those who left is counted', () => {
  const limits = { ...DEFAULT_LIMITS, addressesRemembered: 500, bans: 50, authFailuresPerAddress: 1 }
  const rateLimit = {
    perMinute: 1,
    perHour: 1000,
    banDuration: 60_000,
    messagesPerHour: 1,
    recipientsPerHour: 1,
  }
  let now = 1_000_000
  const keeper = new Doorkeeper({ limits, rateLimit, now: () => now })
  for (let i = 0; i < 100_000; i++) {
    const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
    if (keeper.enter(address) === null) keeper.leave(address)
    if (i % 3 === 0) keeper.enter(address)
    if (i % 5 === 0) keeper.guessed(address, `user${i}`)
    assert.equal(keeper.maySend(`user${i}`) && keeper.mayWriteTo(`user${i}`), true)
    now += 1
  }
  const { addresses, bans, remembered } = keeper.stats
  assert.equal(addresses, 0)
  assert.ok(bans <= 50, `${bans} bans`)
  assert.ok(remembered <= 6 * 500, `${remembered} remembered`)
})

test('address tells where the listeners are', async () => {
  const world = new VirtualWorld()
  const server = await listening(world, { ports: { inbound: 0, imap: 143 } })
  assert.equal(server.address.inbound?.address, SERVER)
  assert.equal(server.address.inbound?.port, server.ports.inbound)
  assert.deepEqual(server.address.imap, { address: SERVER, port: 143 })
  await world.run(server.close())
})
