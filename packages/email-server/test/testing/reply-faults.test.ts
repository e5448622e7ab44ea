// Replies that a server never gave: what must reach the server all the same, on real ports.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createTestServer, type TestServer, type TestServerOptions } from '../../src/testing/index.ts'

/** A client that has said EHLO to a server that will answer `verb` with 451 once. */
async function clientOf(
  t: TestContext,
  verb: string,
  options: TestServerOptions = {},
): Promise<[Raw, TestServer]> {
  const mail = await createTestServer(options)
  t.after(() => mail.close())
  mail.fail(verb, '451 4.2.0 Later', 1)
  const client = await raw(t, mail)
  await client.until(/^220 .*\r\n/)
  client.socket.write('EHLO client.example\r\n')
  await client.until(/^250 .*\r\n/m)
  return [client, mail]
}

async function raw(t: TestContext, { smtp }: TestServer): Promise<Raw> {
  const socket = connect(smtp.port, smtp.host)
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return new Raw(socket)
}

class Raw {
  readonly socket: Socket
  text = ''
  ended = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')))
    socket.on('end', () => (this.ended = true))
    socket.on('error', () => (this.ended = true))
  }

  /** What has come up to the end of what is looked for, within ten seconds. */
  async until(pattern: RegExp): Promise<string> {
    const limit = Date.now() + 10_000
    for (;;) {
      const found = pattern.exec(this.text)
      if (found) {
        const read = this.text.slice(0, found.index + found[0].length)
        this.text = this.text.slice(read.length)
        return read
      }
      if (this.ended || Date.now() > limit) throw new Error(`no ${pattern} in ${JSON.stringify(this.text)}`)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
}

test('a line that never ends reaches the server, which judges it', async t => {
  const [client] = await clientOf(t, 'NOOP')
  client.socket.write('NOOP\r\n')
  await client.until(/^451 4\.2\.0 Later\r\n/)
  client.socket.write('X'.repeat(200_000))
  assert.match(await client.until(/^421 .*\r\n/m), /^500 /)
})

test('a long line in a message is passed on as it is', async t => {
  const [client, mail] = await clientOf(t, 'RSET')
  client.socket.write('MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n')
  await client.until(/^354 .*\r\n/m)
  const line = 'y'.repeat(150_000)
  client.socket.write(`Subject: long\r\n\r\n${line.slice(0, 70_001)}`)
  client.socket.write(`${line.slice(70_001)}\r\nRSET\r\n.\r\nRSET\r\n`)
  assert.match(await client.until(/451 4\.2\.0 Later\r\n/), /^250 .*\r\n451/)
  assert.equal(mail.messages[0]?.text?.trim(), `${line}\r\nRSET`.replaceAll('\r\n', '\n'))
})

test('starttls-injection: what stands in clear behind STARTTLS is for the server to refuse', async t => {
  const [client] = await clientOf(t, 'NOOP', { tls: true })
  client.socket.write('STARTTLS\r\nNOOP\r\nNOOP\r\n')
  await new Promise(resolve => client.socket.once('close', resolve))
  assert.doesNotMatch(client.text, /451/, 'a command of the clear text was answered')
})
