import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { drive } from '../../src/base/drive.ts'
import { resolveLimits } from '../../src/base/limits.ts'
import type { Connection, TlsInfo, TlsOptions } from '../../src/base/runtime.ts'
import { type LinkOptions, VirtualWorld } from '../../src/testing/index.ts'
import { ToySession } from '../testing/toy-session.ts'

interface Bench {
  world: VirtualWorld
  client: Connection
  session: () => ToySession
  heard: string[]
  /** How the server's side ended. */
  ends: (string | null)[]
  say: (text: string) => Promise<string>
}

/** A client that talks to a driven toy session across a virtual network. */
async function bench(
  options: {
    tls?: TlsOptions | null
    implicitTls?: boolean
    link?: LinkOptions
    makes?: () => ToySession | null
  } = {},
): Promise<Bench> {
  const world = new VirtualWorld({ link: () => options.link ?? {} })
  const server = world.host('192.0.2.2')
  const ends: (string | null)[] = []
  let session: ToySession | null = null
  await server.listen({ port: 25 }, connection => {
    drive({
      connection,
      runtime: server,
      limits: resolveLimits(),
      side: 'server',
      tls: options.tls ?? null,
      implicitTls: options.implicitTls ?? false,
      start: () => {
        session = options.makes ? options.makes() : new ToySession()
        return session
      },
      onClosed: error => ends.push(error === null ? null : error.message),
    })
  })
  const client = await world.host('192.0.2.1').connect({ host: '192.0.2.2', port: 25 })
  const heard: string[] = []
  client.open({
    data: bytes => heard.push(Buffer.from(bytes).toString()),
    end: () => heard.push('<end>'),
    drain: () => {},
    secured: (tls: TlsInfo) => heard.push(`<${tls.protocol}>`),
    closed: error => heard.push(error === null ? '<closed>' : '<broken>'),
  })
  await world.settle()
  return {
    world,
    client,
    session: () => session!,
    heard,
    ends,
    say: async text => {
      client.write(Buffer.from(text))
      await world.settle()
      return heard.splice(0).join('')
    },
  }
}

describe('the driver', () => {
  test('greets, carries bytes both ways and closes in order', async () => {
    const { say, client, world, heard, ends } = await bench()
    assert.equal(await say('ECHO a\r\n'), 'hello\r\na\r\n')
    assert.equal(await say('QUIT\r\n'), 'bye\r\n<end>')
    client.end()
    await world.settle()
    assert.deepEqual(heard, ['<closed>'])
    assert.deepEqual(ends, [null])
  })

  test('meets deadlines, also those that the session sets by itself when a handler has answered', async () => {
    const { say, world, heard } = await bench()
    await say('')
    await say('SLOW\r\n')
    await world.advance(2999)
    assert.deepEqual(heard, [])
    await world.advance(1)
    assert.deepEqual(heard, ['at last\r\n'])
    await say('')
    await say('LATER\r\n')
    await world.advance(2000)
    assert.deepEqual(heard, ['much later\r\n'])
  })

  test('makes the TLS handshake where the session asks for it, and before the first word where it is implicit', async () => {
    const starttls = await bench({ tls: {} })
    assert.equal(await starttls.say('STARTTLS\r\n'), 'hello\r\ngo ahead\r\n')
    starttls.client.secure('client', {})
    await starttls.world.settle()
    assert.equal(await starttls.say('ECHO a\r\n'), '<TLSv1.3>secured by TLSv1.3\r\na\r\n')

    const implicit = await bench({ tls: {}, implicitTls: true })
    assert.deepEqual(implicit.heard, [])
    implicit.client.secure('client', {})
    await implicit.world.settle()
    assert.equal(await implicit.say('ECHO b\r\n'), '<TLSv1.3>hello\r\nb\r\n')
  })

  test('cuts a handshake that does not come, and one that nobody can make', async () => {
    const silent = await bench({ tls: {}, implicitTls: true })
    await silent.world.advance(29_999)
    assert.deepEqual(silent.ends, [])
    await silent.world.advance(1)
    assert.equal(silent.ends.length, 1)
    const without = await bench()
    await without.say('STARTTLS\r\n')
    assert.equal(without.ends.length, 1)
  })

  test('stops a session whose peer does not read, and cuts the peer when that goes on', async () => {
    const { client, world, session, ends } = await bench({ link: { window: 1000 } })
    client.pause()
    client.write(Buffer.from(`${'ECHO '.padEnd(90, 'x')}\r\n`.repeat(20)))
    await world.settle()
    assert.equal(session().outputPaused, true)
    client.resume()
    await world.settle()
    assert.equal(session().outputPaused, false)
    client.pause()
    client.write(Buffer.from(`${'ECHO '.padEnd(90, 'x')}\r\nECHO\r\n`.repeat(20)))
    await world.settle()
    assert.equal(session().outputPaused, true)
    await world.advance(30_000)
    assert.deepEqual(ends, [])
    await world.advance(90_000)
    assert.equal(ends.length, 1)
  })

  test('stops reading while the session is paused', async () => {
    const { client, world, session, say } = await bench({ link: { window: 10 } })
    await say('')
    session().emit('pause')
    client.write(Buffer.from('ECHO a\r\n'))
    await world.settle()
    assert.equal(await say(''), '')
    session().emit('resume')
    assert.equal(await say(''), 'a\r\n')
  })

  test('does not wait for ever for a peer that does not say goodbye', async () => {
    const { say, world, ends } = await bench()
    await say('QUIT\r\n')
    await world.advance(4999)
    assert.deepEqual(ends, [])
    await world.advance(1)
    assert.equal(ends.length, 1)
  })

  test('tells the session of the peer that ends, and of the one that breaks', async () => {
    const ended = await bench()
    ended.client.end()
    await ended.world.settle()
    assert.equal(ended.heard.splice(0).join(''), 'hello\r\neof\r\n<end><closed>')
    const broken = await bench()
    broken.client.destroy()
    await broken.world.settle()
    assert.deepEqual(broken.ends, ['connection reset by peer'])
    // nothing is due for a connection that is gone
    const before = broken.world.now
    await assert.rejects(broken.world.run(new Promise(() => {})), /nothing is due/)
    assert.equal(broken.world.now, before)
  })

  test('drops a connection for which there is no session', async () => {
    const { ends, heard } = await bench({ makes: () => null })
    assert.deepEqual(heard, ['<broken>'])
    assert.equal(ends.length, 1)
  })
})
