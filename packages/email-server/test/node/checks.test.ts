import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkDMARC, checkRdns, checkSPF } from '../../src/node/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'

const resolver = new VirtualWorld({
  zones: `
    example.com          TXT  "v=spf1 a:%{h} exists:%{l}.users.example.com -all"
    mx.example.com       TXT  "v=spf1 a -all"
    mx.example.com       A    192.0.2.1
    jo.users.example.com A    127.0.0.2
    _dmarc.example.com   TXT  "v=DMARC1; p=reject"
    192.0.2.1            PTR  mx.example.com
  `,
}).host()

describe('checkSPF', () => {
  test('answers a callback as well as a promise', async () => {
    const result = await new Promise((resolve, reject) =>
      checkSPF('192.0.2.9', 'example.com', { resolver }, (error, spf) =>
        error ? reject(error) : resolve(spf?.result),
      ),
    )
    assert.equal(result, 'fail')
    const byPromise = await checkSPF('192.0.2.1', 'example.com', { resolver, helo: 'mx.example.com' })
    assert.deepEqual([byPromise.result, byPromise.sender], ['pass', 'postmaster@example.com'])
  })

  test('takes the sender, and HELO alone for the null reverse-path', async () => {
    assert.equal(
      (await checkSPF('192.0.2.9', 'example.com', { resolver, sender: 'jo@example.com' })).result,
      'pass',
    )
    const helo = await checkSPF('192.0.2.1', '', { resolver, helo: 'mx.example.com' })
    assert.deepEqual([helo.result, helo.identity], ['pass', 'helo'])
  })
})

test('checkDMARC and checkRdns answer both ways', async () => {
  const spf = await checkSPF('192.0.2.1', 'example.com', { resolver, helo: 'mx.example.com' })
  const query = { from: ['Jo <jo@example.com>'], spf }
  assert.equal((await checkDMARC(query, { resolver })).result, 'pass')
  await new Promise<void>(resolve =>
    checkDMARC(query, { resolver }, (error, dmarc) => {
      assert.deepEqual([error, dmarc?.policy], [null, 'reject'])
      resolve()
    }),
  )
  assert.equal((await checkRdns('192.0.2.1', { resolver, helo: 'mx.example.com' })).heloMatches, true)
  await new Promise<void>(resolve =>
    checkRdns('192.0.2.2', { resolver }, (error, rdns) => {
      assert.deepEqual([error, rdns?.result], [null, 'permerror'])
      resolve()
    }),
  )
})

test('options of the wrong kind are told to who asks, by rejection or in the callback', async () => {
  const wrong = { resolver: {} as never }
  await assert.rejects(checkSPF('192.0.2.1', 'example.com', wrong), { code: 'ECONFIG' })
  await assert.rejects(checkSPF(7 as never, 'example.com', { resolver }), { code: 'ECONFIG' })
  await assert.rejects(checkDMARC({ from: 'x' as never }, { resolver }), { code: 'ECONFIG' })
  await assert.rejects(checkRdns('192.0.2.1', { resolver, timeoutMs: 0 }), { code: 'ECONFIG' })
  const error = await new Promise(resolve => checkSPF('192.0.2.1', 'example.com', wrong, resolve))
  assert.equal((error as { code?: string }).code, 'ECONFIG')
})

test('a check leaves no timer behind that would keep a process alive', async () => {
  let open = 0
  const runtime = {
    now: () => 0,
    setTimer: () => {
      open++
      return { cancel: () => void open-- }
    },
  }
  await checkSPF('192.0.2.1', 'example.com', { resolver, runtime })
  await checkRdns('192.0.2.1', { resolver, runtime })
  await checkDMARC({ from: [] }, { resolver, runtime })
  assert.equal(open, 0)
})
