import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive } from '../../src/base/drive.ts'
import { resolveLimits } from '../../src/base/limits.ts'
import { type SmtpServerOptions, SmtpServerSession } from '../../src/smtp/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'

/** A client across a virtual network from a driven session; `say` gives what has come back when nothing more happens. */
async function connect(
  options: Partial<SmtpServerOptions>,
  prepare: (session: SmtpServerSession) => void,
): Promise<{ world: VirtualWorld; say: (text: string) => Promise<string>; heard: () => string }> {
  const world = new VirtualWorld()
  const host = world.host('192.0.2.2')
  const limits = resolveLimits(options.limits)
  await host.listen({ port: 25 }, connection => {
    drive({
      connection,
      runtime: host,
      limits,
      side: 'server',
      tls: null,
      implicitTls: false,
      start: tls => {
        const session = new SmtpServerSession({
          role: 'inbound',
          now: host.now(),
          remoteAddress: connection.remoteAddress,
          isLocalDomain: domain => domain === 'example.test',
          tls,
          ...options,
        })
        prepare(session)
        return session
      },
      onClosed: () => {},
    })
  })
  const client = await world.host('192.0.2.1').connect({ host: '192.0.2.2', port: 25 })
  let text = ''
  client.open({
    data: bytes => {
      text += Buffer.from(bytes).toString()
    },
    end: () => {
      text += '<end>'
    },
    drain: () => {},
    secured: () => {},
    closed: () => {},
  })
  const heard = (): string => {
    const all = text
    text = ''
    return all
  }
  await world.settle()
  heard()
  return {
    world,
    heard,
    say: async said => {
      client.write(Buffer.from(said))
      await world.settle()
      return heard()
    },
  }
}

test('driven: the answer to a wrong password comes after its second, though nothing else happens', async () => {
  const { world, say, heard } = await connect({ role: 'submission', allowInsecureAuth: true }, session => {
    session.on('auth', async info => {
      await null
      info.reject()
    })
  })
  await say('EHLO x\r\n')
  assert.equal(await say(`AUTH PLAIN ${Buffer.from('\0a\0b').toString('base64')}\r\n`), '')
  await world.advance(999)
  assert.equal(heard(), '')
  await world.advance(1)
  assert.equal(heard(), '535 5.7.8 Authentication credentials invalid\r\n')
})

test('driven: the time of the next command begins when a slow handler has answered', async () => {
  let accept = (): void => {}
  const { world, say, heard } = await connect(
    { limits: { smtpIdle: 10_000, mailHandlerTime: 60_000 } },
    session => {
      session.on('mail', mail => {
        accept = () => mail.accept()
      })
    },
  )
  await say('EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n')
  assert.equal(await say('Subject: x\r\n\r\n.\r\n'), '')
  await world.advance(50_000)
  accept()
  await world.settle()
  assert.match(heard(), /^250 2\.0\.0 [^\r]*\r\n$/)
  await world.advance(9_000)
  assert.match(await say('NOOP\r\n'), /^250 /)
  await world.advance(10_000)
  assert.equal(heard(), '421 4.4.2 Timeout\r\n<end>')
})
