// `email-server import`, `export`, `backup` and `verify` as a person runs them, on the mail that `npm start` has left.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from '@email-server/store'
import { ALICE, BOB, runCli, startHost, temporaryFolder } from '../support/host.ts'

async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args)
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '', 'no bar where there is no terminal')
  return stdout
}

async function fails(says: RegExp, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runCli(args)
  assert.equal(code, 1, stdout)
  assert.match(stderr, /^email-server: [^\n]+\n$/)
  assert.match(stderr, says)
}

test('mail goes out, comes back in, is backed up and verified; a server that runs is left alone', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const host = await startHost({ data })
  try {
    await fails(/in use by another process/, 'verify', '--data', data)
  } finally {
    await host.end('SIGTERM')
  }
  const mbox = join(folder.path, 'alice.mbox')
  const maildir = join(folder.path, 'alice')
  const at = ['--data', data]
  assert.match(await run('export', 'mbox', mbox, '--user', ALICE, ...at), /^7 messages exported\n$/)
  assert.equal((await readFile(mbox, 'latin1')).match(/^From /gm)!.length, 7)
  await fails(/is there already/, 'export', 'mbox', mbox, '--user', ALICE, ...at)
  assert.match(
    await run('export', 'maildir', maildir, '--user', ALICE, ...at),
    /^7 messages exported, 0 were/,
  )
  assert.match(
    await run('export', 'maildir', maildir, '--user', ALICE, ...at),
    /^0 messages exported, 7 were/,
  )
  assert.equal((await readdir(join(maildir, 'cur'))).length, 7)

  assert.match(await run('import', 'mbox', mbox, '--user', ALICE, ...at), /^0 messages imported, 7 were/)
  const old = ['--folder', 'Old mail', ...at]
  assert.match(await run('import', 'mbox', mbox, '--user', BOB, ...old), /^7 messages imported, 0 were/)
  assert.match(await run('import', 'maildir', maildir, '--user', BOB, ...old), /^0 messages imported, 7 were/)

  const backup = join(folder.path, 'backup')
  assert.match(await run('backup', backup, ...at), /^backed up into .*backup: /)
  assert.match(await run('verify', '--data', backup), /^\d+ messages in \d+ folders.*: all is in order\n$/)
  const store = await openStore(`sqlite:${backup}`)
  try {
    assert.ok((await store.folderNames(BOB)).includes('Old mail'))
  } finally {
    await store.close()
  }
})

test('verify says what is wrong, and ends with 1', async () => {
  await using folder = await temporaryFolder()
  const store = await openStore(`sqlite:${folder.path}`, { smallBody: 0 })
  await store.addDomain('example.test')
  await store.addUser(ALICE, 'password')
  await store.deliver(Buffer.from('Subject: x\r\n\r\nbody\r\n'), [ALICE])
  await store.close()
  const [body] = (await readdir(join(folder.path, 'bodies'), { recursive: true })).filter(
    name => name.length > 60,
  )
  await writeFile(join(folder.path, 'bodies', body!), 'something else')
  const { code, stdout } = await runCli(['verify', '--data', folder.path])
  assert.equal(code, 1)
  assert.match(stdout, /^body [0-9a-f]{64} has 14 octets instead of 20\n.*: 1 problems\n$/)
})

test('a command that is not understood is one clear line', async () => {
  await using folder = await temporaryFolder()
  const empty = join(folder.path, 'empty')
  await mkdir(empty)
  await fails(/there is no mail in .*empty/, 'verify', '--data', empty)
  await fails(/mbox FILE or maildir DIR/, 'import', '--user', ALICE)
  await fails(/mbox and maildir, not "pst"/, 'import', 'pst', 'x', '--user', ALICE)
  await fails(/--user/, 'export', 'mbox', 'x')
  await fails(/--no-such/, 'verify', '--no-such')
  await fails(/has no option --user/, 'backup', 'x', '--user', ALICE)
  await fails(/one directory/, 'backup')
  await fails(/options only/, 'verify', 'x')
  const { stdout } = await runCli(['import', '--help'])
  assert.match(stdout, /^ {2}import mbox FILE --user ADDRESS/m)
})

test('files that are not what they should be are one clear line', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const store = await openStore(`sqlite:${data}`)
  await store.addDomain('example.test')
  await store.addUser(ALICE, 'password')
  await store.close()
  const file = join(folder.path, 'letter.txt')
  await writeFile(file, 'Dear Sir,\n')
  const at = ['--user', ALICE, '--data', data]
  await fails(/no mbox/, 'import', 'mbox', file, ...at)
  await fails(/ENOENT.*nowhere/, 'import', 'mbox', join(folder.path, 'nowhere'), ...at)
  await fails(/no Maildir/, 'import', 'maildir', folder.path, ...at)
  await fails(/no account "bob@example\.test"/, 'import', 'mbox', file, '--user', BOB, '--data', data)
  await fails(/no folder/, 'export', 'mbox', join(folder.path, 'x'), '--folder', 'Nothing', ...at)
  await fails(/not empty/, 'backup', folder.path, '--data', data)
})
