import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Refusal } from '../../src/base/errors.ts'
import type { MailboxHandlers, MailboxSession } from '../../src/mailbox/index.ts'
import { type Pop3ServerOptions, Pop3ServerSession } from '../../src/pop3/index.ts'
import { MemoryMailbox, SessionDriver, VIRTUAL_TLS } from '../../src/testing/index.ts'
import { pop3Session } from './set-up.ts'

interface Bench {
  driver: SessionDriver
  session: Pop3ServerSession
  failures: unknown[]
}

/** A session over handlers of the test's own; everybody may come in. */
function bench(handlers: MailboxHandlers, options: Pop3ServerOptions = {}): Bench {
  const failures: unknown[] = []
  const session = new Pop3ServerSession({
    tls: VIRTUAL_TLS,
    onFailure: (_what, error) => failures.push(error),
    ...options,
  })
  session.on('auth', info => info.accept())
  session.on('mailboxSession', it => it.use(handlers))
  const driver = new SessionDriver(session)
  driver.greet()
  return { driver, session, failures }
}

/** Logs in and throws the replies away. */
async function signIn(driver: SessionDriver): Promise<void> {
  const reply = await driver.exchange('USER u\r\nPASS p\r\n')
  assert.match(reply, /\+OK Maildrop/)
}

/** Handlers for one message. */
function one(raw: string, more: MailboxHandlers = {}): MailboxHandlers {
  return {
    openFolder: () => ({ uidValidity: 9, total: 1 }),
    resolveMessages: () => [4],
    messageMeta: () => [{ id: 4, uid: 4, size: raw.length, internalDate: 0, flags: [] }],
    messageBody: () => Buffer.from(raw, 'latin1'),
    expunge: () => undefined,
    ...more,
  }
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text, 'latin1')
}

describe('a POP3 session', () => {
  test('gives the backend its session before the client hears that it is in', async () => {
    const mailbox = new MemoryMailbox()
    const session = pop3Session(mailbox, { remoteAddress: '192.0.2.7' })
    const order: string[] = []
    session.on('send', bytes => order.push(Buffer.from(bytes).toString()))
    session.on('mailboxSession', it => {
      order.push(`${it.protocol} ${it.username} ${it.remoteAddress} ${it.isTLS} ${it.currentFolder}`)
      assert.equal(session.mailbox, it)
    })
    const driver = new SessionDriver(session)
    driver.greet()
    await driver.settle()
    assert.deepEqual([session.mailbox, session.username], [null, null])
    await driver.exchange('USER alice\r\n')
    await driver.exchange('PASS secret\r\n')
    assert.deepEqual(
      order.slice(1).map(text => text.split(' ').slice(0, 2).join(' ')),
      ['+OK And', 'pop3 alice', '+OK Maildrop'],
    )
    assert.equal(session.username, 'alice')
    assert.equal(session.mailbox?.currentFolder, 'INBOX')
  })

  test('lets the handler name the user, and tells the backend when the session is over', async () => {
    let closed = 0
    const session = new Pop3ServerSession({ tls: VIRTUAL_TLS })
    session.on('auth', info => {
      assert.deepEqual(
        [info.protocol, info.authMethod, info.username, info.password, info.isTLS],
        ['pop3', 'plain', 'Alice', 'a b ', true],
      )
      assert.doesNotMatch(JSON.stringify(info), /a b/)
      info.accept('alice@example.test')
    })
    session.on('mailboxSession', it => {
      new MemoryMailbox().attach(it)
      it.on('close', () => closed++)
    })
    const driver = new SessionDriver(session)
    driver.greet()
    // RFC 1939 §7: spaces belong to the password
    await driver.exchange('USER Alice\r\nPASS a b \r\n')
    assert.equal(session.username, 'alice@example.test')
    driver.destroy()
    driver.destroy()
    assert.equal(closed, 1)
    assert.deepEqual(driver.closed, { error: null })
  })

  test('streams a message as it comes, and ends its last line', async () => {
    const { driver } = bench(
      one('', {
        messageBody: () => ({ length: 18, stream: pieces('A: 1\r', '\n\r\n', '.', 'x\r\n', '.end..') }),
      }),
    )
    await signIn(driver)
    assert.equal(await driver.exchange('RETR 1\r\n'), '+OK 18 octets\r\nA: 1\r\n\r\n..x\r\n..end..\r\n.\r\n')
  })

  test('TOP reads no more of a stream than it needs, and lets it go', async () => {
    let read = 0
    let returned = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('A: 1\r\n\r\n')
        for (;;) {
          read++
          yield Buffer.from('line\r\n')
        }
      } finally {
        returned = true
      }
    }
    const { driver } = bench(one('', { messageBody: () => ({ length: 1e9, stream: endless() }) }))
    await signIn(driver)
    assert.equal(
      await driver.exchange('TOP 1 2\r\n'),
      '+OK Top of message follows\r\nA: 1\r\n\r\nline\r\nline\r\n.\r\n',
    )
    assert.equal(read, 2)
    assert.equal(returned, true)
    assert.match(await driver.exchange('NOOP\r\n'), /^\+OK/)
  })

  test('half a message never looks like a whole one: the connection is closed without the end of the response', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('A: 1\r\n\r\nhalf\r\n')
      throw new Error('disk')
    }
    const streams: Record<string, () => AsyncIterable<Uint8Array>> = {
      'fails in the middle': broken,
      'ends too early': () => pieces('A: 1\r\n\r\nhalf\r\n'),
      'goes on too long': () => pieces('A: 1\r\n\r\nhalf\r\n', 'x'.repeat(100)),
      'gives text instead of bytes': () => ['A: 1\r\n'] as unknown as AsyncIterable<Uint8Array>,
    }
    for (const [what, stream] of Object.entries(streams)) {
      const iterable = { [Symbol.asyncIterator]: () => toAsync(stream()) }
      const { driver, failures } = bench(one('', { messageBody: () => ({ length: 50, stream: iterable }) }))
      await signIn(driver)
      const reply = await driver.exchange('RETR 1\r\n')
      assert.match(reply, /^\+OK 50 octets\r\n/, what)
      assert.ok(!reply.endsWith('\r\n.\r\n'), what)
      assert.equal(driver.closed?.error?.code, 'ESTREAM', what)
      assert.equal(failures.length, 1, what)
    }
  })

  test('a stream that stalls is given up when a handler would be', async () => {
    async function* stalling(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('A: 1\r\n')
      await new Promise(() => {})
    }
    const { driver } = bench(one('', { messageBody: () => ({ length: 50, stream: stalling() }) }))
    await signIn(driver)
    await driver.exchange('RETR 1\r\n')
    await driver.advance(59_999)
    assert.ok(driver.isOpen)
    await driver.advance(1)
    assert.equal(driver.closed?.error?.code, 'ESTREAM')
  })

  test('sends no faster than the peer reads', async () => {
    let given = 0
    async function* large(): AsyncGenerator<Uint8Array> {
      for (; given < 200; given++) yield Buffer.alloc(10_000, 'x')
    }
    const { driver, session } = bench(
      one('', { messageBody: () => ({ length: 2_000_000, stream: large() }) }),
    )
    await signIn(driver)
    session.on('send', () => session.pauseOutput())
    driver.feed('RETR 1\r\n')
    await driver.settle()
    assert.ok(given < 30, `${given} pieces read for a peer that takes nothing`)
    let octets = driver.take().length
    while (driver.closed === null && given < 200) {
      session.resumeOutput()
      await driver.settle()
      const sent = driver.take().length
      assert.ok(sent <= 3 * 65_536, `${sent} octets at once`)
      octets += sent
    }
    for (let i = 0; i < 20; i++) {
      session.resumeOutput()
      await driver.settle()
    }
    octets += driver.take().length
    assert.equal(octets, '+OK 2000000 octets\r\n'.length + 2_000_000 + '\r\n.\r\n'.length)
  })

  test('a refused or failed message is an error, and the session goes on', async () => {
    const cases: [MailboxHandlers['messageBody'], RegExp][] = [
      [() => Promise.reject(new Refusal('EXPUNGEISSUED', 'x')), /^-ERR This message is gone\r\n$/],
      [() => Promise.reject(new Refusal('UNAVAILABLE', 'x')), /^-ERR \[SYS\/TEMP\] /],
      [() => Promise.reject(new Refusal('CORRUPTION', 'x')), /^-ERR \[SYS\/PERM\] /],
      [() => Promise.reject(new Error('secret path')), /^-ERR \[SYS\/TEMP\] (?!.*secret)/],
      [() => 'text' as never, /^-ERR \[SYS\/TEMP\] /],
      [() => ({ length: -1, stream: pieces('') }), /^-ERR \[SYS\/TEMP\] /],
    ]
    for (const [messageBody, expected] of cases) {
      const { driver } = bench(one('x', { messageBody: messageBody! }))
      await signIn(driver)
      assert.match(await driver.exchange('RETR 1\r\n'), expected)
      assert.match(await driver.exchange('NOOP\r\n'), /^\+OK/)
    }
  })

  test('removes at QUIT what was marked, by the ids of the store, and answers when that is done', async () => {
    let release: (() => void) | null = null
    const expunged: unknown[] = []
    const { driver } = bench({
      openFolder: () => ({ uidValidity: 1, total: 3 }),
      resolveMessages: () => [
        { id: 'first', uid: 10 },
        { id: 'second', uid: 20 },
        { id: 'third', uid: 30 },
      ],
      messageMeta: ids =>
        ids.map((id, i) => ({ id, uid: (i + 1) * 10, size: 5, internalDate: 0, flags: [] })),
      expunge: ids =>
        new Promise<undefined>(resolve => {
          expunged.push(ids)
          release = () => resolve(undefined)
        }),
    })
    await signIn(driver)
    await driver.exchange('DELE 3\r\nDELE 1\r\n')
    assert.equal(await driver.exchange('QUIT\r\n'), '')
    assert.deepEqual(expunged, [['first', 'third']])
    assert.ok(driver.isOpen)
    release!()
    await driver.settle()
    assert.equal(driver.takeText(), '+OK Goodbye\r\n')
    assert.deepEqual(driver.closed, { error: null })
  })

  test('a removal that fails is said so, and nothing is claimed', async () => {
    for (const expunge of [
      () => Promise.reject(new Error('disk')),
      () => Promise.reject(new Refusal('NOPERM', 'no')),
      () => new Promise<undefined>(() => {}),
    ]) {
      const { driver } = bench(one('x', { expunge }))
      await signIn(driver)
      driver.feed('DELE 1\r\nQUIT\r\n')
      await driver.advance(60_000)
      assert.match(driver.takeText(), /^\+OK Message 1 deleted\r\n-ERR \[SYS\/TEMP\] [^\r\n]*\r\n$/)
      assert.deepEqual(driver.closed, { error: null })
    }
  })

  test('QUIT without marks asks the store for nothing', async () => {
    const { driver } = bench(one('x', { expunge: () => assert.fail('asked') }))
    await signIn(driver)
    assert.equal(
      await driver.exchange('DELE 1\r\nRSET\r\nQUIT\r\n'),
      '+OK Message 1 deleted\r\n+OK Maildrop has 1 messages (1 octets)\r\n+OK Goodbye\r\n',
    )
  })

  test('nothing can be marked where nothing can be removed', async () => {
    const { expunge: _, ...readers } = one('x')
    for (const handlers of [
      readers,
      one('x', { openFolder: () => ({ uidValidity: 1, total: 1, readOnly: true }) }),
    ]) {
      const { driver } = bench(handlers)
      await signIn(driver)
      assert.match(await driver.exchange('DELE 1\r\n'), /^-ERR \[SYS\/PERM\]/)
    }
  })

  test('a maildrop that cannot be opened lets nobody in, says why, and lets the client try again', async () => {
    const cases: [MailboxHandlers, RegExp][] = [
      [
        one('', { openFolder: () => Promise.reject(new Refusal('INUSE', 'Another session has it')) }),
        /^-ERR \[IN-USE\] Another session has it\r\n$/,
      ],
      [
        one('', { openFolder: () => Promise.reject(new Refusal('NOPERM', 'Account locked')) }),
        /^-ERR \[AUTH\] Account locked\r\n$/,
      ],
      [
        one('', { openFolder: () => Promise.reject(new Refusal('LIMIT', 'Wait')) }),
        /^-ERR \[SYS\/TEMP\] Wait\r\n$/,
      ],
      [one('', { openFolder: () => Promise.reject(new Error('db')) }), /^-ERR \[SYS\/TEMP\] (?!.*db)/],
      [one('', { openFolder: () => undefined as never }), /^-ERR \[SYS\/TEMP\]/],
      [one('', { resolveMessages: () => [2, 1] }), /^-ERR \[SYS\/TEMP\]/],
      [one('', { messageMeta: () => [{ uid: 4, size: -5 } as never] }), /^-ERR \[SYS\/TEMP\]/],
      [{}, /^-ERR \[SYS\/TEMP\]/],
    ]
    for (const [handlers, expected] of cases) {
      const { driver, session } = bench(handlers)
      let closed = 0
      session.on('mailboxSession', it => it.on('close', () => closed++))
      await driver.exchange('USER u\r\n')
      assert.match(await driver.exchange('PASS p\r\n'), expected)
      assert.equal(session.mailbox, null)
      assert.equal(closed, 1)
      assert.match(await driver.exchange('STAT\r\n'), /^-ERR Not in this state/)
      assert.match(await driver.exchange('USER u\r\n'), /^\+OK/)
    }
  })

  test('what vanishes while the maildrop is opened was never in it; what vanishes later keeps its number', async () => {
    const mailbox = new MemoryMailbox()
    for (const text of ['a', 'bb', 'ccc']) mailbox.deliver(Buffer.from(text))
    const session = pop3Session(mailbox)
    const driver = new SessionDriver(session)
    driver.greet()
    await driver.exchange('USER alice\r\nPASS secret\r\n')
    await session.mailbox!.ask('expunge', [[2]], {})
    assert.match(await driver.exchange('RETR 2\r\n'), /^-ERR This message is gone/)
    assert.equal(await driver.exchange('STAT\r\n'), '+OK 3 6\r\n')
    assert.match(await driver.exchange('RETR 3\r\n'), /^\+OK 3 octets\r\nccc\r\n/)
    const { driver: late } = bench(
      one('', {
        resolveMessages: () => [1, 2, 3],
        messageMeta: () => [1, 3].map(uid => ({ id: uid, uid, size: uid, internalDate: 0, flags: [] })),
      }),
    )
    await signIn(late)
    assert.match(await late.exchange('LIST\r\n'), /\r\n1 1\r\n2 3\r\n\.\r\n$/)
  })

  test('lists ten thousand messages, asked for in batches, to a peer that reads slowly', async () => {
    const batches: number[] = []
    const { driver, session } = bench({
      openFolder: () => ({ uidValidity: 4294967295, total: 10_000 }),
      resolveMessages: () => Array.from({ length: 10_000 }, (_, i) => 4_294_957_295 + i),
      messageMeta: ids => {
        batches.push(ids.length)
        return ids.map(id => ({ id, uid: Number(id), size: 100, internalDate: 0, flags: [] }))
      },
    })
    await signIn(driver)
    assert.equal(Math.max(...batches), 1000)
    session.on('send', () => {
      session.pauseOutput()
      queueMicrotask(() => session.resumeOutput())
    })
    const lines = (await driver.exchange('UIDL\r\n')).split('\r\n')
    assert.equal(lines.length, 10_003)
    assert.equal(lines[10_000], '10000 4294967295.4294967294')
    assert.deepEqual(lines.slice(-2), ['.', ''])
  })

  test('without a listener nobody comes in; one that fails or is silent is no verdict and no lasting one', async () => {
    const failing: [((session: Pop3ServerSession) => void) | null, RegExp][] = [
      [null, /^-ERR \[AUTH\]/],
      [session => session.on('auth', () => Promise.reject(new Error('db'))), /^-ERR \[SYS\/TEMP\]/],
      [
        session =>
          session.on('auth', () => {
            throw new Error('db')
          }),
        /^-ERR \[SYS\/TEMP\]/,
      ],
      [
        session => session.on('auth', info => info.reject('Account locked')),
        /^-ERR \[AUTH\] Account locked\r\n$/,
      ],
    ]
    for (const [listen, expected] of failing) {
      const session = new Pop3ServerSession({ tls: VIRTUAL_TLS })
      listen?.(session)
      const driver = new SessionDriver(session)
      driver.greet()
      await driver.exchange('USER u\r\nPASS p\r\n')
      await driver.advance(1000)
      assert.match(driver.takeText(), expected)
      assert.ok(driver.isOpen)
    }
  })

  test('says goodbye when the server leaves: at once when idle, else behind the command at hand', async () => {
    const { driver, session } = bench(one('x'))
    await signIn(driver)
    session.shutdown()
    assert.match(driver.takeText(), /^-ERR \[SYS\/TEMP\] The server is shutting down\r\n$/)
    assert.deepEqual(driver.closed, { error: null })

    let release: ((body: Uint8Array) => void) | null = null
    const busy = bench(
      one('', { messageBody: () => new Promise<Uint8Array>(resolve => (release = resolve)) }),
    )
    await signIn(busy.driver)
    await busy.driver.exchange('RETR 1\r\nNOOP\r\n')
    busy.session.shutdown()
    assert.equal(busy.driver.closed, null)
    release!(Buffer.from('body\r\n'))
    await busy.driver.settle()
    assert.match(busy.driver.takeText(), /^\+OK 6 octets\r\nbody\r\n\.\r\n-ERR \[SYS\/TEMP\] [^\r\n]*\r\n$/)
    assert.deepEqual(busy.driver.closed, { error: null })
  })

  test('a backend ends a session behind the command at hand', async () => {
    const given: MailboxSession[] = []
    const { driver, session } = bench(one('x'))
    session.on('mailboxSession', mailbox => given.push(mailbox))
    await signIn(driver)
    given[0]!.end('The account is gone')
    assert.match(driver.takeText(), /^-ERR \[SYS\/TEMP\] The account is gone\r\n$/)
    assert.deepEqual(driver.closed, { error: null })
  })

  test('sessions share nothing but the store: each has its own numbers and marks', async () => {
    const mailbox = new MemoryMailbox()
    mailbox.deliver(Buffer.from('a'))
    const drivers = [0, 1].map(() => new SessionDriver(pop3Session(mailbox)))
    for (const driver of drivers) {
      driver.greet()
      await driver.exchange('USER alice\r\nPASS secret\r\n')
    }
    await drivers[0]!.exchange('DELE 1\r\n')
    mailbox.deliver(Buffer.from('b'))
    assert.equal(await drivers[1]!.exchange('STAT\r\n'), '+OK 1 1\r\n')
    await drivers[0]!.exchange('QUIT\r\n')
    assert.match(await drivers[1]!.exchange('RETR 1\r\n'), /^-ERR This message is gone/)
    // what is gone already is removed again without harm
    assert.equal(await drivers[1]!.exchange('DELE 1\r\nQUIT\r\n'), '+OK Message 1 deleted\r\n+OK Goodbye\r\n')
    assert.deepEqual(
      mailbox.messages().map(message => message.uid),
      [2],
    )
  })

  test('an option that is none is refused at once', () => {
    assert.throws(() => new Pop3ServerSession({ limits: { badCommands: 0 } }), { code: 'ECONFIG' })
  })
})

function toAsync(iterable: AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
  if (Symbol.asyncIterator in iterable) return iterable[Symbol.asyncIterator]()
  const values = [...(iterable as unknown as Iterable<Uint8Array>)]
  return {
    next: async () => ({ done: values.length === 0, value: values.shift()! }) as IteratorResult<Uint8Array>,
  }
}
