// One HTTPS GET, verified and bounded, against a server of Node's own. RFC 8461 §3.3.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fetchHttps } from '../../src/node/https-get.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

async function ask(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: {
    readonly host?: string
    readonly trusted?: boolean
    readonly maxBytes?: number
    readonly timeoutMs?: number
  } = {},
): Promise<{ status: number; contentType: string; body: string }> {
  const server = createServer({ cert: TEST_CERT, key: TEST_KEY }, answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const { host = 'mail.example.test', trusted = true, maxBytes = 100, timeoutMs = 5000 } = options
    const got = await fetchHttps(
      { url: `https://${host}/policy.txt`, timeoutMs, maxBytes },
      {
        port,
        ...(trusted && { ca: TEST_CERT }),
        lookup: (_name, { all }, done) =>
          all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
      },
    )
    return { ...got, body: Buffer.from(got.body).toString() }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('an answer comes with its status, type and body', async () => {
  const got = await ask((request, response) => {
    assert.equal(request.url, '/policy.txt')
    assert.equal(request.method, 'GET')
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('hello')
  })
  assert.deepEqual(got, { status: 200, contentType: 'text/plain; charset=utf-8', body: 'hello' })
})

test('a redirect is an answer, and is not followed', async () => {
  let asked = 0
  const got = await ask((_request, response) => {
    asked++
    response.writeHead(301, { location: 'https://elsewhere.test/' }).end()
  })
  assert.equal(got.status, 301)
  assert.equal(asked, 1)
})

test('a body of just the limit is taken, one octet more is ELIMIT, told or not told beforehand', async () => {
  const full = await ask((_request, response) => response.end('x'.repeat(100)))
  assert.equal(full.body.length, 100)
  await assert.rejects(
    ask((_request, response) => response.end('x'.repeat(101))),
    { code: 'ELIMIT' },
  )
  await assert.rejects(
    ask((_request, response) => {
      for (let i = 0; i < 1000; i++) response.write('x'.repeat(1000))
    }),
    { code: 'ELIMIT' },
  )
})

test('a certificate that nobody has signed, or for another name, is ETLS', async () => {
  const never = (): void => assert.fail('it was asked')
  await assert.rejects(ask(never, { trusted: false }), { code: 'ETLS' })
  await assert.rejects(ask(never, { host: 'mta-sts.other.test' }), { code: 'ETLS' })
})

test('a server that says nothing, or stops in the middle, ends in time', async () => {
  await assert.rejects(
    ask(() => {}, { timeoutMs: 100 }),
    { code: 'ETIMEDOUT' },
  )
  await assert.rejects(
    ask((_request, response) => response.write('half'), { timeoutMs: 100 }),
    { code: 'ETIMEDOUT' },
  )
})

test('a connection that is cut is ECONNECTION, and so is half an answer', async () => {
  await assert.rejects(
    ask(request => request.socket.destroy()),
    { code: 'ECONNECTION' },
  )
  await assert.rejects(
    ask((request, response) => {
      response.writeHead(200, { 'content-length': '50' }).write('half')
      setImmediate(() => request.socket.destroy())
    }),
    { code: 'ECONNECTION' },
  )
})
