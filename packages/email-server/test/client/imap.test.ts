// connectIMAP in a virtual world, where connections break when they are told to.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ConnectImapOptions,
  connectIMAP,
  createServer,
  type ImapConnection,
  type MailboxChange,
} from '../../src/index.ts'
import { MemoryMailbox, VirtualWorld } from '../../src/testing/index.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

const HERE = '192.0.2.1'
const THERE = '192.0.2.143'
const auth = { user: 'alice', pass: 'secret' }
const letter = (subject: string): Buffer => Buffer.from(`Subject: ${subject}\r\n\r\ntext\r\n`)

interface Place {
  readonly world: VirtualWorld
  readonly mailbox: MemoryMailbox
  readonly logins: string[]
  readonly server: ReturnType<typeof createServer>
  /** What the network does with new connections. */
  net: { refuses: boolean }
  connect(options?: ConnectImapOptions): Promise<ImapConnection>
}

/** An IMAP server of ours at THERE, ports 143 and 993. */
async function place(options: { readonly tls?: boolean; readonly trusted?: boolean } = {}): Promise<Place> {
  const net = { refuses: false }
  const world = new VirtualWorld({
    link: () => (net.refuses ? 'refused' : { trusted: options.trusted ?? true }),
  })
  world.zones.add(`imap.example.test. A ${THERE}`)
  const mailbox = new MemoryMailbox()
  for (const subject of ['one', 'two', 'three']) mailbox.deliver(letter(subject))
  const logins: string[] = []
  const server = createServer({
    hostname: 'imap.example.test',
    ports: { imap: 143, ...(options.tls === false ? {} : { imaps: 993 }) },
    runtime: world.host(THERE),
    ...(options.tls === false
      ? { allowInsecureAuth: true }
      : { tlsOptions: { cert: TEST_CERT, key: TEST_KEY } }),
  })
  server.on('auth', info => {
    logins.push(`${info.authMethod} ${info.username} ${info.isTLS}`)
    if (info.password === 'secret') info.accept()
    else info.reject()
  })
  server.on('mailboxSession', session => mailbox.attach(session))
  await world.run(server.listen())
  return {
    world,
    mailbox,
    logins,
    server,
    net,
    connect: more =>
      world.run(connectIMAP({ host: 'imap.example.test', runtime: world.host(HERE), ...more })),
  }
}

/** Reads changes into a list. */
function collect(changes: AsyncIterable<MailboxChange>): { list: MailboxChange[]; done: Promise<unknown> } {
  const list: MailboxChange[] = []
  const done = (async () => {
    for await (const change of changes) list.push(change)
  })().catch((error: unknown) => error)
  return { list, done }
}

describe('connectIMAP', () => {
  for (const [way, options] of [
    ['STARTTLS', { port: 143 }],
    ['implicit TLS', {}],
    ['implicit TLS by its port', { port: 993 }],
  ] as const) {
    test(`connects by ${way}, logs in, reads, changes and says goodbye`, async () => {
      const at = await place()
      const imap = await at.connect({ ...options, auth })
      assert.equal(imap.tls?.servername, 'imap.example.test')
      assert.deepEqual(at.logins, ['plain alice true'])
      assert.equal((await at.world.run(imap.select('INBOX'))).total, 3)
      const all = await at.world.run(imap.fetch('1:*', { envelope: true, flags: true }).all())
      assert.deepEqual(
        all.map(each => each.envelope?.subject),
        ['one', 'two', 'three'],
      )
      await at.world.run(imap.store(2, 'Flagged', '+'))
      assert.deepEqual(at.mailbox.messages()[1]!.flags, ['Flagged'])
      let over = false
      imap.on('close', error => {
        over = error === null
      })
      await at.world.run(imap.logout())
      assert.ok(over)
      await assert.rejects(imap.noop(), { code: 'ECONNECTION' })
      await at.world.run(imap.logout())
    })
  }

  test('gives no password to a server without TLS, unless it is allowed', async () => {
    const at = await place({ tls: false })
    await assert.rejects(at.connect({ port: 143, auth }), { code: 'ETLS' })
    await assert.rejects(at.connect({ port: 143, auth, requireTls: false }), { code: 'ENOAUTH' })
    assert.deepEqual(at.logins, [])
    const imap = await at.connect({ port: 143, auth, requireTls: false, allowInsecureAuth: true })
    assert.deepEqual(at.logins, ['plain alice false'])
    await at.world.run(imap.logout())
  })

  test('a certificate that is not trusted, a wrong password, a port where nobody listens: once, and no more', async () => {
    const at = await place({ trusted: false })
    await assert.rejects(at.connect({ auth }), { code: 'ETLS' })
    await assert.rejects(at.connect({ port: 143, auth }), { code: 'ETLS' })
    const other = await place()
    await assert.rejects(other.connect({ auth: { user: 'alice', pass: 'wrong' } }), { code: 'EAUTH' })
    await assert.rejects(other.connect({ port: 144, secure: false }), { code: 'ECONNECTION' })
    assert.equal(other.logins.length, 1)
    for (const bad of [{ keepAlive: -1 }, { pollInterval: Number.NaN }, { reconnect: { attempts: -1 } }])
      await assert.rejects(other.connect({ auth, ...bad }), { code: 'ECONFIG' })
  })

  test('can be aborted before and while it connects', async () => {
    const at = await place()
    await assert.rejects(at.connect({ auth, signal: AbortSignal.abort() }), { code: 'EABORT' })
    const controller = new AbortController()
    const connecting = at.connect({ auth, signal: controller.signal })
    controller.abort()
    await assert.rejects(connecting, { code: 'EABORT' })
  })

  test('the log has what is said, and no secret', async () => {
    const at = await place()
    const lines: string[] = []
    const logger = {
      debug: (facts: object, message: string) => lines.push(`${JSON.stringify(facts)} ${message}`),
    }
    const imap = await at.connect({ auth, logger })
    await at.world.run(imap.login('alice', 'secret').catch(() => {}))
    await at.world.run(imap.append('INBOX', letter('confidential')))
    await at.world.run(imap.logout())
    assert.ok(lines.some(line => / client: a\d+ AUTHENTICATE PLAIN$/.test(line)))
    assert.ok(lines.some(line => / client: a\d+ LOGIN \(secret\)$/.test(line)))
    assert.ok(lines.some(line => line.includes('server: * BYE')))
    assert.doesNotMatch(lines.join('\n'), /secret(?!\))|AGFsaWNl|confidential/)
  })

  test('require names what the server lacks, and gives the connection when it lacks nothing', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    assert.equal(imap.require('SORT', 'condstore'), imap)
    assert.throws(() => imap.require('SORT', 'X-GM-EXT-1', 'X-TIME-TRAVEL'), {
      code: 'ECONFIG',
      message: /X-GM-EXT-1, X-TIME-TRAVEL/,
    })
    await at.world.run(imap.logout())
  })

  test('says something now and then, so that nobody takes the connection for dead', async () => {
    const at = await place()
    const said: string[] = []
    const imap = await at.connect({
      auth,
      keepAlive: 60_000,
      logger: { debug: (_, line) => said.push(line) },
    })
    said.length = 0
    await at.world.advance(200_000)
    assert.equal(said.filter(line => /client: a\d+ NOOP$/.test(line)).length, 3)
    await at.world.run(imap.logout())
    await at.world.advance(200_000)
    assert.equal(said.filter(line => /NOOP$/.test(line)).length, 3)
  })
})

describe('a mailbox lock', () => {
  test('keeps others from opening another mailbox until it is released', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    const order: string[] = []
    const task = async (name: string, folder: string): Promise<void> => {
      const lock = await imap.lock(folder)
      order.push(`${name} has ${lock.mailbox?.name}`)
      await imap.noop()
      await imap.noop()
      assert.equal(imap.mailbox?.name, folder)
      order.push(`${name} leaves`)
      lock.release()
      lock.release()
    }
    await at.world.run(Promise.all([task('a', 'INBOX'), task('b', 'Sent'), task('c', 'INBOX')]))
    assert.deepEqual(order, ['a has INBOX', 'a leaves', 'b has Sent', 'b leaves', 'c has INBOX', 'c leaves'])
    await at.world.run(imap.logout())
  })

  test('of a mailbox that is not there rejects, and the next one has its turn', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    const outcomes = Promise.allSettled([imap.lock('Nowhere'), imap.lock('Sent', { readOnly: true })])
    const [first, second] = await at.world.run(outcomes)
    assert.equal(first.status === 'rejected' && first.reason.code, 'ECOMMAND')
    assert.equal(first.status === 'rejected' && first.reason.serverCode, 'NONEXISTENT')
    assert.equal(second.status === 'fulfilled' && second.value.mailbox?.readOnly, true)
    await at.world.run(imap.logout())
  })

  test('is not waited for beyond a signal, nor beyond the end of the connection', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    await at.world.run(imap.lock('INBOX'))
    const controller = new AbortController()
    const [given, left] = [imap.lock('Sent', { signal: controller.signal }), imap.lock('Trash')]
    const outcomes = Promise.allSettled([given, left])
    controller.abort()
    await at.world.settle()
    await at.world.run(imap.logout())
    const codes = (await outcomes).map(each => (each.status === 'rejected' ? each.reason.code : 'none'))
    assert.deepEqual(codes, ['EABORT', 'ECONNECTION'])
    await assert.rejects(imap.lock('INBOX'), { code: 'ECONNECTION' })
  })
})

describe('a lost connection', () => {
  test('rejects what is under way, comes back with the mailbox open, and takes what is asked meanwhile', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    const events: string[] = []
    imap.on('disconnect', error => events.push(`disconnect ${error.code}`))
    imap.on('reconnect', () => events.push('reconnect'))
    const lock = await at.world.run(imap.lock('INBOX'))
    const pending = imap.noop()
    imap.session!.destroy(new Error('the cable is cut'))
    await assert.rejects(at.world.run(pending), { code: 'ECONNECTION' })
    const meanwhile = imap.search({ all: true })
    assert.deepEqual(await at.world.run(meanwhile), [1, 2, 3])
    assert.equal(lock.mailbox?.name, 'INBOX')
    assert.deepEqual(events, ['disconnect ECONNECTION', 'reconnect'])
    assert.equal(at.logins.length, 2)
    await at.world.run(imap.logout())
  })

  test('tries again later and later, and tells each who asks what has come of the next attempt', async () => {
    const at = await place()
    const imap = await at.connect({ auth, reconnect: { minDelay: 1000, maxDelay: 8000 } })
    at.net.refuses = true
    imap.session!.destroy()
    await at.world.settle()
    const start = at.world.now
    for (let i = 0; i < 6; i++) await assert.rejects(at.world.run(imap.noop()), { code: 'ECONNECTION' })
    const waited = at.world.now - start
    // 1, 2, 4, 8, 8 and 8 seconds, each from a half of it to all of it
    assert.ok(waited >= 15_500 && waited <= 31_000, `${waited} ms`)
    at.net.refuses = false
    await at.world.run(imap.noop())
    await at.world.run(imap.logout())
  })

  test('reconnect-flood: a server that lets us in and drops us is not asked every second', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    imap.on('reconnect', () => imap.session?.destroy())
    imap.session!.destroy()
    await at.world.advance(600_000)
    assert.ok(at.logins.length >= 8 && at.logins.length <= 30, `${at.logins.length} logins in ten minutes`)
    imap.destroy()
  })

  test('is the end after so many attempts, without `reconnect`, and when the password is no longer good', async () => {
    for (const [reconnect, code, refuses] of [
      [false, 'ECONNECTION', false],
      [{ attempts: 2 }, 'ECONNECTION', true],
      [true, 'EAUTH', false],
    ] as const) {
      const at = await place()
      const imap = await at.connect({ auth, reconnect })
      const over = new Promise(resolve => imap.on('close', resolve))
      at.net.refuses = refuses
      if (code === 'EAUTH') {
        at.server.removeAllListeners('auth')
        at.server.on('auth', info => info.reject())
      }
      imap.session!.destroy()
      const error = (await at.world.run(over)) as { code: string }
      assert.equal(error.code, code)
      await assert.rejects(imap.noop(), { code })
    }
  })

  test('does not open a mailbox again that is another one under the same name', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    await at.world.run(imap.create('Work'))
    await at.world.run(imap.append('Work', letter('old')))
    const lock = await at.world.run(imap.lock('Work'))
    const other = await at.connect({ auth })
    imap.session!.destroy()
    await at.world.run(other.delete('Work'))
    await at.world.run(other.create('Work'))
    await at.world.run(other.append('Work', letter('new')))
    await assert.rejects(at.world.run(imap.store(1, 'Deleted', '+')), { code: 'EUSAGE' })
    assert.equal(lock.mailbox, null)
    lock.release()
    await at.world.run(imap.lock('Work'))
    await at.world.run(Promise.all([imap.logout(), other.logout()]))
  })

  test('leaves nothing behind when it is destroyed while it is away', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    const watched = collect(imap.changes())
    at.net.refuses = true
    await at.world.settle()
    imap.session!.destroy()
    await at.world.settle()
    const pending = imap.noop()
    imap.destroy()
    await assert.rejects(pending, { code: 'ECONNECTION' })
    assert.equal(await watched.done, undefined)
    await at.world.run(at.server.close())
    await at.world.advance(3_600_000)
  })
})

describe('changes()', () => {
  test('tells of new messages, flags and removals as they happen, by IDLE', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    const { list, done } = collect(imap.changes())
    await at.world.advance(1000)
    at.mailbox.deliver(letter('four'))
    await at.world.advance(1000)
    const other = await at.connect({ auth })
    await at.world.run(other.select('INBOX'))
    await at.world.run(other.store(2, ['Seen', 'Deleted'], '+'))
    await at.world.run(other.expunge())
    await at.world.advance(1000)
    assert.deepEqual(
      list.filter(({ kind }) => kind !== 'flags'),
      [
        { kind: 'exists', total: 4, previous: 3 },
        { kind: 'vanished', uids: [[2, 2]] },
      ],
    )
    const flags = list.find(({ kind }) => kind === 'flags') as MailboxChange & { kind: 'flags' }
    assert.deepEqual([flags.seq, [...flags.flags].sort()], [2, ['Deleted', 'Seen']])
    // commands get in between
    assert.deepEqual(await at.world.run(imap.search({ all: true })), [1, 3, 4])
    await at.world.run(Promise.all([imap.logout(), other.logout()]))
    assert.equal(await done, undefined)
  })

  test('catches up after a lost connection, and after another task has had another mailbox', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    const { list } = collect(imap.changes())
    await at.world.advance(1000)
    const other = await at.connect({ auth })
    await at.world.run(other.select('INBOX'))

    at.net.refuses = true
    imap.session!.destroy()
    await at.world.settle()
    at.mailbox.deliver(letter('while away'))
    await at.world.run(other.store(1, 'Flagged', '+'))
    await at.world.run(other.store(3, 'Deleted', '+'))
    await at.world.run(other.expunge())
    assert.deepEqual(list, [])
    at.net.refuses = false
    await at.world.advance(120_000)
    const kinds = list.map(({ kind }) => kind)
    assert.deepEqual(kinds.slice(0, 2), ['vanished', 'exists'])
    assert.deepEqual(list[0], { kind: 'vanished', uids: [[3, 3]] })
    assert.ok(
      (list as MailboxChange[]).some(
        each => each.kind === 'flags' && each.uid === 1 && each.flags.includes('Flagged'),
      ),
    )

    list.length = 0
    const lock = await at.world.run(imap.lock('Sent'))
    at.mailbox.deliver(letter('out of sight'))
    await at.world.advance(60_000)
    assert.deepEqual(list, [])
    lock.release()
    await at.world.advance(1000)
    assert.ok((list as MailboxChange[]).some(each => each.kind === 'exists' && each.total === 4))
    at.mailbox.deliver(letter('in sight'))
    await at.world.advance(1000)
    assert.deepEqual(list.at(-1), { kind: 'exists', total: 5, previous: 4 })
    await at.world.run(Promise.all([imap.logout(), other.logout()]))
  })

  test('ends with its signal, with its loop, and with an error for a mailbox that is not there', async () => {
    const at = await place()
    const imap = await at.connect({ auth })
    const controller = new AbortController()
    const aborted = collect(imap.changes('INBOX', { signal: controller.signal }))
    const first = (async () => {
      for await (const change of imap.changes()) return change
      return null
    })()
    assert.throws(() => imap.changes('Sent'), { code: 'EUSAGE' })
    await at.world.advance(1000)
    at.mailbox.deliver(letter('four'))
    assert.deepEqual(await at.world.run(first), { kind: 'exists', total: 4, previous: 3 })
    controller.abort()
    assert.equal(((await at.world.run(aborted.done)) as { code: string }).code, 'EABORT')
    const nowhere = collect(imap.changes('Nowhere'))
    assert.equal(((await at.world.run(nowhere.done)) as { code: string }).code, 'ECOMMAND')
    await at.world.run(imap.logout())
    assert.throws(() => collect(imap.changes()) && imap.require('SORT'), { code: 'ECONFIG' })
  })
})
