import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMessage, writeMessage } from '../../src/dns/index.ts'
import { checkSPF, createResolver } from '../../src/node/index.ts'
import { serveDns } from '../support/dns-server.ts'

test('createResolver asks the servers that it is given, each question once', async () => {
  let asked = 0
  const server = await serveDns(query => {
    const message = readMessage(query)!
    asked++
    const [question] = message.questions
    return writeMessage({
      ...{ ...message, response: true, recursionAvailable: true },
      answers: [{ ...question!, ttl: 300, value: 'v=spf1 ip4:192.0.2.1 -all' }],
    })
  })
  try {
    const resolver = createResolver({ servers: [server.address] })
    for (let i = 0; i < 3; i++) {
      const { result } = await checkSPF('192.0.2.1', 'example.com', { resolver })
      assert.equal(result, 'pass')
    }
    assert.equal(asked, 1)
    const fresh = createResolver({ servers: [server.address], cacheNames: 0 })
    await fresh.resolve('example.com', 'TXT')
    await fresh.resolve('example.com', 'TXT')
    assert.equal(asked, 3)
  } finally {
    await server.close()
  }
  assert.throws(() => createResolver({ servers: ['dns.example'] }), { code: 'ECONFIG', message: /servers/ })
  assert.throws(() => createResolver({ cacheNames: -1 }), { code: 'ECONFIG', message: /cacheNames/ })
})
