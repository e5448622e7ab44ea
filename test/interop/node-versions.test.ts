// The built library on the Node.js versions that it promises: each version's own binary, from the npm registry, imports every
// entry point, and serves a message that comes in by SMTP to IMAP and POP3 clients.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../support/programs.ts'

const BUILD = fileURLToPath(new URL('../../../build/', import.meta.url))
const VERSIONS = [18, 22, 24]

const PROGRAM = `
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { composeMessage, createServer, parseMessage } from 'email-server'
for (const room of ['imap', 'mailbox', 'mime', 'pop3', 'smtp', 'testing']) await import('email-server/' + room)

const stored = []
const server = createServer({
  hostname: 'mail.example.test',
  host: '127.0.0.1',
  ports: { inbound: 0, imap: 0, pop3: 0 },
  allowInsecureAuth: true,
})
server.addDomain('example.test')
server.on('auth', info => (info.password === 'secret' ? info.accept() : info.reject()))
server.on('smtpSession', session =>
  session.on('mail', mail => mail.on('end', () => (stored.push(mail.rawBytes), mail.accept()))),
)
server.on('mailboxSession', session =>
  session.use({
    folders: async () => [{ name: 'INBOX' }],
    openFolder: async () => ({ uidValidity: 1, uidNext: stored.length + 1, total: stored.length }),
    resolveMessages: async () => stored.map((_, i) => i + 1),
    messageMeta: async ids =>
      ids.map(id => ({ id, uid: id, size: stored[id - 1].length, internalDate: new Date(0), flags: [] })),
    messageBody: async id => stored[id - 1],
  }),
)
await server.listen()

async function dialogue(port, text, end) {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let heard = ''
  socket.on('data', chunk => (heard += chunk))
  for (const line of text) {
    const before = heard
    while (heard === before) await once(socket, 'data')
    socket.write(line)
  }
  await once(socket, 'close')
  assert.match(heard, end)
  return heard
}

const raw = Buffer.from(composeMessage({ from: 'a@b.example', to: 'c@example.test', subject: 'Grüße', text: '.dot' }).bytesSync())
const stuffed = raw.toString('latin1').replace(/^\\./gm, '..')
const envelope = ['EHLO x.example\\r\\n', 'MAIL FROM:<a@b.example>\\r\\n', 'RCPT TO:<c@example.test>\\r\\n', 'DATA\\r\\n']
await dialogue(server.ports.inbound, [...envelope, stuffed + '.\\r\\n', 'QUIT\\r\\n'], /^221 /m)
assert.equal(parseMessage(stored[0]).subject, 'Grüße')
assert.ok(Buffer.from(stored[0]).subarray(-raw.length).equals(raw))

const login = ['a LOGIN c secret\\r\\n', 'b SELECT INBOX\\r\\n', 'c FETCH 1 (ENVELOPE BODYSTRUCTURE BODY[])\\r\\n', 'd LOGOUT\\r\\n']
const fetched = await dialogue(server.ports.imap, login, /^c OK /m)
assert.ok(fetched.includes(raw.toString()))
const retr = ['USER c\\r\\n', 'PASS secret\\r\\n', 'RETR 1\\r\\n', 'QUIT\\r\\n']
assert.ok((await dialogue(server.ports.pop3, retr, /^\\.\\r\\n\\+OK/m)).includes(stuffed))
await server.close()
console.log(process.version)
`

before(async () => {
  for (const version of VERSIONS) {
    if (existsSync(binary(version))) continue
    const place = join(BUILD, `node-${version}`)
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'package.json'), '{ "private": true }')
    const wanted = `node-${process.platform}-${process.arch}@${version}`
    await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', place, wanted])
  }
  await writeFile(join(BUILD, 'serves.mjs'), PROGRAM)
})

function binary(version: number): string {
  const name = `node-${process.platform}-${process.arch}`
  return join(BUILD, `node-${version}`, 'node_modules', name, 'bin/node')
}

for (const version of VERSIONS) {
  test(`Node.js ${version} imports every entry point, and serves SMTP, IMAP and POP3`, async () => {
    const said = await run(binary(version), [join(BUILD, 'serves.mjs')])
    assert.match(said.toString(), new RegExp(`^v${version}\\.\\d+\\.\\d+\\n$`))
  })
}
