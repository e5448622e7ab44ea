// The handlers on a real HTTP server: whose requests they answer, and how.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { buildDomainMailMaterial, type HttpHandler } from '../../src/domain/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import { RFC8463_ED25519 } from '../trust/kit.ts'

const mat = buildDomainMailMaterial(
  'example.com',
  {
    dkim: { privateKey: RFC8463_ED25519 },
    mtaSts: { mode: 'enforce' },
    clients: { host: 'mail.example.com', displayName: 'Ham & "Eggs" <b>', services: { pop3s: 995 } },
  },
  new VirtualWorld().host(),
)

interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly length: string | undefined
  readonly body: string
}

/** A server for one handler, and questions to it. */
function serving(
  handler: HttpHandler,
): (method: string, host: string, path: string, body?: string) => Promise<Answer> {
  const server = createServer(handler)
  let port = 0
  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  after(() => server.close())
  return async (method, host, path, body) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers: { host }, agent: false })
    // what comes behind an answer that does not wait for the question
    asked.on('error', () => {})
    asked.end(body)
    const [response] = await once(asked, 'response')
    let text = ''
    for await (const chunk of response) text += chunk
    const { 'content-type': type, 'content-length': length } = response.headers
    return { status: response.statusCode, type, length, body: text }
  }
}

describe('mtaSts.serve', () => {
  const ask = serving(mat.mtaSts.serve)
  const PATH = '/.well-known/mta-sts.txt'

  test('GET of the policy on its host, in whatever letters, with or without a port', async () => {
    for (const host of ['mta-sts.example.com', 'MTA-STS.Example.COM:443', 'mta-sts.example.com.']) {
      const answer = await ask('GET', host, PATH)
      assert.deepEqual(
        [answer.status, answer.type, answer.body],
        [200, 'text/plain; charset=utf-8', mat.mtaSts.policy],
      )
    }
  })

  test('HEAD is the same without the policy', async () => {
    const answer = await ask('HEAD', 'mta-sts.example.com', PATH)
    assert.deepEqual([answer.status, answer.length, answer.body], [200, `${mat.mtaSts.policy.length}`, ''])
  })

  for (const [method, host, path] of [
    ['POST', 'mta-sts.example.com', PATH],
    ['GET', 'example.com', PATH],
    ['GET', 'mta-sts.example.org', PATH],
    ['GET', 'mta-sts.example.com.evil.example', PATH],
    ['GET', 'mta-sts.example.com', '/'],
    ['GET', 'mta-sts.example.com', `${PATH}/`],
    ['GET', 'mta-sts.example.com', '/.well-known/../.well-known/mta-sts.txt'],
  ] as const) {
    test(`${method} ${host} ${path} is not found`, async () => {
      assert.equal((await ask(method, host, path)).status, 404)
    })
  }

  test('in Express the next one is asked instead', () => {
    let passed = 0
    const response = { statusCode: 0, setHeader: assert.fail, end: assert.fail }
    mat.mtaSts.serve({ method: 'GET', url: '/', headers: {} }, response, () => passed++)
    assert.equal(passed, 1)
  })

  test('HTTP/2 names the host in a pseudo-header; Express keeps the whole address elsewhere', () => {
    for (const asked of [
      { url: PATH, headers: { ':authority': 'mta-sts.example.com' } },
      { url: '/mta-sts.txt', originalUrl: PATH, headers: { host: 'mta-sts.example.com' } },
    ]) {
      const response = { statusCode: 0, setHeader() {}, end() {} }
      mat.mtaSts.serve({ method: 'GET', ...asked }, response)
      assert.equal(response.statusCode, 200)
    }
  })
})

describe('clients.serve', () => {
  const ask = serving(mat.clients.serve)

  test("Mozilla's file, at both of its places", async () => {
    for (const [host, path] of [
      ['autoconfig.example.com', '/mail/config-v1.1.xml?emailaddress=jo%40example.com'],
      ['example.com', '/.well-known/autoconfig/mail/config-v1.1.xml'],
    ] as const) {
      const { status, type, body } = await ask('GET', host, path)
      assert.deepEqual([status, type], [200, 'text/xml; charset=utf-8'])
      assert.equal(body, mat.clients.autoconfig)
    }
    const order = [
      ...mat.clients.autoconfig.matchAll(
        /type="(\w+)">\s+<hostname>(.*)<\/hostname>\s+<port>(\d+)<\/port>\s+<socketType>(\w+)/g,
      ),
    ]
    assert.deepEqual(
      order.map(([, ...found]) => found.join(' ')),
      [
        'imap mail.example.com 993 SSL',
        'smtp mail.example.com 465 SSL',
        'smtp mail.example.com 587 STARTTLS',
        'pop3 mail.example.com 995 SSL',
      ],
    )
    assert.match(mat.clients.autoconfig, /<displayName>Ham &#38; &#34;Eggs&#34; &#60;b&#62;<\/displayName>/)
  })

  const question = (address: string): string =>
    `<?xml version="1.0"?><Autodiscover><Request><EMailAddress>${address}</EMailAddress></Request></Autodiscover>`

  test("Microsoft's answer, with the address that was asked about", async () => {
    for (const [host, path] of [
      ['autodiscover.example.com', '/autodiscover/autodiscover.xml'],
      ['example.com', '/Autodiscover/Autodiscover.xml'],
    ] as const) {
      const { status, type, body } = await ask('POST', host, path, question('jo@example.com'))
      assert.deepEqual([status, type], [200, 'text/xml; charset=utf-8'])
      assert.equal(body.split('<LoginName>jo@example.com</LoginName>').length, 4)
      assert.deepEqual(
        [...body.matchAll(/<Type>(\w+)<\/Type>/g)].map(([, found]) => found),
        ['IMAP', 'SMTP', 'POP3'],
      )
    }
  })

  test('an address that could be markup is none; a question without one is answered', async () => {
    for (const text of [
      question('<b>&amp;"'),
      question(''),
      question('a b'),
      '',
      '<EMailAddress>',
      'x'.repeat(16_000),
    ]) {
      const { status, body } = await ask(
        'POST',
        'autodiscover.example.com',
        '/autodiscover/autodiscover.xml',
        text,
      )
      assert.deepEqual([status, body.includes('<LoginName>')], [200, false])
    }
    assert.equal((await ask('GET', 'example.com', '/autodiscover/autodiscover.xml')).status, 200)
  })

  test('a question of megabytes is not read to its end', async () => {
    const big = ask('POST', 'example.com', '/autodiscover/autodiscover.xml', 'x'.repeat(5_000_000))
    // the connection may be gone before the answer is read
    const status = await big.then(
      answer => answer.status,
      () => 413,
    )
    assert.equal(status, 413)
  })

  test('all else is not found', async () => {
    for (const [method, host, path] of [
      ['POST', 'autoconfig.example.com', '/mail/config-v1.1.xml'],
      ['GET', 'mail.example.com', '/mail/config-v1.1.xml'],
      ['DELETE', 'example.com', '/autodiscover/autodiscover.xml'],
    ] as const) {
      assert.equal((await ask(method, host, path)).status, 404)
    }
  })
})
