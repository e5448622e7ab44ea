// Attacks upon the web page of `npm start`: by mail, by other web pages in the same browser, by other programs.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { ALICE, type Host, startHost } from '../support/host.ts'
import { type Answer, ask, deliver, INBOX, post } from '../support/web.ts'

let host: Host
before(async () => {
  host = await startHost()
})
after(() => host[Symbol.asyncDispose]())

const header = (answer: Answer, name: string): string => String(answer.headers[name] ?? '')

/** One connection that says this; answers all that comes back until the server closes it. */
async function rawRequest(text: string, within: number): Promise<string> {
  const { port } = new URL(host.web)
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  socket.setTimeout(within, () => socket.destroy(new Error('in time nothing')))
  socket.write(text)
  let heard = ''
  socket.on('data', chunk => (heard += chunk.toString('latin1')))
  await once(socket, 'close')
  return heard
}

test('the page allows nothing inline, nothing from elsewhere and no frame around it', async () => {
  for (const path of ['/', '/app.js', '/style.css']) {
    const answer = await ask(host, path)
    assert.equal(answer.status, 200)
    const csp = header(answer, 'content-security-policy')
    for (const directive of [
      ...[
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
      ],
      ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
    ]) {
      assert.ok(csp.split('; ').includes(directive), `${path}: ${directive}`)
    }
    assert.doesNotMatch(csp, /unsafe|\*|https?:|data:/)
  }
  const page = (await ask(host, '/')).text
  assert.doesNotMatch(page, /<script(?![^>]* src="\/)|<style|\sstyle=|\son[a-z]+=/i)
})

test('every answer forbids guessing types, referrers and other origins, errors too', async () => {
  for (const path of [
    '/',
    '/api/accounts',
    '/nothing',
    `${INBOX}/1/source`,
    `${INBOX}/2/html`,
    '/api/events/x',
  ]) {
    const answer = await ask(host, path)
    assert.equal(header(answer, 'x-content-type-options'), 'nosniff', path)
    assert.equal(header(answer, 'referrer-policy'), 'no-referrer', path)
    assert.equal(header(answer, 'cross-origin-resource-policy'), 'same-origin', path)
    assert.match(header(answer, 'content-security-policy'), /default-src 'none'/, path)
    assert.equal(answer.headers['access-control-allow-origin'], undefined, path)
    assert.equal(answer.headers['x-powered-by'], undefined, path)
  }
})

test('HTML with script, meta refresh, form and base: a document without origin that runs, sends and loads nothing', async () => {
  const { uid } = await deliver(
    host,
    `Subject: evil\nContent-Type: text/html\n\n<base href="https://evil.test/"><meta http-equiv=refresh content="0;url=https://evil.test/">
<link rel=preconnect href="https://evil.test/"><iframe src="https://evil.test/"></iframe><script>parent.stolen = 1</script><form action="https://evil.test/"></form><img src="https://evil.test/x.png">\n`,
  )
  const answer = await ask(host, `${INBOX}/${uid}/html`)
  const csp = header(answer, 'content-security-policy').split('; ')
  const sandbox = csp.find(directive => directive.startsWith('sandbox'))!
  assert.doesNotMatch(sandbox, /allow-(?:scripts|same-origin|forms|top-navigation|downloads|modals)/)
  assert.ok(csp.includes("default-src 'none'") && csp.includes('img-src data:'), csp.join())
  assert.ok(csp.includes("base-uri 'none'") && csp.includes("form-action 'none'"), csp.join())
  assert.doesNotMatch(answer.text, /<link|<iframe/i)
  // only when somebody has asked for it
  const remote = await ask(host, `${INBOX}/${uid}/html?remote=1`)
  assert.match(header(remote, 'content-security-policy'), /img-src data: https: http:;/)
})

test('an SVG part opened directly is a download, not a document', async () => {
  const { uid } = await deliver(
    host,
    `Subject: svg\nContent-Type: image/svg+xml; name="x.svg"\nContent-Disposition: inline; filename="x.svg"\n\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>\n`,
  )
  for (const query of ['', '?inline']) {
    const part = await ask(host, `${INBOX}/${uid}/parts/1${query}`)
    assert.equal(part.status, 200)
    assert.equal(header(part, 'content-type'), 'application/octet-stream')
    assert.match(header(part, 'content-disposition'), /^attachment;/)
    assert.match(header(part, 'content-security-policy'), /^sandbox; default-src 'none'/)
  }
})

test('an HTML part that says it is a picture stays what it says, and is not guessed', async () => {
  const { uid } = await deliver(
    host,
    'Subject: liar\nContent-Type: image/png\nContent-Disposition: inline\n\n<script>alert(1)</script>\n',
  )
  const part = await ask(host, `${INBOX}/${uid}/parts/1?inline`)
  assert.equal(header(part, 'content-type'), 'image/png')
  assert.equal(header(part, 'x-content-type-options'), 'nosniff')
})

test('a file name with a path, a header or a script in it is only a name', async () => {
  for (const [name, plain] of [
    ['../../../etc/passwd', 'passwd'],
    ['C:\\\\Windows\\\\evil.exe', 'evil.exe'],
    ['<script>alert(1)</script>.txt', 'script_.txt'],
    ['a\\"; filename=b.html', 'a_; filename=b.html'],
    ['.bashrc', 'bashrc'],
    ['exe.\u202etxt.pdf', 'exe._txt.pdf'],
    ['..', 'attachment'],
  ] as const) {
    const { uid } = await deliver(
      host,
      `Subject: name\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename="${name}"\n\nx\n`,
    )
    const disposition = header(await ask(host, `${INBOX}/${uid}/parts/1`), 'content-disposition')
    const [, ascii, encoded] =
      /^attachment; filename="([^"\\]*)"; filename\*=UTF-8''([\w.%~!$&+^`|#-]+)$/.exec(disposition) ?? []
    assert.equal(decodeURIComponent(encoded ?? disposition), plain)
    assert.doesNotMatch(ascii!, /[/\\"\r\n]|^\./)
  }
})

test('path traversal finds nothing but the files of the page', async () => {
  for (const path of [
    ...[
      '/../package.json',
      '/..%2fcli.js',
      '/%2e%2e/cli.js',
      '/..\\cli.js',
      '/./app.js',
      '//app.js',
      '/app.js%00',
    ],
    ...[
      '/../../../../etc/passwd',
      '/api/../app.js',
      '/web/../cli.js',
      '/cli.js',
      '/app.js/',
      '/tsconfig.json',
    ],
  ]) {
    const answer = await ask(host, path)
    assert.ok(answer.status === 404 || answer.status === 400, `${path}: ${answer.status}`)
    assert.ok(answer.bytes.length < 200, path)
  }
  assert.equal((await ask(host, `${INBOX}/1/parts/..%2f..%2fkey.pem`)).status, 404)
})

test('DNS rebinding: a name that is not ours gets nothing, whatever it points to', async () => {
  const { port } = new URL(host.web)
  for (const name of [
    'evil.test',
    `evil.test:${port}`,
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'a@127.0.0.1',
    '10.0.0.1',
  ]) {
    for (const path of ['/', '/api/accounts', '/app.js']) {
      const answer = await ask(host, path, { headers: { Host: name } })
      assert.equal(answer.status, 421, `${name}${path}`)
      assert.doesNotMatch(answer.text, new RegExp(ALICE))
    }
  }
  for (const name of ['localhost', `LOCALHOST:${port}`, '127.0.0.1:1', '[::1]:2080']) {
    assert.equal((await ask(host, '/api/accounts', { headers: { Host: name } })).status, 200, name)
  }
  const none = await rawRequest('GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', 5000)
  assert.match(none, /^HTTP\/1\.1 421 /)
  const two = await rawRequest(
    'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\nConnection: close\r\n\r\n',
    5000,
  )
  assert.match(two, /^HTTP\/1\.1 4(?:00|21) /)
})

test('cross-site POST and DELETE, from a form or a script of another page, change nothing', async () => {
  const json = { 'Content-Type': 'application/json' }
  const body = JSON.stringify({ command: 'RCPT', reply: '451 x' })
  const attempts: [number, string, Record<string, string>][] = [
    [403, 'POST', { ...json, Origin: 'https://evil.test' }],
    [403, 'POST', { ...json, Origin: 'null' }],
    [403, 'POST', { ...json, Origin: host.web.replace(/:\d+\/$/, ':1') }],
    [403, 'POST', { ...json, 'Sec-Fetch-Site': 'cross-site' }],
    [403, 'POST', { ...json, 'Sec-Fetch-Site': 'same-site' }],
    [403, 'DELETE', { Origin: 'https://evil.test' }],
    [403, 'DELETE', { 'Sec-Fetch-Site': 'none' }],
    // what a form can send
    [415, 'POST', { 'Content-Type': 'text/plain' }],
    [415, 'POST', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    [415, 'POST', {}],
    [405, 'OPTIONS', { Origin: 'https://evil.test', 'Access-Control-Request-Method': 'DELETE' }],
  ]
  for (const [status, method, headers] of attempts) {
    const answer = await ask(host, '/api/failures', { method, headers, ...(method === 'POST' && { body }) })
    assert.equal(answer.status, status, JSON.stringify([method, headers]))
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
  assert.equal((await ask(host, '/api/failures')).text, '[]')
  const ours = { ...json, Origin: host.web.slice(0, -1), 'Sec-Fetch-Site': 'same-origin' }
  assert.equal((await ask(host, '/api/failures', { method: 'POST', headers: ours, body })).status, 201)
  await ask(host, '/api/failures', { method: 'DELETE' })
})

test('another page cannot read, frame or load mail, nor open streams of events', async () => {
  for (const path of ['/api/accounts', '/api/events', `${INBOX}/2/html`, `${INBOX}/2/parts/2.2`, '/app.js']) {
    for (const site of ['cross-site', 'same-site']) {
      const answer = await ask(host, path, { headers: { 'Sec-Fetch-Site': site } })
      assert.equal(answer.status, 403, path)
    }
  }
  // a link may lead to the page
  assert.equal((await ask(host, '/', { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status, 200)
})

test('a huge request is refused: body, header, path', async () => {
  const huge = 'x'.repeat(70_000)
  assert.equal((await post(host, '/api/failures', { command: 'RCPT', reply: huge })).status, 413)
  const chunked = await ask(host, '/api/failures', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' },
    body: JSON.stringify({ command: 'RCPT', reply: huge }),
  }).catch((error: NodeJS.ErrnoException) => error)
  // the answer, or the end of a connection that says too much
  assert.ok('status' in chunked ? chunked.status === 413 : ['ECONNRESET', 'EPIPE'].includes(chunked.code!))
  assert.equal(
    (await ask(host, '/', { headers: { 'X-Long': huge } }).catch(() => ({ status: 431 }))).status,
    431,
  )
  assert.ok([414, 431].includes((await ask(host, `/${huge}`).catch(() => ({ status: 431 }))).status))
  assert.equal((await ask(host, '/api/accounts')).status, 200)
})

test('a slow request is cut off: a header that never ends', async () => {
  const heard = await rawRequest('GET /api/accounts HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 20_000)
  assert.match(heard, /^HTTP\/1\.1 408 /)
})

test('many listeners at once: those beyond the limit are turned away, the others go on', async () => {
  const { port } = new URL(host.web)
  const sockets = Array.from({ length: 70 }, () => connect(Number(port), '127.0.0.1'))
  try {
    const heads = await Promise.all(
      sockets.map(async socket => {
        socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
        const [head] = (await once(socket, 'data')) as [Buffer]
        return head.toString('latin1').slice(9, 12)
      }),
    )
    assert.equal(heads.filter(status => status === '200').length, 64)
    assert.equal(heads.filter(status => status === '503').length, 6)
    assert.equal((await ask(host, '/api/accounts')).status, 200)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

test('beyond loopback the page wants its token, as a cookie or by Bearer', async () => {
  await using open = await startHost({ args: ['--web-address', '0.0.0.0', '--web-host', 'Mail.Test'] })
  const { origin, searchParams, hostname } = new URL(open.web)
  assert.equal(hostname, 'mail.test')
  const token = searchParams.get('token')!
  assert.match(token, /^[\w-]{22}$/)
  const at = { web: origin.replace('mail.test', '127.0.0.1') }
  for (const path of [
    '/',
    '/app.js',
    '/api/accounts',
    '/api/events',
    '/?token=wrong',
    `/api/accounts?token=${token}`,
  ]) {
    const answer = await ask(at, path)
    assert.equal(answer.status, 401, path)
    assert.doesNotMatch(answer.text, new RegExp(token))
  }
  const bearer = { Authorization: `Bearer ${token}` }
  assert.equal((await ask(at, '/api/accounts', { headers: bearer })).status, 200)
  assert.equal((await ask(at, '/api/accounts', { headers: { Authorization: 'Bearer wrong' } })).status, 401)
  const entered = await ask(at, `/?token=${token}`, { headers: { Host: 'mail.test' } })
  assert.equal(entered.status, 303)
  assert.equal(header(entered, 'location'), '/')
  const cookie = String(entered.headers['set-cookie'])
  assert.match(cookie, /; HttpOnly; SameSite=Strict/)
  assert.equal((await ask(at, '/', { headers: { Cookie: cookie.split(';')[0]! } })).status, 200)
  const rebound = await ask(at, `/?token=${token}`, { headers: { Host: 'evil.test' } })
  assert.equal(rebound.status, 421)
})

test('--no-web opens no page', async () => {
  await using without = await startHost({ args: ['--no-web'] })
  assert.equal(without.web, '')
  assert.ok(without.ports.inbound > 0)
})
