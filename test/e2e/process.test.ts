// `npm start` as a process: how it begins, how it ends, and how it says that it cannot.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { BOB, PASSWORD, runCli, startHost, temporaryFolder } from '../support/host.ts'
import { LineClient } from '../support/line-client.ts'

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} says goodbye to every open session, and the program ends in order`, async () => {
    await using host = await startHost()
    await using smtp = await LineClient.open(host.ports.inbound)
    await smtp.expect(/^220 .*\r\n/)
    await using idle = await LineClient.open(host.ports.imap)
    idle.send(`a LOGIN ${BOB} ${PASSWORD}\r\nb SELECT INBOX\r\nc IDLE\r\n`)
    await idle.expect(/^\+ .*\r\n/m)
    await using pop3 = await LineClient.open(host.ports.pop3)
    await pop3.expect(/^\+OK .*\r\n/)
    const ended = host.end(signal)
    assert.match(await smtp.rest(), /^421 .*\r\n$/)
    assert.match(await idle.rest(), /^\* BYE .*\r\n$/m)
    await pop3.rest()
    assert.deepEqual(await ended, { code: 0, signal: null })
  })
}

/** Ends with 1 and one line that a person understands. */
async function refuses(args: readonly string[], says: RegExp): Promise<void> {
  const { code, stdout, stderr } = await runCli(args)
  assert.equal(code, 1, stderr)
  assert.match(stderr, /^[^\n]+\n$/, 'not one line')
  assert.doesNotMatch(stderr, /^\s+at |Error:|node:internal/m)
  assert.match(stderr, says)
  assert.equal(stdout, '')
}

test('a bad option is one clear line', async () => {
  await refuses(['--no-such-option'], /--no-such-option/)
  await refuses(['--imap-port', 'abc'], /--imap-port.*abc/)
  await refuses(['--imap-port', '65536'], /--imap-port.*65536/)
  await refuses(['--data', ''], /--data/)
  await refuses(['something'], /something/)
  await refuses(['--web', 'x'], /--web.*x/)
  await refuses(['--no-web', '--web', '1'], /--no-web.*--web/)
  await refuses(['--web-host', 'a:80'], /--web-host.*a:80/)
  await refuses(['--web-token', 'short'], /--web-token/)
})

test('a port in use is one clear line that names the port', async () => {
  await using folder = await temporaryFolder()
  const other = createServer().listen(0, '127.0.0.1')
  try {
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const free = ['inbound', 'submission', 'submissions', 'imaps', 'pop3', 'pop3s'].flatMap(name => [
      `--${name}-port`,
      '0',
    ])
    const args = ['--data', join(folder.path, 'data'), ...free]
    await refuses([...args, '--imap-port', String(port), '--web', '0'], new RegExp(`${port}`))
    await refuses([...args, '--imap-port', '0', '--web', String(port)], new RegExp(`${port}.*--web`))
  } finally {
    other.close()
  }
})

test('a data directory that cannot be made or written is one clear line that names it', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'file')
  await writeFile(file, 'not a directory')
  await refuses(['--data', file], new RegExp(file))
  await refuses(['--data', join(file, 'data')], new RegExp(file))
  await refuses(['--data', '/proc/mail/data'], /\/proc\/mail\/data/)
  // root may write anywhere else
  const locked = process.getuid?.() === 0 ? '/sys/kernel' : folder.path
  await chmod(folder.path, 0o500)
  try {
    await refuses(['--data', locked], new RegExp(locked))
    await refuses(['--data', join(locked, 'data')], new RegExp(locked))
  } finally {
    // or nobody but root could remove it
    await chmod(folder.path, 0o700)
  }
})

test('--help and --version answer and end with 0', async () => {
  const help = await runCli(['--help'])
  assert.equal(help.code, 0)
  for (const option of ['--data', '--host', '--inbound-port', '--imap-port', '--require-tls']) {
    assert.ok(help.stdout.includes(option), option)
  }
  const version = await runCli(['--version'])
  assert.equal(version.code, 0)
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})

test('without a password in clear: --require-tls refuses it, and says so beforehand', async () => {
  await using host = await startHost({ args: ['--require-tls'] })
  await using imap = await LineClient.open(host.ports.imap)
  imap.send('a CAPABILITY\r\n')
  assert.match(await imap.expect(/^a OK .*\r\n/m), /LOGINDISABLED/)
  imap.send(`b LOGIN ${BOB} ${PASSWORD}\r\n`)
  await imap.expect(/^b (?:NO|BAD) .*\r\n/m)
  await using pop3 = await LineClient.open(host.ports.pop3)
  pop3.send(`USER ${BOB}\r\nPASS ${PASSWORD}\r\n`)
  await pop3.expect(/^-ERR .*\r\n/m)
  await using smtp = await LineClient.open(host.ports.submission)
  smtp.send('EHLO client.example\r\n')
  assert.doesNotMatch(await smtp.expect(/^250 .*\r\n/m), /AUTH/)
})

test('it keeps its mail and its certificate: a second start on the same data shows the same', async () => {
  await using folder = await temporaryFolder()
  const list = async (): Promise<string> => {
    await using host = await startHost({ data: join(folder.path, 'data') })
    await using imap = await LineClient.open(host.ports.imap)
    imap.send(`a LOGIN ${BOB} ${PASSWORD}\r\nb SELECT INBOX\r\n`)
    await imap.expect(/^a OK .*\r\n/m)
    const selected = await imap.expect(/^b OK .*\r\n/m)
    imap.send('c UID FETCH 1:* (UID RFC822.SIZE INTERNALDATE ENVELOPE)\r\n')
    const listing = await imap.expect(/^c OK .*\r\n/m)
    assert.deepEqual(await host.end('SIGTERM'), { code: 0, signal: null })
    return /\[UIDVALIDITY \d+\]/.exec(selected)?.[0] + listing
  }
  const first = await list()
  assert.match(first, /^\* \d+ FETCH /m)
  assert.equal(await list(), first)
})
