// Two servers as `npm start` runs them, and the commands, over one PostgreSQL.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { BOB, PASSWORD, runCli, startHost, temporaryFolder } from '../support/host.ts'
import { LineClient } from '../support/line-client.ts'
import { postgres } from '../support/postgres.ts'

const { whyNoPostgres, makeDatabase } = await postgres()
const skip = (await whyNoPostgres()) ?? false

test('what comes in at one server is heard at the other, and the commands work beside them', {
  skip,
}, async t => {
  const { url, drop } = await makeDatabase()
  t.after(drop)
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const at = ['--store', url]
  // the first makes the tables and the two people
  await using one = await startHost({ data, args: at })
  await using two = await startHost({ data, args: at })
  await using idle = await LineClient.open(two.ports.imap)
  idle.send(`a LOGIN ${BOB} ${PASSWORD}\r\nb SELECT INBOX\r\n`)
  const selected = await idle.expect(/^b OK .*\r\n/m)
  const count = Number(/^\* (\d+) EXISTS/m.exec(selected)![1])
  idle.send('c IDLE\r\n')
  await idle.expect(/^\+ .*\r\n/m)

  await using smtp = await LineClient.open(one.ports.inbound)
  await smtp.expect(/^220 .*\r\n/)
  smtp.send(`EHLO x\r\nMAIL FROM:<x@example.org>\r\nRCPT TO:<${BOB}>\r\nDATA\r\n`)
  await smtp.expect(/^354 .*\r\n/m)
  smtp.send('Subject: over there\r\n\r\nbody\r\n.\r\n')
  await smtp.expect(/^250 .*\r\n$/m)
  await idle.expect(new RegExp(`^\\* ${count + 1} EXISTS\\r\\n`, 'm'))

  const commands = ['--data', data, ...at]
  const added = await runCli(['user', 'add', 'carol@example.test', ...commands], {
    USER_PASSWORD: 'of carol',
  })
  assert.deepEqual({ code: added.code, stderr: added.stderr }, { code: 0, stderr: '' })
  await using carol = await LineClient.open(two.ports.imap)
  carol.send('a LOGIN carol@example.test "of carol"\r\n')
  await carol.expect(/^a OK/m)
  const mbox = join(folder.path, 'bob.mbox')
  const exported = await runCli(['export', 'mbox', mbox, '--user', BOB, ...commands])
  assert.equal(exported.stdout, `${count + 1} messages exported\n`)
  // others on the machine can read a command line
  const { password } = new URL(url)
  const hidden = ['--data', data, '--store', url.replace(`:${password}@`, '@')]
  assert.equal((await runCli(['verify', ...hidden])).code, 1, 'a password is wanted')
  const verified = await runCli(['verify', ...hidden], { PGPASSWORD: decodeURIComponent(password) })
  assert.match(verified.stdout, /all is in order\n$/)
  const backup = await runCli(['backup', join(folder.path, 'backup'), ...commands])
  assert.equal(backup.code, 1)
  assert.match(backup.stderr, /^email-server: [^\n]*PostgreSQL[^\n]*\n$/)
  assert.deepEqual(await one.end('SIGTERM'), { code: 0, signal: null })
  assert.deepEqual(await two.end('SIGTERM'), { code: 0, signal: null })
})

test('a database that cannot be reached is one clear line', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  for (const args of [
    ['--data', data],
    ['verify', '--data', data],
  ]) {
    const { code, stderr } = await runCli([...args, '--store', 'postgres://mail:secret@127.0.0.1:1/mail'])
    assert.equal(code, 1)
    assert.match(stderr, /^email-server: [^\n]+\n$/)
    assert.doesNotMatch(stderr, /secret/)
  }
  const { stderr } = await runCli(['--store', 'mysql://x'])
  assert.match(stderr, /^email-server: --store wants postgres:[^\n]+\n$/)
})
