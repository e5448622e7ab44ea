// Our client against our server, in memory.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MailError } from '../../../src/base/errors.ts'
import {
  MaildropLocks,
  POP3Session,
  Pop3ClientSession,
  type Pop3ServerOptions,
} from '../../../src/pop3/index.ts'
import { MemoryMailbox, SessionPair, VIRTUAL_TLS } from '../../../src/testing/index.ts'
import { pop3Session } from '../set-up.ts'

const ONE = 'Subject: one\r\n\r\n.dot\r\n..\r\nlast line\r\n'
const TWO = 'Subject: two\r\n\r\nbody 1\r\nbody 2\r\nbody 3\r\n'

interface Bench {
  pair: SessionPair
  pop: Pop3ClientSession
  mailbox: MemoryMailbox
}

function bench(
  options: Pop3ServerOptions & { letters?: string[]; cut?: number; insecure?: boolean } = {},
): Bench {
  const { letters = [ONE, TWO], cut, insecure = false, ...rest } = options
  const mailbox = new MemoryMailbox()
  for (const letter of letters) mailbox.deliver(Buffer.from(letter, 'latin1'))
  const server = pop3Session(mailbox, rest)
  const pop = new POP3Session({
    isServer: false,
    tls: rest.tls === undefined ? VIRTUAL_TLS : rest.tls,
    canUpgrade: true,
    allowInsecureAuth: insecure,
  })
  const pieces = (bytes: Uint8Array): Uint8Array[] => {
    const out: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += cut!) out.push(bytes.subarray(at, at + cut!))
    return out
  }
  const pair = new SessionPair(server, pop, cut === undefined ? {} : { cut: pieces })
  pair.greet()
  return { pair, pop, mailbox }
}

async function signedIn(options: Parameters<typeof bench>[0] = {}): Promise<Bench> {
  const made = bench(options)
  await made.pair.run(made.pop.authenticate({ user: 'alice', pass: 'secret' }))
  return made
}

const said = (pair: SessionPair): string =>
  pair.log
    .filter(({ from }) => from === 'client')
    .map(({ bytes }) => Buffer.from(bytes).toString())
    .join('')

describe('a POP3 client', () => {
  test('is made by POP3Session with isServer: false, and only then', () => {
    const client = new POP3Session({ isServer: false })
    assert.ok(client instanceof Pop3ClientSession && client instanceof POP3Session)
    assert.ok(!(new POP3Session({}) instanceof Pop3ClientSession))
  })

  test('does what the specification shows, with callbacks', async () => {
    const { pair, pop } = bench()
    const order: string[] = []
    const done = new Promise<void>((resolve, reject) => {
      pop.on('ready', () => {
        pop.user('alice', err => {
          if (err) return reject(err)
          pop.pass('secret', error => {
            if (error) return reject(error)
            pop.list((_, entries) => {
              order.push(JSON.stringify(entries))
              pop.top(1, 1, (_error, head) => {
                order.push(Buffer.from(head!).toString())
                pop.retr(1, (_none, raw) => {
                  order.push(Buffer.from(raw!).toString())
                  pop.dele(1, () => pop.quit(() => resolve()))
                })
              })
            })
          })
        })
      })
    })
    await pair.run(done)
    assert.deepEqual(order, [
      JSON.stringify([
        { index: 1, size: ONE.length },
        { index: 2, size: TWO.length },
      ]),
      'Subject: one\r\n\r\n.dot\r\n',
      ONE,
    ])
    assert.equal(pop.state, 'closed')
  })

  for (const cut of [1, 2, 3, 7, 100_000]) {
    test(`reads everything, in pieces of ${cut} octets`, async () => {
      const { pair, pop } = await signedIn({ cut })
      assert.deepEqual(await pair.run(pop.stat()), { count: 2, size: ONE.length + TWO.length })
      assert.deepEqual(await pair.run(pop.list(2)), { index: 2, size: TWO.length })
      const names = await pair.run(pop.uidl())
      assert.equal(names.length, 2)
      assert.deepEqual(await pair.run(pop.uidl(2)), names[1])
      assert.equal(Buffer.from(await pair.run(pop.retr(1))).toString(), ONE)
      assert.equal(Buffer.from(await pair.run(pop.retr(2))).toString(), TWO)
      assert.equal(Buffer.from(await pair.run(pop.top(2, 1))).toString(), 'Subject: two\r\n\r\nbody 1\r\n')
      await pair.run(pop.noop())
      const capabilities = await pair.run(pop.capa())
      assert.equal(capabilities.get('IMPLEMENTATION'), 'email-server')
    })
  }

  test('says several commands at once where the server takes them, and one at a time where it does not', async () => {
    const { pair, pop } = await signedIn()
    const before = pair.log.length
    await pair.run(Promise.all([pop.retr(1), pop.retr(2), pop.stat(), pop.noop()]))
    const turns = pair.log.slice(before).filter(({ from }) => from === 'client')
    assert.equal(turns.length, 1)
    assert.equal(Buffer.from(turns[0]!.bytes).toString(), 'RETR 1\r\nRETR 2\r\nSTAT\r\nNOOP\r\n')
  })

  test('marks and removes; quit tells when nothing could be removed', async () => {
    const { pair, pop, mailbox } = await signedIn()
    await pair.run(pop.dele(1))
    await pair.run(pop.rset())
    await pair.run(pop.dele(2))
    await pair.run(pop.quit())
    assert.equal(mailbox.messages().length, 1)
    await assert.rejects(pop.stat(), { code: 'ECONNECTION' })
  })

  test('a loop fetches what it asks for, runs other commands and may be left', async () => {
    const { pair, pop } = await signedIn()
    const seen: string[] = []
    await pair.run(
      (async () => {
        for await (const message of pop.messages()) {
          assert.equal((await pop.stat()).count, 2 - seen.length)
          seen.push(`${message.index} ${message.size} ${Buffer.from(await message.bytes()).toString()}`)
          assert.match(Buffer.from(await message.header()).toString(), /^Subject: .*\r\n\r\n$/)
          assert.ok(message.uid)
          await message.delete()
        }
      })(),
    )
    assert.deepEqual(seen, [`1 ${ONE.length} ${ONE}`, `2 ${TWO.length} ${TWO}`])
    const other = await signedIn()
    await other.pair.run(
      (async () => {
        for await (const message of other.pop.messages()) {
          assert.equal(message.index, 1)
          break
        }
        await other.pop.noop()
      })(),
    )
  })

  test('a message is read as it comes: whoever does not read stops the server, whoever leaves goes on', async () => {
    const big = `Subject: big\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(3000)}`
    const { pair, pop } = await signedIn({ letters: [big, ONE], cut: 16_384 })
    const stream = await pair.run(pop.retrStream(1))
    await pair.settle()
    assert.equal(pair.client.paused, true)
    const next = pop.retr(2)
    let length = 0
    await pair.run(
      (async () => {
        for await (const piece of stream) length += piece.length
      })(),
    )
    assert.equal(length, big.length)
    assert.equal(Buffer.from(await pair.run(next)).toString(), ONE)
    const left = await pair.run(pop.retrStream(1))
    await pair.run(
      (async () => {
        for await (const piece of left) {
          assert.ok(piece.length > 0)
          break
        }
      })(),
    )
    assert.equal(Buffer.from(await pair.run(pop.retr(2))).toString(), ONE)
  })

  test('STLS: what waits is said behind the handshake, and what was known before it is forgotten', async () => {
    const { pair, pop } = bench({ tls: null, canUpgrade: true })
    await assert.rejects(pair.run(pop.user('alice')), { code: 'ENOAUTH' })
    const secured = pop.stls()
    const login = pop.authenticate({ user: 'alice', pass: 'secret' }).catch((error: MailError) => error.code)
    const waiting = pop.noop().catch((error: MailError) => error.code)
    assert.equal((await pair.run(secured)).protocol, VIRTUAL_TLS.protocol)
    // the password was asked for before there was TLS
    assert.equal(await login, 'ENOAUTH')
    assert.equal(await pair.run(waiting), 'EPROTOCOL')
    assert.equal(pop.capabilities.has('STLS'), false)
    await pair.run(pop.authenticate({ user: 'alice', pass: 'secret' }))
    assert.match(said(pair), /^CAPA\r\nSTLS\r\nCAPA\r\nNOOP\r\nAUTH PLAIN /)
    assert.equal((await pair.run(pop.stat())).count, 2)
  })

  test('APOP, where there is a timestamp', async () => {
    const { pair, pop } = bench({ tls: null, auth: { mechanisms: ['APOP'] } })
    await pair.run(pop.apop('alice', 'secret'))
    assert.equal((await pair.run(pop.stat())).count, 2)
    // and by itself, where a password may not be said
    const other = bench({ tls: null, auth: { mechanisms: ['APOP', 'PLAIN'] } })
    await other.pair.run(other.pop.authenticate({ user: 'alice', pass: 'secret' }))
    assert.match(said(other.pair), /APOP alice [0-9a-f]{32}\r\n$/)
    const none = bench()
    await assert.rejects(none.pair.run(none.pop.apop('alice', 'secret')), { code: 'ENOAUTH' })
  })

  test('refusals keep what the server said, and whether trying again can help', async () => {
    const locks = new MaildropLocks()
    locks.enter('alice', 0)
    const { pair, pop } = bench({ locks })
    await assert.rejects(pair.run(pop.authenticate({ user: 'alice', pass: 'secret' })), {
      code: 'EAUTH',
      command: 'AUTH',
      permanent: false,
      response: '-ERR [IN-USE] Another session has this maildrop',
    })
    const wrong = pop.authenticate({ user: 'alice', pass: 'wrong' }).catch((error: MailError) => error)
    await pair.advance(1000)
    const error = (await wrong) as MailError
    assert.deepEqual([error.code, error.permanent], ['EAUTH', true])
    const inside = await signedIn()
    await assert.rejects(inside.pair.run(inside.pop.retr(9)), { code: 'EMESSAGE', command: 'RETR' })
    await assert.rejects(inside.pair.run(inside.pop.list(9)), { code: 'EMESSAGE', command: 'LIST' })
    assert.equal(inside.pop.state, 'ready')
  })

  test('xoauth2 gives a token, and hears of a refusal', async () => {
    const { pair, pop } = bench()
    const refused = pop.xoauth2('alice', 'token').catch((error: MailError) => error.code)
    await pair.advance(1000)
    assert.equal(await refused, 'EAUTH')
    await pair.run(pop.xoauth2('alice', 'secret'))
    assert.equal((await pair.run(pop.stat())).count, 2)
  })

  test('misuse is told, and nothing of it is said', async () => {
    const { pair, pop } = await signedIn()
    const before = said(pair)
    for (const misuse of [
      () => pop.retr(0),
      () => pop.retr(1.5),
      () => pop.retr('1\r\nDELE 1' as never),
      () => pop.top(1, -1),
      () => pop.dele(Number.NaN),
      () => pop.list(null as unknown as number),
      () => pop.user('a\r\nDELE 1'),
      () => pop.pass('a\nb'),
      () => pop.user(''),
    ]) {
      await assert.rejects(misuse(), { code: 'EUSAGE' })
    }
    assert.equal(said(pair), before)
    assert.throws(() => new POP3Session({ isServer: false, host: 'a\r\nb' }), { code: 'ECONFIG' })
  })

  test('the log hears no secret', async () => {
    const { pair, pop } = bench({ insecure: true })
    const lines: string[] = []
    pop.on('trace', (from, line) => lines.push(`${from} ${line}`))
    await pair.run(pop.user('alice'))
    await pair.run(pop.pass('secret'))
    const auth = bench()
    auth.pop.on('trace', (from, line) => lines.push(`${from} ${line}`))
    await auth.pair.run(auth.pop.authenticate({ user: 'alice', pass: 'secret', method: 'LOGIN' }))
    assert.ok(lines.includes('client USER alice') && lines.includes('client PASS (secret)'))
    assert.ok(lines.includes('server + (challenge)') && lines.includes('client (secret)'))
    assert.doesNotMatch(lines.join('\n'), /secret(?!\))|c2VjcmV0/)
  })
})
