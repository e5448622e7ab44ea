import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { TlsInfo } from '../../src/base/runtime.ts'
import { serverEndPoint } from '../../src/node/channel-binding.ts'
import { nodeRuntime } from '../../src/node/index.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

/** What both sides of one handshake say of it. */
async function handshake(): Promise<{ server: TlsInfo; client: TlsInfo }> {
  const sides: Promise<TlsInfo>[] = []
  const secured = (open: (resolve: (info: TlsInfo) => void) => void): void => {
    sides.push(new Promise(open))
  }
  let accept: (info: TlsInfo) => void = () => {}
  secured(resolve => {
    accept = resolve
  })
  const silent = { data() {}, end() {}, drain() {}, closed() {} }
  const listener = await nodeRuntime.listen({ port: 0, host: '127.0.0.1' }, connection => {
    connection.open({ ...silent, secured: info => accept(info) })
    connection.secure('server', { cert: TEST_CERT, key: TEST_KEY })
  })
  const connection = await nodeRuntime.connect({ host: '127.0.0.1', port: listener.port })
  secured(resolve => connection.open({ ...silent, secured: resolve }))
  connection.secure('client', { ca: TEST_CERT, servername: 'localhost', minVersion: 'TLSv1.3' })
  const [server, client] = (await Promise.all(sides)) as [TlsInfo, TlsInfo]
  const bound = (info: TlsInfo): TlsInfo => {
    const found = {
      'tls-exporter': info.channelBinding?.('tls-exporter') ?? null,
      'tls-unique': info.channelBinding?.('tls-unique') ?? null,
      'tls-server-end-point': info.channelBinding?.('tls-server-end-point') ?? null,
    }
    return { ...info, channelBinding: type => found[type] }
  }
  const result = { server: bound(server), client: bound(client) }
  connection.destroy()
  await listener.close()
  assert.equal(client.channelBinding?.('tls-exporter'), null, 'a connection that is gone binds nothing')
  return result
}

test('both sides of a TLS 1.3 handshake have the same exporter value and the same end point', async () => {
  const { server, client } = await handshake()
  assert.equal(server.protocol, 'TLSv1.3')
  const exporter = server.channelBinding?.('tls-exporter')
  assert.equal(exporter?.length, 32)
  assert.deepEqual(client.channelBinding?.('tls-exporter'), exporter)
  assert.equal(client.channelBinding?.('tls-unique'), null, 'RFC 9266 §3')
  const endPoint = createHash('sha256').update(new X509Certificate(TEST_CERT).raw).digest()
  assert.deepEqual(server.channelBinding?.('tls-server-end-point'), endPoint)
  assert.deepEqual(client.channelBinding?.('tls-server-end-point'), endPoint)
  const other = await handshake()
  assert.notDeepEqual(other.server.channelBinding?.('tls-exporter'), exporter)
})

test('the end point is hashed as the certificate was signed; what cannot be read binds nothing', () => {
  const raw = Buffer.from(new X509Certificate(TEST_CERT).raw)
  assert.equal(serverEndPoint(raw)?.length, 32)
  // ecdsa-with-SHA256 stands twice in a certificate; the outer one counts
  const oid = Buffer.from('06082a8648ce3d040302', 'hex')
  const outer = raw.lastIndexOf(oid)
  const signedWith = (last: number): Uint8Array | null => {
    const changed = Buffer.from(raw)
    changed[outer + oid.length - 1] = last
    return serverEndPoint(changed)
  }
  assert.equal(signedWith(1)?.length, 28)
  assert.equal(signedWith(3)?.length, 48)
  assert.equal(signedWith(4)?.length, 64)
  assert.equal(signedWith(9), null)
  for (let cut = 0; cut <= outer; cut++) assert.equal(serverEndPoint(raw.subarray(0, cut)), null, String(cut))
})
