import assert from 'node:assert/strict'
import net from 'node:net'
import { describe, test } from 'node:test'
import type { Connection } from '../../src/base/runtime.ts'
import { nodeRuntime } from '../../src/node/index.ts'

/** Everything that a plain socket reads until the other side ends. */
async function received(
  serve: (connection: Connection) => void,
  client: (socket: net.Socket) => void = () => {},
): Promise<string> {
  const listener = await nodeRuntime.listen({ port: 0, host: '127.0.0.1' }, connection => {
    serve(connection)
  })
  const socket = net.connect(listener.port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  client(socket)
  await new Promise(resolve => socket.on('close', resolve))
  await listener.close()
  return text
}

function open(
  connection: Connection,
  on: { data?: (bytes: Uint8Array) => void; drain?: () => void } = {},
): void {
  connection.open({
    data: on.data ?? (() => {}),
    end: () => connection.end(),
    drain: on.drain ?? (() => {}),
    secured: () => {},
    closed: () => {},
  })
}

describe('a connection of the real world', () => {
  test('sends what is written in one turn, and in the next, in order, and all of it before the end', async () => {
    const text = await received(connection => {
      open(connection)
      for (const part of ['a', 'b', 'c']) connection.write(Buffer.from(part))
      setImmediate(() => {
        connection.write(Buffer.from('d'.repeat(100_000)))
        connection.write(Buffer.from('e'))
        connection.end()
        connection.write(Buffer.from('too late'))
      })
    })
    assert.equal(text, `abc${'d'.repeat(100_000)}e`)
  })

  test('tells a writer to wait, and when to go on', async () => {
    let written = 0
    let waits = 0
    const text = await received(
      connection => {
        const fill = (): void => {
          while (written < 4_000_000) {
            written += 50_000
            if (!connection.write(Buffer.alloc(50_000, 'x'))) {
              waits++
              return
            }
          }
          connection.end()
        }
        open(connection, { drain: fill })
        fill()
      },
      socket => {
        socket.pause()
        setImmediate(() => socket.resume())
      },
    )
    assert.equal(text.length, 4_000_000)
    assert.ok(waits > 0)
  })

  test('answers what it is told', async () => {
    const text = await received(
      connection => {
        open(connection, {
          data: bytes => {
            connection.write(bytes)
            connection.end()
          },
        })
      },
      socket => socket.write('hello'),
    )
    assert.equal(text, 'hello')
  })
})
