// Bodies in a bucket, against s3rver, a server that speaks S3 and is not ours. It does not check signatures of version 4:
// so Amazon's own library makes each once more.
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SignatureV4 } from '@smithy/signature-v4'
import { createServer } from 'email-server'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { openStore, type S3Options, type Store } from '../src/index.ts'
import {
  ALICE,
  allUids,
  BOB,
  bytesOf,
  later,
  message,
  OPEN,
  temporaryDirectory,
  test as testBoth,
  testStore,
} from './support.ts'

/** s3rver, which can be stopped, come back, and be answered for. */
class Bucket {
  /** What was asked, as `PUT /bucket/…`. */
  readonly asked: string[] = []
  /** True: it has answered instead of the server. */
  intercept: (...exchange: Parameters<RequestListener>) => boolean = () => false
  readonly #answer: RequestListener
  readonly #sockets = new Set<Socket>()
  #http: HttpServer | null = null
  #port = 0

  constructor(answer: RequestListener) {
    this.#answer = answer
  }

  get s3(): S3Options {
    return {
      endpoint: `http://127.0.0.1:${this.#port}`,
      region: 'us-east-1',
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
    }
  }

  /** What is asked of objects that are bodies. */
  bodies(method: string): string[] {
    return this.asked.filter(line => line.startsWith(method) && /\/[0-9a-f]{64}$/.test(line))
  }

  async start(): Promise<void> {
    this.#http = createHttpServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`)
      if (!this.intercept(request, response)) this.#answer(request, response)
    })
    this.#http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.#http.listen(this.#port, '127.0.0.1')
    await once(this.#http, 'listening')
    this.#port = (this.#http.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    const http = this.#http
    this.#http = null
    if (!http) return
    const closed = once(http, 'close')
    http.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

async function bucket(t: TestContext): Promise<Bucket> {
  const { default: S3rver } = (await import('s3rver' as string)) as {
    default: new (options: object) => { configureBuckets(): Promise<void>; callback(): RequestListener }
  }
  const server = new S3rver({
    silent: true,
    directory: join(await temporaryDirectory(t), 's3'),
    configureBuckets: [{ name: 'mail' }],
  })
  await server.configureBuckets()
  const made = new Bucket(server.callback())
  await made.start()
  later(t, () => made.stop())
  return made
}

const PLACE = 's3://mail/store/one'

async function inbox(store: Store): Promise<Buffer[]> {
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  const found: Buffer[] = []
  for (const uid of await allUids(handlers)) found.push(await bytesOf(handlers, uid))
  return found
}

testBoth(
  'large bodies are in the bucket, whole and as streams, once each; small ones stay in the database',
  async t => {
    const s3 = await bucket(t)
    const { store, open } = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
    const raws = [message('small'), message('middle', 50_000), message('streamed', 3_000_000)]
    for (const raw of raws) await store.deliver(raw, [ALICE, BOB])
    assert.deepEqual(await inbox(store), raws)
    assert.equal(s3.bodies('PUT').length, 2)
    for (const line of s3.bodies('PUT'))
      assert.match(line, /^PUT \/mail\/store\/one\/([0-9a-f]{2})\/\1[0-9a-f]{62}$/)
    await store.close()
    const again = await open()
    later(t, () => again.close())
    assert.deepEqual(await inbox(again), raws)
  },
)

testBoth('a body is removed from the bucket with the last message that has it', async t => {
  const s3 = await bucket(t)
  const { store } = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
  await store.deliver(message('x', 5000), [ALICE, BOB])
  for (const user of [ALICE, BOB]) {
    assert.deepEqual(s3.bodies('DELETE'), [])
    const handlers = store.mailbox(user)
    await handlers.openFolder!('INBOX', OPEN)
    await handlers.expunge!([1], {})
    await store.idle()
  }
  assert.equal(s3.bodies('DELETE').length, 1)
})

testBoth(
  'a bucket that is away: SMTP says 451, IMAP NO [UNAVAILABLE], and when it is back all goes on',
  async t => {
    const s3 = await bucket(t)
    const { store, failures } = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
    const server = createServer({
      hostname: 'mail.example.test',
      host: '127.0.0.1',
      ports: { inbound: 0, imap: 0 },
      allowInsecureAuth: true,
      mailAuth: false,
      closeTimeout: 1000,
    })
    store.attach(server)
    await server.listen()
    later(t, () => server.close())
    const transport = createTransport({ host: '127.0.0.1', port: server.ports.inbound!, ignoreTLS: true })
    later(t, () => transport.close())
    const send = (raw: Buffer): Promise<unknown> =>
      transport.sendMail({ envelope: { from: 'carol@elsewhere.test', to: [ALICE] }, raw })
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: server.ports.imap!,
      secure: false,
      doSTARTTLS: false,
      auth: { user: ALICE, pass: 'password' },
      logger: false,
    })
    await client.connect()
    later(t, () => client.logout().catch(() => {}))
    await send(message('before', 300_000))
    await client.mailboxOpen('INBOX')

    await s3.stop()
    await assert.rejects(send(message('away', 5000)), { responseCode: 451, message: /4\.3\.0/ })
    await send(message('small'))
    await assert.rejects(
      client.fetchOne('1', { source: true }),
      (error: { responseStatus?: string; response?: unknown }) => {
        assert.equal(error.responseStatus, 'NO')
        assert.match(JSON.stringify(error.response), /"UNAVAILABLE"/)
        return true
      },
    )
    assert.equal((failures[0] as { code?: string }).code, 'ES3DOWN')

    await s3.start()
    await send(message('back', 5000))
    await client.noop()
    const subjects: string[] = []
    for await (const found of client.fetch('1:*', { envelope: true, source: true })) {
      subjects.push(`${found.envelope?.subject} ${found.source!.length > 100}`)
    }
    assert.deepEqual(subjects, ['before true', 'small true', 'back true'])
  },
)

test('a bucket that stumbles is asked again; one that refuses is not', async t => {
  const s3 = await bucket(t)
  const { store, failures } = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
  let left = 2
  s3.intercept = (request, response) => {
    if (request.method !== 'PUT' || left-- <= 0) return false
    request.resume()
    response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>slower</Message></Error>')
    return true
  }
  await store.deliver(message('a', 5000), [ALICE])
  assert.deepEqual(failures, [])
  s3.asked.length = 0
  s3.intercept = (request, response) => {
    if (request.method !== 'PUT') return false
    request.resume()
    response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
    return true
  }
  await assert.rejects(store.deliver(message('b', 5000), [ALICE]), { code: 'UNAVAILABLE' })
  assert.equal(s3.bodies('PUT').length, 1)
  assert.match(String(failures[0]), /403 \(AccessDenied: no\)/)
  assert.equal((await inbox(store)).length, 1)
})

test('a bucket that does not answer is given up after the timeout', async t => {
  const s3 = await bucket(t)
  const { store, failures } = await testStore(t, {
    smallBody: 1000,
    bodies: PLACE,
    s3: { ...s3.s3, timeout: 50 },
  })
  s3.intercept = () => true
  await assert.rejects(store.deliver(message('a', 5000), [ALICE]), { code: 'UNAVAILABLE' })
  assert.match(String(failures[0]), /no answer within/)
})

test('a bucket that stops in the middle of its answer is given up after the timeout', async t => {
  const s3 = await bucket(t)
  const { store, failures } = await testStore(t, {
    smallBody: 1000,
    bodies: PLACE,
    s3: { ...s3.s3, timeout: 50 },
  })
  s3.intercept = (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half')
    return true
  }
  await assert.rejects(store.deliver(message('a', 5000), [ALICE]), { code: 'UNAVAILABLE' })
  assert.match(String(failures[0]), /no answer within/)
})

test('endless-answer: no more of what a bucket says is read than it may have to say', async t => {
  const s3 = await bucket(t)
  const { store, failures } = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
  let sent = 0
  s3.intercept = (_request, response) => {
    response.writeHead(500)
    const more = (): void => {
      while (!response.destroyed && sent < 1 << 30 && response.write(Buffer.alloc(65_536))) sent += 65_536
    }
    response.on('drain', more)
    more()
    return true
  }
  await assert.rejects(store.deliver(message('a', 5000), [ALICE]), { code: 'UNAVAILABLE' })
  assert.match(String(failures[0]), /the bucket answers 500/)
  assert.ok(sent < 64 * 1024 * 1024, `${sent} octets were sent`)
})

/** SHA-256 and its HMAC, as Amazon's library wants them. */
class Sha256 {
  readonly #hash: { update(data: Uint8Array | string): unknown; digest(): Uint8Array }

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof secret === 'string' ? secret : Buffer.from(secret as Uint8Array))
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data)
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    throw new Error('used once')
  }
}

/** The Authorization field that the request must have. */
async function expected(request: IncomingMessage, secretAccessKey: string): Promise<string> {
  const url = new URL(request.url!, `http://${request.headers.host}`)
  const signer = new SignatureV4({
    service: 's3',
    region: 'us-east-1',
    sha256: Sha256,
    uriEscapePath: false,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey },
  })
  const stamp = request.headers['x-amz-date'] as string
  const signed = await signer.sign(
    {
      method: request.method!,
      protocol: 'http:',
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: {
        host: request.headers.host!,
        'x-amz-content-sha256': request.headers['x-amz-content-sha256'] as string,
      },
    },
    {
      signingDate: new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')),
    },
  )
  return signed.headers['authorization']!.replaceAll(', ', ',')
}

test('every request is signed as Amazon’s own library signs it, and names the hash of what it carries', async t => {
  const s3 = await bucket(t)
  const { store } = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
  const checks: Promise<void>[] = []
  s3.intercept = request => {
    const { authorization } = request.headers
    const hash = request.headers['x-amz-content-sha256']
    if (/\/[0-9a-f]{64}$/.test(request.url!) && request.method === 'PUT') {
      assert.equal(hash, request.url!.slice(-64))
    }
    checks.push(
      (async () => {
        assert.equal(authorization?.replaceAll(', ', ','), await expected(request, 'S3RVER'))
        assert.notEqual(authorization?.replaceAll(', ', ','), await expected(request, 'wrong'))
      })(),
    )
    return false
  }
  const raw = message('a', 5000)
  await store.deliver(raw, [ALICE])
  assert.deepEqual(await inbox(store), [raw])
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  await handlers.expunge!([1], {})
  await store.idle()
  await Promise.all(checks)
  assert.deepEqual(
    s3.asked.map(line => line.split(' ')[0]),
    ['GET', 'PUT', 'PUT', 'GET', 'DELETE'],
  )
})

test('a backup brings bodies home from the bucket; verify finds what is missing there, and what nobody mentions', async t => {
  const s3 = await bucket(t)
  const { store } = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
  const raws = [message('one', 5000), message('two', 400_000)]
  for (const raw of raws) await store.deliver(raw, [ALICE])
  const directory = join(await temporaryDirectory(t), 'backup')
  const { copied } = await store.backup(directory)
  assert.equal(copied, 2)
  const copy = await openStore(`sqlite:${directory}`)
  later(t, () => copy.close())
  assert.deepEqual(await inbox(copy), raws)
  assert.deepEqual((await copy.verify()).problems, [])
  const { problems, orphans } = await store.verify()
  assert.deepEqual([problems, orphans], [[], 0])
  // an object that comes from elsewhere, and one that goes
  s3.intercept = (request, response) => {
    if (request.method === 'GET' && request.url?.includes('list-type=2')) {
      const object = (name: string): string =>
        `<Contents><Key>${name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>7</Size></Contents>`
      const more = !request.url.includes('continuation-token')
      const keys = more ? ['store/one/owner'] : [`store/one/aa/${'a'.repeat(64)}`]
      const next = more ? '<NextContinuationToken>a&amp;b</NextContinuationToken>' : ''
      assert.ok(more || request.url.includes('continuation-token=a%26b'))
      response.end(`<ListBucketResult>${keys.map(object).join('')}${next}</ListBucketResult>`)
      return true
    }
    if (request.method !== 'GET') return false
    response.writeHead(404).end('<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>')
    return true
  }
  const damaged = await store.verify()
  assert.equal(damaged.problems.length, 2)
  assert.match(
    damaged.problems[0]!,
    /^body [0-9a-f]{64} cannot be read: the bucket answers 404 \(NoSuchKey: gone\)$/,
  )
  assert.deepEqual([damaged.orphans, damaged.orphanBytes], [1, 7])
})

test('two stores do not share a place in a bucket', async t => {
  const s3 = await bucket(t)
  const one = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
  await one.store.deliver(message('mine', 5000), [ALICE])
  const two = await testStore(t, { smallBody: 1000, bodies: PLACE, s3: s3.s3 })
  await assert.rejects(two.store.deliver(message('not mine', 5000), [ALICE]), { code: 'UNAVAILABLE' })
  assert.match(String(two.failures[0]), /another store/)
  const three = await testStore(t, { smallBody: 1000, bodies: 's3://mail/store/two', s3: s3.s3 })
  await three.store.deliver(message('mine', 5000), [ALICE])
})

test('a place that cannot be one is one clear line', async t => {
  const directory = await temporaryDirectory(t)
  const s3 = { region: 'eu-central-1', accessKeyId: 'A', secretAccessKey: 'B' }
  for (const [bodies, options, told] of [
    ['file:///tmp', s3, /s3:\/\/BUCKET\/PREFIX/],
    ['s3://UPPER/x', s3, /s3:\/\/BUCKET\/PREFIX/],
    ['s3://mail/../x', s3, /s3:\/\/BUCKET\/PREFIX/],
    ['s3://mail/x?y', s3, /s3:\/\/BUCKET\/PREFIX/],
    ['s3://mail', undefined, /s3\.region/],
    ['s3://mail', { ...s3, secretAccessKey: '' }, /s3\.secretAccessKey/],
    ['s3://mail', { ...s3, endpoint: 'minio:9000' }, /s3\.endpoint/],
    ['s3://mail', { ...s3, endpoint: 'https://user@host' }, /s3\.endpoint/],
    ['s3://mail', { ...s3, timeout: 0 }, /s3\.timeout/],
  ] as const) {
    await assert.rejects(openStore(`sqlite:${directory}`, { bodies, ...(options && { s3: options }) }), {
      code: 'ECONFIG',
      message: told,
    })
  }
})
